"""What the denoise stage works with: noise as reported, grain, JPEG blocks, passes by scale."""
