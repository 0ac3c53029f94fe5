"""Hostile input, made at random from seeds and taken through the real worker (`make fuzz`)."""
