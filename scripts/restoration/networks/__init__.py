"""Verified weights and the network classes of the reference packages."""
