"""The grid of a JPEG picture that was resized: a comb in the step profiles, proved.

Resizing alone leaves rhythms, too (Gallagher 2005), and by 7/5 or 9/8 they make a comb like that
of blocks. A comb is therefore only a candidate: the picture is sampled back to the grid that it
would have been compressed on, and the grid counts where JPEG's quantiser shows there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt
from scipy.ndimage import median_filter, uniform_filter1d

from restoration.examine.jpeg.block_grid import BLOCK, SURROUND
from restoration.examine.jpeg.jpeg_quantiser import (
    Quantiser,
    find_lattice,
    is_plausible,
    lattice_score,
    nearest_ijg_quality,
)
from restoration.examine.survey import LuminanceTile
from restoration.raster.base import Floats, Plane

AxisPair = tuple[float, float]
"""Down, across."""

GridPairs = tuple[AxisPair, AxisPair]
"""Periods and first borders, in pixels of the page."""

PERIODS = (4.8, 15.0)
"""Block periods that are looked for, in cells of a profile: from 4.8 pixels (reduced to 0.6) at
full scale to 60 pixels (enlarged by 7) at a quarter."""

PADDING = 4
"""The spectrum is computed this much finer than the page's length gives."""

PHASES = 32
"""Places of the first border that are tried per period."""

MOST_LINES = 5
"""Harmonics of a comb that are used."""

LOUDEST = 5.0
"""One line counts up to this many times the noise: the rhythm of interpolation, of a weave or of
lines of text is one or two loud lines, that of block borders is a comb."""

CANDIDATE = 3.5
"""Score, on both axes, from which a comb is worth sampling back."""

PROOF = 14.0
"""Contrast of the quantiser's lattice, sampled back, that proves a grid (other grids: below 9)."""

WITNESSES = 3
"""Tiles that are aligned to the grid each by itself: the first border is known to some tenths of a
pixel of the compressed picture, the lattice asks for one tenth."""

TRIED = 20
"""Blocks along a side on which a trial is judged."""

AHEAD = 1.25
"""The right place scores this many times the median of all; on other pictures all are alike."""

SHORTEST = 96
"""Cells along an axis below which there are too few borders to tell their period."""


@dataclass(frozen=True)
class Comb:
    """Borders at ``first``, ``first + period``, ... along one axis, in cells of its profile."""

    period: float
    first: float
    score: float
    """Standard deviations above chance, for one period and place."""


@dataclass(frozen=True)
class RescaledGrid:
    """A proved grid of a resized JPEG picture, in pixels of the page."""

    period: tuple[float, float]
    """Down, across."""
    first: tuple[float, float]
    """Place of the first border, 0 to the period; down, across."""
    lattice: Quantiser


