"""Networks as row streams in PyTorch."""
