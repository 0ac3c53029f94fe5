"""The deliverable's XMP packet: read, changed and written."""
