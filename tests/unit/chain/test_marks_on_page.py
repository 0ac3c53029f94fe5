"""Marks beside the page, beyond it, or that hold nothing: what becomes of each."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import tifffile

from restoration.chain.marks_on_page import check_on_page, is_blank, unused_targets
from restoration.config.regions import StageMarks, read_regions
from restoration.errors import ScanError
from restoration.raster.base import ArrayRaster

HEIGHT, WIDTH = 80, 70


def said(folder: Path, text: str, stage: str = "cleanup", number: int = 1) -> list[str]:
    path = folder / "album-7.yaml"
    path.write_text(text)
    regions = read_regions(path)
    assert regions is not None
    targets = regions.colour.targets if regions.colour is not None else ()
    marks = StageMarks(folder, regions.of(stage), None, None, targets, "album-7", stage)
    with ExitStack() as files:
        return check_on_page(marks, number, 2, (HEIGHT, WIDTH), files)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "{exclude: [{box: [70, 0, 5, 5]}]}",
            "cleanup.exclude.0: the box 70, 0, 5, 5 (left, top, width, height) lies beside page 1, "
            "which is 70 x 80 px; correct it, or take it out",
        ),
        ("{exclude: [{box: [0, 80, 5, 5]}]}", "exclude.0: the box 0, 80, 5, 5"),
        ("{only: [{box: [1, 1, 9, 9]}, {box: [500, 1, 9, 9]}]}", "cleanup.only.1: the box 500, 1"),
        ("{exclude: [{box: [3.6, 3.6, 0.3, 9]}]}", "holds no pixel of page 1"),
        (
            "{exclude: [{polygon: [[-9, 0], [0, 0], [-9, 9]]}]}",
            "the polygon from -9, 0 to 0, 9 (left, top, right, bottom) lies beside page 1",
        ),
        # Its bounds meet the page, its area does not.
        ("{exclude: [{polygon: [[60, 200], [200, 200], [200, 10]]}]}", "holds no pixel of page 1"),
        ("{exclude: [{box: [0, 0, 9, 9], page: 3}]}", "speaks of page 3, but the master has 2 pag"),
        ("{exclude: [{mask: blank.tif}]}", "the mask 'blank.tif' holds no pixel of page 1"),
    ],
)
def test_marks_that_hold_nothing_of_the_page_are_a_problem_of_the_scan(
    tmp_path: Path, text: str, expected: str
) -> None:
    tifffile.imwrite(tmp_path / "blank.tif", np.zeros((HEIGHT, WIDTH), np.uint8))
    with pytest.raises(ScanError) as caught:
        said(tmp_path, f"cleanup: {text}")
    message = str(caught.value)
    assert message.startswith(f"regions: '{tmp_path}/album-7.yaml': cleanup.")
    assert expected in message
    assert "\n" not in message


def test_faces_and_targets_are_looked_at_too(tmp_path: Path) -> None:
    for kind in ("include", "exclude", "only"):
        with pytest.raises(ScanError, match=rf"faces\.{kind}\.0: the box 90, 0, 9, 9 .*beside"):
            said(tmp_path, f"faces: {{{kind}: [{{box: [90, 0, 9, 9]}}]}}", "faces")
    with pytest.raises(ScanError, match=r"colour\.targets\.0: the box 0, 90, 30, 30 .*beside"):
        said(tmp_path, "colour: {targets: [{kind: grey, box: [0, 90, 30, 30]}]}", "colour")


def test_what_reaches_beyond_the_page_counts_up_to_its_edge_and_is_said(tmp_path: Path) -> None:
    text = """
cleanup:
  exclude:
    - box: [60, 70, 30, 5]
    - box: [0, 0, 70, 80.9]
    - polygon: [[-5, 5], [20, 5], [20, 40]]
    - box: [10, 10, 20, 20]
"""
    assert said(tmp_path, text) == [
        "cleanup.exclude.0: the box 60, 70, 30, 5 (left, top, width, height) reaches beyond page "
        "1, which is 70 x 80 px, and counts up to its edge",
        "cleanup.exclude.2: the polygon from -5, 5 to 20, 40 (left, top, right, bottom) reaches "
        "beyond page 1, which is 70 x 80 px, and counts up to its edge",
    ]


def test_a_mark_of_another_page_is_judged_there(tmp_path: Path) -> None:
    text = "cleanup: {exclude: [{box: [90, 0, 9, 9], page: 2}]}"
    assert said(tmp_path, text) == []
    with pytest.raises(ScanError, match="lies beside page 2"):
        said(tmp_path, text, number=2)


def test_targets_that_no_colour_is_taken_from(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    one = "{kind: grey, box: [0, 0, 30, 30]}"
    path.write_text(f"colour: {{targets: [{one}, {one}]}}")
    regions = read_regions(path)
    assert regions is not None
    assert regions.colour is not None
    targets = regions.colour.targets
    assert unused_targets(targets, 1, 3) == [
        "colour.targets.1: page 1 is judged by the first of its targets alone"
    ]
    assert unused_targets(targets, 1, 1) == [
        "colour.targets.0: page 1 is grey, and is not judged by a target",
        "colour.targets.1: page 1 is grey, and is not judged by a target",
    ]
    assert unused_targets(targets, 2, 3) == []


def test_a_mask_is_blank_where_it_is_0_all_over() -> None:
    mask = np.zeros((200, 9, 1), np.float32)
    assert is_blank(ArrayRaster(mask))
    mask[199, 8] = 1.0 / 65535.0
    assert not is_blank(ArrayRaster(mask))
