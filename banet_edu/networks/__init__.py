"""The networks BA-Net is compared with, the one door to all of them, their weights, and the authors' release."""
