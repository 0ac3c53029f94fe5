"""Faces: which there are, how each lies, whether and how far it is restored, what came of it."""
