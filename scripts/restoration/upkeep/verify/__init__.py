"""Whether the results are the bytes that were written, and whether they are current."""
