"""The picture closed over a hole: library methods alone, held to what lies around."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from skimage.restoration import inpaint_biharmonic

from restoration.raster.base import FloatImage
from restoration.repairing.evidence import luminance
from restoration.repairing.pieces import Pieces

Mask = npt.NDArray[np.bool_]

WIDEST = 9.0
"""Holes up to this width, in pixels, are filled by the biharmonic equation (Damelin and Hoang 2018,
skimage): on simulated dust and scratches it comes 0.9 to 1.8 dB nearer to the truth than Telea and
Navier-Stokes. Wider ones by Telea's fast marching (2004, OpenCV), which came nearest on creases."""

MOST_PIXELS = 20_000
"""Holes of more pixels are left to Telea: the equation is one linear system per hole."""

RADIUS = 6
"""Of Telea's neighbourhood, in pixels."""

SOFTENED_ABOVE = 1.5 / 255.0
"""Above this noise the rim of a hole is softened before the equation carries it inwards: else
single grains become smears."""

LEAK = 0.05
"""Share of the damage that may shine through in the rim of a hole: above it the mask is too tight,
and what touches it is no picture to start from."""

RIM = 9
"""Side of the neighbourhood, in pixels, to whose range of values the fill is held."""


def fill(pixels: FloatImage, mask: Mask, noise: float) -> tuple[FloatImage, dict[str, int]]:
    """The window with the masked pixels replaced, and how many pixels each method filled.

    pixels: float32 (h, w, c) in [0, 1]; mask: bool (h, w), true is filled; noise: standard
    deviation in [0, 1]. What is not masked is returned as it is. A window that is masked all over
    comes back unchanged: nothing is known of it.
    """
    out = np.array(pixels, np.float32)
    if not mask.any() or mask.all():
        return out, {}
    hole = _with_leaks(pixels, mask)
    narrow = _narrow(hole)
    wide = hole & ~narrow
    if wide.any():
        out = _telea(out, hole, wide)
    if narrow.any():
        # What Telea filled is as good a rim as any for the narrow holes beside it.
        rim = _softened(out, hole) if noise > SOFTENED_ABOVE else out
        solved = inpaint_biharmonic(rim, narrow, split_into_regions=True, channel_axis=2)
        out[narrow] = solved[narrow]
    out = _held(out, pixels, hole)
    out[~mask] = pixels[~mask]
    used = {"biharmonic": int((narrow & mask).sum()), "telea": int((wide & mask).sum())}
    return out, {method: count for method, count in used.items() if count}


def _with_leaks(pixels: FloatImage, mask: Mask) -> Mask:
    """The holes; one pixel wider, where damage shines through in their rims.

    A user's mask ends where the eye no longer sees the scratch, a pixel before the scratch ends.
    Whoever drew a mask drew all its holes alike: one figure for all of them, in which the holes
    that are plain to see count most.
    """
    pieces, plane = Pieces.of(np.ascontiguousarray(mask)), luminance(pixels)
    beyond = pieces.ring(1, 3).mean(plane)
    damage, rim = (zone.mean(plane) - beyond for zone in (pieces.inside, pieces.ring(0, 1)))
    if float(rim @ damage) < LEAK * float(damage @ damage):
        return mask
    return np.asarray(cv2.dilate(mask.view(np.uint8), np.ones((3, 3), np.uint8)) > 0)


def _narrow(mask: Mask) -> Mask:
    """The connected holes that are narrow and small enough for the equation."""
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    depth = cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, 5)
    deepest = np.zeros(count)
    np.maximum.at(deepest, labels.ravel(), depth.ravel())
    narrow = (2.0 * deepest <= WIDEST) & (boxes[:, cv2.CC_STAT_AREA] <= MOST_PIXELS)
    narrow[0] = False
    return np.asarray(narrow[labels])


def _telea(pixels: FloatImage, mask: Mask, wide: Mask) -> FloatImage:
    """OpenCV's Telea, channel by channel. Its float32 variant (OpenCV 5.0) rounds to whole numbers,
    which turns values in [0, 1] to black and white: so on 16-bit codes."""
    out = pixels.copy()
    hole = mask.view(np.uint8)
    for channel in range(pixels.shape[2]):
        codes = np.rint(np.clip(pixels[:, :, channel], 0.0, 1.0) * 65535.0).astype(np.uint16)
        filled = cv2.inpaint(codes, hole, RADIUS, cv2.INPAINT_TELEA)
        out[:, :, channel][wide] = filled[wide].astype(np.float32) / np.float32(65535.0)
    return out


def _softened(pixels: FloatImage, mask: Mask) -> FloatImage:
    """A slight blur of what is known, normalised at the holes."""
    known = (~mask).astype(np.float32)
    weight = np.maximum(cv2.GaussianBlur(known, (0, 0), 0.7), np.float32(1e-6))
    out = pixels.copy()
    for channel in range(pixels.shape[2]):
        blurred = cv2.GaussianBlur(pixels[:, :, channel] * known, (0, 0), 0.7) / weight
        out[:, :, channel] = np.where(mask, pixels[:, :, channel], blurred)
    return out


def _held(filled: FloatImage, pixels: FloatImage, mask: Mask) -> FloatImage:
    """The fill within the range of the known values around each hole.

    The equation overshoots where it meets an edge; no fill is lighter or darker than what it
    continues.
    """
    count, labels = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)
    square = np.ones((RIM, RIM), np.uint8)
    around = cv2.dilate(labels.astype(np.float32), square).astype(np.intp)
    rim = (around > 0) & ~mask
    for channel in range(pixels.shape[2]):
        lowest, highest = np.full(count, np.inf), np.full(count, -np.inf)
        np.minimum.at(lowest, around[rim], pixels[:, :, channel][rim])
        np.maximum.at(highest, around[rim], pixels[:, :, channel][rim])
        # A hole whose whole rim another hole's number took is held to the full range.
        low = np.where(np.isfinite(lowest), lowest, 0.0)[labels[mask]]
        high = np.where(np.isfinite(highest), highest, 1.0)[labels[mask]]
        plane = filled[:, :, channel]
        plane[mask] = np.clip(plane[mask], low, high)
    return filled
