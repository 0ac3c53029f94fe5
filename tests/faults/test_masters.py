"""A master that changes or goes away while it is read never becomes a deliverable of both."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from faults.bench import in_the_middle_of, run_job, touch_back
from faults.workers import STEPS, Collection, Zygote, masters, outcome
from support.project import write_master

READS = [
    pytest.param("ingest", marks=pytest.mark.slow),
    pytest.param("examine", marks=pytest.mark.slow),
    "cleanup",
    pytest.param("deliver", marks=pytest.mark.slow),
]
"""The steps that read masters."""


def up_to(collection: Collection, step: str) -> None:
    for earlier in STEPS[: STEPS.index(step)]:
        assert run_job(collection, earlier) == 0


def rewritten(path: Path) -> None:
    """Other content in the same file, as by an editor that saves in place."""
    other = path.with_name("other.tif")
    write_master(other, seed=40)
    path.write_bytes(other.read_bytes())
    other.unlink()
    # Always the same time: tables speak of it, and those of two runs are compared.
    os.utime(path, (1_750_000_000, 1_750_000_000))


@pytest.fixture(scope="module")
def overwritten(
    template: Collection, zygote: Zygote, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """What comes of the masters after one of them was rewritten."""
    collection = template.fresh(tmp_path_factory.mktemp("overwritten") / "collection")
    rewritten(collection.folder / "masters/b.tif")
    assert zygote.work(collection.folder).code == 0
    return outcome(collection.results)


def replaced_and_back(path: Path) -> None:
    """Another file of the same size and time comes in its place, as ``rsync -t`` does it."""
    stat = path.stat()
    other = path.with_name("other.tif")
    write_master(other, seed=40)
    touch_back(other, stat)
    other.replace(path)


def line_about(text: str, scan: str) -> str:
    lines = [line for line in text.splitlines() if f": {scan}: failed" in line]
    assert len(lines) == 1, text
    return lines[0]


def expect_a_circumstance(collection: Collection, step: str, said: str, how: str) -> None:
    line = line_about(said, "b")
    assert "for a reason that is not the scan's" in line
    assert "masters/b.tif" in line
    assert how in line
    assert "start the run again" in line
    assert not collection.table(step).exists()
    assert collection.record(step, "b") is None
    assert collection.record(step, "a") is not None
    assert collection.record(step, "c") is not None, "the batch went on"
    assert collection.parts() == []


@pytest.mark.parametrize("step", READS)
def test_a_master_that_is_overwritten(
    step: str,
    fresh: Collection,
    zygote: Zygote,
    overwritten: dict[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    up_to(fresh, step)
    master = fresh.folder / "masters/b.tif"
    capsys.readouterr()
    act = in_the_middle_of(step, "b", lambda: rewritten(master))
    assert run_job(fresh, step, act) == 1
    expect_a_circumstance(fresh, step, capsys.readouterr().err, "changed")
    unchanged = masters(fresh.folder)
    assert zygote.work(fresh.folder).code == 0
    assert outcome(fresh.results) == overwritten
    assert masters(fresh.folder) == unchanged


@pytest.mark.parametrize("step", READS)
def test_a_master_that_goes_away_and_comes_back(
    step: str,
    fresh: Collection,
    zygote: Zygote,
    undisturbed: Collection,
    capsys: pytest.CaptureFixture[str],
) -> None:
    up_to(fresh, step)
    before = masters(fresh.folder)
    master = fresh.folder / "masters/b.tif"
    away = fresh.folder / "b.away"
    capsys.readouterr()
    assert run_job(fresh, step, in_the_middle_of(step, "b", lambda: master.rename(away))) == 1
    expect_a_circumstance(fresh, step, capsys.readouterr().err, "went away")
    # With its old size and time: nothing but the guard tells it from a scan that is unfit.
    away.rename(master)
    assert zygote.work(fresh.folder).code == 0
    assert outcome(fresh.results) == outcome(undisturbed.results)
    assert masters(fresh.folder) == before


@pytest.mark.slow
@pytest.mark.parametrize("step", ["examine", "cleanup", "deliver"])
def test_another_file_of_the_same_size_and_time(
    step: str, fresh: Collection, capsys: pytest.CaptureFixture[str]
) -> None:
    up_to(fresh, step)
    master = fresh.folder / "masters/b.tif"
    capsys.readouterr()
    assert run_job(fresh, step, in_the_middle_of(step, "b", lambda: replaced_and_back(master))) == 1
    expect_a_circumstance(fresh, step, capsys.readouterr().err, "changed")


@pytest.mark.slow
@pytest.mark.parametrize("after", ["ingest", "examine", "cleanup"])
def test_a_master_that_changes_between_two_jobs(
    after: str, fresh: Collection, zygote: Zygote, overwritten: dict[str, str]
) -> None:
    first = STEPS[: STEPS.index(after) + 1]
    assert zygote.work(fresh.folder, first).code == 0
    rewritten(fresh.folder / "masters/b.tif")
    # The very same run goes on with its later jobs.
    assert zygote.work(fresh.folder, STEPS[len(first) :]).code == 0
    found = outcome(fresh.results)
    # Tables speak of the master's old time until the next run.
    assert {n: s for n, s in found.items() if not n.endswith(".tsv")} == {
        n: s for n, s in overwritten.items() if not n.endswith(".tsv")
    }
    assert zygote.work(fresh.folder).code == 0
    assert outcome(fresh.results) == overwritten


def test_a_bit_that_flips_without_a_trace(fresh: Collection, zygote: Zygote) -> None:
    """In place, with size and time as they were: the disk's doing. It is not delivered."""
    assert zygote.work(fresh.folder, STEPS[:-1]).code == 0
    master = fresh.folder / "masters/b.tif"
    stat = master.stat()
    content = bytearray(master.read_bytes())
    content[-100] ^= 1
    sound = master.read_bytes()
    master.write_bytes(content)
    touch_back(master, stat)
    assert zygote.work(fresh.folder, ("deliver",)).code == 0
    record = fresh.record("deliver", "b")
    assert record is not None
    assert record["status"] == "problem"
    assert "expected the master that was ingested" in record["reason"]
    assert "make retry" in record["reason"]
    assert not (fresh.results / "plain/deliver/b.tif").exists()
    assert (fresh.results / "plain/deliver/a.tif").exists()
    # A sound copy with a new time is a change like any other; nothing is final about the problem.
    master.write_bytes(sound)
    os.utime(master)
    assert zygote.work(fresh.folder).code == 0
    assert (fresh.results / "plain/deliver/b.tif").exists()
