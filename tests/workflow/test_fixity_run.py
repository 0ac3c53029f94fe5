"""Fixity over whole runs: the manifest, changed code, what is lost and what is repaired."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from support.project import NOTHING, Project, of

MANIFEST = "manifest-sha256.txt"


def verify(project: Project, *arguments: str, cwd: Path | None = None) -> tuple[int, str]:
    """Exit status and output of ``scripts/verify.py`` of the project."""
    script = project.folder / "scripts/verify.py"
    done = project.python([str(script), *arguments], folder=cwd)
    return done.returncode, done.stdout + done.stderr


def sha256sum(project: Project, manifest: Path) -> None:
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", str(manifest)],
        cwd=project.results,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def keep_manifest(project: Project) -> None:
    """As ``old.txt``; without the plan, which says where the run was, and the project is a copy."""
    lines = (project.results / MANIFEST).read_text().splitlines(True)
    kept = [line for line in lines if not line.endswith("run.json\n")]
    (project.folder / "old.txt").write_text("".join(kept))


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_a_finished_run_has_a_manifest_and_is_as_it_was_written(
    project: Project, tmp_path: Path
) -> None:
    sha256sum(project, project.results / MANIFEST)
    # Also from another folder, and although the whole project was copied elsewhere.
    code, said = verify(project, "--results", str(project.results), cwd=tmp_path)
    assert (code, said.splitlines()[-1].split(" (")[0]) == (0, "all as it was written"), said
    assert "3 masters" in said
    assert verify(project, "--current")[0] == 0
    assert NOTHING in project.run()
    listed = {line.split("  ")[1] for line in (project.results / MANIFEST).read_text().splitlines()}
    left = {
        str(path.relative_to(project.results))
        for path in project.results.rglob("*")
        if path.is_file()
    } - listed
    # What runs write as they go, and images between the stages.
    assert {path.split("/")[0] for path in left} <= {
        *("logs", "benchmarks", ".fixity", ".lock", ".run", "run.log", "progress.jsonl"),
        *("plain", MANIFEST, "fixity-log.jsonl"),
    }
    between = {f"plain/{step}/{scan}.tif" for step in ("cleanup", "upscale") for scan in "abc"}
    assert {path for path in left if path.startswith("plain")} == between


CODE = {
    "ingest": "ingest/inspect_master.py",
    "examine": "examine/page.py",
    "cleanup": "stages/cleanup/stage.py",
    "upscale": "stages/upscale/stage.py",
    "deliver": "deliver/history.py",
}


def test_a_changed_line_of_code_is_no_damage(project: Project) -> None:
    project.own_code()
    code = project.folder / "scripts/restoration"
    kept = project.folder / "kept.py"
    for step, module in CODE.items():
        shutil.copy2(code / module, kept)
        with (code / module).open("a") as file:
            file.write("\n_CHANGED = 1\n")
        ended, said = verify(project, "--current")
        assert ended == 3, step
        assert f"{step}: 3 scans: code" in said
        if step != list(CODE)[-1]:
            shutil.copy2(kept, code / module)
    # Of the bytes nothing is to be said, whatever the code.
    ended, said = verify(project)
    assert ended == 0, said


def test_what_was_lost_is_made_again_by_the_next_run(project: Project) -> None:
    keep_manifest(project)
    for lost in ("plain/deliver/a.json", "plain/deliver/c.tif", "plain/cleanup/b.json"):
        (project.results / lost).unlink()
    (project.results / "plain/deliver/one.tsv").unlink()
    before = {path: path.stat().st_mtime_ns for path in project.results.rglob("*.tsv")}
    said = project.run("--dry-run")
    assert "rule deliver" in said
    assert {path: path.stat().st_mtime_ns for path in project.results.rglob("*.tsv")} == before
    stamps = project.stamps()
    project.run()
    assert project.written_since(stamps) == of("ac", "deliver") | of("b", "cleanup")
    sha256sum(project, project.folder / "old.txt")
    assert verify(project)[0] == 0
    assert NOTHING in project.run()


def test_a_repair_gives_back_the_recorded_bytes(project: Project) -> None:
    keep_manifest(project)
    damaged = ("plain/deliver/a.tif", "plain/upscale/b.tif", "plain/report.html", "examine/c.json")
    for name in damaged:
        flip(project.results / name)
    code, said = verify(project, "--repair")
    assert code == 1
    assert all(name in said for name in damaged), said
    # Another time: what is given back has the recorded one.
    done = project.python(project.command()[1:], SOURCE_DATE_EPOCH="1800000000")
    assert done.returncode == 0, done.stdout + done.stderr
    sha256sum(project, project.folder / "old.txt")
    code, said = verify(project)
    assert code == 0, said
    lines = (project.results / "fixity-log.jsonl").read_text().splitlines()
    assert [json.loads(line)["findings"]["altered"] for line in lines] == [4, 0]
    assert NOTHING in project.run()


def test_a_killed_run_leaves_no_untrue_manifest(project: Project) -> None:
    project.set_factor(1.25)
    (project.results / "plain/deliver/two.tsv").unlink()
    # Stopped in the middle, as by the disk: no file where delivery is to write.
    (project.results / "plain/deliver/a.tif").unlink()
    (project.results / "plain/deliver/a.tif").mkdir()
    project.run(check=False)
    assert not (project.results / MANIFEST).exists()
    (project.results / "plain/deliver/a.tif").rmdir()
    code, said = verify(project)
    assert "altered" not in said.splitlines()[0], said
    assert code == 1
    assert "missing deliverable: plain/deliver/a.tif" in said
    project.run()
    sha256sum(project, project.results / MANIFEST)
    assert verify(project)[0] == 0
