"""Files that are made on a scratch disk: the same bytes, and nothing stays behind."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from restoration.errors import ScanError
from restoration.plan import code_fingerprint as fingerprints
from restoration.plan.code_fingerprint import code_fingerprint
from restoration.plan.plan import Plan
from restoration.raster.tiff.write_intermediate import write_intermediate
from restoration.storage import scratch_disk as scratch
from restoration.storage.publish import published
from restoration.storage.records import read_raw
from restoration.storage.scratch_disk import (
    ScratchError,
    delete_leftovers,
    leave_scratch,
    use_scratch,
)
from support.kept_images import deliverables, keeping
from support.own_processes import start
from support.small_results import plan, run

__all__ = ["plan"]


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Path]:
    """The temporary folder of a node, in use as scratch."""
    folder = tmp_path / "node"
    folder.mkdir()
    scratch._told.clear()
    use_scratch(folder)
    yield folder
    leave_scratch()


def made_in(node: Path) -> list[Path]:
    return [path for path in node.rglob("*") if path.is_file()]


def write(path: Path) -> str:
    pixels = np.random.default_rng(1).random((300, 200, 3)).astype(np.float32)
    return write_intermediate(
        path, [pixels], height=300, width=200, channels=3, ppi=None, profile=None
    )


def test_an_image_has_the_same_bytes_and_sha256(tmp_path: Path, node: Path) -> None:
    seen: list[Path] = []
    with published(tmp_path / "probe", 10) as part:
        seen.append(part)
        part.write_text("made elsewhere")
    assert seen[0].parent.parent == node
    told = write(tmp_path / "with.tif")
    leave_scratch()
    assert write(tmp_path / "without.tif") == told
    assert (tmp_path / "with.tif").read_bytes() == (tmp_path / "without.tif").read_bytes()
    assert list(node.iterdir()) == []
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.slow
def test_a_whole_run_has_the_same_deliverables_and_records(
    plan: Plan, node: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    here, there = keeping(plan, "keep"), keeping(plan, "last")
    run(there)
    assert made_in(node) == []
    leave_scratch()
    run(here)
    assert deliverables(here) == deliverables(there)
    one, other = (read_raw(p.results / "archive/deliver/both.json") for p in (here, there))
    assert one is not None
    assert other is not None
    assert one["deliverable"] == other["deliverable"]
    assert one["key"] == other["key"]


def test_where_a_file_is_made_is_part_of_no_fingerprint(tmp_path: Path) -> None:
    package = tmp_path / "restoration"
    package.mkdir()
    (package / "storage").mkdir()
    scratch_disk = package / "storage" / "scratch_disk.py"
    (package / "stage.py").write_text("from restoration.storage import scratch_disk\n")
    scratch_disk.write_text("one = 1\n")
    before = code_fingerprint("restoration.stage", package)
    scratch_disk.write_text("two = 2\n")
    fingerprints.forget_sources()
    assert before == code_fingerprint("restoration.stage", package)


@pytest.mark.parametrize("error", [ScanError("no numbers"), KeyboardInterrupt()])
def test_nothing_stays_after_a_failure(tmp_path: Path, node: Path, error: BaseException) -> None:
    def fail() -> None:
        with published(tmp_path / "a.tif", 10) as part:
            part.write_text("half")
            raise error

    with pytest.raises(type(error)):
        fail()
    assert made_in(node) == []
    assert not (tmp_path / "a.tif").exists()


def test_a_file_that_may_not_fit_is_made_in_its_place(
    tmp_path: Path, node: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.tif", "b.tif"):
        with published(tmp_path / name, 10**18) as part:
            assert part.parent == tmp_path
            part.write_text("large")
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert "has too little room" in said[0]


def test_a_folder_that_cannot_be_used_is_told_and_done_without(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scratch._told.clear()
    use_scratch(tmp_path / "nowhere")
    assert "files are made in the results" in capsys.readouterr().err
    with published(tmp_path / "a.tif", 10) as part:
        assert part.parent == tmp_path
        part.write_text("all the same")


def test_a_copy_that_differs_is_not_published(
    tmp_path: Path, node: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def corrupt(descriptor: int) -> None:
        os.pwrite(descriptor, b"X", 0)

    def copy() -> None:
        with published(tmp_path / "a.tif", 10) as part:
            part.write_text("right")

    monkeypatch.setattr(os, "fsync", corrupt)
    with pytest.raises(ScratchError, match="expected the SHA-256 of what was copied"):
        copy()
    assert list(tmp_path.glob("a.tif*")) == []


@pytest.mark.slow
def test_a_scratch_disk_that_fails_costs_no_scan(
    plan: Plan, node: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(made: Path, part: Path) -> None:
        raise ScratchError(f"scratch: {made}: {os.strerror(errno.ENOSPC)}")

    monkeypatch.setattr(scratch, "_copy", full)
    small = keeping(plan, "keep")
    run(small)
    said = capsys.readouterr().err
    assert said.count("No space left on device; once more, without scratch") == 1
    assert len(deliverables(small)) == 5
    assert list(node.iterdir()) == []


HOLD = """
import sys, time
from pathlib import Path
from restoration.storage.scratch_disk import use_scratch
use_scratch(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def test_folders_of_dead_workers_are_deleted_and_those_of_living_ones_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "_YOUNG", -1.0)
    (elsewhere := tmp_path / f"{scratch.PREFIX}otherhost-x").mkdir()
    holder, said = start(HOLD, str(tmp_path))
    assert said == "held"
    (own,) = tmp_path.glob(f"{scratch.PREFIX}{os.uname().nodename}-*")
    (own / "half.tif").write_text("half")
    delete_leftovers(tmp_path)
    assert own.exists()
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert own.exists()
    delete_leftovers(tmp_path)
    assert not own.exists()
    assert elsewhere.exists()
