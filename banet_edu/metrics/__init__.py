"""How well a mask agrees with another: overlap, boundary distances, statistics over images."""
