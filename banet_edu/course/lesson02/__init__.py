"""What lesson 02 alone needs: the traps of data sets."""
