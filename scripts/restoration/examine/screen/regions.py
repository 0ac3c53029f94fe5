"""Which cells of the page bear the same screen, and whether it is one exact lattice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from restoration.examine.screen.lattice import (
    ScreenLattice,
)
from restoration.examine.screen.peaks import SIDE
from restoration.examine.screen.tiles import Peaked
from restoration.raster.base import Floats, Mask

SHARED = 0.7 / SIDE
"""Largest distance, cycles per sample, of one wave as two neighbouring tiles measure it."""

MATCH = 0.9 / SIDE
"""The same between a tile's peak and a lattice: at the edge of a print the peak is skewed."""

STRONG = 4.0
"""Prominence of peaks that tie two cells together."""

ASKEW = 0.34
"""Least sine of the angle between two waves that count as two directions."""

LONE_LINE = 5.0
"""The same of waves that alone tie two cells together: lines have no second direction."""

FEWEST = 3
"""Tiles that must show the same lattice before it is a screen."""

DROP = 3.5
"""How far (natural logarithm of power) a cell at the edge may lie below its neighbours: less than a
sixth of the amplitude means that its tile only touches the print."""

ALONE = 5.5
"""Prominence from which a single wave of a screen is enough for a cell."""

EIGHT = np.ones((3, 3), dtype=np.intp)


@dataclass(frozen=True)
class Coherence:
    """How exactly a wave repeats over the page."""

    order: float
    """0 (phases by chance) to 1 (one wave): resultant of the phase steps between neighbours."""
    pairs: int
    """Pairs of neighbouring tiles that were compared."""
    frequency: Floats
    """The frequency that the phase steps give, cycles per sample."""


def seeds(tiles: Peaked, lines: bool = False) -> list[Mask]:
    """Groups of neighbouring cells that share two waves of different direction, largest first.

    lines: those that share one wave, if it is a clear one.
    """
    cell = tiles.cell
    numbers = np.arange(cell.size).reshape(cell.shape)
    ends: list[npt.NDArray[np.intp]] = []
    for one, other in (
        (np.s_[:, :-1], np.s_[:, 1:]),
        (np.s_[:-1, :], np.s_[1:, :]),
    ):
        a, b = cell[one].ravel(), cell[other].ravel()
        seen = np.flatnonzero((a >= 0) & (b >= 0))
        tied = seen[_tied(tiles, a[seen], b[seen], lines)]
        ends.append(np.stack([numbers[one].ravel()[tied], numbers[other].ravel()[tied]]))
    pairs = np.concatenate(ends, axis=1)
    graph = coo_array((np.ones(pairs.shape[1]), (pairs[0], pairs[1])), (cell.size, cell.size))
    _, labels = connected_components(graph, directed=False)
    sizes = np.bincount(labels)
    groups = []
    for label in np.argsort(-sizes, kind="stable"):
        if sizes[label] < 2:
            break
        mask = (labels == label).reshape(cell.shape)
        if np.unique(cell[mask]).size >= FEWEST:
            groups.append(mask)
    return groups


def _tied(tiles: Peaked, a: npt.NDArray[np.intp], b: npt.NDArray[np.intp], lines: bool) -> Mask:
    """Which pairs of tiles share two waves of different direction, or are the same tile."""
    clear = LONE_LINE if lines else STRONG
    tied = np.zeros(a.size, dtype=np.bool_)
    for start in range(0, a.size, 2048):
        part = np.s_[start : start + 2048]
        one, other = tiles.frequency[a[part]], tiles.frequency[b[part]]
        good = (tiles.prominence[a[part]] >= clear)[:, :, None] & (
            tiles.prominence[b[part]] >= clear
        )[:, None, :]
        near = np.zeros(good.shape, dtype=np.bool_)
        for sign in (1.0, -1.0):
            apart = one[:, :, None, :] - sign * other[:, None, :, :]
            near |= np.hypot(apart[..., 0], apart[..., 1]) < SHARED
        shared = np.asarray((near & good).any(axis=2))
        if lines:
            alone = (a[part] == b[part]) & (tiles.prominence[a[part]][:, 0] >= clear)
            tied[part] = shared.any(axis=1) | alone
            continue
        strongest = shared.argmax(axis=1)
        lead = np.take_along_axis(one, strongest[:, None, None], axis=1)
        cross = one[..., 0] * lead[..., 1] - one[..., 1] * lead[..., 0]
        lengths = np.hypot(one[..., 0], one[..., 1]) * np.hypot(lead[..., 0], lead[..., 1])
        askew = np.abs(cross) > ASKEW * np.maximum(lengths, 1e-12)
        strong = (tiles.prominence[a[part]][:, :2] >= STRONG).all(axis=1)
        tied[part] = (shared & askew).any(axis=1) | ((a[part] == b[part]) & strong)
    return tied


