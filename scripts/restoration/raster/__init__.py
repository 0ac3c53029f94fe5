"""TIFF windows in and out, colour profiles and the metadata that travels with them."""
