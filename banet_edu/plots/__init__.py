"""One file per subject; pure functions that return a matplotlib Figure."""
