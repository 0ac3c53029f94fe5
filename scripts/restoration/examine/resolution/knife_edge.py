"""Resolution from the picture's own straight edges, as a slanted test edge would show it.

After the slanted-edge method of ISO 12233 (e-SFR): along a straight edge the samples are projected
on its normal, which gives a profile several times finer than the pixels; its derivative is the line
spread, and that one's Fourier transform the transfer function. An archive has no test edges, so
that the sharpest edges of the picture stand in: a scan that is soft has none that is sharp.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restoration.raster.base import Floats, Plane

REACH = 18
"""Half side, in pixels, of the square in which an edge is looked at."""

ALONG = 13
"""Half length of the piece of edge that is used."""

ACROSS = 12
"""Half width of its profile."""

FINE = 4
"""Profile samples per pixel."""

STRAIGHT = 0.9
"""Least coherence of the gradients around an edge: 1 where all point one way."""

CONTRAST = 8.0 / 255.0
"""Least height of an edge."""

RIPPLE = 0.12
"""Largest standard deviation of the two plateaus, of the edge's height."""

BENT = 1.0
"""Largest deviation, in pixels, of an edge from its line."""

PER_TILE = 24
"""Edges that are tried per tile, strongest first."""

FEWEST = 4
"""Edges that are averaged at least; their noise would rule a single one's transfer function."""


@dataclass(frozen=True)
class Edge:
    """A straight edge, brought to a rise from 0 to 1 through the middle of its profile."""

    rise: float
    """Pixels from a quarter to three quarters of the height."""
    profile: Floats
    """FINE samples per pixel, ACROSS - 4 pixels to either side."""


def edges(tile: Plane) -> list[Edge]:
    """The straight, clean edges of a tile of encoded luminance in [0, 1], sides 64 and more."""
    smooth = cv2.GaussianBlur(tile, (0, 0), 1.0)
    across, down = (
        cv2.Sobel(smooth, cv2.CV_32F, x, y, ksize=3, scale=0.125) for x, y in ((1, 0), (0, 1))
    )
    xx, xy, yy = (
        np.asarray(cv2.GaussianBlur(product, (0, 0), 5.0))
        for product in (across * across, across * down, down * down)
    )
    energy = xx + yy
    coherence = np.hypot(xx - yy, 2.0 * xy) / np.maximum(energy, 1e-9)
    local = cv2.dilate(energy, np.ones((25, 25), np.uint8))
    found = (energy == local) & (coherence > STRAIGHT) & (energy > (1.0 / 255.0) ** 2)
    margin = REACH + 1
    found[:margin], found[-margin:], found[:, :margin], found[:, -margin:] = (False,) * 4
    rows, columns = np.nonzero(found)
    order = np.argsort(-energy[rows, columns], kind="stable")[:PER_TILE]
    result = []
    for row, column in zip(rows[order], columns[order], strict=True):
        angle = 0.5 * float(np.arctan2(2.0 * xy[row, column], xx[row, column] - yy[row, column]))
        square = tile[row - REACH : row + REACH + 1, column - REACH : column + REACH + 1]
        edge = _edge(square.astype(np.float64), angle)
        if edge is not None:
            result.append(edge)
    return result


