"""Noise and grain: strength, spectrum, channels."""
