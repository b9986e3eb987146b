"""What lesson 01 alone needs: why boundaries fail."""
