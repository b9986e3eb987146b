"""Figures of volumes: three planes with outlines and errors, and how errors are distributed over a surface."""
