"""A short fuzz of fixed cases, one of each kind and some more; `make fuzz` takes others."""

from __future__ import annotations

import itertools
import os
import pickle
import socket
import subprocess
from pathlib import Path

import numpy as np
import pytest

from fuzz.guard import ForbiddenError, Guard, snapshot
from fuzz.run import fuzz, order

SEED = 7
CASES = 14


def test_hostile_input_ends_as_a_deliverable_a_problem_or_a_mistake_of_the_config() -> None:
    tally = fuzz(itertools.islice(order(SEED), CASES), SEED, seconds=300, quiet=True)
    assert [f"{one.kind}:{one.number} {one.outcome}" for one in tally.violations()] == []
    words = {one.word for one in tally.ended}
    # The changes reach deep enough to matter, and not so deep that nothing is left.
    assert words == {"deliverable", "problem", "config", "refused"}
    assert len(tally.ended) == CASES


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Guard:
    return Guard([tmp_path_factory.getbasetemp() / "allowed"])


def test_the_guard_sees_what_is_written_run_and_sent_elsewhere(
    guard: Guard, tmp_path: Path
) -> None:
    (tmp_path / "kept").touch()
    forbidden = (
        lambda: (tmp_path / "new").write_text("x"),
        (tmp_path / "kept").unlink,
        lambda: (tmp_path / "kept").rename(tmp_path / "other"),
        lambda: subprocess.run(["true"], check=False),
        lambda: os.system("true"),
        lambda: socket.create_connection(("127.0.0.1", 9), 1),
        lambda: pickle.loads(b"cos\nsystem\n."),
    )
    for does in forbidden:
        with guard.watching(), pytest.raises(ForbiddenError):
            does()
        assert guard.seen
    with guard.watching():
        (tmp_path / "kept").read_bytes()
        np.zeros(3).sum()
    assert guard.seen == []
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_a_snapshot_sees_content_that_kept_its_size_and_time(tmp_path: Path) -> None:
    path = tmp_path / "master.tif"
    path.write_bytes(b"before")
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    before = snapshot(tmp_path)
    path.write_bytes(b"behind")
    os.utime(path, ns=times)
    assert snapshot(tmp_path) != before
