"""Grain or sensor: what kind of noise a scan has.

The noise of a sensor is independent from pixel to pixel; the grain of a photograph is an image of
its own, larger than a pixel, so that neighbours share it. Silver grain lies over all channels
alike; the dye clouds of colour film do not, and are told from a camera's interpolated sensor noise
by their size alone.
"""

from __future__ import annotations

import numpy as np

from restoration.examine.noise.noise_bands import UPPER
from restoration.examine.noise.noise_spectrum import Bands, autocorrelation, transform, width
from restoration.examine.window import EarlierFindings
from restoration.findings.blocking import Blocking
from restoration.findings.interpolated import Interpolated
from restoration.findings.noise import GrainFound
from restoration.raster.base import Floats, Stack

CORRELATED = 0.25
"""Least lag-1 autocorrelation of grain; sensor noise has 0, and 0.2 after a scanner's own
filters."""

ALIKE = 0.8
"""Least correlation between channels at which their grain is one and the same."""

CLOUDS = 0.6
"""Least lag-1 autocorrelation of noise that differs between channels and is still called grain: a
camera's colour interpolation gives up to 0.5."""


def character(
    density: Floats,
    table: Bands,
    scale: int,
    likeness: float | None,
    value: float,
    earlier: EarlierFindings,
) -> GrainFound:
    """The grain entry of the noise finding.

    density: noise per band, mean of the channels, (1/255)^2; scale: pixels of the page per pixel of
    the tiles it was measured on; likeness: correlation between the channels' noise, None for a
    single channel; value: the page's noise in 1/255, of which the grain is a part.
    """
    upper = table.edges[:-1] >= UPPER - 1e-9
    floor = float(density[upper].min())
    own = np.maximum(density - floor, 0.0)
    total = float((density * table.share).sum())
    if total <= 0.0:
        return unknown(found=False)
    equal = likeness is None or likeness >= ALIKE
    part = float((own * table.share).sum())
    # The page's noise is that of all its tones, the density that of the quietest places: of these
    # the share counts, lest the grain of a page be another strength than its noise. On reduced
    # tiles white noise is less, and its share says nothing of the page.
    sigma = value * float(np.sqrt(part / total)) if scale == 1 else min(np.sqrt(part), value)
    # Near 0 an autocorrelation falls with the square of the lag.
    correlation = 1.0 - (1.0 - float(autocorrelation(density, table)[1])) / scale**2
    found = _found(correlation, equal, earlier)
    return GrainFound(
        found=found,
        sigma=0.0 if found is False else float(sigma),
        correlation=correlation,
        equal_channels=equal,
        channel_correlation=likeness,
        size_px=None if found is False else width(own, table) * scale,
    )


def unknown(found: bool | None = None) -> GrainFound:
    """The entry where there is no noise to judge, or none that can be told from texture."""
    return GrainFound(
        found=found,
        sigma=None if found is None else 0.0,
        correlation=None,
        equal_channels=None,
        channel_correlation=None,
        size_px=None,
    )


def _found(correlation: float, equal: bool, earlier: EarlierFindings) -> bool | None:
    if correlation < CORRELATED:
        return False
    enlarged, blocks = earlier.get(Interpolated), earlier.get(Blocking)
    if (enlarged is not None and enlarged.value) or (blocks is not None and blocks.value):
        # Interpolation and JPEG make any noise as smooth as grain.
        return None
    return True if equal or correlation >= CLOUDS else None


def likeness(tiles: list[Stack]) -> float | None:
    """Least correlation between two channels over the same tiles; None for a single channel.

    tiles: a stack per channel.
    """
    if len(tiles) < 2:
        return None
    spectra = [transform(channel)[:, 2:, 2:] for channel in tiles]
    found = []
    for first in range(len(spectra)):
        for other in spectra[first + 1 :]:
            cross = float((spectra[first] * other.conj()).real.sum(dtype=np.float64))
            powers = [
                float((np.abs(s) ** 2).sum(dtype=np.float64)) for s in (spectra[first], other)
            ]
            found.append(cross / max(float(np.sqrt(powers[0] * powers[1])), 1e-12))
    return min(found)
