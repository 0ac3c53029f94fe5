"""What damage looks like, where it lies, and how the picture is closed over it."""