def peak_of(tiles: Peaked, frequency: Floats) -> npt.NDArray[np.intp]:
    """The peak of each tile (n,) that is this wave; -1 where it has none."""
    nearest = np.full(tiles.prominence.shape, np.inf)
    for sign in (1.0, -1.0):
        apart = tiles.frequency - sign * frequency
        nearest = np.minimum(nearest, np.hypot(apart[..., 0], apart[..., 1]))
    nearest[tiles.prominence <= 0.0] = np.inf
    if nearest.size == 0:
        return np.zeros(0, dtype=np.intp)
    best = nearest.argmin(axis=1)
    found = np.take_along_axis(nearest, best[:, None], axis=1)[:, 0] < MATCH
    return np.where(found, best, -1)


def support(tiles: Peaked, lattice: ScreenLattice) -> npt.NDArray[np.bool_]:
    """(n,): tiles that show all vectors of a lattice."""
    shown = [peak_of(tiles, vector) >= 0 for vector in lattice.vectors]
    return np.asarray(np.all(shown, axis=0))


def coverage(tiles: Peaked, seed: Mask, lattices: Sequence[ScreenLattice]) -> Mask:
    """The cells that bear these screens, connected to the seed.

    A cell bears them where its tile shows two of the fundamentals, or one of them above everything
    else or clearly that of lines; a stroke of a caption has one by chance. Single gaps (paper
    white, solid ink) are closed, and cells that only touch the print are given up.
    """
    count = tiles.centre.shape[0]
    level, matched, lone = np.full(count, -np.inf), np.zeros(count), np.zeros(count, np.bool_)
    for lattice in lattices:
        for vector in lattice.vectors:
            peak = peak_of(tiles, vector)
            own = np.take_along_axis(tiles.level, np.maximum(peak, 0)[:, None], axis=1)[:, 0]
            level = np.maximum(level, np.where(peak >= 0, own, -np.inf))
            clear = np.take_along_axis(tiles.prominence, np.maximum(peak, 0)[:, None], axis=1)
            matched += (peak >= 0) * (1 + (lattice.lines & (clear[:, 0] >= LONE_LINE)))
            # Peaks are kept by falling prominence: number 0 is the tile's clearest.
            lone |= (peak == 0) & (tiles.prominence[:, 0] >= ALONE)
    level = np.where((matched >= 2) | lone, level, -np.inf)
    return _tidy(_per_cell(level, tiles.cell), seed)


def _per_cell(
    value: npt.NDArray[np.float64], cell: npt.NDArray[np.intp]
) -> npt.NDArray[np.float64]:
    spread = np.full(cell.shape, -np.inf)
    if value.size:
        spread[cell >= 0] = value[cell[cell >= 0]]
    return spread


def _tidy(level: npt.NDArray[np.float64], seed: Mask) -> Mask:
    bears = np.isfinite(level)
    labels, _ = ndimage.label(bears, structure=EIGHT)
    wanted = np.unique(labels[seed & bears])
    mask = np.isin(labels, wanted[wanted > 0])
    around = ndimage.maximum_filter(np.where(mask, level, -np.inf), size=3, mode="nearest")
    inner = ndimage.binary_erosion(mask, structure=EIGHT, border_value=1)
    mask &= inner | (level >= around - DROP)
    for _ in range(2):
        # Outside the page there is no evidence either way: a cell beside it counts by the others.
        neighbours = ndimage.uniform_filter(mask.astype(float), size=3, mode="nearest") * 9.0
        mask |= neighbours >= 6.0 - 1e-6
    lonely = ndimage.uniform_filter(mask.astype(float), size=3, mode="constant") * 9.0 < 2.5
    return np.asarray(mask & ~lonely, dtype=np.bool_)


