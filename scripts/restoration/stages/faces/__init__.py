"""Face restoration."""
