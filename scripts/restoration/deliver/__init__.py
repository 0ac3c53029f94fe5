"""The deliverable: written, read back, with its metadata and its history."""
