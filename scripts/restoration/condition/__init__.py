"""The condition report as stages read it."""
