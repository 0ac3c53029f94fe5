"""Colour profiles, tone curves and tables of tones."""
