"""BA-Net block by block, and the networks it is compared with."""
