"""Work on results between runs: trying again, deleting, taking colour back, verifying."""
