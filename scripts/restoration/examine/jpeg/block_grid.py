"""A grid of block borders: the steps across rows and columns, and which of 8 places they favour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.ndimage import median_filter

from restoration.examine.survey import LuminanceTile
from restoration.raster.base import Floats, Plane

BLOCK = 8
"""Side of a JPEG block, in pixels of the compressed picture (ITU-T T.81)."""

CAP = 16.0 / 255.0
"""A step counts up to this, so that the picture's own edges do not drown the blocks' borders."""

BAND = 64
"""Rows that are looked at together: their intermediate results stay in the processor's cache."""

HIGHEST, LOWEST = 0.5, -0.45
"""Between these, as shares of the border's excess, lie the other places of blocks (measured: -0.25
to 0.35); interpolation's valleys are at -0.8 to -1.4."""

VARIED = 0.55
"""Least deviation of the border's single steps, as a share of their mean size. What compression
leaves differs from block to block (0.7 to 2); a woven or printed grid is the same all over."""

ONE_SIGN = 0.5
"""Largest mean of the signed steps as a share of their mean size: a drawn line has one sign."""

SURROUND = 33
"""Places over whose median a profile is judged: four blocks of 8."""


class StepProfile:
    """Mean step across each column border (axis 1) or row border (axis 0) of the page.

    The step at c is the difference of the pixels c - 1 and c beyond what the pixels beside them,
    c - 2 and c + 1, lead one to expect: half the third difference. It is 0 on any ramp, and equals
    the step between two flat blocks.
    """

    def __init__(self, length: int, axis: int) -> None:
        self.axis = axis
        self._sums = np.zeros(length)
        self._counts = np.zeros(length)

    def see(self, plane: Plane, top: int, left: int) -> None:
        """plane: values in [0, 1] of the window that begins at this row and column."""
        if plane.shape[self.axis] < 4:
            return
        beside = 0 if self.axis == 1 else 3
        for first in range(0, plane.shape[0] - beside, BAND):
            band = plane[first : first + BAND + beside]
            if self.axis == 1:
                step = cv2.subtract(band[:, 2:-1], band[:, 1:-2])
                wide = cv2.subtract(band[:, 3:], band[:, :-3])
                place = slice(left + 2, left + plane.shape[1] - 1)
            else:
                step = cv2.subtract(band[2:-1], band[1:-2])
                wide = cv2.subtract(band[3:], band[:-3])
                place = slice(top + first + 2, top + first + band.shape[0] - 1)
            size = np.abs(cv2.scaleAdd(step, -3.0, wide))
            np.minimum(size, np.float32(2.0 * CAP), out=size)
            total = cv2.reduce(size, 1 - self.axis, cv2.REDUCE_SUM, dtype=cv2.CV_64F)
            self._sums[place] += 0.5 * total.ravel()
            self._counts[place] += size.shape[1 - self.axis]

    @property
    def values(self) -> Floats:
        """Mean step at each place in 1/255; NaN at the few that lie on a window's border."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self._counts > 0, 255.0 * self._sums / self._counts, np.nan)


@dataclass(frozen=True)
class GridPlaces:
    """The eight places of a grid of 8 along one axis."""

    excess: Floats
    """(8,) mean step at each place over the typical one of the other places, in 1/255."""
    score: Floats
    """(8,) the excess in standard errors."""

    @property
    def best(self) -> int:
        """The place that the steps favour."""
        return int(self.excess.argmax())

    @property
    def single(self) -> bool:
        """Whether one place stands out of seven that are alike, as a border in eight does.

        The two places beside it see half its step in flat blocks, and do not count. Interpolation
        by 8/3 or 8/5 has several peaks among eight places, that by 8/7 a valley opposite the peak.
        """
        rest = self.excess[(self.best + np.arange(2, BLOCK - 1)) % BLOCK] / self.excess[self.best]
        return bool(rest.max() < HIGHEST and rest.min() > LOWEST)


def places(profile: Floats) -> GridPlaces | None:
    """How far each of the eight places of a grid stands out of a step profile; None where the
    profile is too short or has no steps at all.

    Medians over the lines of a place, so that some strong lines of the picture do not count.
    """
    known = np.isfinite(profile)
    if known.sum() < 8 * BLOCK or float(np.nanmax(profile)) <= 0.0:
        return None
    filled = np.where(known, profile, np.nanmedian(profile))
    deviation = np.where(known, filled - median_filter(filled, SURROUND, mode="reflect"), np.nan)
    excess, score = np.zeros(BLOCK), np.zeros(BLOCK)
    where = np.arange(profile.size) % BLOCK
    for place in range(BLOCK):
        own = deviation[(where == place) & known]
        rest = deviation[(where != place) & known]
        middle = float(np.median(own))
        spread = 1.4826 * float(np.median(np.abs(own - middle)))
        excess[place] = middle - float(np.median(rest))
        # A standard error of the median; the floor is a hundredth of an 8-bit code.
        score[place] = excess[place] / (1.25 * (spread + 0.01)) * np.sqrt(own.size)
    return GridPlaces(excess, score)


def by_chance(tiles: Sequence[LuminanceTile], offset: tuple[int, int]) -> bool:
    """Whether the steps at a grid's borders differ from block to block, as JPEG's errors do.

    Textures that are aligned with the pixels and repeat every 8 have the same step at all borders,
    enlarged pixels have nothing but steps. True also where there are too few borders to tell.
    """
    for axis in (0, 1):
        found = [_steps(tile, offset, axis) for tile in tiles]
        border = np.concatenate([own for own, _ in found]) if found else np.zeros(0)
        within = np.concatenate([own for _, own in found]) if found else np.zeros(0)
        if border.size < 64:
            continue
        size = np.abs(border)
        mean = float(size.mean())
        if mean <= 0.0 or not within.any():
            return False
        if float(size.std()) < VARIED * mean or abs(float(border.mean())) > ONE_SIGN * mean:
            return False
    return True


def _steps(tile: LuminanceTile, offset: tuple[int, int], axis: int) -> tuple[Floats, Floats]:
    """Signed mean steps across each side of a block of a tile at full scale, and across the middle
    of each block; axis 0: across rows."""
    plane = tile.luminance if axis == 1 else tile.luminance.T
    place, beside = (tile.left, tile.top) if axis == 1 else (tile.top, tile.left)
    own, other = (offset[1], offset[0]) if axis == 1 else (offset[0], offset[1])
    first, start = (own - place) % BLOCK, (other - beside) % BLOCK
    rows = (plane.shape[0] - start) // BLOCK
    step = 1.5 * np.diff(plane, axis=1)[:, 1:-1] - 0.5 * (plane[:, 3:] - plane[:, :-3])
    step = step[start : start + rows * BLOCK].astype(np.float64)
    means = step.reshape(rows, BLOCK, -1).mean(axis=1)
    # Column c of ``step`` is the border between the pixels c + 1 and c + 2.
    borders = np.arange(first + BLOCK, plane.shape[1] - BLOCK, BLOCK) - 2
    return means[:, borders].ravel(), means[:, borders + BLOCK // 2].ravel()
