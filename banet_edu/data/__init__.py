"""An image and its mask, until they are tensors."""
