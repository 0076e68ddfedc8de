"""The minutes of one case at one conference."""
