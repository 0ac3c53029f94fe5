"""Whole runs as on several hosts: what is refused, and a disk of the node's own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from support.project import Project

pytestmark = pytest.mark.slow


def test_results_that_snakemake_would_carry_about_are_refused(project: Project) -> None:
    said = project.run("--shared-fs-usage", "persistence", check=False)
    assert "error: --shared-fs-usage: expected input-output and sources" in said
    assert "Traceback" not in said


def test_a_lock_of_another_host_is_left_alone(project: Project) -> None:
    (project.results / ".lock").write_text("77 elsewhere\n")
    (project.results / "plain/report.html").unlink()
    said = project.run(check=False)
    assert "error: results: another run (process 77 on elsewhere) is working in" in said
    assert "Traceback" not in said


def test_a_run_with_scratch_makes_the_same_bytes(project: Project, tmp_path: Path) -> None:
    node = tmp_path / "node"
    node.mkdir()
    other = Project(Path(shutil.copytree(project.folder, tmp_path / "other", symlinks=True)))
    made = []
    for one, scratch in ((project, True), (other, False)):
        config = one.config()
        config["recipes"]["plain"]["stages"]["upscale"]["factor"] = 1.25
        one.configure({**config, "scratch": scratch})
        before = one.bytes_of_deliverables()
        one.run("--default-resources", f"tmpdir='{node}'")
        made.append(one.bytes_of_deliverables())
        assert before != made[-1]
    assert made[0] == made[1]
    assert list(node.iterdir()) == []
    assert not list(project.results.rglob("*.part"))
    assert json.loads((project.results / ".run").read_text())["path"] == str(project.results)
    # Turning it on or off is no reason to compute anything.
    project.configure({**project.config(), "scratch": False})
    assert "Nothing to be done" in project.run("--dry-run")
