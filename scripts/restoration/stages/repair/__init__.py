"""Repair: the picture is closed over damage."""
