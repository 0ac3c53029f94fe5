"""Picture content that looks like damage: what the detector must leave alone, drawn from a seed.

Planes are float32 (h, w) in [0, 1], luminance, sRGB-encoded. A drawer takes a plane and a generator
and draws on the plane in place.
"""
