"""What the scanner's sharpening and the JPEG file drew around a speck: it goes with the speck."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from restoration.examine.damage.evidence import luminance
from restoration.raster.base import FloatImage, Mask, Plane

REACH = 3
"""Pixels around the damage in which a halo is looked for: that of an unsharp mask of 1 to 2 pixels,
and the smear of colour that a JPEG file keeps at half the resolution."""

SURROUNDINGS = 25
"""Side of the neighbourhood, in pixels, that says what the picture is like here."""

STRANGE = 3.0
"""Deviations of the neighbourhood by which a pixel of a halo differs, in lightness or hue."""

FAINTEST = 6.0 / 255.0
"""Less than this does no harm to what is filled next to it."""

RINGS = 3
"""Pixels around the damage in which rings are looked at."""

BEYOND = 5
"""Pixels beyond these that tell what a ring around the damage would be without a halo."""

OFF, LEAST_OFF = 3.0, 2.0 / 255.0
"""Standard errors, and value, by which the mean of a ring differs from what lies beyond: a ring of
thirty pixels tells what no single pixel does on skin or cloth."""

ALIKE = 4.0
"""Pixels that count as one: neighbours are alike, and their mean is less sure than their number
says."""


def with_halo(pixels: FloatImage, mask: Mask) -> Mask:
    """The mask and what next to it differs from all around, bool (h, w).

    pixels: float32 (h, w, c) in [0, 1]; mask: bool (h, w), true where damage was found. A fill that
    starts from a dark or grey rim is dark or grey itself. Where the picture is restless nothing
    differs from it, and nothing is added.
    """
    if not mask.any():
        return mask
    near = _grown(mask, REACH)
    known = (~near).astype(np.float32)
    share = cv2.blur(known, (SURROUNDINGS, SURROUNDINGS))
    strange = np.zeros(mask.shape, np.bool_)
    for plane in _opponents(pixels):
        usual, spread = _usual(plane, known, share)
        strange |= np.abs(plane - usual) > np.maximum(STRANGE * spread, FAINTEST)
    # Less than a tenth of the neighbourhood known is too little to say what is strange in it.
    strange &= near & (share > 0.1)
    return mask | _reached(strange, mask) | _strange_rings(pixels, mask)


def _strange_rings(pixels: FloatImage, mask: Mask) -> Mask:
    """Rings around the damage, a pixel wide, as far as their mean differs from what lies beyond."""
    zones = [mask, *(_grown(mask, by) for by in range(1, RINGS + 1))]
    beyond = _grown(mask, RINGS + BEYOND) & ~zones[-1]
    planes = _opponents(pixels)
    usual = [_told(plane, beyond) for plane in planes]
    found, before = np.zeros_like(mask), mask
    for inner, outer in pairwise(zones):
        ring = outer & ~inner
        off = np.zeros_like(mask)
        for plane, (mean, spread, count) in zip(planes, usual, strict=True):
            own, _, pixels_of_ring = _told(plane, ring)
            error = spread * np.sqrt(ALIKE / pixels_of_ring + ALIKE / count)
            off |= np.abs(own - mean) > np.maximum(OFF * error, LEAST_OFF)
        # A halo has no gaps: it begins at the damage.
        before = ring & off & _grown(before, 1)
        found |= before
    # What is a pixel wide and stands off is a chance, no ring.
    square = np.ones((3, 3), np.uint8)
    whole = cv2.morphologyEx((mask | found).view(np.uint8), cv2.MORPH_OPEN, square) > 0
    return np.asarray(found & whole)


def _told(plane: Plane, where: Mask) -> tuple[Plane, Plane, Plane]:
    """Mean and standard deviation of some pixels in the neighbourhood of each, and their number."""
    size, known = (SURROUNDINGS, SURROUNDINGS), where.astype(np.float32)
    share = np.maximum(cv2.blur(known, size), np.float32(1e-4))
    mean = cv2.blur(plane * known, size) / share
    square = cv2.blur(plane * plane * known, size) / share
    spread = np.sqrt(np.maximum(square - mean * mean, 0.0))
    return mean, spread, np.maximum(share * np.float32(SURROUNDINGS**2), np.float32(1.0))


def _opponents(pixels: FloatImage) -> list[Plane]:
    """Luminance, and red and blue less luminance: grain is in the first, grey specks on toned paper
    leave their smear in the others."""
    light = luminance(pixels)
    if pixels.shape[2] == 1:
        return [light]
    return [light, pixels[:, :, 0] - light, pixels[:, :, 2] - light]


def _usual(plane: Plane, known: Plane, share: Plane) -> tuple[Plane, Plane]:
    """Mean of what is known around each pixel, and how far that strays from its own means.

    From its own: a shadow that falls across the neighbourhood is no restlessness.
    """
    size, total = (SURROUNDINGS, SURROUNDINGS), np.maximum(share, np.float32(1e-3))
    mean = cv2.blur(plane * known, size) / total
    strays = (plane - mean) * known
    # The running sums of the filter leave a trifle below 0 where nothing strays.
    return mean, np.sqrt(np.maximum(cv2.blur(strays * strays, size), 0.0) / total)


def _reached(strange: Mask, mask: Mask) -> Mask:
    """What is strange and joined to the damage, step by step."""
    found = mask
    for _ in range(REACH):
        found = (_grown(found, 1) & strange) | found
    return found


def _grown(mask: Mask, by: int) -> Mask:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by + 1, 2 * by + 1))
    return np.asarray(cv2.dilate(mask.view(np.uint8), disc) > 0)
