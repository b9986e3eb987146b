"""The boundary of a volume: a surface with normals, what is measured on it, and where it is wrong."""
