"""What lesson 05 alone needs: cross feature fusion."""
