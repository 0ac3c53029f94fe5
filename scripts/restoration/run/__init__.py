"""A run over one folder of results: its beginning, lock, workers, progress and status."""
