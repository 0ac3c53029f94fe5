"""What a person reviews: the report page and its figures."""
