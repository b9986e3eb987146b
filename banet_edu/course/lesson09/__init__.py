"""What lesson 09 alone needs: the boundary clinic."""
