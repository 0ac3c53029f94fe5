"""What `make verify` is made of: tables, records, keys, files, orphans and repairs."""
