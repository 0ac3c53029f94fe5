"""TIFF files: directories, tags, pixels by windows."""
