"""What tests share, and no test itself."""
