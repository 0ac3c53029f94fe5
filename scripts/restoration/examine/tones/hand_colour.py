"""Hand-coloured prints: a picture of one hue, with colours laid over it by brush."""

from __future__ import annotations

import cv2
import numpy as np

from restoration.examine.tones.colour import hue_curve
from restoration.examine.tones.picture_tones import TonesOfPicture, lab
from restoration.raster.base import FloatImage
from restoration.raster.colour.tone_curve import srgb_tone

DETAIL = 3.0
"""Standard deviation, in cells of the picture's tones (384 along its longest side), of the Gaussian
that parts detail from areas."""

BRUSHED = 0.38
"""Ratio of the detail in colour to that in lightness below which colours have none of their own: a
brush follows the things, not their texture. Colour photographs lie at 0.4 to 1.4."""

COLOURED = 8.0
"""Least chroma (CIELAB) of the hue that the tones have by themselves: toned, or brown with age."""


def hand_coloured(srgb: FloatImage) -> bool:
    """Whether colours lie over a picture of one hue, without detail of their own.

    srgb: (rows, columns, 3) sRGB-encoded. Only what is plain: a print coloured with care and a
    fine brush is not told from a photograph in faint colours.
    """
    linear = srgb_tone().decode(srgb.astype(np.float64))
    cells = lab(linear)
    curve = hue_curve(cells.reshape(-1, 3))
    if float(np.median(curve.chroma)) < COLOURED:
        return False
    strays = curve.strays.reshape(*cells.shape[:2], 2)
    colour = float(np.hypot(_detail(strays[..., 0]), _detail(strays[..., 1])))
    return colour < BRUSHED * _detail(cells[..., 0])


def _detail(plane: TonesOfPicture) -> float:
    """Root mean square of what a Gaussian takes away."""
    whole = np.ascontiguousarray(plane)
    return float(np.sqrt(np.mean((whole - cv2.GaussianBlur(whole, (0, 0), DETAIL)) ** 2)))
