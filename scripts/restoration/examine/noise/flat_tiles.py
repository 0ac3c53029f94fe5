"""The flattest tiles of a page, tone by tone: where its noise is to be seen.

A tile is chosen by its coarse structure alone: what varies between averages over 2 x 2 and 4 x 4
pixels. Noise hardly shows there, so that the choice does not prefer tiles which chance made quiet.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from restoration.examine.screen.screen_mask import Screened
from restoration.examine.window import PageFacts, Window
from restoration.raster.base import Plane, UInt16Image

TONES = 6
"""Tone classes, dark to light, each 1/TONES of the encoded range."""

SIDES = ((700, 32, 16), (3000, 64, 8))
"""(page's shorter side below, tile side, grid): a flat place has about the same share of the page
whatever the number of pixels. One tile is kept per tone and cell of a grid x grid division."""

LARGEST = (128, 4)
"""Tile side and grid of larger pages. In each case 10 MB hold the tiles of an RGB page."""

MOST_CLIPPED = 0.04
"""Share of clipped samples in a channel above which a tile would show too little noise."""


HEAVILY_CLIPPED = 0.3
"""The same for tiles that are better than none: noise so strong that it reaches black or white
nearly everywhere. What clipping took from it is put back (``clipping_gain``)."""


@dataclass(frozen=True)
class FlatTile:
    """A square tile, all channels, exact codes."""

    top: int
    left: int
    tone: int
    """Class of its mean luminance, 0 (dark) to TONES - 1."""
    activity: float
    """Variance of its coarse structure, of full scale."""
    codes: UInt16Image


class FlatTiles:
    """Collects tiles window by window; memory does not grow with the page."""

    def __init__(self, page: PageFacts) -> None:
        self.page = page
        shorter = min(page.height, page.width)
        self.side, self._grid = next(
            ((side, grid) for below, side, grid in SIDES if shorter < below), LARGEST
        )
        self._kept: dict[tuple[int, int, int], FlatTile] = {}
        self._clipped: dict[tuple[int, int, int], FlatTile] = {}
        self.constant = 0
        """Tiles without any difference between their samples: digitally blank."""

    def see(self, window: Window) -> None:
        """Offer the tiles of a window."""
        if min(window.height, window.width) < self.side:
            return
        rows, columns = window.height // self.side, window.width // self.side
        area = window.luminance[: rows * self.side, : columns * self.side]
        mean, activity = _structure(area, self.side)
        tone = np.minimum((mean * TONES).astype(np.intp), TONES - 1)
        for place in np.argsort(activity, axis=None, kind="stable"):
            row, column = int(place) // columns, int(place) % columns
            self._offer(
                window, row * self.side, column * self.side, int(tone[row, column]),
                float(activity[row, column]),
            )  # fmt: skip

    def _offer(self, window: Window, top: int, left: int, tone: int, activity: float) -> None:
        down = (window.top + top + self.side // 2) * self._grid // self.page.height
        across = (window.left + left + self.side // 2) * self._grid // self.page.width
        cell = (down, across, tone)
        if cell in self._kept and activity >= self._kept[cell].activity:
            return
        doubtful = self._clipped.get(cell)
        codes = window.codes[top : top + self.side, left : left + self.side]
        if int(codes.min()) == int(codes.max()):
            self.constant += 1
            return
        black, white = clipped_shares(codes)
        clipped = float((black + white).max())
        if clipped > HEAVILY_CLIPPED:
            return
        tile = FlatTile(window.top + top, window.left + left, tone, activity, codes.copy())
        if clipped <= MOST_CLIPPED:
            self._kept[cell] = tile
            self._clipped.pop(cell, None)
        elif cell not in self._kept and (doubtful is None or activity < doubtful.activity):
            self._clipped[cell] = tile

    def inside(
        self,
        box: tuple[int, int, int, int] | None,
        screened: Screened | None,
        clipped: bool = False,
    ) -> list[FlatTile]:
        """The tiles inside the picture's box (all where none lies inside) and outside screens,
        from top to bottom. clipped: heavily clipped ones, too, where there is no better."""
        offered = [*self._kept.values(), *(self._clipped.values() if clipped else ())]
        kept = sorted(offered, key=lambda tile: (tile.top, tile.left))
        if box is not None:
            top, left, height, width = box
            within = [
                tile
                for tile in kept
                if top <= tile.top
                and left <= tile.left
                and tile.top + self.side <= top + height
                and tile.left + self.side <= left + width
            ]
            kept = within or kept
        if screened is None:
            return kept
        return [tile for tile in kept if not screened.touches(tile.top, tile.left, self.side)]


def clipped_shares(
    codes: UInt16Image,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Shares of the samples at black and at white, each (channels,)."""
    black = (codes <= 128).mean(axis=(0, 1), dtype=np.float64)
    white = (codes >= 65407).mean(axis=(0, 1), dtype=np.float64)
    return black, white


def clipping_gain(
    black: npt.NDArray[np.float64], white: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """By how much clipping made normal noise on an even tone weaker: true over seen deviation.

    black, white: shares of samples that were clipped there, together below 1. With y the noise in
    its own deviations, cut at the quantiles of the two shares, the moments of the censored normal
    distribution give the variance that is left. 1 where nothing is clipped.
    """
    low, high = norm.ppf(black), norm.ppf(1.0 - white)
    ends = [(np.where(p > 0.0, z, 0.0), p) for z, p in ((low, black), (high, white))]
    (low_end, _), (high_end, _) = ends
    at_low, at_high = norm.pdf(low), norm.pdf(high)
    mean = sum(z * p for z, p in ends) + at_low - at_high
    square = sum(z * z * p for z, p in ends) + 1.0 - black - white
    square = square + low_end * at_low - high_end * at_high
    return np.asarray(1.0 / np.sqrt(square - mean * mean))


def _structure(
    luminance: Plane, side: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """Mean and coarse structure of each side x side tile of a plane, each (rows, columns)."""
    height, width = luminance.shape
    half = cv2.resize(luminance, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    quarter = cv2.resize(half, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    count = side // 4
    cells = quarter.reshape(height // side, count, width // side, count)
    mean = cells.mean(axis=(1, 3), dtype=np.float64)
    centred = cells - mean[:, None, :, None]
    ramp = np.arange(count) - (count - 1) / 2.0
    energy = float((ramp**2).sum()) * count
    tall = (centred.sum(axis=3) * ramp[None, :, None]).sum(axis=1)
    wide = (centred.sum(axis=1) * ramp).sum(axis=2)
    coarse = (centred**2).sum(axis=(1, 3)) - (tall**2 + wide**2) / energy
    enlarged = cv2.resize(quarter, (width // 2, height // 2), interpolation=cv2.INTER_NEAREST)
    finer = cv2.subtract(half, enlarged)
    squares = (finer * finer).reshape(height // side, 2 * count, width // side, 2 * count)
    fine = squares.mean(axis=(1, 3), dtype=np.float64)
    return mean.astype(np.float32), np.maximum(coarse / count**2, 0.0) + 0.25 * fine
