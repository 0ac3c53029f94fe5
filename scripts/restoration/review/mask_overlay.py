"""Where a stage worked, drawn on a small picture of the page."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from restoration.raster.base import FloatImage, Raster
from restoration.raster.colour.colour_space import ColourSpace

MARK = (0.86, 0.08, 0.10)
"""sRGB-encoded red: seen by eyes that tell red from green badly as well, for it lies on grey."""

PALE = 0.55
"""Share of the way to white that the picture under the marks is taken."""

ROWS = 512
"""Rows of the mask that are read at a time."""


def marked(small: FloatImage, colour: ColourSpace, mask: Raster, step: int) -> FloatImage:
    """The page in pale grey with every cell red in which the mask is not 0.

    small: the page by cells of ``step`` x ``step`` pixels, (rows, columns, channels) in the scan's
    own encoding; mask: one channel, the page's size. Returns sRGB-encoded (rows, columns, 3).
    """
    picture = pale(small, colour)
    picture[cells_of(mask, step)] = np.asarray(MARK, dtype=np.float32)
    return np.asarray(picture, dtype=np.float32)


def pale(small: FloatImage, colour: ColourSpace) -> FloatImage:
    """The page in pale grey, sRGB-encoded (rows, columns, 3), to be drawn on."""
    srgb = np.clip(colour.to_srgb(small), 0.0, 1.0)
    grey = srgb.mean(axis=2, keepdims=True)
    return np.asarray(np.repeat(grey + (1.0 - grey) * np.float32(PALE), 3, axis=2), np.float32)


def cells_of(mask: Raster, step: int) -> npt.NDArray[np.bool_]:
    """Which cells of ``step`` x ``step`` pixels hold any of the mask."""
    rows, columns = -(-mask.height // step), -(-mask.width // step)
    found = np.zeros((rows, columns), np.bool_)
    starts = np.arange(columns) * step
    chunk = max(step, ROWS // step * step)
    for top in range(0, mask.height, chunk):
        window = mask.read(top, 0, min(chunk, mask.height - top), mask.width)[:, :, 0] > 0.0
        across = np.logical_or.reduceat(window, starts, axis=1)
        down = np.arange(0, window.shape[0], step)
        cells = np.logical_or.reduceat(across, down, axis=0)
        found[top // step : top // step + cells.shape[0]] = cells
    return found
