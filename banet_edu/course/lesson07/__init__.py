"""What lesson 07 alone needs: BA-Net against U-Net."""
