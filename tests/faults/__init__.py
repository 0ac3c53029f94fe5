"""Faults that a run may meet: one line, one scan lost at most, and the next run is right."""
