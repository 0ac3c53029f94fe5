"""Files of the results: made through one door, noted, recorded, kept whole."""
