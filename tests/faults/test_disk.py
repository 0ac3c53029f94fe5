"""A disk that is full, or that takes no writing: one line, nothing lost, and the next run ends."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from faults.workers import STEPS, Collection, Mount, Zygote, masters_untouched, outcome
from support.project import Project

PAGE = 4096


def pages(folder: Path, scan: str) -> int:
    """Bytes that a step's files of one scan take on a disk in memory."""
    sizes = [path.stat().st_size for path in folder.glob(f"{scan}.*") if path.is_file()]
    return sum(-(-size // PAGE) * PAGE for size in sizes)


def fill(folder: Path, leave: int) -> Path:
    """Ballast that leaves so many bytes."""
    ballast = folder / "ballast"
    with ballast.open("wb") as file:
        file.write(b"\0" * (shutil.disk_usage(folder).free - leave))
    return ballast


def line_about(said: str, scan: str) -> str:
    lines = [line for line in said.splitlines() if f": {scan}: failed" in line]
    assert len(lines) == 1, said
    return lines[0]


@pytest.mark.parametrize(
    "step",
    [s if s == "deliver" else pytest.param(s, marks=pytest.mark.slow) for s in STEPS],
)
def test_a_full_disk_in(
    step: str, fresh: Collection, zygote: Zygote, undisturbed: Collection, mount: Mount
) -> None:
    mount(fresh.results, "size=8m")
    fresh.plan()
    earlier = STEPS[: STEPS.index(step)]
    with masters_untouched(fresh.folder):
        assert zygote.work(fresh.folder, earlier).code == 0
        theirs = undisturbed.table(step).parent
        # Room for the first scan, a page of log, one of the journal, and a part of the second scan.
        ballast = fill(fresh.results, pages(theirs, "a") + 2 * PAGE + pages(theirs, "b") - PAGE)
        ended = zygote.work(fresh.folder, (step,))
        assert ended.code == 1
        line = line_about(ended.said, "b")
        folder = str(fresh.table(step).parent.relative_to(fresh.folder))
        assert f"{folder}/b." in line, "it names the file"
        assert "cannot be written (No space left on device)" in line
        assert "free space on that disk" in line
        assert "Traceback" not in ended.said
        assert fresh.record(step, "a") is not None, "what was finished is kept"
        assert fresh.record(step, "b") is None
        assert not fresh.table(step).exists()
        assert fresh.parts() == []
        ballast.unlink()
        before = fresh.stamps()
        assert zygote.work(fresh.folder).code == 0
        # Only files without a record were written again.
        assert not {name for name in fresh.written_since(before) if name.endswith(f"{step}/a")}
    assert outcome(fresh.results) == outcome(undisturbed.results)


@pytest.mark.slow
def test_a_disk_without_room_for_the_table_alone(
    fresh: Collection, zygote: Zygote, undisturbed: Collection, mount: Mount
) -> None:
    mount(fresh.results, "size=8m,nr_inodes=200")
    fresh.plan()
    assert zygote.work(fresh.folder, ("ingest",)).code == 0
    log = fresh.results / "logs/examine/box.log"
    for path in (log, fresh.results / "examine/x"):
        path.parent.mkdir(parents=True)
    log.touch()
    # The journal and every record find their inode, one after the other; the table does not.
    progress = fresh.results / "progress.jsonl"
    assert progress.is_file()
    for number in range(os.statvfs(fresh.results).f_favail - 4):
        (fresh.results / f"ballast-{number}").touch()
    ended = zygote.work(fresh.folder, ("examine",))
    assert ended.code == 1
    last = ended.said.splitlines()[-1]
    assert last.startswith("error: results/examine/box.tsv: cannot be written (No space left")
    assert "Traceback" not in ended.said
    before = fresh.stamps()
    for path in fresh.results.glob("ballast-*"):
        path.unlink()
    assert zygote.work(fresh.folder).code == 0
    assert not {name for name in fresh.written_since(before) if name.startswith("examine/")}
    assert outcome(fresh.results) == outcome(undisturbed.results)


def begin_anew(project: Project, mount: Mount) -> None:
    """Without results, which are to lie on a small disk."""
    shutil.rmtree(project.results)
    shutil.rmtree(project.folder / ".snakemake")
    mount(project.results, "size=8m")


def remount(folder: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)


def test_results_that_take_no_writing(
    fresh: Collection, zygote: Zygote, undisturbed: Collection, mount: Mount
) -> None:
    mount(fresh.results, "size=8m")
    fresh.plan()
    with masters_untouched(fresh.folder):
        assert zygote.work(fresh.folder, ("ingest", "examine")).code == 0
        before = fresh.stamps()
        remount(fresh.results, "ro")
        ended = zygote.work(fresh.folder, ("cleanup",))
        assert ended.code == 1
        # No scan can be noted as written: the job ends before the first one.
        (line,) = ended.said.splitlines()
        assert line.startswith(f"error: {fresh.results}/.fixity/")
        assert "cannot be written (Read-only file system); mount it for writing" in line
        assert fresh.stamps() == before
        remount(fresh.results, "rw")
        assert zygote.work(fresh.folder).code == 0
    assert outcome(fresh.results) == outcome(undisturbed.results)


@pytest.mark.slow
def test_a_whole_run_on_a_disk_that_fills_up(
    finished: Project, project: Project, mount: Mount
) -> None:
    begin_anew(project, mount)
    with masters_untouched(project.folder):
        # The lock, the plan of the run, its progress, then logs, records, images, tables.
        for leave in (0, 1, 3, 12, 40, 80):
            ballast = fill(project.results, leave * PAGE)
            # Or the run would not even begin.
            said = project.run("--config", "ignore_disk_need=true", check=False)
            assert "cannot be written (No space left on device)" in said
            assert "free space on that disk" in said
            assert "Traceback" not in said, f"{leave} pages: {said}"
            assert list(project.results.rglob("*.part")) == []
            ballast.unlink()
        project.run()
    assert project.bytes_of_deliverables() == finished.bytes_of_deliverables()
    assert outcome(project.results) == outcome(finished.results)


@pytest.mark.slow
def test_a_whole_run_over_results_that_take_no_writing(
    finished: Project, project: Project, mount: Mount
) -> None:
    begin_anew(project, mount)
    with masters_untouched(project.folder):
        remount(project.results, "ro")
        said = project.run(check=False)
        assert "results: 'results' cannot be written (Read-only file system)" in said
        assert "Traceback" not in said
        remount(project.results, "rw")
        project.run()
    assert outcome(project.results) == outcome(finished.results)
