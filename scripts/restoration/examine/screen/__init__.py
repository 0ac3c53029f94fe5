"""Halftone screens: found, measured, placed."""
