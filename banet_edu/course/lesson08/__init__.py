"""What lesson 08 alone needs: explaining a boundary."""
