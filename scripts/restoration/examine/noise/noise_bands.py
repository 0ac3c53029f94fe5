"""The spectrum of the noise: what the flattest tiles of a page have in common, band by band.

A tile's spectral density is that of the noise plus that of the picture. In a band of frequencies
the noise differs from tile to tile by chance alone, and by how much is known: the mean of n
exponential variables varies by 1/sqrt(n). Texture varies more. So the tiles that are quietest in
the neighbouring bands (where the noise is independent, the picture is not) are averaged, and the
average counts as noise while it varies no more than chance allows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restoration.examine.noise.noise_spectrum import (
    NOTHING,
    Bands,
    band_means,
    bands,
    densities,
    width,
    without_planes,
)
from restoration.examine.noise.noise_spectrum import sigma as sigma_of
from restoration.raster.base import Floats, Stack

DEPENDENT = 3.0
"""Bins of a Hann-windowed spectrum that count as one: neighbours share their noise."""

SHARES = (0.25, 0.12, 0.06)
"""Shares of the tiles that are averaged: the largest whose spread is that of chance."""

FEWEST = 6
"""Tiles below which a spread says nothing."""

CHANCE = 1.7
"""Largest ratio of a band's variance to that of chance at which tiles are noise alone (noise:
1 with a scatter of 0.3)."""

UNEVEN = 0.015
"""Relative variance of real white noise over a page beside that of chance: 6 % of its amplitude. A
third of it is granted to correlated noise, which texture resembles more."""

STRONGEST = 22.0
"""Correlated figures above this, in 1/255, are texture: gravel is as uniform as grain."""

COARSEST = 0.25
"""Largest width of the noise's autocorrelation, as a share of the tile's side: what is larger is
the picture's own shading."""

ROUNDING = 1.3
"""Power ratio by which chance may lift one of the lowest bands above that Gaussian."""

HEAVY = 3.3
"""Largest kurtosis of whitened tiles that is noise (noise: 2.9 to 3.2; grass, gravel, walls, dots
of a print: 3.4 to 12)."""

UPPER = 0.30
"""Lowest frequency, in cycles per pixel, of the bands that the white level is read from."""

LEVEL = 1.2
"""Largest ratio of amplitude within the upper bands of white noise."""

SLIGHT = 0.35
"""Share of the white noise's standard deviation below which what rises above it is left out."""

GROWTH = 1.3
"""Largest ratio of correlated noise on a quarter of the tiles to that on the quietest of them:
pictures have quieter and busier places, grain is everywhere."""

GROWTH_BENEATH = 1.1
"""The same where white noise of half the strength and more hides the kurtosis."""


@dataclass(frozen=True)
class Level:
    """The noise that a set of tiles shows in one channel."""

    sigma: float
    """Standard deviation in 1/255 of encoded values."""
    kind: str
    """``white``, ``correlated``, ``texture`` (not told apart from the picture), ``none``."""
    density: Floats
    """Noise density per band, (1/255)^2."""
    at_most: float
    """Standard deviation if all that these tiles hold were noise."""
    tiles: int
    """Tiles that were averaged."""
    quiet: npt.NDArray[np.intp]
    """Their places among the tiles that were given: the quietest in all bands together."""


