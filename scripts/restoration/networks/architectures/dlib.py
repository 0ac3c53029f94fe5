"""dlib's networks, which find and compare faces: dlib reads the original files itself."""

from __future__ import annotations

from restoration.networks.architecture import Architecture

ARCHITECTURE = Architecture(name="dlib", module=__name__, use="comparing faces")
