"""Losses, the one training loop, checkpoints."""