def transfer_end(found: Sequence[Edge]) -> float | None:
    """Frequency, in cycles per pixel, up to which the sharpest edges carry the picture.

    That is where their transfer function falls below 10 % (MTF10). Where it ends in a cliff, as
    after interpolation, the middle of the cliff counts, whose foot the profile's short length
    widens. None with too few edges; at most 0.5.
    """
    if len(found) < FEWEST:
        return None
    ordered = sorted(found, key=lambda edge: edge.rise)
    # The very sharpest may be flattered by noise: the first twentieth does not set the measure.
    measure = ordered[max(1, len(ordered) // 20)].rise
    alike = sum(edge.rise <= 1.25 * measure for edge in ordered)
    count = max(FEWEST, min(alike, len(ordered) // 5 + 1))
    profile = np.mean([edge.profile for edge in ordered[:count]], axis=0)
    half, tenth = _crossings(profile)
    steep = min(max((tenth / half - 1.3) / 0.35, 0.0), 1.0)
    return min(half + steep * (tenth - half), 0.5)


def _crossings(profile: Floats) -> tuple[float, float]:
    """Frequencies at which the transfer function of an edge profile falls to 50 % and to 10 %."""
    spread = np.diff(profile)
    place = (np.arange(spread.size) - (spread.size - 1) / 2.0) / FINE
    # Level over the inner 5 px: a Hamming window over so short a profile widens soft transfers.
    outer = np.clip((np.abs(place) - 5.0) / (ACROSS - 4 - 5.0), 0.0, 1.0)
    window = 0.5 + 0.5 * np.cos(np.pi * outer)
    transfer = np.abs(np.fft.rfft(spread * window, 1024))
    frequency = np.fft.rfftfreq(1024, 1.0 / FINE)
    # Averages over bins and the difference between them each take off sinc(f / FINE).
    transfer = transfer / transfer[0] / np.sinc(frequency / FINE) ** 2
    ends = []
    for level in (0.5, 0.1):
        below = np.flatnonzero((transfer < level) | (frequency > 1.0))
        ends.append(float(frequency[below[0]]))
    return ends[0], ends[1]


@dataclass(frozen=True)
class _EdgeLine:
    """Distance of each pixel of the square from an edge's line, and its place along it."""

    across: npt.NDArray[np.float64]
    along: npt.NDArray[np.float64]

    @classmethod
    def through(cls, angle: float) -> _EdgeLine:
        down, right = np.mgrid[-REACH : REACH + 1, -REACH : REACH + 1].astype(np.float64)
        normal = float(np.cos(angle)), float(np.sin(angle))
        return cls(
            right * normal[0] + down * normal[1],
            -right * normal[1] + down * normal[0],
        )

    @property
    def piece(self) -> npt.NDArray[np.bool_]:
        return (np.abs(self.across) <= ACROSS) & (np.abs(self.along) <= ALONG)


def _edge(square: npt.NDArray[np.float64], angle: float) -> Edge | None:
    """The edge through the middle of a square; None where it is bent, low or restless."""
    line = _EdgeLine.through(angle)
    profile = _profile(square, line)
    if profile is None:
        return None
    fit = _fit(square, line, profile)
    if fit is None:
        return None
    tilt, bend = fit
    if bend > BENT:
        return None
    profile = _profile(square, _EdgeLine.through(angle - float(np.arctan(tilt))))
    return None if profile is None else _normalised(profile)


def _profile(square: npt.NDArray[np.float64], line: _EdgeLine) -> Floats | None:
    """Mean by distance from the line, FINE bins per pixel; None where bins stay empty."""
    piece = line.piece
    place = np.rint(line.across[piece] * FINE).astype(np.intp) + ACROSS * FINE
    count = 2 * ACROSS * FINE + 1
    members = np.bincount(place, minlength=count)
    if float((members == 0).mean()) > 0.3:
        # An edge along rows or columns samples the same few distances over and over.
        return None
    sums = np.bincount(place, square[piece], count)
    filled = np.flatnonzero(members)
    return np.interp(np.arange(count), filled, sums[filled] / members[filled])


def _plateaus(profile: Floats) -> tuple[float, float]:
    low, high = profile[2 * FINE : 6 * FINE], profile[-6 * FINE : -2 * FINE]
    return float(np.median(low)), float(np.median(high))


def _fit(
    square: npt.NDArray[np.float64], line: _EdgeLine, profile: Floats
) -> tuple[float, float] | None:
    """Tilt of the edge against the line, and its standard deviation from its own, in pixels."""
    low, high = _plateaus(profile)
    if abs(high - low) < CONTRAST:
        return None
    near = line.piece & (np.abs(line.across) < 8.0)
    places, shifts = [], []
    for place in range(-ALONG + 1, ALONG, 4):
        slab = near & (np.abs(line.along - place) < 2.0)
        if slab.sum() < 20:
            continue
        share = np.clip((square[slab] - low) / (high - low), -0.2, 1.2).mean()
        places.append(float(place))
        shifts.append(float(line.across[slab].mean()) + (0.5 - float(share)) * 16.0)
    if len(places) < 5:
        return None
    x, y = np.array(places), np.array(shifts)
    offset = x - x.mean()
    tilt = float((offset * y).sum() / (offset**2).sum())
    bend = float(np.std(y - y.mean() - tilt * offset))
    return (tilt, bend) if abs(tilt) <= 0.25 else None


def _normalised(profile: Floats) -> Edge | None:
    """The profile from 0 to 1, its half height in the middle; None where it is no clean step."""
    low, high = _plateaus(profile)
    if high < low:
        profile, low, high = profile[::-1], high, low
    if high - low < CONTRAST:
        return None
    step = (profile - low) / (high - low)
    smooth = np.convolve(step, np.ones(3) / 3.0, "same")
    near = slice(5 * FINE, (2 * ACROSS - 5) * FINE + 1)
    above = np.flatnonzero(smooth[near] >= 0.5)
    if above.size == 0:
        return None
    middle = int(above[0]) + 5 * FINE
    if abs(middle - ACROSS * FINE) > 4 * FINE:
        return None
    centre = middle - (smooth[middle] - 0.5) / max(smooth[middle] - smooth[middle - 1], 1e-6)
    reach = (ACROSS - 4) * FINE
    grid = centre + np.arange(-reach, reach + 1)
    aligned = np.interp(grid, np.arange(step.size), step)
    ripple = float(np.std(np.r_[aligned[: 3 * FINE], aligned[-3 * FINE :] - 1.0]))
    if ripple > RIPPLE:
        return None
    rise = _crossing(smooth, middle, 0.75) - _crossing(smooth, middle, 0.25)
    return Edge(rise / FINE, aligned)


def _crossing(smooth: Floats, middle: int, level: float) -> float:
    """Place, in samples, where a step passes a level, looking outwards from its middle."""
    if level < 0.5:
        below = np.flatnonzero(smooth[:middle] <= level)
        before = int(below[-1]) if below.size else 0
    else:
        above = np.flatnonzero(smooth[middle:] >= level)
        before = max(middle + (int(above[0]) if above.size else smooth.size - 1 - middle) - 1, 0)
    step = max(float(smooth[before + 1] - smooth[before]), 1e-6)
    return before + min(max((level - float(smooth[before])) / step, 0.0), 1.0)
