"""Whole runs that keep few images between the stages, and what later runs make of them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from support.project import NOTHING, Project, fresh_copy, of


def images(project: Project) -> set[str]:
    found = project.results.glob("*/*/*.tif")
    return {str(p.relative_to(project.results)) for p in found if p.parent.name != "deliver"}


def script(project: Project, name: str, *arguments: str) -> str:
    done = project.script(name, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_keeping_none_computes_nothing_again_and_deletes_what_was_delivered(
    project: Project,
) -> None:
    project.configure({**project.config(), "intermediates": "none"})
    assert NOTHING in project.run("--dry-run")
    before = project.stamps()
    # Some stage after which images that are there already are used once more.
    project.set_factor(1.25)
    said = project.run()
    assert project.written_since(before) - {f"plain/cleanup/{s}" for s in "abc"} == of(
        "abc", "upscale", "deliver"
    )
    assert images(project) == set()
    need = re.search(r"disk: masters of .* at most at the same time under .*none`.* free", said)
    assert need, said
    page = (project.results / "plain/report.html").read_text()
    assert page.count("After. ") >= 3


def ends(project: Project) -> list[tuple[str, str]]:
    lines = (project.results / "progress.jsonl").read_text().splitlines()[1:]
    return [(end["step"], end["batch"]) for end in map(json.loads, lines)]


@pytest.mark.slow
def test_batches_are_finished_one_after_the_other_and_reruns_make_what_they_need(
    finished: Project, tmp_path: Path
) -> None:
    project = fresh_copy(finished, tmp_path / "project")
    project.sheet([(scan, f"masters/{scan}.tif", scan, "") for scan in "abcd"])
    project.configure({**project.config(), "intermediates": "last"})
    project.run("--cores", "1")
    # From its first stage on, a batch is taken to its end before the next one begins.
    way = [(step, batch) for step, batch in ends(project) if step not in ("ingest", "examine")]
    assert [step for step, _ in way] == ["cleanup", "upscale", "deliver"] * 4
    assert all(way[n][1] == way[n + 2][1] for n in range(0, 12, 3))
    assert images(project) == {f"plain/upscale/{scan}.tif" for scan in "abcd"}
    assert "0 altered" not in script(project, "verify", "--results", "results")
    assert NOTHING in project.run()

    # The last stage's setting: its input is gone as well, so that is made again too. What its
    # record says is true of it again.
    before = project.stamps()
    project.set_factor(1.25)
    project.run("--cores", "1")
    assert project.written_since(before) == of("abcd", "upscale", "deliver")
    assert images(project) == {f"plain/upscale/{scan}.tif" for scan in "abcd"}

    # Delivery's own setting needs nothing but the image that it read.
    before = project.stamps()
    config = project.config()
    config["recipes"]["plain"]["deliver"] = {"compression": "none"}
    project.configure(config)
    project.run("--cores", "1")
    assert project.written_since(before) == of("abcd", "deliver")

    made = project.bytes_of_deliverables()
    assert "would delete: 4 files" in script(project, "prune", "--keep", "none")
    assert len(images(project)) == 4
    assert "deleted: 4 files" in script(project, "prune", "--keep", "none", "--yes")
    assert images(project) == set()
    script(project, "verify")
    assert NOTHING in project.run()
    assert project.bytes_of_deliverables() == made

    # From nothing but records and the master, everything that delivery needs is made again.
    config["recipes"]["plain"]["deliver"] = {}
    project.configure(config)
    project.run("--cores", "1")
    whole = fresh_copy(finished, tmp_path / "whole")
    whole.sheet([(scan, f"masters/{scan}.tif", scan, "") for scan in "abcd"])
    whole.configure({**config, "intermediates": "keep"})
    whole.run()
    assert project.bytes_of_deliverables() == whole.bytes_of_deliverables()
