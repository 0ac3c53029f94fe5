"""Tones and colours: exposure, fading, dyes, stain, targets."""
