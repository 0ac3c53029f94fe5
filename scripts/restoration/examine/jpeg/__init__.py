"""Traces of JPEG compression: the grid of its blocks and its quantisation."""
