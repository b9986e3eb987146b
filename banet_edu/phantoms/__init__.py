"""Painted images whose boundary is known exactly."""
