"""Colour correction: from what examine found out about dyes and paper to a table of tones."""
