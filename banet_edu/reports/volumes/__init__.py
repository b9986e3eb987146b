"""The report of a volume."""
