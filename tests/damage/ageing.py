"""A colour or grey print that has aged: dyes fade, the paper yellows, the sheet is handled.

A print is densities above its base. Of each dye a share is left (dark keeping takes cyan or yellow
first, light takes magenta; Wilhelm and Brower, The Permanence and Care of Color Photographs, 1993),
and a stain adds density where there was none, most to blue. Dyes absorb a little of their
neighbours' light as well: ``SIDE_ABSORPTIONS``. The truth is the same print before it aged.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from damage.light import Picture, to_encoded, to_light

Densities = npt.NDArray[np.float64]
"""float64 (h, w, 1 or 3)."""

BASE = (0.05, 0.05, 0.06)
"""Density of a healthy paper: a little warm, as baryta and resin-coated papers are."""

BLACK = 1.75
"""Greatest density of the print above its base."""

SIDE_ABSORPTIONS = np.array([[1.0, 0.06, 0.0], [0.14, 1.0, 0.05], [0.08, 0.17, 1.0]])
"""Rows: what reaches the red, green and blue density; columns: cyan, magenta and yellow dye. The
order of magnitude of chromogenic dyes (Hunt, The Reproduction of Colour, 2004, chapter 14)."""

STAIN_SCALE = 0.55
"""The stain's spread from the edges of the sheet inwards, as a share of its half diagonal."""


@dataclass(frozen=True)
class Ageing:
    """What time did to a print."""

    kept: tuple[float, float, float]
    """Share of the densities of cyan, magenta and yellow that is left; for a grey print the first
    counts."""
    stain: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Density that red, green and blue gained everywhere."""
    uneven: float = 0.0
    """Further density of blue at one end of the sheet; green gains half of it, red a tenth."""
    side_absorptions: bool = False
    """Whether the dyes' side absorptions fade with them, which no curve per channel can undo."""


def printed(light: Picture, grain: float = 0.0, seed: int = 0) -> Densities:
    """A healthy print of a picture in linear light: its densities.

    grain: standard deviation of its density where the print's is 1.
    """
    above = np.minimum(-np.log10(np.maximum(light.astype(np.float64), 1e-4)), 4.0)
    # A print ends softly at its black: the last tenth of the range takes what lies beyond.
    knee = 0.9 * BLACK
    rest = BLACK - knee
    above = np.where(above > knee, knee + rest * (1 - np.exp(-(above - knee) / rest)), above)
    return _grainy(above, grain, seed) + np.array(BASE if light.shape[2] == 3 else BASE[1:2])


def on_paper(density: Densities, border: int) -> Densities:
    """The print with an empty margin of ``border`` pixels on every side."""
    if not border:
        return density
    base = np.array(BASE if density.shape[2] == 3 else BASE[1:2])
    sheet = np.empty((density.shape[0] + 2 * border, density.shape[1] + 2 * border, base.size))
    sheet[:] = base
    sheet[border:-border, border:-border] = density
    return sheet


def aged(density: Densities, how: Ageing, seed: int) -> Densities:
    """The sheet after its years."""
    channels = density.shape[2]
    base = np.array(BASE if channels == 3 else BASE[1:2])
    kept = np.array(how.kept if channels == 3 else how.kept[:1])
    dyes = density - base
    if how.side_absorptions and channels == 3:
        amounts = dyes @ np.linalg.inv(SIDE_ABSORPTIONS).T
        left = (amounts * kept) @ SIDE_ABSORPTIONS.T
    else:
        left = dyes * kept
    stain = np.array(how.stain if channels == 3 else how.stain[1:2])
    return base + left + stain + _uneven(density.shape, how.uneven, seed)


def shown(density: Densities) -> Picture:
    """sRGB-encoded values of a sheet that a scanner sees without fault."""
    return to_encoded((10.0**-density).astype(np.float32))


def light_of(encoded: Picture) -> Picture:
    """Linear light of an sRGB-encoded picture."""
    return to_light(encoded)


def _grainy(dyes: Densities, strength: float, seed: int) -> Densities:
    """Grain in proportion to the root of the density (Selwyn), the same for all dyes, in part."""
    if not strength:
        return dyes
    rng = np.random.default_rng(seed)
    common = rng.standard_normal((*dyes.shape[:2], 1))
    own = rng.standard_normal(dyes.shape)
    grain = cv2.GaussianBlur((0.7 * common + 0.7 * own).astype(np.float32), (0, 0), 0.8)
    grain = grain.reshape(dyes.shape) / max(float(grain.std()), 1e-9)
    return np.asarray(dyes + strength * np.sqrt(np.maximum(dyes, 0.0)) * grain)


def _uneven(shape: tuple[int, ...], strength: float, seed: int) -> Densities:
    """(h, w, channels): a stain that came in from one corner, smoothly."""
    height, width, channels = shape
    share = np.array((0.1, 0.5, 1.0)) if channels == 3 else np.array([0.5])
    if not strength:
        return np.zeros((1, 1, channels))
    rng = np.random.default_rng(seed + 7)
    v, u = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    corner = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])[rng.integers(4)]
    away = np.hypot(u - corner[1], v - corner[0]) / np.sqrt(2.0)
    reached = np.exp(-((away / STAIN_SCALE / 2.0) ** 2))
    return np.asarray(strength * reached[..., None] * share)
