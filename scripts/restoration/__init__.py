"""Restoration of archival photograph scans: all the logic behind the workflow."""

__version__ = "0.1.0"
