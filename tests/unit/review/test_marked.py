"""The report's picture of where a stage worked."""

from __future__ import annotations

import numpy as np
import pytest

from restoration.raster.base import ArrayRaster
from restoration.raster.colour.colour_space import ColourSpace
from restoration.review.mask_overlay import MARK, cells_of, marked


@pytest.mark.parametrize("step", [1, 3, 7, 600])
def test_a_cell_is_marked_where_any_of_its_pixels_is(step: int) -> None:
    random = np.random.default_rng(step)
    mask = (random.random((1100, 45, 1)) > 0.999).astype(np.float32)
    expected = np.zeros((-(-1100 // step), -(-45 // step)), bool)
    for row, column, _ in np.argwhere(mask):
        expected[row // step, column // step] = True
    assert expected.any()
    assert np.array_equal(cells_of(ArrayRaster(mask), step), expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_page_is_pale_grey_and_the_marks_are_red(channels: int) -> None:
    small = np.full((4, 5, channels), 0.5, np.float32)
    mask = np.zeros((8, 10, 1), np.float32)
    mask[5, 9] = 1.0
    colour = ColourSpace.from_profile(None, channels)
    drawn = marked(small, colour, ArrayRaster(mask), 2)
    assert drawn[2, 4] == pytest.approx(MARK)
    others = np.delete(drawn.reshape(-1, 3), 2 * 5 + 4, axis=0)
    assert np.ptp(others) < 1e-6
    assert others.min() > 0.6