def level(tiles: Stack, quantum: float) -> Level | None:
    """The noise of tiles of one channel; None with fewer than FEWEST of them.

    quantum: variance of the file's rounding, (1/255)^2, which is taken off.
    """
    if tiles.shape[0] < FEWEST:
        return None
    density = densities(tiles)
    means = band_means(density)
    tone = tiles.mean(axis=(1, 2), dtype=np.float64)
    side = tiles.shape[1]
    table = bands(side)
    counts = sorted({max(FEWEST, round(s * len(means))) for s in SHARES}, reverse=True)
    trials = [_trial(means, density, count, tone) for count in counts]
    quietest = np.maximum(trials[-1].mean - quantum, 0.0)
    at_most = sigma_of(quietest, table)

    def found(sigma: float, kind: str, own: Floats, trial: _Trial) -> Level:
        return Level(sigma, kind, own, at_most, trial.tiles, _quiet(means, trial.tiles))

    if at_most <= NOTHING:
        return found(at_most, "none", quietest, trials[-1])
    whites = [_only_white(trial, quantum, table) for trial in trials]
    for trial, white in zip(trials, whites, strict=True):
        if white is not None and sigma_of(trial.excess(table), table) < SLIGHT * white[0]:
            return found(white[0], "white", white[1], trial)
    for trial in trials:
        own = _rounded_off(np.maximum(trial.mean - quantum, 0.0), table)
        if sigma_of(own, table) > STRONGEST or width(trial.excess(table), table) > COARSEST * side:
            continue
        if not _grows(trials, trial, table) and _is_noise(trial, tiles, means):
            return found(sigma_of(own, table), "correlated", own, trial)
    for trial, white in zip(trials, whites, strict=True):
        if white is not None:
            return found(white[0], "white", white[1], trial)
    return found(at_most, "texture", quietest, trials[-1])


def _rounded_off(density: Floats, table: Bands) -> Floats:
    """A noise spectrum whose lowest bands rise no faster than a Gaussian through the next ones
    does: the spectrum of grain is level below its size, that of shading is not."""
    middle = ((table.edges[:-1] + table.edges[1:]) / 2.0) ** 2
    capped = density.copy()
    for band in (1, 0):
        near, far = max(capped[band + 1], 1e-9), max(capped[band + 2], 1e-9)
        steps = (middle[band + 1] - middle[band]) / (middle[band + 2] - middle[band + 1])
        capped[band] = min(capped[band], ROUNDING * near * max(near / far, 1.0) ** steps)
    return capped


@dataclass(frozen=True)
class _Trial:
    """The quietest tiles of each band."""

    mean: Floats
    """Density per band, rounding included."""
    variance: Floats
    """Relative variance of each band over the tiles."""
    chance: Floats
    """What chance alone would make of it."""
    tiles: int

    def excess(self, table: Bands) -> Floats:
        """What rises above the floor of the upper bands, per band: above the white noise where
        there is some, else above no more than the weakest band."""
        upper = table.edges[:-1] >= UPPER - 1e-9
        above = np.maximum(self.mean - 1.3 * self.floor(table), 0.0)
        above[above < 0.01 * self.mean.max()] = 0.0
        if _white(self, table) > 0.0:
            above[upper] = 0.0
        return above

    def floor(self, table: Bands) -> float:
        """Density of the white noise, or what it can be at most."""
        upper = table.edges[:-1] >= UPPER - 1e-9
        return _white(self, table) or float(self.mean[upper].min())


def _trial(
    means: npt.NDArray[np.float64],
    density: npt.NDArray[np.float32],
    count: int,
    tone: Floats,
) -> _Trial:
    table = bands(density.shape[1])
    number = means.shape[1]
    average, variance, chance = np.empty(number), np.empty(number), np.empty(number)
    logs = np.log(np.maximum(means, 1e-6))
    for band in range(number):
        # Of narrow bands not the next one: the Hann window lets a fourth of its noise pass.
        step = 2 if band < 3 else 1
        beside = [other for other in (band - step, band + step) if 0 <= other < number]
        key = logs[:, beside].mean(axis=1)
        chosen = np.argsort(key, kind="stable")[:count]
        own = means[chosen, band]
        average[band] = own.mean()
        variance[band] = _variance(own, tone[chosen])
        chance[band] = _chance(density[chosen], table, band)
    return _Trial(average, variance, chance, count)


def _variance(own: Floats, tone: Floats) -> float:
    """Relative variance of a band over tiles, less what goes with the tone."""
    relative = own / max(float(own.mean()), 1e-12) - 1.0
    offset = tone - tone.mean()
    energy = float((offset**2).sum())
    free = relative.size - 1
    if energy > 1e-4 * relative.size and relative.size > 8:
        relative = relative - offset * float((offset * relative).sum()) / energy
        free -= 1
    return float((relative**2).sum()) / free


