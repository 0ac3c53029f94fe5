"""No sentence of a run contradicts another, or the pixels beside it."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from contradictions import contradictions, of_run
from restoration.demo.make import make_collection
from support.delivered_pages import read_results
from support.project import ROOT, Project


def found_in(results: Path) -> list[str]:
    scans = list(read_results(results))
    assert scans
    return [*of_run(results), *(line for scan in scans for line in contradictions(scan))]


def test_no_sentence_of_a_run_contradicts_another(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.folder)
    assert found_in(project.results) == []


def test_the_finished_picture_tells_its_grain_in_record_xmp_and_report(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.folder)
    scans = list(read_results(project.results))
    assert scans
    for scan in scans:
        (page,) = scan.pages()
        (said,) = page.delivered["finished"]["said"]
        assert scan.packets[0]["Finished"] == [said]
        assert any(said in line for line in scan.report)


@pytest.mark.slow
@pytest.mark.weights
def test_no_sentence_of_the_demo_contradicts_another(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (ROOT / "models/realesrgan-x4plus-packaged.safetensors").is_file():
        pytest.skip("the demo's weights are not at hand: run make demo once")
    monkeypatch.chdir(project.folder)
    monkeypatch.setattr(Project, "patience", 3600.0)
    monkeypatch.setattr(Project, "warm", None)
    make_collection(project.folder / "masters/demo")
    shutil.copytree(ROOT / "models", project.folder / "models", dirs_exist_ok=True)
    command = [sys.executable, "-m", "snakemake", "--cores", "2"]
    monkeypatch.setattr(
        Project,
        "command",
        lambda self, *more: [*command, "--configfile", "config/demo.yaml", *more],
    )
    project.run()
    results = project.folder / "results/demo"
    assert found_in(results) == []
    told = json.loads((results / "embedded/deliver/camera-grey.json").read_text())
    (page,) = told["deliverable"]["pages"]
    assert page["finished"]["grain"]["kept"] < 0.9
