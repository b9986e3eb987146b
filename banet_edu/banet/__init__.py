"""BA-Net as the paper draws it: encoder, PEE, mini-MTL with interactive attention, CFF, context, network."""
