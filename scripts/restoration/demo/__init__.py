"""The demo collection: simulated scans of public-domain photographs, made on the spot."""
