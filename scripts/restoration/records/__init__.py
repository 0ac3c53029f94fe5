"""The records on disk as types: what each field means, in which unit, and what is refused."""
