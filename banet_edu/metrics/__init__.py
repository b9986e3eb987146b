"""How far a mask is from another: overlap, boundary distances, contours, shape."""
