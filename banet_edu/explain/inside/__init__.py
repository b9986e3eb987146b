"""What happens inside a network: its signals read, replaced, switched off, attributed."""
