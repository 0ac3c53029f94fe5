"""The report's pictures of where a stage worked, and of what repair left."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from restoration.config.regions import read_regions
from restoration.raster.base import ArrayRaster
from restoration.raster.colour.colour_space import ColourSpace
from restoration.records.stage_findings.repair import LeftMark
from restoration.review.left_marks import DOUBTFUL, outlined, regions_text
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


LEFT = (
    LeftMark(kind="dust", reason="suspected", probability=0.62, box=(100, 40, 9, 9)),
    LeftMark(kind="cracks", reason="eye", probability=0.99, box=(0, 60, 200, 20)),
    LeftMark(
        kind="hairs",
        reason="suspected",
        probability=0.4,
        box=(10, 10, 40, 40),
        outline=((9, 9), (51, 48), (48, 51)),
    ),
)


def test_marks_that_repair_left_have_a_box_each_in_the_colour_of_their_certainty() -> None:
    small = np.full((50, 60, 1), 0.5, np.float32)
    drawn = outlined(small, ColourSpace.from_profile(None, 1), LEFT[:2], 4)
    assert drawn.shape == (50, 60, 3)
    blue = np.argwhere(np.abs(drawn - np.float32(DOUBTFUL)).max(axis=2) < 1e-6)
    # The box around the speck: rows 40 to 49, columns 100 to 109, by four.
    assert tuple(blue.min(axis=0)) <= (10, 25)
    assert tuple(blue.max(axis=0)) >= (12, 27)
    assert np.ptp(blue, axis=0).max() < 12
    red = np.argwhere(np.abs(drawn - np.float32(MARK)).max(axis=2) < 1e-6)
    assert red[:, 1].min() == 0
    assert red[:, 1].max() >= 49


def test_what_was_left_is_ready_to_be_put_into_the_file_of_regions(tmp_path: Path) -> None:
    """The lines are those of a file of regions, and hold each mark whole."""
    path = tmp_path / "album-7.yaml"
    path.write_text(regions_text(LEFT, 2, (90, 150)))
    regions = read_regions(path)
    assert regions is not None
    assert regions.repair is not None
    boxes = [shape.box for shape in regions.repair.fill]
    assert boxes == [(98, 38, 13, 13), (0, 58, 150, 24), None]
    assert regions.repair.fill[2].polygon == ((9, 9), (51, 48), (48, 51))
    assert {shape.page for shape in regions.repair.fill} == {2}
    assert "# dust, 62 %, suspected" in path.read_text()