class CombSearch:
    """The spectrum of one axis's step profile, and the combs in it."""

    def __init__(self, profile: Floats) -> None:
        self.size = profile.size
        self._deviation = _deviation(profile)
        self._spectrum = np.fft.rfft(self._deviation, PADDING * self.size)
        around = median_filter(np.abs(self._spectrum), 64 * PADDING + 1, mode="reflect")
        # The median of a Rayleigh distribution is 0.83 times the root mean square.
        self._noise = np.maximum(around / np.sqrt(np.log(2.0)), 1e-12)

    def scores(self, periods: Floats) -> npt.NDArray[np.float64]:
        """How well borders at each period and place explain the profile: (periods, PHASES)."""
        relative = self._spectrum / self._noise
        relative *= np.minimum(1.0, LOUDEST / np.maximum(np.abs(relative), 1e-12))
        turns = np.exp(2j * np.pi * np.arange(PHASES) / PHASES)
        total, count = np.zeros((periods.size, PHASES)), np.zeros(periods.size)
        for harmonic in range(1, MOST_LINES + 1):
            place = np.rint(harmonic * self.size * PADDING / periods).astype(np.intp)
            inside = place < relative.size
            line = np.where(inside, relative[np.minimum(place, relative.size - 1)], 0.0)
            total += (line[:, None] * turns[None, :] ** harmonic).real
            count += inside
        return np.asarray(total * np.sqrt(2.0 / np.maximum(count, 1.0))[:, None])

    def refined(self, period: float) -> Comb:
        """The comb near a period, its period and first border fitted by the lines' phases."""
        steps = np.linspace(-1.0, 1.0, 49) * 0.6 * period / self.size
        places = np.arange(self.size)
        best = Comb(period, 0.0, -np.inf)
        for trial in period * (1.0 + steps):
            lines = np.zeros(MOST_LINES, dtype=np.complex128)
            for harmonic in range(1, min(MOST_LINES, int(trial / 2.0)) + 1):
                if abs(_folded(harmonic / trial) - _folded(BLOCK / trial)) < 2.0 / self.size:
                    # The interpolation's own rhythm, which knows nothing of the borders.
                    continue
                wave = np.exp(-2j * np.pi * harmonic / trial * places)
                index = round(harmonic * self.size * PADDING / trial)
                level = self._noise[min(index, self._noise.size - 1)]
                line = complex((self._deviation * wave).sum()) / level
                lines[harmonic - 1] = line * min(1.0, 4.0 * LOUDEST / max(abs(line), 1e-12))
            turns = np.exp(
                2j * np.pi * np.outer(np.arange(256) / 256, np.arange(1, 1 + MOST_LINES))
            )
            fits = (turns * lines).real.sum(axis=1)
            top = int(fits.argmax())
            if fits[top] > best.score:
                best = Comb(float(trial), top / 256 * float(trial), float(fits[top]))
        return best


def candidates(profiles: Sequence[Floats], most: int = 2) -> list[tuple[Comb, Comb]]:
    """Combs of one common period in the two profiles (down, across) of a page, best first."""
    if min(profile.size for profile in profiles) < SHORTEST:
        return []
    if any(np.isfinite(p).mean() < 0.5 or np.nanmax(p) <= 0.0 for p in profiles):
        return []
    searches = [CombSearch(profile) for profile in profiles]
    length = max(profile.size for profile in profiles)
    low, high = (PADDING * length / period for period in reversed(PERIODS))
    periods = PADDING * length / np.arange(np.ceil(low), np.floor(high) + 1.0)
    peaks = [search.scores(periods).max(axis=1) for search in searches]
    joint = np.where(np.minimum(*peaks) >= CANDIDATE, peaks[0] + peaks[1], 0.0)
    found: list[tuple[Comb, Comb]] = []
    while len(found) < most and joint.max() > 0.0:
        period = float(periods[joint.argmax()])
        joint[np.abs(periods / period - 1.0) < max(0.01, 1.5 * period / length)] = 0.0
        found.append((searches[0].refined(period), searches[1].refined(period)))
    return found


def prove(
    combs: tuple[Comb, Comb],
    cell: int,
    page: tuple[int, int],
    tiles: Sequence[LuminanceTile],
    scale: int,
) -> RescaledGrid | None:
    """The grid, where JPEG's quantiser shows on the picture sampled back to it; else None.

    combs: down, across; cell: side of the profiles' cells in pixels of the page; page: its height
    and width; tiles: pixels of the survey at ``scale``, the most telling first.
    """
    period = (combs[0].period * cell, combs[1].period * cell)
    first = (combs[0].first * cell, combs[1].first * cell)
    grids = [(period, first), *_whole(period, page)]
    scores = [_score(tiles[0], scale, grid) for grid in grids]
    aligned = [_aligned(tile, scale, grids[int(np.argmax(scores))]) for tile in tiles[:WITNESSES]]
    found = [(grid, tile) for grid, tile in zip(aligned, tiles, strict=False) if grid is not None]
    planes = [sampled_back(tile, scale, *grid) for grid, tile in found]
    lattice = find_lattice([(0, 0, plane) for plane in planes if plane is not None])
    if lattice is None or lattice.offset != (0, 0) or lattice.contrast < PROOF:
        return None
    # Steps of 1 are no quantiser: sampling back an 8-bit picture of few tones shows them.
    if sum(step > 1 for step in lattice.steps.values()) < 3 or not is_plausible(lattice.steps):
        return None
    lattice = replace(lattice, quality=nearest_ijg_quality(lattice.steps))
    period, first = found[0][0]
    return RescaledGrid(period, (first[0] % period[0], first[1] % period[1]), lattice)


