"""Images, masks and phantoms: everything up to a tensor."""
