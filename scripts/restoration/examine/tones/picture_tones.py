"""The tones of the picture, without its margins: what colour and fading are judged by."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restoration.examine.survey import Survey
from restoration.examine.window import EarlierFindings, PageFacts
from restoration.findings.paper import Paper
from restoration.raster.boxes import rows_first
from restoration.raster.colour.tone_curve import srgb_tone

TonesOfPicture = npt.NDArray[np.float64]
"""float64 (..., 3)."""

SIDE = 384
"""Longest side in cells: enough for a button's colour on a full-length portrait, and averaged over
enough pixels for grain and a screen's dots not to count as colours or as tones."""

RIM = 0.03
"""Share of each side that is left out: torn edges, the scanner's bed and the yellowed rim belong to
the sheet's history, not to the picture's tones."""

SRGB_TO_XYZ = np.array(
    [
        [0.4123908, 0.3575843, 0.1804808],
        [0.2126390, 0.7151687, 0.0721923],
        [0.0193308, 0.1191948, 0.9505322],
    ]
)
"""IEC 61966-2-1, white D65."""

DARKEST = 1e-4
"""Least linear light that counts: density 4, beyond every scanner."""


@dataclass(frozen=True)
class PictureTones:
    """The picture's cells in sRGB-encoded values and in linear light."""

    srgb: TonesOfPicture
    """(rows, columns, 3), not clipped; grey has three equal channels."""
    linear: TonesOfPicture
    """(rows, columns, 3), linear-light sRGB, 1 at white."""
    box: tuple[int, int, int, int] | None
    """Top, left, height, width in pixels, where the sheet's margins were left out."""

    @property
    def lab(self) -> TonesOfPicture:
        """CIELAB (rows, columns, 3), white D65."""
        return lab(self.linear)


def picture_tones(survey: Survey, page: PageFacts, earlier: EarlierFindings) -> PictureTones | None:
    """The tones inside the picture's box, or of the whole page; None where it is too small."""
    cells = picture_cells(survey, earlier)
    if cells is None:
        return None
    srgb = page.colour.to_srgb(cells).astype(np.float64)
    return PictureTones(srgb, srgb_tone().decode(srgb), picture_box(earlier))


def picture_cells(survey: Survey, earlier: EarlierFindings) -> npt.NDArray[np.float32] | None:
    """float32 (rows, columns, channels): the scan's own encoded values inside the picture's box, or
    of the whole page; None where it is too small."""
    box = picture_box(earlier)
    cells = survey.proxy
    if box is not None:
        top, left, height, width = (side // survey.step for side in box)
        cells = cells[top : top + height, left : left + width]
    if min(cells.shape[:2]) < 12:
        return None
    rows, columns = (max(1, round(RIM * side)) for side in cells.shape[:2])
    cells = cells[rows:-rows, columns:-columns]
    factor = min(1.0, SIDE / max(cells.shape[:2]))
    if factor < 1.0:
        size = (max(1, round(cells.shape[1] * factor)), max(1, round(cells.shape[0] * factor)))
        small = cv2.resize(cells, size, interpolation=cv2.INTER_AREA)
        cells = small.reshape(size[1], size[0], cells.shape[2])
    return np.ascontiguousarray(cells)


def colour_tones(encoded: npt.ArrayLike, page: PageFacts) -> TonesOfPicture:
    """Linear-light sRGB (3,) of one colour in the scan's own encoded values (channels,)."""
    pixel = np.asarray(encoded, dtype=np.float32).reshape(1, 1, page.channels)
    return srgb_tone().decode(page.colour.to_srgb(pixel).astype(np.float64)).reshape(3)


def lab(linear: TonesOfPicture) -> TonesOfPicture:
    """CIELAB of linear-light sRGB, white D65 (CIE 15:2018, 8.2.1)."""
    white = SRGB_TO_XYZ.sum(axis=1)
    ratio = (linear @ SRGB_TO_XYZ.T) / white
    low = ratio <= (6.0 / 29.0) ** 3
    f = np.where(low, ratio / (3.0 * (6.0 / 29.0) ** 2) + 4.0 / 29.0, np.cbrt(ratio))
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)], axis=-1)


def density(linear: TonesOfPicture) -> TonesOfPicture:
    """-log10 of linear light, at most 4."""
    return np.asarray(-np.log10(np.maximum(linear, DARKEST)))


def picture_box(earlier: EarlierFindings) -> tuple[int, int, int, int] | None:
    """Top, left, height, width of the picture on the sheet, in pixels; None without a border."""
    paper = earlier.get(Paper)
    if paper is None or paper.value is None:
        return None
    return rows_first(paper.value)