def _whole(period: AxisPair, page: tuple[int, int]) -> list[GridPairs]:
    """Grids near a period of a whole picture that was resized: it had a whole number of pixels,
    and a border at its corner."""
    rows, columns = (round(BLOCK * side / each) for side, each in zip(page, period, strict=True))
    near = (-1, 0, 1)
    return [
        ((BLOCK * page[0] / (rows + down), BLOCK * page[1] / (columns + across)), (0.0, 0.0))
        for down in near
        for across in near
    ]


def _aligned(tile: LuminanceTile, scale: int, grid: GridPairs) -> GridPairs | None:
    """The grid shifted to where the tile shows the clearest lattice; None where no place is clearer
    than others, which is what happens on pictures that never were on this grid."""
    tried: list[tuple[float, GridPairs]] = []
    for spread in (0.15, 0.06):
        centre = max(tried)[1] if tried else grid
        shifts = (-2.0, -1.0, 0.0, 1.0, 2.0) if not tried else (-1.0, 0.0, 1.0)
        for down in shifts:
            for across in shifts:
                (high, wide), (top, left) = centre
                moved = (
                    top + down * spread * high / BLOCK,
                    left + across * spread * wide / BLOCK,
                )
                near = ((high, wide), moved)
                tried.append((_score(tile, scale, near), near))
        if not max(tried)[0] >= AHEAD * float(np.median([score for score, _ in tried])) > 0.0:
            return None
    return max(tried)[1]


def _score(tile: LuminanceTile, scale: int, grid: GridPairs) -> float:
    back = sampled_back(tile, scale, *grid, TRIED)
    return 0.0 if back is None else lattice_score(back)


def sampled_back(
    tile: LuminanceTile, scale: int, period: AxisPair, first: AxisPair, most: int = 256
) -> Plane | None:
    """A tile on the pixels that the picture was compressed on, beginning with a block.

    most: blocks along a side. None where fewer than four fit. Lanczos interpolation, since the
    resized picture holds no more than the compressed one did.
    """
    starts, sizes, steps = [], [], []
    for place, each, begin in zip((tile.top, tile.left), period, first, strict=True):
        border = begin + np.ceil((place - begin) / each) * each
        blocks = min(int((place + tile.extent - border) // each), most)
        if blocks < 4:
            return None
        step = each / BLOCK
        starts.append((border + 0.5 * step - place) / scale - 0.5)
        sizes.append(blocks * BLOCK)
        steps.append(step / scale)
    matrix = np.array([[steps[1], 0.0, starts[1]], [0.0, steps[0], starts[0]]])
    return np.asarray(
        cv2.warpAffine(
            tile.luminance,
            matrix,
            (sizes[1], sizes[0]),
            flags=cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT,
        )
    )


def _folded(frequency: float) -> float:
    """A frequency as sampling shows it, 0 to 0.5 cycles per cell."""
    return abs(frequency - round(frequency))


def _deviation(profile: Floats) -> Floats:
    """A profile's deviation from its surroundings, evened out along the page and windowed."""
    known = np.isfinite(profile)
    filled = np.where(known, profile, np.nanmedian(profile))
    around = median_filter(filled, SURROUND, mode="reflect")
    deviation = np.where(known, filled - around, 0.0)
    scale = 1.4826 * float(np.median(np.abs(deviation))) + 1e-3
    deviation = np.clip(deviation, -5.0 * scale, 5.0 * scale)
    # Its running sums leave tiny negative numbers where there is nothing.
    local = np.sqrt(np.maximum(uniform_filter1d(deviation**2, 81, mode="reflect"), 0.0))
    deviation = deviation / (local + 0.1 * scale)
    return np.asarray((deviation - deviation.mean()) * np.hanning(deviation.size))
