"""The noise of one channel: the page as a whole, each tone, and what small blocks still tell."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from restoration.examine.noise.flat_tiles import TONES
from restoration.examine.noise.noise_bands import Level, level
from restoration.examine.noise.noise_spectrum import bands
from restoration.raster.base import Stack

APART = 1.15
"""Correlated noise of one tone counts up to this ratio to that of the whole page: above, it is
texture that was taken for noise."""

ENOUGH = 12
"""Tiles of one tone that may speak for a page whose other tones show texture."""

SMALL = 16
"""Side, in pixels, of the blocks that are asked where no tile is flat: between the leaves of a tree
there are places of this size."""

KINDS = ("none", "white", "correlated", "texture")


@dataclass(frozen=True)
class ChannelNoise:
    """What one channel shows."""

    sigma: float | None
    """Standard deviation in 1/255; None where texture hides it."""
    kind: str
    """One of KINDS."""
    page: Level
    """All tones together; of the strongest tone where only single tones could be measured."""
    tones: tuple[float | None, ...]
    """Standard deviation per tone class."""
    scale: int = 1
    """Pixels of the page per pixel of the tiles that ``page`` was measured on."""


def channel_noise(
    stack: Stack,
    steady: npt.NDArray[np.bool_],
    tones: npt.NDArray[np.intp],
    quantum: float,
    enlarged: float,
) -> ChannelNoise:
    """The noise of a channel's tiles.

    stack: at least FEWEST of them steady; steady: tiles without a rhythm; tones: class of each
    tile; quantum: variance of rounding, (1/255)^2; enlarged: by how much the scan was interpolated,
    1 where it was not.
    """
    flat = np.flatnonzero(steady)
    page = level(stack[flat], quantum)
    if page is None:
        raise ValueError(f"{flat.size} tiles are too few to measure noise on")
    whole = None if page.kind == "texture" else page.sigma
    parts: list[tuple[npt.NDArray[np.intp], Level] | None] = []
    for tone in range(TONES):
        own = flat[tones[flat] == tone]
        part = level(stack[own], quantum)
        noise = part is not None and part.kind != "texture"
        if part is not None and part.kind == "correlated":
            noise = _believed(part, whole, own.size)
        parts.append((own, part) if part is not None and noise else None)
    sigmas = tuple(None if part is None else part[1].sigma for part in parts)
    page = replace(page, quiet=flat[page.quiet])
    known = [part for part in parts if part is not None]
    if page.kind == "none" or (known and whole is not None):
        return ChannelNoise(_pooled(known) or whole, page.kind, page, sigmas)
    if whole is not None:
        return ChannelNoise(whole, page.kind, page, sigmas)
    if known:
        own, spoken = max(known, key=lambda part: part[1].tiles)
        kind = max((part.kind for _, part in known), key=KINDS.index)
        spoken = replace(spoken, kind=kind, quiet=own[spoken.quiet], at_most=page.at_most)
        return ChannelNoise(_pooled(known), kind, spoken, sigmas)
    between = _between(stack, quantum)
    if between is not None:
        even = np.full(page.density.shape, between.sigma**2)
        page = replace(page, sigma=between.sigma, kind="white", density=even)
        return ChannelNoise(between.sigma, "white", page, sigmas)
    coarser = _coarser(stack[flat], quantum, enlarged)
    if coarser is not None:
        found, scale = coarser
        return ChannelNoise(
            found.sigma, found.kind, replace(found, quiet=flat[found.quiet]), sigmas, scale
        )
    return ChannelNoise(None, "texture", page, sigmas)


def _believed(part: Level, whole: float | None, tiles: int) -> bool:
    """Is correlated noise of one tone noise, beside what the whole page shows?"""
    return tiles >= ENOUGH if whole is None else part.sigma <= APART * whole


def _pooled(known: list[tuple[npt.NDArray[np.intp], Level]]) -> float | None:
    """Root mean square of the tones' noise, weighted by the tiles that each was measured on."""
    weight = sum(max(part.tiles, 1) for _, part in known)
    if weight == 0:
        return None
    return float(np.sqrt(sum(max(p.tiles, 1) * p.sigma**2 for _, p in known) / weight))


def _between(stack: Stack, quantum: float) -> Level | None:
    """White noise in the quietest blocks of SMALL pixels; None where they show none."""
    found = level(_split(stack, SMALL), quantum)
    return found if found is not None and found.kind == "white" else None


def _split(stack: Stack, side: int) -> Stack:
    count, whole = stack.shape[0], stack.shape[1]
    cut = stack.reshape(count, whole // side, side, whole // side, side)
    return np.ascontiguousarray(cut.transpose(0, 1, 3, 2, 4).reshape(-1, side, side))


def _coarser(stack: Stack, quantum: float, enlarged: float) -> tuple[Level, int] | None:
    """Noise that was interpolated with the picture, and the scale at which it shows.

    Between the pixels that it came from such noise is weaker than on them, which no test for chance
    passes at full scale; averaged to about its own pixels it is plain noise again.
    """
    if enlarged < 1.5:
        return None
    scale = 2 if enlarged < 3.0 else 4
    if stack.shape[1] // scale < SMALL:
        return None
    count, side = stack.shape[0], stack.shape[1] // scale
    means = stack.reshape(count, side, scale, side, scale).mean(axis=(2, 4), dtype=np.float64)
    found = level(means.astype(np.float32), quantum / scale**2)
    if found is None or found.kind == "texture":
        return None
    table = bands(side)
    middle = np.sqrt(table.edges[:-1] * table.edges[1:]) / scale
    # What the average took away, half of it along each axis.
    offsets = np.arange(scale) - (scale - 1) / 2.0
    kept = np.cos(2.0 * np.pi * middle[:, None] / np.sqrt(2.0) * offsets).mean(axis=1) ** 4
    power = float((found.density / kept * table.share).sum())
    return replace(found, sigma=float(np.sqrt(power)), kind="correlated"), scale
