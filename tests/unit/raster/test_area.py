"""Areas that people marked: where they lie, their soft edge, and that windows do not matter."""

from __future__ import annotations

import numpy as np
import pytest

from restoration.raster.area import Allowed, PaintedMask, Polygon, Rectangle
from restoration.raster.base import ArrayRaster

HEIGHT, WIDTH = 90, 120


def allowed(only=None, exclude=(), feather=0.0, scale=(1.0, 1.0), size=(HEIGHT, WIDTH)):
    return Allowed(*size, scale, only, exclude, feather)


def whole(area: Allowed) -> np.ndarray:
    return area.weights(0, 0, area.height, area.width)


def test_a_hard_box_is_exactly_its_pixels() -> None:
    weights = whole(allowed(only=[Rectangle(left=10, top=20, width=30, height=5)]))
    expected = np.zeros((HEIGHT, WIDTH), np.float32)
    expected[20:25, 10:40] = 1.0
    assert np.array_equal(weights, expected)


def test_an_excluded_box_is_0_and_its_soft_edge_lies_outside_of_it() -> None:
    weights = whole(allowed(exclude=[Rectangle(40, 30, 20, 20)], feather=9.0))
    assert np.all(weights[30:50, 40:60] == 0.0)
    assert weights[40, 61 - 1 + 10] == 1.0
    ramp = weights[40, 60:70]
    assert np.all(np.diff(ramp) > 0.0)
    assert ramp[0] == pytest.approx(0.1)
    # The page's own border has no soft edge.
    assert weights[0, 0] == weights[-1, -1] == 1.0


def test_a_polygon_of_four_corners_is_the_box() -> None:
    corners = ((10.0, 20.0), (40.0, 20.0), (40.0, 25.0), (10.0, 25.0))
    assert np.array_equal(
        whole(allowed(only=[Polygon(corners)])), whole(allowed(only=[Rectangle(10, 20, 30, 5)]))
    )


def test_a_triangle_covers_half_of_its_box() -> None:
    weights = whole(allowed(only=[Polygon(((10.0, 10.0), (90.0, 10.0), (10.0, 70.0)))]))
    assert weights.sum() == pytest.approx(80 * 60 / 2, rel=0.02)
    assert weights[12, 12] == 1.0
    assert weights[68, 88] == 0.0


def test_a_painted_mask_counts_where_it_is_not_0() -> None:
    painted = np.zeros((HEIGHT, WIDTH, 1), np.float32)
    painted[5:9, 7:11] = 1.0 / 65535.0
    weights = whole(allowed(only=[PaintedMask(ArrayRaster(painted))]))
    assert np.array_equal(weights > 0.0, painted[:, :, 0] > 0.0)


def test_areas_follow_a_page_that_was_enlarged() -> None:
    weights = whole(allowed(only=[Rectangle(10, 20, 30, 5)], scale=(2.0, 2.0), size=(180, 240)))
    expected = np.zeros((180, 240), np.float32)
    expected[40:50, 20:80] = 1.0
    assert np.array_equal(weights, expected)


@pytest.mark.parametrize("rows", [1, 7, 32])
def test_windows_hold_the_same_weights_as_the_whole(rows: int) -> None:
    random = np.random.default_rng(3)
    painted = (random.random((HEIGHT, WIDTH, 1)) > 0.995).astype(np.float32)
    area = allowed(
        only=[Polygon(((3.2, 4.1), (100.7, 11.0), (60.0, 85.5))), Rectangle(80, 40, 30, 30)],
        exclude=[PaintedMask(ArrayRaster(painted))],
        feather=12.5,
        scale=(1.5, 1.25),
        size=(135, 150),
    )
    known = whole(area)
    assert 0.0 < known.mean() < 1.0
    for top in range(0, 135, rows):
        count = min(rows, 135 - top)
        assert np.array_equal(area.weights(top, 0, count, 150), known[top : top + count])
    assert np.array_equal(area.weights(31, 17, 40, 60), known[31:71, 17:77])
