"""Thin ipywidgets layers over `plots`."""
