"""The files in which people mark regions, and how a stage is held to them."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import tifffile

from restoration.chain.region_limits import limited, limits_of
from restoration.config.regions import (
    RepairRegions,
    StageMarks,
    damage_mask_of,
    is_file,
    read_regions,
)
from restoration.errors import ConfigError, ScanError
from restoration.raster.base import ArrayRaster
from restoration.stages.base import Restored


def regions_file(folder: Path, text: str) -> Path:
    path = folder / "album-7.yaml"
    path.write_text(text)
    return path


def marks(folder: Path, text: str, stage: str = "cleanup") -> StageMarks:
    regions = read_regions(regions_file(folder, text))
    assert regions is not None
    return StageMarks(folder, regions.of(stage), None)


def test_no_file_is_no_region(tmp_path: Path) -> None:
    assert read_regions(tmp_path / "none.yaml") is None


def test_the_files_feather_holds_for_stages_that_name_none(tmp_path: Path) -> None:
    text = """
feather: 5
descreen: {exclude: [{box: [1, 2, 3, 4]}]}
cleanup: {feather: 0, only: [{polygon: [[0, 0], [9, 0], [9, 9]]}]}
"""
    regions = read_regions(regions_file(tmp_path, text))
    assert regions is not None
    assert regions.of("descreen").feather == 5.0
    assert regions.of("cleanup").feather == 0.0
    assert regions.of("upscale") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("descren: {exclude: []}", "'descren' is no stage"),
        ("descreen: {excluded: []}", "descreen.excluded: unknown key"),
        ("descreen: {exclude: [{box: [1, 2, 3]}]}", "descreen.exclude.0.box"),
        ("descreen: {exclude: [{}]}", "one of box, polygon and mask"),
        ("descreen: {exclude: [{mask: gone.tif}]}", "'gone.tif' is missing"),
        ("[1, 2", "line 1, column 1: the [ that opens here is not closed"),
        ("just text", "expected stages"),
        ("feather: -1", "feather"),
        ("faces: {includes: []}", "faces.includes: unknown key"),
        ("faces: {include: [{box: [0, 0, 9, 9], strength: 2}]}", "faces.include.0.strength"),
        ("faces: {exclude: [{mask: gone.tif}]}", "'gone.tif' is missing"),
        (
            "faces: {include: [{box: [10, 10, 0, 20]}]}",
            "faces.include.0: the box is 0 px wide and 20 px high and holds nothing",
        ),
        ("faces: {include: [{box: [10, 10, 20, 0]}]}", "20 px wide and 0 px high"),
        ("cleanup: {only: [{box: [0, 0, 0, 0]}]}", "cleanup.only.0: the box is 0 px wide"),
        ("cleanup: {only: [{box: [0, 0, .inf, 9]}]}", "cleanup.only.0.box"),
        (
            "faces: {include: [{polygon: [[5, 5], [5, 9], [5, 30]]}]}",
            "faces.include.0: the corners of the polygon lie on one line",
        ),
        ("cleanup: {exclude: [{polygon: [[0, 0], [7, 7], [3.5, 3.5]]}]}", "lie on one line"),
        ("cleanup: {exclude: [{polygon: [[4, 4], [4, 4], [4, 4]]}]}", "lie on one line"),
        (
            "colour: {targets: [{kind: grey, polygon: [[1, 1], [5, 5], [9, 9], [20, 20]]}]}",
            "colour.targets.0: the corners lie on one line",
        ),
        (
            "cleanup: {exclude: [{polygon: [[0, 0], [9, 9]]}]}",
            "cleanup.exclude.0.polygon: expected a list of 3 or more, found 2",
        ),
        (
            "faces: {none: true, include: [{box: [0, 0, 9, 9]}]}",
            "faces: 'none' says that there are no faces, 'include' that there are some",
        ),
        ("cleanup: &a {only: []}\nfaces: *a", "references (*) are not taken"),
        ("feather: 2001-99-99", "is not YAML (month must be in 1..12)"),
        ("feather: !!timestamp x", "is not YAML"),
        ("feather: !!bool x", "is not YAML"),
        ("feather: !!int ''", "is not YAML"),
        ("feather: " + "9" * 5000, "is not YAML"),
        ("a: " + "[" * 100_000, "is not YAML (maximum recursion depth"),
        ("!!python/object/apply:os.mkdir [ran]", "is not YAML (could not determine a constructor"),
        ("cleanup: {only: [{mask: ../m.tif}]}", "cleanup.only.0.mask: '../m.tif' leads elsewhere"),
        ("cleanup: {only: [{mask: /etc/hosts}]}", "'/etc/hosts' leads elsewhere"),
        ("# " + "x" * 2_100_000, "is larger than 2 MiB"),
        (
            "feather: 8\ncleanup:\n  exclude: {box: [1, 2, 3, 4]}",
            "line 3: cleanup.exclude: expected a list of {...}, found keys; write exclude: "
            "[{box: [1, 2, 3, 4]}]",
        ),
        ("faces: {include: {polygon: [[1, 2]]}}", "write include: [{polygon: [[1, 2]]}]"),
        ("cleanup: {only: [[1, 2, 3, 4]]}", "cleanup.only.0: expected a section of keys (box, "),
        ("cleanup: {only: [{box: 12}]}", "only.0.box: expected a list of 4 numbers, found '12'"),
        ("cleanup: {only: [{box: [1, 2, 3]}]}", "expected a list of 4 numbers, found 3"),
        ("cleanup: {only: [{polygon: [1, 2, 3]}]}", "polygon.0: expected a list of 2 numbers"),
        ("cleanup:\n  exlude: []", "line 2: cleanup.exlude: unknown key; did you mean 'exclude'?"),
        ("cleanup: {only: [{bocks: [1]}]}", "cleanup.only.0.bocks: unknown key"),
        ("claenup: {}", "'claenup' is no stage; known are descreen"),
        ("claenup: {}", "did you mean 'cleanup'?"),
        ("faces: off", "line 1: faces: expected a section of keys (only, "),
        ("cleanup: on", "line 1: cleanup: expected a section of keys (only, "),
        ("cleanup:\n\texclude: []", "line 2, column 1: a tab stands here"),
        ("cleanup: {}\ncleanup: {only: []}", "line 2, column 1: the key 'cleanup' is given twice"),
        ("faces: {exclude: [], exclude: []}", "the key 'exclude' is given twice, first in line 1"),
    ],
)
def test_a_mistake_is_one_line_that_names_file_and_key(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=r"album-7\.yaml") as caught:
        read_regions(regions_file(tmp_path, text))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_faces_are_marked_in_words_of_their_own(tmp_path: Path) -> None:
    text = """
