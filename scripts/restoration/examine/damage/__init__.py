"""Dust, hairs, scratches, creases: what stands out and whether it is damage."""
