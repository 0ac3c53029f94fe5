"""GFPGAN and its kin on one aligned face."""
