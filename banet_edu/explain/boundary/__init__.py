"""Where a boundary is off: its profile, what the image shows there, likely causes, in words."""
