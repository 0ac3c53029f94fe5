"""How much noise a denoiser is told there is, pixel by pixel, in the values that it sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restoration.condition.noise import ReportedNoise
from restoration.raster.base import FloatImage, Raster
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.resample import LINEAR, Resampled
from restoration.raster.views import Encoded

PITCH = 8
"""Pixels between the places at which tones are averaged: over so many pixels the noise itself no
longer moves the mean by a tenth of its strength."""

LEVELS = 65
"""Tones for which the level is worked out; between them it is interpolated."""

STEP = 1.0 / 128.0
"""By how much a channel is moved to see how strongly the encoding answers."""

MOST = 4.0
"""A tone's noise is at most this many times that of the page, or its part: a class measured on a
few tiles may be wrong."""

LevelCurve = npt.NDArray[np.float64]
"""float64 (LEVELS,): factor by tone, black to white."""


def noise_curve(noise: ReportedNoise, colour: ColourSpace) -> LevelCurve:
    """The standard deviation of the noise in sRGB-encoded values, by tone, for a page whose noise
    is 1 in its own values at full scale.

    The network takes one level for three channels: the root mean square, which gave a better
    picture than the largest, the mean, or a run for each channel (by 0.1 to 2 dB).
    """
    own = noise.channels or (1.0,) * colour.channels
    strengths = np.resize(np.asarray(own, np.float64), colour.channels)
    strengths = strengths / max(float(np.sqrt(np.mean(strengths**2))), 1e-9)
    return np.asarray(_by_tone(noise) * _answer(colour, strengths), np.float64)


def _by_tone(noise: ReportedNoise) -> LevelCurve:
    known = [(i, sigma) for i, sigma in enumerate(noise.tones) if sigma is not None]
    full = noise.sigmas.get(1)
    if not known or not full:
        return np.ones(LEVELS)
    centres = [(index + 0.5) / len(noise.tones) for index, _ in known]
    factors = np.clip([sigma / full for _, sigma in known], 1.0 / MOST, MOST)
    tones = np.linspace(0.0, 1.0, LEVELS)
    return np.asarray(np.interp(tones, centres, factors), np.float64)


def _answer(colour: ColourSpace, strengths: LevelCurve) -> LevelCurve:
    """How much noise of these strengths per channel there is after sRGB-encoding, by grey level."""
    grey = np.clip(np.linspace(0.0, 1.0, LEVELS), STEP, 1.0 - STEP)
    power = np.zeros((LEVELS, 3))
    for channel, strength in enumerate(strengths):
        moved = np.zeros(colour.channels)
        moved[channel] = STEP
        pixels = np.repeat(grey[:, None], colour.channels, axis=1)
        up, down = (
            colour.to_srgb(np.asarray(pixels + sign * moved, np.float32)[None])[0]
            for sign in (1.0, -1.0)
        )
        power += (strength * (up - down).astype(np.float64) / (2.0 * STEP)) ** 2
    return np.asarray(np.sqrt(power.mean(axis=1)))


@dataclass(frozen=True)
class PictureWithLevel:
    """A picture as a denoiser sees it: sRGB, and the level of its noise as a fourth channel."""

    source: Raster
    """In the file's own colour space."""
    colour: ColourSpace
    sigma: float
    """Standard deviation at this size, in [0, 1] of the file's own values."""
    curve: LevelCurve
    channels = 4

    @property
    def height(self) -> int:
        return self.source.height

    @property
    def width(self) -> int:
        return self.source.width

    def read(self, top: int, left: int, height: int, width: int) -> FloatImage:
        """float32 (height, width, 4); bit-identical whatever the window."""
        made = np.empty((height, width, 4), np.float32)
        made[..., :3] = Encoded(self.source, self.colour).read(top, left, height, width)
        coarse = Resampled(self.source, -(-self.height // PITCH), -(-self.width // PITCH), LINEAR)
        local = Resampled(coarse, self.height, self.width, LINEAR).read(top, left, height, width)
        tone = local.mean(axis=2) if local.shape[2] > 1 else local[..., 0]
        level = np.interp(tone, np.linspace(0.0, 1.0, LEVELS), self.curve * self.sigma)
        made[..., 3] = level
        return made
