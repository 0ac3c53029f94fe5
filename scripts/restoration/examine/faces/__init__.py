"""Faces: found, measured, placed."""
