"""The detector of damage: what it is trained on, and how."""
