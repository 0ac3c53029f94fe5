"""Regions that a person marks hold a stage, and rerun what they concern, no more."""

from __future__ import annotations

import os

import numpy as np
import pytest
import tifffile

from support.project import Project


def mark(project: Project, scan: str, text: str) -> None:
    folder = project.folder / "regions"
    folder.mkdir(exist_ok=True)
    (folder / f"{scan}.yaml").write_text(text)


@pytest.mark.slow
def test_a_marked_scan_runs_again_from_its_stage_and_keeps_the_marked_pixels(
    project: Project,
) -> None:
    before = project.stamps()
    painted = np.zeros((96, 128), np.uint8)
    painted[:20, :20] = 255
    (project.folder / "regions").mkdir()
    tifffile.imwrite(project.folder / "regions/brush.tif", painted)
    mark(
        project,
        "a",
        "cleanup: {feather: 0, exclude: [{box: [60, 40, 30, 30]}, {mask: brush.tif}]}",
    )
    project.run()
    written = project.written_since(before)
    assert {name for name in written if name.endswith("/a") and name.startswith("plain")} == {
        "plain/cleanup/a",
        "plain/upscale/a",
        "plain/deliver/a",
    }
    assert {name for name in written if not name.endswith("/a")} == set()
    master = tifffile.imread(project.folder / "masters/a.tif")
    cleaned = tifffile.imread(project.results / "plain/cleanup/a.tif")
    kept = painted > 0
    kept[40:70, 60:90] = True
    assert np.array_equal(cleaned[kept], master[kept])
    assert np.mean(np.any(cleaned[~kept] != master[~kept], axis=-1)) > 0.9

    # The same mask, touched: nothing. Painted anew: this scan alone.
    os.utime(project.folder / "regions/brush.tif")
    before = project.stamps()
    project.run()
    assert project.written_since(before) == set()
    tifffile.imwrite(project.folder / "regions/brush.tif", np.flipud(painted))
    project.run()
    assert {name.rsplit("/", 1)[1] for name in project.written_since(before)} == {"a"}


def test_a_mistake_in_a_file_of_regions_stops_before_any_job(project: Project) -> None:
    mark(project, "b", "clean: {exclude: [{box: [0, 0, 1, 1]}]}")
    said = project.run(check=False)
    assert "error: regions: 'regions/b.yaml': 'clean' is no stage; known are descreen" in said


def test_regions_that_fit_no_scan_stop_before_any_job(project: Project) -> None:
    mark(project, "a", "faces: {exclude: [{box: [0, 0, 9, 9]}]}")
    (project.folder / "regions/a.yaml").rename(project.folder / "regions/a.yml")
    before = project.stamps()
    said = project.run(check=False)
    assert (
        "error: marks: 'regions/a.yml' is not read by this name; did you mean 'regions/a.yaml'?"
    ) in said
    assert "Traceback" not in said
    assert project.stamps() == before


def test_a_mask_of_another_size_is_a_problem_of_its_scan(project: Project) -> None:
    mark(project, "a", "cleanup: {only: [{mask: brush.tif}]}")
    tifffile.imwrite(project.folder / "regions/brush.tif", np.zeros((9, 9), np.uint8))
    project.run()
    problems = (project.results / "plain/problems.tsv").read_text()
    assert "expected 128 x 96 px like the master's page, found 9 x 9 px" in problems
    assert (project.results / "plain/deliver/b.tif").is_file()