faces:
  include: [{box: [10, 20, 30, 40], strength: 0.4}, {polygon: [[0, 0], [9, 0], [9, 9]]}]
  exclude: [{box: [1, 2, 3, 4]}]
"""
    regions = read_regions(regions_file(tmp_path, text))
    assert regions is not None
    assert regions.faces is not None
    assert [face.strength for face in regions.faces.include] == [0.4, None]
    assert regions.of("faces") is not None
    assert regions.of("cleanup") is None
    # Where only faces are marked, nothing limits where a stage may work.
    faces = StageMarks(tmp_path, regions.of("faces"), None)
    with ExitStack() as files:
        limits = limits_of(faces, 1, (100, 100), files)
    assert limits is not None
    assert len(limits.exclude) == 1


def test_a_polygon_that_crosses_itself_holds_something(tmp_path: Path) -> None:
    """Its signed area is 0."""
    text = "cleanup: {only: [{polygon: [[0, 0], [9, 9], [9, 0], [0, 9]]}]}"
    assert read_regions(regions_file(tmp_path, text)) is not None


def test_a_mask_marks_no_face(tmp_path: Path) -> None:
    (tmp_path / "face.tif").write_bytes(b"")
    with pytest.raises(ConfigError, match="by a box or a polygon"):
        read_regions(regions_file(tmp_path, "faces: {include: [{mask: face.tif}]}"))


def page_of(before: np.ndarray, factor: int = 1) -> tuple[Restored, np.ndarray]:
    """A stage that inverts everything, in bands of odd heights."""
    after = 1.0 - before.repeat(factor, 0).repeat(factor, 1)
    bands = (after[top : top + 13] for top in range(0, after.shape[0], 13))
    mask = np.full((*after.shape[:2], 1), 255, np.uint8)
    page = Restored(*after.shape[:2], None, bands, mask=lambda: iter([mask[:50], mask[50:]]))
    return page, after


def run(before: np.ndarray, folder: Path, text: str, factor: int = 1):
    page, after = page_of(before, factor)
    with ExitStack() as files:
        limits = limits_of(marks(folder, text), 1, before.shape[:2], files)
        assert limits is not None
        result = limited(page, ArrayRaster(before), limits)
        return np.concatenate(list(result.bands)), after, result


@pytest.fixture
def before() -> np.ndarray:
    return np.random.default_rng(1).random((80, 70, 3), np.float32)


def test_outside_the_input_is_kept_to_the_bit_and_inside_the_stage(tmp_path, before) -> None:
    out, after, page = run(before, tmp_path, "cleanup: {only: [{box: [10, 20, 30, 40]}]}")
    change, wanted = np.abs(out - before), np.abs(after - before)
    inside = np.zeros((80, 70), bool)
    inside[20:60, 10:40] = True
    assert np.array_equal(out[~inside], before[~inside])
    # 16 px of transition on each side: the middle has most of the stage's work, the rim little.
    middle, rim = np.s_[39:41, 24:26], np.s_[39:41, 10:11]
    assert change[middle].mean() > 0.8 * wanted[middle].mean()
    assert 0.0 < change[rim].mean() < 0.1 * wanted[rim].mean()
    mask = np.concatenate(list(page.mask()))[:, :, 0]
    assert np.array_equal(mask > 0, inside)
    assert 0.0 < page.findings["regions_share"] < 30 * 40 / (80 * 70)


def test_without_feather_inside_is_the_stages_answer_to_the_bit(tmp_path, before) -> None:
    text = "cleanup: {feather: 0, exclude: [{box: [0, 0, 35, 80]}]}"
    out, after, _ = run(before, tmp_path, text)
    assert np.array_equal(out[:, 35:], after[:, 35:])
    assert np.array_equal(out[:, :35], before[:, :35])


def test_a_stage_that_enlarges_only_resamples_outside(tmp_path, before) -> None:
    smooth = np.repeat(np.linspace(0.2, 0.8, 80, dtype=np.float32)[:, None, None], 70, 1)
    smooth = np.ascontiguousarray(smooth.repeat(3, 2))
    text = "cleanup: {feather: 0, exclude: [{box: [0, 0, 35, 80]}]}"
    out, after, _ = run(smooth, tmp_path, text, factor=2)
    assert out.shape == (160, 140, 3)
    assert np.array_equal(out[:, 70:], after[:, 70:])
    assert np.abs(out[:, :70] - smooth.repeat(2, 0)[:, :1]).max() < 0.01


def test_masks_must_have_the_masters_size(tmp_path: Path, before: np.ndarray) -> None:
    tifffile.imwrite(tmp_path / "brush.tif", np.zeros((80, 71), np.uint8))
    with pytest.raises(ScanError, match=r"brush.tif.*expected 70 x 80 px.*found 71 x 80 px"):
        run(before, tmp_path, "cleanup: {only: [{mask: brush.tif}]}")


def test_a_painted_mask_is_where_the_stage_works(tmp_path: Path, before: np.ndarray) -> None:
    painted = np.zeros((80, 70), np.uint8)
    painted[5:15, 5:15] = 255
    tifffile.imwrite(tmp_path / "brush.tif", painted)
    out, after, _ = run(before, tmp_path, "cleanup: {feather: 0, only: [{mask: brush.tif}]}")
    assert np.array_equal(out[painted > 0], after[painted > 0])
    assert np.array_equal(out[painted == 0], before[painted == 0])


def test_a_region_of_another_page_does_not_touch_this_one(tmp_path: Path) -> None:
    found = marks(tmp_path, "cleanup: {exclude: [{box: [0, 0, 9, 9], page: 2}]}")
    with ExitStack() as files:
        assert limits_of(found, 1, (80, 70), files) is None
        assert limits_of(found, 2, (80, 70), files) is not None


def test_a_pipe_in_the_place_of_regions_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "album-7.yaml")
    with pytest.raises(ConfigError, match="is no file"):
        read_regions(tmp_path / "album-7.yaml")


def test_a_mask_beside_a_name_that_leaves_no_room_for_it_is_none(tmp_path: Path) -> None:
    master = tmp_path / ("m" * 250 + ".tif")
    master.touch()
    assert not is_file(damage_mask_of(str(master)))


def test_regions_of_damage_are_filled_and_limit_the_stage_like_others(tmp_path: Path) -> None:
    text = """
repair:
  fill: [{box: [1, 2, 3, 4]}, {polygon: [[0, 0], [9, 0], [9, 9]], page: 2}]
  exclude: [{box: [5, 6, 7, 8]}]
"""
    found = marks(tmp_path, text, "repair")
    assert isinstance(found.regions, RepairRegions)
    assert [shape.page for shape in found.regions.fill] == [1, 2]
    assert found.regions.feather == 16.0
    # A change of either makes the stage of the scan anew.
    assert "fill" in found.facts(str)["regions"]
    other = marks(tmp_path, "repair: {fill: [{box: [1, 2, 3, 5]}]}", "repair")
    assert other.facts(str) != found.facts(str)
    with ExitStack() as files:
        assert limits_of(other, 1, (40, 40), files) is None, "what is filled limits nothing"


def test_only_damage_is_filled_by_regions(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cleanup\.fill: unknown key"):
        read_regions(regions_file(tmp_path, "cleanup: {fill: [{box: [1, 2, 3, 4]}]}"))
    with pytest.raises(ConfigError, match=r"repair\.fill\.0\.mask.*|'gone.tif' is missing"):
        read_regions(regions_file(tmp_path, "repair: {fill: [{mask: gone.tif}]}"))