def coherence(tiles: Peaked, mask: Mask, wave: Floats) -> Coherence:
    """Phase order of a wave over neighbouring tiles, and the frequency it gives.

    A printing screen is one wave over the whole print: from tile to tile its phase advances by
    frequency times distance. Threads, bricks and furrows wander by more than a tenth of a period
    over a tile, and their phases do not follow. The mean phase step per axis corrects the
    frequency, at growing distances as long as the order stays high (a vernier).
    """
    peak = peak_of(tiles, wave)
    phase = np.take_along_axis(tiles.phase, np.maximum(peak, 0)[:, None], axis=1)[:, 0]
    kept = np.take_along_axis(tiles.frequency, np.maximum(peak, 0)[:, None, None], axis=1)[:, 0]
    # The conjugate peak has the opposite phase.
    sign = np.where((kept * wave).sum(axis=1) < 0.0, -1.0, 1.0)
    cell = np.where(mask & (tiles.cell >= 0), tiles.cell, -1)
    cell = np.where((cell >= 0) & (peak[cell] >= 0), cell, -1) if peak.size else cell
    power = np.take_along_axis(tiles.level, np.maximum(peak, 0)[:, None], axis=1)[:, 0]
    # A tile at the print's edge, or on an edge of the picture, has a faint and skewed wave.
    weight = np.exp(0.5 * (power - power.max(initial=-np.inf)))
    waves = np.asarray(weight * np.exp(1j * sign * phase), dtype=np.complex128)
    frequency, order, count = wave.astype(np.float64).copy(), 0.0, 0
    for distance in (SIDE, 2 * SIDE, 4 * SIDE):
        steps = [_steps(tiles, cell, waves, frequency, axis, distance) for axis in (0, 1)]
        pairs, mean = sum(step.errors.size for step in steps), _order(steps)
        if distance == SIDE:
            order, count = mean, pairs
        if pairs < 4 or mean < 0.7:
            break
        for axis, step in enumerate(steps):
            if step.errors.size >= 3:
                frequency[axis] += step.angle / (2.0 * np.pi * step.distance)
    return Coherence(order, count, frequency)


@dataclass(frozen=True)
class _Steps:
    """Phase steps of a wave between tiles along one axis."""

    angle: float
    """Mean step, radians."""
    errors: npt.NDArray[np.float64]
    """Each pair's distance from the mean, radians."""
    weights: npt.NDArray[np.float64]
    """Geometric means of the pairs' amplitudes."""
    distance: float
    """Mean distance of the pairs, samples."""


def _order(steps: Sequence[_Steps]) -> float:
    """exp(-s^2 / 2), the resultant of a normal spread s that has the steps' median error: a stitch
    of the scan, or the gap between two prints of one screen, shall not spoil the whole."""
    errors = np.concatenate([step.errors for step in steps])
    weights = np.concatenate([step.weights for step in steps])
    if weights.sum() <= 0.0:
        return 0.0
    rank = np.argsort(errors, kind="stable")
    middle = np.searchsorted(np.cumsum(weights[rank]), 0.5 * weights.sum())
    return float(np.exp(-0.5 * (1.4826 * errors[rank][middle]) ** 2))


def _steps(
    tiles: Peaked,
    cell: npt.NDArray[np.intp],
    waves: npt.NDArray[np.complex128],
    frequency: Floats,
    axis: int,
    distance: int,
) -> _Steps:
    """The phase steps along one axis over tiles about ``distance`` apart, beyond those of the
    frequency. waves: (n,) complex amplitude of each tile."""
    found, moved = [np.zeros(0, dtype=np.complex128)], [np.zeros(0)]
    along = cell if axis == 0 else cell.T
    for shift in range(1, along.shape[0]):
        a, b = along[:-shift].ravel(), along[shift:].ravel()
        use = (a >= 0) & (b >= 0) & (a != b)
        a, b = a[use], b[use]
        apart = tiles.centre[b] - tiles.centre[a]
        near = np.abs(apart[:, axis] - distance) <= distance // 4
        if near.any():
            step = waves[b[near]] * np.conj(waves[a[near]])
            found.append(step * np.exp(-2j * np.pi * (apart[near] * frequency).sum(axis=1)))
            moved.append(apart[near, axis])
        elif use.any() and float(apart[:, axis].min()) > 1.25 * distance:
            break
    steps, weights = np.concatenate(found), np.sqrt(np.abs(np.concatenate(found)))
    units = steps / np.maximum(np.abs(steps), 1e-30)
    mean = complex((units * weights).sum())
    angle = float(np.angle(mean))
    errors = np.abs(np.angle(units * np.exp(-1j * angle)))
    distances = np.concatenate(moved)
    return _Steps(angle, errors, weights, float(distances.mean()) if distances.size else 0.0)
