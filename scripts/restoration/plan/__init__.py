"""What a run will do, and what each result depends on; decided before the first job."""
