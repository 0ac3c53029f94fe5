"""Fixity, validation and metadata of a master."""
