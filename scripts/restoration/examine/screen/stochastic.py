"""Dots without a lattice: FM screens, error diffusion, mezzotint."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from restoration.examine.screen.peaks import SIDE
from restoration.examine.screen.regions import EIGHT
from restoration.examine.screen.tiles import Peaked
from restoration.raster.base import Mask

BUMP = 2.2
"""Least ratio of the ring of greatest power to the weakest ring below it. Dots at even distances
have little power below the frequency of their distance (blue noise, Ulichney 1987); pictures, grain
and the noise of scanners fall or stay level (up to 1.3)."""

LOWEST_RING = 3
"""First ring (of 1/32 cycles per sample) that may be the bump: coarser texture is picture."""

VIGOUR = 0.1
"""Least standard deviation, encoded, of what lies above LOWEST_RING: ink on paper."""

LOPSIDED = (5.0, 15.0)
"""Largest ratio of the strongest to the weakest sector: strokes, threads and screens have
directions. Error diffusion leans, the more so the clearer its bump: the first figure, for a bump
of BUMP, grows with its square root up to the second."""

CONCENTRATED = 0.15
"""Largest share of the power that a tile's four clearest waves may hold: hatching and nets hold
half of it there, error diffusion a fiftieth."""

FEWEST = 6
SHARE = 0.12
"""Least number of tiles of a stochastic region, and their least share of all that show anything."""


def stochastic_regions(tiles: Peaked, regular: Mask) -> Iterator[tuple[Mask, float]]:
    """Masks of the map and confidences, largest first.

    regular: cells of halftone regions.
    Works on the mean power rings of the tiles, averaged over each cell and its neighbours; dots
    too fine for the scan look like noise and are not found.
    """
    free = (tiles.cell >= 0) & ~regular
    if not free.any():
        return
    bump, vigour = figures(_around(tiles.rings, tiles.cell, free))
    sectors = _around(tiles.sectors, tiles.cell, free)
    lopsided = sectors.max(axis=2) / np.maximum(sectors.min(axis=2), 1e-12)
    allowed = np.minimum(LOPSIDED[0] * np.sqrt(bump / BUMP), LOPSIDED[1])
    mask = free & (bump >= BUMP) & (vigour >= VIGOUR) & (lopsided <= allowed)
    mask &= _concentration(tiles)[np.maximum(tiles.cell, 0)] <= CONCENTRATED
    # A face's smooth light or a dark coat may hide the dots of single cells.
    mask = ndimage.binary_closing(mask, structure=EIGHT) & ~regular
    labels, count = ndimage.label(mask, structure=EIGHT)
    sizes = ndimage.sum_labels(mask, labels, np.arange(1, count + 1)) if count else np.zeros(0)
    everything = np.unique(tiles.cell[free]).size
    for label in np.argsort(-sizes, kind="stable") + 1:
        region = labels == label
        own = np.unique(tiles.cell[region & free]).size
        if own < FEWEST or own < SHARE * everything:
            continue
        clear = float(np.median(bump[region & free])) / BUMP
        yield region, round(min(0.9, 0.5 * clear), 2)


def figures(
    rings: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Bump and vigour (see BUMP and VIGOUR) of ring powers (..., rings)."""
    weakest = np.minimum.accumulate(rings[..., 1:], axis=-1)
    ratio = rings[..., LOWEST_RING:] / np.maximum(weakest[..., LOWEST_RING - 2 : -1], 1e-12)
    # Where hardly any power is left, a ratio of two rings says nothing.
    strong = rings[..., LOWEST_RING:] >= 0.3 * rings[..., LOWEST_RING:].max(-1, keepdims=True)
    bump = np.where(strong, ratio, 0.0).max(axis=-1)
    areas = 2.0 * np.arange(rings.shape[-1]) + 1.0
    # Rings of equal width up to 0.5 cycles per sample hold pi/4 of the square of all frequencies.
    share = np.pi / 4.0 * areas / areas.sum()
    vigour = np.sqrt((rings[..., LOWEST_RING:] * share[LOWEST_RING:]).sum(axis=-1))
    return bump, vigour


def _concentration(tiles: Peaked) -> npt.NDArray[np.float64]:
    """(n,): share of the variance above LOWEST_RING that the four clearest waves hold."""
    heights = np.where(tiles.prominence[:, :4] > 0.0, np.exp(tiles.level[:, :4]), 0.0)
    # A wave of amplitude a has the variance a^2/2 and, under the Hann window, the power (a n/8)^2.
    waves = heights.sum(axis=1) * 32.0 / float(SIDE) ** 4
    _, vigour = figures(tiles.rings)
    return np.asarray(waves / np.maximum(vigour, 1e-6) ** 2)


def _around(
    value: npt.NDArray[np.float64], cell: npt.NDArray[np.intp], free: Mask
) -> npt.NDArray[np.float64]:
    """Mean of a figure of the tiles, (n, k), over each cell and its free neighbours: (rows,
    columns, k)."""
    spread = value[np.maximum(cell, 0)] * free[:, :, None]
    weight = ndimage.uniform_filter(free.astype(np.float64), size=3, mode="constant")
    summed = ndimage.uniform_filter(spread, size=(3, 3, 1), mode="constant")
    # Running sums may fall below zero by rounding.
    return np.asarray(np.maximum(summed, 0.0) / np.maximum(weight, 1e-9)[:, :, None])
