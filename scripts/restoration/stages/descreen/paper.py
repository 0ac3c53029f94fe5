"""Where a print ends at blank paper, and what the two sides of that border look like.

The outermost dots of a picture are cut by its border, and a mean across it is a mean of picture and
paper. So the paper is found first: the tones are then estimated from the print alone, and drawn up
to where the scan's own soft edge ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from restoration.raster.base import Mask, Plane
from restoration.stages.descreen.smoothing import local_mean

BLANK = 0.06
"""Variation of linear light, as a share of the paper's, below which nothing is printed there.

Chosen, as all figures here, on simulated prints of 4.5 to 20 px a period with noise of 0.4 %; rough
paper that varies more is taken for print, and fainter dots for paper."""

REACH = 0.75
"""Half a side, in periods, of the square whose variation is looked at: no lattice leaves one
free."""

WIDE = 1.25
"""Radius, in periods, of the disc of such squares that paper must hold; lesser gaps are
highlights."""

BESIDE = 0.3
"""Standard deviation, in periods, of the mean of the paper beside a border."""

NOISE = 0.7
"""Standard deviation, in pixels, of the mean that keeps noise from counting as variation."""

EDGE = 3.0
"""Pixels on both sides of a border within which a scan's own softness mixes print and paper."""

CLEAR, DEAD = 0.15, 0.05
"""Share of the paper's light by which print must be darker for its edge to be followed in the scan;
and share of that step, at both ends, which may be noise."""

PURE = 0.95
"""Share of a pixel that must be print for its light to be taken for that of a dot."""


@dataclass(frozen=True)
class Border:
    """Print and paper of a window that holds both."""

    share: Plane
    """Of each pixel that is print, float32 (h, w) from 0 to 1."""
    printed: Plane
    """1 where a pixel shows the print alone, 0 elsewhere."""
    seam: Mask
    """Where a pixel may show both."""
    blank: Plane
    """1 where it shows the paper alone."""

    def seam_beside(self, weight: Plane) -> Mask:
        """The seam where it lies beside pixels that change: those of a weight above 0."""
        reach = np.ones((2 * int(EDGE) + 1,) * 2, np.uint8)
        beside = cv2.dilate((weight > 0.0).astype(np.uint8), reach)
        return np.asarray(self.seam & (beside > 0))

    def paper(self, scan: Plane, period: float) -> Plane:
        """The paper of the scan, carried on under the border."""
        return _paper(scan, self.blank, period)


def find_border(light: Sequence[Plane], period: float) -> Border | None:
    """The border of print and paper in a window; None where it shows no wide blank paper.

    light: the channels, float32 (h, w), linear light; period: of the screen in pixels.
    """
    darkest = light[0] if len(light) == 1 else np.minimum.reduce(list(light))
    smooth = local_mean(darkest, NOISE)
    square = np.ones((2 * max(1, round(REACH * period)) + 1,) * 2, np.uint8)
    lightest = cv2.dilate(smooth, square)
    flat = lightest - cv2.erode(smooth, square) < np.float32(BLANK) * lightest
    # Solid ink is flat as well.
    flat &= smooth > 0.5 * smooth.max()
    core = _distance(flat) > WIDE * period
    if not core.any():
        return None
    outside = _distance(~core) <= WIDE * period + square.shape[0] // 2
    inside = ~outside
    depth, height = _distance(inside), _distance(outside)
    seam = (depth <= EDGE) & (height <= EDGE)
    blank = (height > 1.0).astype(np.float32)
    share = inside.astype(np.float32)
    # Gaps between the outermost dots are closed, or the border would follow the dots.
    closed = cv2.morphologyEx(darkest, cv2.MORPH_OPEN, square)
    paper = _paper(darkest, blank, period)
    around = np.ones((2 * int(EDGE) + 1,) * 2, np.uint8)
    span = paper - cv2.erode(closed, around)
    clear = seam & (span > CLEAR * paper)
    soft = (paper - closed) / np.maximum(span, 1e-3)
    soft = np.clip((soft - DEAD) / (1.0 - 2.0 * DEAD), 0.0, 1.0)
    share[clear] = soft[clear]
    printed = (share > PURE).astype(np.float32)
    return Border(share, printed, seam, blank)


def _paper(plane: Plane, blank: Plane, period: float) -> Plane:
    return mean_within(plane, blank, max(BESIDE * period, 2.0))


def mean_within(plane: Plane, where: Plane, sigma: float) -> Plane:
    """Gaussian mean over the pixels where ``where`` is 1; far from all of them, towards the plain
    mean."""
    total = local_mean(plane * where, sigma)
    weight = local_mean(where, sigma)
    little = np.float32(1e-4)
    return np.asarray((total + little * local_mean(plane, sigma)) / (weight + little))


def _distance(inside: Mask) -> Plane:
    """Of each pixel to the nearest one outside, in pixels; 0 outside."""
    if inside.all():
        return np.full(inside.shape, np.inf, np.float32)
    return np.asarray(
        cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    )
