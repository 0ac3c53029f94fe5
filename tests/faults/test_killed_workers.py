"""Workers killed at seeded moments of every step: nothing is lost but the scan in hand."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from faults.workers import STEPS, Collection, Zygote, masters_untouched, outcome

MOMENTS = 100
SEED = 7


def position(collection: Collection, scans: int) -> tuple[str, int]:
    """The step that was in hand, and how many scans it had finished."""
    for step in STEPS:
        if not collection.table(step).exists():
            folder = collection.table(step).parent
            return step, len(list(folder.glob("*.json")))
    return "end", scans


def scans_of(names: set[str]) -> set[str]:
    return {name.rpartition("/")[2] for name in names}


@pytest.mark.slow
def test_a_hundred_kills(
    template: Collection,
    zygote: Zygote,
    undisturbed: Collection,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    wanted = outcome(undisturbed.results)
    took = zygote.work(template.fresh(tmp_path / "timed").folder).seconds
    total = undisturbed.records()
    draw = random.Random(SEED)
    hit: Counter[tuple[str, int]] = Counter()
    with_parts = most_repeated = 0
    for number in range(MOMENTS):
        collection = template.fresh(tmp_path / str(number))
        with masters_untouched(collection.folder):
            # Counted in records, the kills spread over the run whatever else the machine does.
            records, later = number * total // MOMENTS, draw.uniform(0, 1.5 * took / total)
            moment = f"{later:.3f} s after {records} records"
            ended = zygote.work(collection.folder, records=records, after=later)
            where = position(collection, 3)
            hit[where] += 1
            with_parts += bool(collection.parts())
            before = collection.stamps()
            again = zygote.work(collection.folder)
            assert again.code == 0, again.said
            repeated = scans_of(collection.written_since(before) & _names(before))
            most_repeated = max(most_repeated, len(repeated))
            assert len(repeated) <= 1, f"killed {moment}: {repeated}"
            assert outcome(collection.results) == wanted, f"killed {moment}"
            assert collection.parts() == []
        # It may have ended by itself only where everything was done.
        assert ended.code in {-signal.SIGKILL, 0 if where == ("end", 3) else -signal.SIGKILL}
    with capsys.disabled():
        print(
            f"\n{MOMENTS} kills in {took:.2f} s of work: {len(hit)} positions {sorted(hit)}, "
            f"{hit['end', 3]} after the end, {with_parts} with a partial file, at most "
            f"{most_repeated} scan repeated"
        )
    assert {step for step, _ in hit} >= set(STEPS) - {"ingest"}
    assert len(hit) >= 12
    assert hit["end", 3] <= MOMENTS // 5
    assert with_parts > 0


def _names(stamps: dict[str, tuple[int, int]]) -> set[str]:
    """As ``written_since`` names them."""
    return {str(Path(name).with_suffix("")) for name in stamps}


def test_one_run_killed_again_and_again(
    fresh: Collection, zygote: Zygote, undisturbed: Collection
) -> None:
    draw = random.Random(SEED)
    positions = set()
    with masters_untouched(fresh.folder):
        for number in range(1, 7):
            before = fresh.stamps()
            records = number * undisturbed.records() // 7
            zygote.work(fresh.folder, records=records, after=draw.uniform(0, 0.1))
            positions.add(position(fresh, 3))
            repeated = scans_of(fresh.written_since(before) & _names(before))
            assert len(repeated) <= 1
        ended = zygote.work(fresh.folder)
    assert ended.code == 0, ended.said
    assert len(positions) >= 4, "the kills all hit the same place"
    assert outcome(fresh.results) == outcome(undisturbed.results)
    assert fresh.parts() == []


def test_what_a_killed_worker_left_is_removed_and_what_runs_is_not(
    fresh: Collection, zygote: Zygote
) -> None:
    assert zygote.work(fresh.folder, ("ingest", "examine")).code == 0
    folder = fresh.results / "plain/cleanup"
    folder.mkdir(parents=True)
    host = socket.gethostname()
    # Above any number that a process can have.
    dead = folder / f"a.tif.{host}.4194305.part"
    marked = folder / f"masks/a.tif.{host}.4194305.0123456789abcdef.part"
    marked.parent.mkdir()
    alive = folder / f"b.tif.{host}.{os.getpid()}.part"
    elsewhere = folder / "c.tif.another-host.4194305.part"
    # Ended, and nobody has waited for it.
    with subprocess.Popen(["true"]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        unawaited = folder / f"d.tif.{host}.{child.pid}.0123456789abcdef.part"
        # Its number has come to name a process that began later.
        earlier = folder / f"c.tif.{host}.{os.getppid()}.part"
        for part in (dead, marked, unawaited, earlier, alive, elsewhere):
            part.write_bytes(b"half")
        os.utime(earlier, (0, 0))
        ended = zygote.work(fresh.folder, ("cleanup",))
    assert ended.code == 0
    assert "removed what killed workers left unfinished: 4 files" in ended.said
    assert fresh.parts() == sorted([alive, elsewhere])
