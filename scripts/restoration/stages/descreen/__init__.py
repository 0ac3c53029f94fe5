"""Descreening: from the dots of a printed halftone back to the tones they stand for."""
