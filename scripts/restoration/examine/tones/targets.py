"""Targets that were photographed with the picture, and have aged with it: what they say of dyes.

A target that lies beside the print tells of the scanner, and nothing of the print.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares

from restoration.examine.tones.dye_fit import BASE, Densities
from restoration.examine.tones.picture_tones import density, lab
from restoration.raster.base import FloatImage, Raster
from restoration.raster.colour.channel_light import ChannelLight
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.colour.matrix_profile import srgb_to_d50
from restoration.raster.colour.tone_curve import srgb_tone
from restoration.raster.resample import Resampled
from restoration.raster.views import Cropped

COLORCHECKER = (
    (37.986, 13.555, 14.059), (65.711, 18.130, 17.810), (49.927, -4.880, -21.925),
    (43.139, -13.095, 21.905), (55.112, 8.844, -25.399), (70.719, -33.397, -0.199),
    (62.661, 36.067, 57.096), (40.020, 10.410, -45.964), (51.124, 48.239, 16.248),
    (30.325, 22.976, -21.587), (72.532, -23.709, 57.255), (71.941, 19.363, 67.857),
    (28.778, 14.179, -50.297), (55.261, -38.342, 31.370), (42.101, 53.378, 28.190),
    (81.733, 4.039, 79.819), (51.935, 49.986, -14.574), (51.038, -28.631, -28.638),
    (96.539, -0.425, 1.186), (81.257, -0.638, -0.335), (66.766, -0.734, -0.504),
    (50.867, -0.153, -0.270), (35.656, -0.421, -1.231), (20.461, -0.079, -0.973),
)  # fmt: skip
"""CIELAB under D50 of the 24 patches of a ColorChecker Classic, row by row from dark skin: X-Rite's
figures for charts made before November 2014; those of later ones differ by less than 2 in most."""

ROWS, COLUMNS = 4, 6

CORE = 0.4
"""Share of a patch's side that is measured, about its middle."""

PATCH = 24
"""Pixels to which a patch's side is made smaller before it is measured."""

DIFFERENCE = 1e-3
"""Relative step by which the slopes of the fit are taken."""

NOT_A_CHART = 20.0
"""Mean CIEDE76 after the fit beyond which the area does not hold the target that was named."""

KEPT = (0.3, 1.3)
"""Shares kept that a target may show; a print may be harder than the chart was."""

WHITEST = 3.0
"""Percent of the strip's lightest cells that stand for its white."""


@dataclass(frozen=True)
class TargetReading:
    """What a target says of the fading of its picture."""

    kept: Densities
    """(3,)"""
    stain: Densities
    """(3,)"""
    base: Densities
    """(3,)"""
    error: float
    """Mean CIELAB difference that is left after the correction; 0 where nothing is known."""

    def record(self) -> dict[str, Any]:
        rounded = {
            name: [round(float(value), 4) for value in getattr(self, name)]
            for name in ("kept", "stain", "base")
        }
        return {**rounded, "error": round(self.error, 3)}


Corner = tuple[float, float]
"""x, y in pixels of the page."""


def straightened(
    page: Raster, corners: Sequence[Corner], rows: int, columns: int
) -> FloatImage | None:
    """The quadrilateral seen from the front: (rows x PATCH, columns x PATCH, channels), encoded;
    None where no pixel of the page lies inside.

    corners: top left, top right, bottom right, bottom left of the target's own picture.
    """
    points = np.array(corners, np.float64)
    left, top = np.maximum(np.floor(points.min(axis=0)).astype(int), 0)
    right, bottom = np.ceil(points.max(axis=0)).astype(int)
    right, bottom = min(right, page.width), min(bottom, page.height)
    if right <= left or bottom <= top:
        return None
    part = Cropped(page, int(top), int(left), int(bottom - top), int(right - left))
    wanted = 2.0 * PATCH * max(rows, columns)
    shrink = min(1.0, wanted / max(part.height, part.width))
    height, width = (max(1, round(side * shrink)) for side in (part.height, part.width))
    small = part if shrink == 1.0 else Resampled(part, height, width)
    seen = small.read(0, 0, height, width)
    here = (points - (left, top)) * (width / part.width, height / part.height)
    size = (columns * PATCH, rows * PATCH)
    front = np.array([(0, 0), (size[0], 0), size, (0, size[1])], np.float32)
    turn = cv2.getPerspectiveTransform(here.astype(np.float32), front)
    flat = cv2.warpPerspective(seen, turn, size, flags=cv2.INTER_AREA)
    return np.asarray(flat.reshape(size[1], size[0], page.channels), np.float32)


def colorchecker_says(
    page: Raster, corners: Sequence[Corner], space: ColourSpace, light: ChannelLight
) -> TargetReading | None:
    """What a ColorChecker Classic inside the corners says, whichever way up it lies; None where
    none is seen there."""
    flat = straightened(page, corners, ROWS, COLUMNS)
    if flat is None:
        return None
    seen = patch_densities(flat, light)
    wanted = _reference(space, light)
    tried = [_fitted(seen[order], wanted, space, light) for order in _orders()]
    best = min(tried, key=lambda says: says.error)
    return best if best.error <= NOT_A_CHART else None


