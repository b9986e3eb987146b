"""What lesson 03 alone needs: pyramid edge extraction."""
