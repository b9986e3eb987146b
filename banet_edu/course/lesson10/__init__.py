"""What lesson 10 alone needs: from paper to code."""