def grey_strip_says(
    page: Raster, corners: Sequence[Corner], light: ChannelLight
) -> TargetReading | None:
    """What a strip of neutral steps says: the balance of the dyes and of the paper, no more; None
    where its tones span too little."""
    front = straightened(page, corners, ROWS, COLUMNS)
    if front is None:
        return None
    cells = density(light.light(front))
    flat = cells.reshape(-1, cells.shape[2])
    tone = flat.mean(axis=1)
    if float(np.ptp(np.percentile(tone, (2, 98)))) < 0.3:
        return None
    white = np.median(flat[tone <= np.percentile(tone, WHITEST)], axis=0)
    slopes = np.array([np.polyfit(tone, flat[:, c], 1)[0] for c in range(flat.shape[1])])
    base = np.minimum(white.min(), BASE) * np.ones_like(white)
    kept = np.clip(slopes / slopes.max(), *KEPT)
    return TargetReading(kept, white - base - (white - base).min(), base, 0.0)


def patch_densities(flat: FloatImage, light: ChannelLight) -> Densities:
    """(24, channels) densities of the patches of a straightened chart, row by row."""
    edge = round(0.5 * (1.0 - CORE) * PATCH)
    found = []
    for row in range(ROWS):
        for column in range(COLUMNS):
            top, left = row * PATCH + edge, column * PATCH + edge
            core = flat[top : top + PATCH - 2 * edge, left : left + PATCH - 2 * edge]
            found.append(np.median(core.reshape(-1, flat.shape[2]), axis=0))
    return density(light.light(np.array(found)))


def _reference(space: ColourSpace, light: ChannelLight) -> tuple[Densities, Densities]:
    """(24, 3) densities in the scan's channels, and CIELAB in the same terms as `_lab`."""
    lightness, a, b = np.array(COLORCHECKER).T
    f = (lightness + 16.0) / 116.0
    ratio = np.stack([_ratio(f + a / 500.0), _ratio(f), _ratio(f - b / 200.0)], axis=1)
    linear = ratio * srgb_to_d50().sum(axis=1) @ np.linalg.inv(srgb_to_d50()).T
    encoded = srgb_tone().encode(linear).astype(np.float32)
    own = light.light(space.from_srgb(encoded[None]))[0]
    return density(own), lab(linear)


def _ratio(f: Densities) -> Densities:
    return np.where(f > 6.0 / 29.0, f**3, 3.0 * (6.0 / 29.0) ** 2 * (f - 4.0 / 29.0))


def _orders() -> list[npt.NDArray[np.intp]]:
    """Patch numbers of a chart that lies upright, upside down, or mirrored."""
    upright = np.arange(ROWS * COLUMNS, dtype=np.intp).reshape(ROWS, COLUMNS)
    turned = (upright, upright[::-1, ::-1], upright[:, ::-1], upright[::-1])
    return [order.ravel() for order in turned]


def _fitted(
    seen: Densities,
    wanted: tuple[Densities, Densities],
    space: ColourSpace,
    light: ChannelLight,
) -> TargetReading:
    """k and s of each channel that bring the patches nearest to what they were, in CIELAB."""
    reference, colours = wanted
    start = [np.polyfit(reference[:, c], seen[:, c], 1) for c in range(3)]
    kept = np.clip([slope for slope, _ in start], *KEPT)
    given = np.concatenate([kept, [rest for _, rest in start]])

    def missed(found: Densities) -> Densities:
        back = (seen - found[3:]) / found[:3]
        return np.asarray((_lab(back, space, light) - colours).ravel())

    low = [KEPT[0]] * 3 + [-0.5] * 3
    high = [KEPT[1]] * 3 + [1.5] * 3
    inside = np.clip(given, np.array(low) + 1e-6, np.array(high) - 1e-6)
    # Colours are float32: a smaller step than this would differ by their rounding alone.
    found = least_squares(
        missed, inside, bounds=(low, high), loss="soft_l1", f_scale=3.0, diff_step=DIFFERENCE
    ).x
    rest = missed(found).reshape(-1, 3)
    # The correction is told about a white: (D - s - base) / k + base with base 0.
    return TargetReading(
        found[:3], found[3:], np.zeros(3), float(np.mean(np.linalg.norm(rest, axis=1)))
    )


def _lab(densities: Densities, space: ColourSpace, light: ChannelLight) -> Densities:
    """CIELAB of densities in the scan's channels."""
    encoded = light.encoded(10.0**-densities).astype(np.float32)
    return np.asarray(lab(srgb_tone().decode(space.to_srgb(encoded[None]).astype(np.float64)))[0])
