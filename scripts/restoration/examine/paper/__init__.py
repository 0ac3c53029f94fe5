"""Paper around the picture: borders and empty parts."""
