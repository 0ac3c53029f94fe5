"""Prints whose dyes have faded and whose paper has yellowed, and prints that were toned."""

from __future__ import annotations

import numpy as np

from restoration.demo.simulate import to_encoded, to_light
from restoration.raster.base import Floats

BLACK = 1.75
"""Greatest density of a print."""

SEPIA = (0.88, 1.0, 1.2)
"""Density of each channel of a sepia-toned print over that of green."""


def printed(encoded: Floats, paper: tuple[float, float, float], toned: bool) -> Floats:
    """(h, w, 3): a picture as a print: nothing lighter than its paper or darker than its black.

    paper: sRGB-encoded white; toned: a grey picture (h, w, 1) in sepia.
    """
    above = np.minimum(_density(encoded), BLACK)
    return _shown((above * np.array(SEPIA) if toned else above) + _density(np.array(paper)))


def aged(
    encoded: Floats, kept: tuple[float, float, float], stain: tuple[float, float, float]
) -> Floats:
    """A print after its years: of each channel's density a share is left, and a stain is added.

    kept: 1 leaves a dye as it was; stain: density.
    """
    if kept == (1.0, 1.0, 1.0) and not any(stain):
        return encoded
    return _shown(_density(encoded) * np.array(kept) + np.array(stain))


def _density(encoded: Floats) -> Floats:
    return np.asarray(-np.log10(np.maximum(to_light(encoded), 1e-6)))


def _shown(density: Floats) -> Floats:
    return to_encoded(10.0**-density)
