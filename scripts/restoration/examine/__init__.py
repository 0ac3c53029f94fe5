"""The condition report: what is measured about one page before anything is repaired."""