def _chance(density: npt.NDArray[np.float32], table: Bands, band: int) -> float:
    """Relative variance that chance gives a band, from the shape of the spectrum inside it."""
    own = table.index == band
    shape = density[:, own].mean(axis=0, dtype=np.float64)
    weight = table.weight[own] / 2.0
    total = float((weight * shape).sum())
    squares = float((weight * shape**2).sum()) / (1.0 + DEPENDENT / density.shape[0])
    return float(DEPENDENT * squares / max(total**2, 1e-12))


def _white(trial: _Trial, table: Bands) -> float:
    """Density of white noise in the upper bands; 0 where they are not level or hold texture."""
    upper = table.edges[:-1] >= UPPER - 1e-9
    own = trial.mean[upper]
    spread = trial.variance[upper] / (UNEVEN + trial.chance[upper])
    if float(spread.mean()) > CHANCE or own.max() > LEVEL**2 * own.min():
        return 0.0
    return float((own * table.bins[upper]).sum() / table.bins[upper].sum())


def _only_white(trial: _Trial, quantum: float, table: Bands) -> tuple[float, Floats] | None:
    """Standard deviation and density of the white noise alone; None where there is none."""
    white = max(_white(trial, table) - quantum, 0.0)
    if white <= NOTHING**2:
        return None
    found = np.minimum(np.maximum(trial.mean - quantum, 0.0), white)
    found[table.edges[:-1] >= UPPER - 1e-9] = white
    return float(np.sqrt(white)), found


def _grows(trials: list[_Trial], trial: _Trial, table: Bands) -> bool:
    """Is what rises above the white level stronger on more of the tiles than chance allows?"""
    least = sigma_of(trials[-1].excess(table), table)
    if sigma_of(trial.excess(table), table) > GROWTH * least:
        return True
    widest = trials[0]
    above = sigma_of(widest.excess(table), table)
    beneath = above < 2.0 * float(np.sqrt(widest.floor(table)))
    return beneath and above > GROWTH_BENEATH * least


def _is_noise(trial: _Trial, tiles: Stack, means: npt.NDArray[np.float64]) -> bool:
    """Do spread and kurtosis of what rises above the white level tell of chance alone?"""
    table = bands(tiles.shape[1])
    excess = trial.excess(table)
    energy = excess * table.share
    if energy.sum() <= 0.0:
        return True
    spread = trial.variance / (UNEVEN / 3.0 + trial.chance)
    if float((energy * spread).sum() / energy.sum()) > CHANCE:
        return False
    quiet = _quiet(means[:, excess > 0.0], trial.tiles)
    kurtosis = _kurtosis(tiles[quiet], excess, trial.mean)
    return kurtosis <= HEAVY


def _quiet(means: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.intp]:
    """The tiles with the least power, all bands counting alike."""
    logs = np.log(np.maximum(means, 1e-6)).sum(axis=1)
    return np.argsort(logs, kind="stable")[:count]


def _kurtosis(tiles: Stack, excess: Floats, mean: Floats) -> float:
    """Median kurtosis of tiles whose spectrum ``mean`` is made level where ``excess`` is not 0.

    3 for Gaussian noise of any spectrum; edges and dots show as heavy tails.
    """
    side = tiles.shape[1]
    table = bands(side)
    gain = np.where(excess > 0.0, np.sqrt(excess) / np.maximum(mean, 1e-9), 0.0)
    filters = np.where(table.index >= 0, gain[table.index], 0.0).astype(np.float32)
    level = np.fft.irfft2(np.fft.rfft2(without_planes(tiles)) * filters, s=(side, side))
    # Opposite borders meet in a Fourier transform: what happens there is left out.
    inner = level[:, side // 8 : -(side // 8), side // 8 : -(side // 8)].reshape(len(tiles), -1)
    inner = inner - inner.mean(axis=1, keepdims=True)
    squares = (inner**2).mean(axis=1)
    return float(np.median((inner**4).mean(axis=1) / np.maximum(squares**2, 1e-12)))
