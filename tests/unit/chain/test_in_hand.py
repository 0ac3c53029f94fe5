"""A scan that takes its worker down: the batch is finished, and nothing else condemns a scan."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from restoration.chain.crash_guard import STRIKES, CrashGuard
from restoration.storage.records import read_raw
from restoration.storage.tables import read_table

TESTS = Path(__file__).resolve().parents[2]
PATHS = os.pathsep.join([str(TESTS.parent / "scripts"), str(TESTS)])

START = """
import json, os, signal, sys, time
from pathlib import Path
from restoration.errors import ScanError
from restoration.chain.crash_guard import stand_by

folder, behaviour = Path(sys.argv[1]), json.loads(sys.argv[2])
hand = stand_by()
with (folder / "workers").open("a") as file:
    file.write(f"{os.getpid()}\\n")

def behave(scan):
    does = behaviour.get(scan)
    if does == "sleep":
        time.sleep(60)
    elif does == "once":
        if not (folder / "crashed").exists():
            (folder / "crashed").touch()
            os.kill(os.getpid(), signal.SIGSEGV)
    elif does is not None:
        os.kill(os.getpid(), getattr(signal, does))
"""

LOOP = """
scans = ["a", "b", "c", "d"]
for at in hand.order(scans, "ingest"):
    scan = scans[at]
    if not (folder / f"{scan}.txt").exists():
        try:
            hand.take_up(scan, "ingest")
            behave(scan)
            (folder / f"{scan}.txt").write_text("done")
            hand.count_finished()
        except ScanError as error:
            (folder / f"{scan}.txt").write_text(str(error))
        hand.put_down()
"""

BATCH = """
import dataclasses
from restoration.plan.make_plan import make_plan
from restoration.run.batch import run_batch
from restoration.chain.job_tools import make_job_tools
from support.written_records import master_of

plan = make_plan({
    "scans": str(folder / "scans.tsv"), "results": str(folder / "results"), "device": "cpu",
    "recipes": {"archive": {"stages": {}}}, "examine": {"faces": "off"},
})
workshop = make_job_tools(plan, threads=1, hand=hand)

def inspect(path, limits):
    behave(path.stem)
    return master_of()

workshop = dataclasses.replace(workshop, inspect=inspect)
sys.exit(run_batch(plan, None, "ingest", "all", workshop, table=folder / "table.tsv"))
"""


def command(folder: Path, then: str = LOOP, **behaviour: str) -> list[str]:
    return [sys.executable, "-c", START + then, str(folder), json.dumps(behaviour)]


def run(folder: Path, then: str = LOOP, **behaviour: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(folder, then, **behaviour),
        env={**os.environ, "PYTHONPATH": PATHS},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def said(folder: Path) -> dict[str, str]:
    """What the worker left of each scan: done, or the problem."""
    return {path.stem: path.read_text() for path in sorted(folder.glob("*.txt"))}


def workers(folder: Path) -> int:
    """How many there were, one after the other."""
    return len((folder / "workers").read_text().split())


def test_a_scan_that_crashes_its_worker_is_a_row_and_the_others_are_done(tmp_path: Path) -> None:
    for name in "abcd":
        (tmp_path / f"{name}.tif").touch()
    lines = ["scan\tpath\tbatch", *(f"{name}\t{name}.tif\tall" for name in "abcd"), ""]
    (tmp_path / "scans.tsv").write_text("\n".join(lines))
    done = run(tmp_path, BATCH, b="SIGSEGV")
    assert done.returncode == 0, done.stderr
    rows = {row.scan: row for row in read_table(tmp_path / "table.tsv")}
    assert list(rows) == ["a", "b", "c", "d"]
    assert [row.status for row in rows.values()] == ["done", "problem", "done", "done"]
    assert f"crashed on it {STRIKES} times (SIGSEGV)" in rows["b"].reason
    assert "make retry SCAN=b" in rows["b"].reason
    record = read_raw(tmp_path / "results/ingest/b.json")
    assert record is not None
    assert record["status"] == "problem"


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE"])
def test_a_crash_is_tried_again_before_the_scan_is_given_up(tmp_path: Path, name: str) -> None:
    done = run(tmp_path, b=name)
    assert done.returncode == 0, done.stderr
    found = said(tmp_path)
    assert f"({name})" in found.pop("b")
    assert found == dict.fromkeys("acd", "done")
    assert workers(tmp_path) == STRIKES + 1


def test_two_of_them_beside_each_other_do_not_end_the_batch(tmp_path: Path) -> None:
    assert run(tmp_path, a="SIGSEGV", b="SIGSEGV").returncode == 0
    assert [text == "done" for text in said(tmp_path).values()] == [False, False, True, True]


def test_where_no_scan_gets_through_no_scan_is_given_up(tmp_path: Path) -> None:
    done = run(tmp_path, **dict.fromkeys("abcd", "SIGSEGV"))
    assert done.returncode == 1
    assert "no scan is given up" in done.stderr
    assert said(tmp_path) == {}


def test_a_crash_that_does_not_come_again_costs_nothing(tmp_path: Path) -> None:
    assert run(tmp_path, b="once").returncode == 0
    assert said(tmp_path) == dict.fromkeys("abcd", "done")
    assert workers(tmp_path) == 2


def test_a_crash_with_nothing_in_hand_is_no_scans(tmp_path: Path) -> None:
    done = run(tmp_path, "os.kill(os.getpid(), signal.SIGSEGV)")
    assert done.returncode == -signal.SIGSEGV
    assert workers(tmp_path) == 1


def test_what_the_scan_waits_for_is_not_its_own() -> None:
    hand = CrashGuard()
    hand.take_up("a", "cleanup")
    with hand.nothing():
        assert hand.what is None
    assert hand.what == ("a", "cleanup")
    hand.put_down()
    assert hand.what is None


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_what_others_send_condemns_no_scan(tmp_path: Path, name: str) -> None:
    done = run(tmp_path, b=name)
    assert done.returncode == -getattr(signal, name)
    assert said(tmp_path) == {"a": "done"}
    assert workers(tmp_path) == 1


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_worker_and_the_process_that_waits_end_together(tmp_path: Path, name: str) -> None:
    waiting = subprocess.Popen(
        command(tmp_path, b="sleep"), env={**os.environ, "PYTHONPATH": PATHS}
    )
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "a.txt").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        (worker,) = psutil.Process(waiting.pid).children()
        waiting.send_signal(getattr(signal, name))
        assert waiting.wait(30) == -getattr(signal, name)
        psutil.wait_procs([worker], 30)
        assert not worker.is_running()
    finally:
        waiting.kill()
        waiting.wait()
