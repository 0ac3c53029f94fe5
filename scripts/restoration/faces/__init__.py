"""Faces: which there are, how each lies, whether and how far it is restored, what came of it."""

IDENTITY, DENSE_POINTS = "dlib-face-identity", "dlib-face-points-68"
"""Names in resources/models.yaml of what compares persons, and of what finds 68 points."""
