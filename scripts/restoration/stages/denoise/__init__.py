"""Denoising: noise as reported, grain, JPEG blocks, passes by scale."""
