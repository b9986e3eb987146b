"""What lesson 00 alone needs: from an image to a contour."""
