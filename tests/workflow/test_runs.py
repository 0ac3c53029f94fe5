"""What a person sees of a run: mistakes in one line, problems that stop nobody, one scan alone."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import pytest
import tifffile

from support.project import ROWS, Project


def test_finished_run_has_all_its_parts(finished: Project) -> None:
    results = finished.results
    assert len(finished.bytes_of_deliverables()) == len(ROWS)
    assert (results / "plain/problems.tsv").read_text() == "scan\tstage\treason\n"
    assert "<html" in (results / "plain/report.html").read_text().lower()
    with tifffile.TiffFile(results / "plain/deliver/a.tif") as tiff:
        page = tiff.pages[0]
        assert page.dtype == "uint16"
        assert page.shape == (144, 192, 3)
        numerator, denominator = page.tags["XResolution"].value
        assert numerator / denominator == pytest.approx(1800)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("resluts", "x", "resluts: unknown key; did you mean 'results'?"),
        ("device", 3, "device: expected auto, cpu, cuda or mps, found '3'"),
        ("scans", "none.tsv", "error: scans: the sheet 'none.tsv' cannot be read"),
        ("recipe", "best", "recipe: 'best' is not among the recipes"),
        (
            "examine",
            {"faces": "of"},
            "examine.faces: expected cnn, hog, retinaface or off, found",
        ),
    ],
)
def test_mistakes_stop_before_any_job(project: Project, key: str, value: object, said: str) -> None:
    before = project.stamps()
    project.configure({**project.config(), key: value})
    # One of them as a person starts it: how a whole interpreter ends is shown as well.
    output = project.run(check=False, warm=key != "resluts")
    assert said in output
    if key != "scans":
        line = (project.folder / "my.yaml").read_text().split(f"{key}:")[0].count("\n") + 1
        line += key == "examine"  # what is wrong stands below it
        assert f"error: config: 'my.yaml', line {line}: " in output
    assert "Traceback" not in output
    assert project.stamps() == before


def test_a_key_given_twice_stops_before_any_job(project: Project) -> None:
    before = project.stamps()
    with (project.folder / "my.yaml").open("a") as file:
        file.write("results: elsewhere\n")
    output = project.run(check=False)
    assert "error: config: 'my.yaml', line" in output
    assert "the key 'results' is given twice" in output
    assert project.stamps() == before


def test_weights_that_cannot_be_had_stop_before_any_job(project: Project) -> None:
    before = project.stamps()
    config = project.config()
    config["models"]["tiny"]["path"] = "elsewhere.pth"
    config["models"]["tiny"]["sha256"] = "0" * 64
    project.configure(config)
    output = project.run(check=False)
    message = next(line for line in output.splitlines() if "cannot be had" in line)
    for part in ("elsewhere.pth", "0" * 64, "`conservation`", "`embedded`"):
        assert part in message
    assert project.stamps() == before


def test_weights_of_another_hash_are_refused(project: Project) -> None:
    config = project.config()
    config["models"]["tiny"]["sha256"] = "0" * 64
    project.configure(config)
    output = project.run(check=False)
    actual = hashlib.sha256((project.folder / "models/tiny.pth").read_bytes()).hexdigest()
    assert "0" * 64 in output
    assert actual in output


def test_a_problem_stops_nobody(project: Project) -> None:
    (project.folder / "masters/broken.tif").write_bytes(b"II*\0 not a TIFF")
    rows = [("broken", "masters/broken.tif", "one", ""), ("gone", "masters/gone.tif", "two", "")]
    project.sheet([*ROWS, *rows])
    project.run()
    problems = (project.results / "plain/problems.tsv").read_text().splitlines()[1:]
    assert [line.split("\t")[:2] for line in problems] == [
        ["broken", "ingest"],
        ["gone", "ingest"],
    ]
    assert "is missing" in problems[1]


def test_an_empty_sheet_and_a_mount_that_is_gone_stop_before_any_job(project: Project) -> None:
    before = project.stamps()
    project.sheet([])
    assert "error: scans: the sheet 'scans.tsv' names no scan" in project.run(check=False)
    project.sheet(ROWS)
    (project.folder / "masters").rename(project.folder / "unmounted")
    said = project.run(check=False)
    assert "error: scans: 3 of 3 masters of the sheet 'scans.tsv' are missing" in said
    assert "Traceback" not in said
    assert project.stamps() == before


def test_one_scan_alone(project: Project) -> None:
    config = project.config()
    config["recipes"]["plain"]["stages"]["upscale"]["factor"] = 1.25
    config["only"] = "b"
    project.configure(config)
    before = project.stamps()
    project.run()
    assert project.written_since(before) == {"plain/upscale/b", "plain/deliver/b"}
    config["only"] = "z"
    project.configure(config)
    assert "has no scan 'z'" in project.run(check=False)


def test_masters_are_never_written(project: Project) -> None:
    masters = sorted((project.folder / "masters").iterdir())
    for master in masters:
        master.chmod(0o444)
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in masters}
    config = project.config()
    config["recipes"]["plain"]["stages"]["cleanup"]["strength"] = 0.5
    project.configure(config)
    project.run()
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in masters} == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_results_that_cannot_be_written(project: Project) -> None:
    project.results.chmod(0o555)
    try:
        assert "cannot be written" in project.run(check=False)
    finally:
        project.results.chmod(0o755)


def test_results_on_a_file(project: Project) -> None:
    (project.folder / "file").write_text("")
    project.configure({**project.config(), "results": "file"})
    assert "results: 'file' is a file; expected a folder" in project.run(check=False)


def test_dry_run_writes_nothing(project: Project, tmp_path: Path) -> None:
    project.configure({**project.config(), "results": "fresh"})
    assert "cleanup" in project.run("--dry-run")
    assert not (project.folder / "fresh").exists()


def test_a_part_of_a_large_run_takes_its_share_of_the_batches(project: Project) -> None:
    project.configure({**project.config(), "results": "again"})
    part = ("--dry-run", "--quiet", "rules", "--batch", "problems=1/2", "again/plain/problems.tsv")
    said = project.run(*part)
    assert re.search(r"^deliver +1$", said, re.MULTILINE), said
    assert not re.search(r"^problems +", said, re.MULTILINE), said
