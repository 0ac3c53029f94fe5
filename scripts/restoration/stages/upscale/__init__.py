"""Final enlargement."""
