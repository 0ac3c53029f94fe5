"""One scan's way through a recipe: which records are true, and making what is not."""
