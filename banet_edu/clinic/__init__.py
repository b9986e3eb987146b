"""The boundary clinic: a picture that one can touch, what a network finds in it, and how far to rely on that."""
