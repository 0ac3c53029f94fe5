"""What an archive keeps beside the pixels: XMP, provenance, delivery."""
