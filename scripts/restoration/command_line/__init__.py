"""What every command line shares: its words, its end, one line for a failure."""
