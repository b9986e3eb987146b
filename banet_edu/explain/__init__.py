"""Reading what happens inside a network."""
