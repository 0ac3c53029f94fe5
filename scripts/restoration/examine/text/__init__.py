"""Lettering and strokes."""
