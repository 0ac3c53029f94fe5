"""The picture closed over a hole: library methods alone, held to what lies around."""

from __future__ import annotations

import cv2
import numpy as np
from skimage.restoration import inpaint_biharmonic

from restoration.examine.damage.evidence import luminance
from restoration.examine.damage.pieces import Pieces
from restoration.raster.base import FloatImage, Mask

WIDTHS = (9.0, 20.0, 40.0)
"""Widest hole of a class, in pixels. Holes up to the last are filled by the biharmonic equation
(Damelin and Hoang 2018, skimage): on simulated dust, scratches and creases it comes 0.4 to 2.5 dB
nearer to the truth than Telea and Navier-Stokes. Wider ones, of which no method knows much, by
Telea's fast marching (2004, OpenCV)."""

QUIET, NOISY = (0.0, 0.7, 0.7), (0.7, 1.5, 3.0)
"""Blur of the rim by class of width, in pixels, up to NOISE and above: the equation carries the rim
inwards, and single grains in it become smears, or waves in a wide hole."""

NOISE = 1.5 / 255.0

MOST_PIXELS = 20_000
"""Holes of more pixels are left to Telea: the equation is one linear system per hole."""

RADIUS = 6
"""Of Telea's neighbourhood, in pixels."""

LEAK = 0.1
"""Share of the damage that may shine through in the rim of a hole: above it the mask is too tight,
and what touches it is no picture to start from. Simulated scratches, masked to a fifth of their
strength, leave 0.12 to 0.16; with a mask one pixel wider 0.04 at most."""

PLAIN = 0.1
"""Contrast from which a hole tells how tight the mask is, of full scale."""

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
    blurs = NOISY if noise > NOISE else QUIET
    classes = [(_holes(hole, width), blur) for width, blur in zip(WIDTHS, blurs, strict=True)]
    solvable = classes[-1][0]
    wide = hole & ~solvable
    if wide.any():
        out = _telea(out, hole, wide)
    # What is filled already is as good a rim as any for the holes beside it.
    done = np.zeros_like(hole)
    for upto, blur in classes:
        holes = upto & ~done
        done = upto
        if holes.any():
            rim = _softened(out, hole, blur) if blur > 0.0 else out.copy()
            solved = inpaint_biharmonic(rim, holes, split_into_regions=True, channel_axis=2)
            out[holes] = solved[holes]
    out = _held(out, pixels, hole)
    out[~mask] = pixels[~mask]
    used = {"biharmonic": int((solvable & mask).sum()), "telea": int((wide & mask).sum())}
    return out, {method: count for method, count in used.items() if count}


def _with_leaks(pixels: FloatImage, mask: Mask) -> Mask:
    """The holes; one pixel wider, where damage shines through in their rims.

    A user's mask ends where the eye no longer sees the scratch, a pixel before the scratch ends.
    Whoever drew a mask drew all its holes alike: the median over those that are plain to see.
    """
    pieces, plane = Pieces.of(np.ascontiguousarray(mask)), luminance(pixels)
    beyond = pieces.ring(1, 2).mean(plane)
    damage, rim = (zone.mean(plane) - beyond for zone in (pieces.inside, pieces.ring(0, 1)))
    plain = np.abs(damage) > PLAIN
    if not plain.any() or float(np.median(rim[plain] / damage[plain])) < LEAK:
        return mask
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    return np.asarray(cv2.dilate(mask.view(np.uint8), cross) > 0)


def _holes(mask: Mask, width: float) -> Mask:
    """The connected holes that are no wider than this and small enough for the equation."""
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    depth = cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, 5)
    deepest = np.zeros(count)
    np.maximum.at(deepest, labels.ravel(), depth.ravel())
    narrow = (2.0 * deepest <= width) & (boxes[:, cv2.CC_STAT_AREA] <= MOST_PIXELS)
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


def _softened(pixels: FloatImage, mask: Mask, sigma: float) -> FloatImage:
    """A blur of what is known, normalised at the holes."""
    known = (~mask).astype(np.float32)
    weight = np.maximum(cv2.GaussianBlur(known, (0, 0), sigma), np.float32(1e-6))
    out = pixels.copy()
    for channel in range(pixels.shape[2]):
        blurred = cv2.GaussianBlur(pixels[:, :, channel] * known, (0, 0), sigma) / weight
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
