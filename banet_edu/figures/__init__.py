"""Pure functions that return a matplotlib Figure; one file per subject that more than one place shows."""
