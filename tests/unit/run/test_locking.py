"""One run at a time: holders that live, that died, and that are on other hosts."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from restoration.errors import CircumstanceError, ConfigError
from restoration.run import lock as locking
from restoration.run.lock import LockedBy, lock_results, locked_by, unlock_results
from support.own_processes import HOLD, SCRIPTS, start

HERE = LockedBy(os.getpid(), socket.gethostname())


@pytest.fixture
def results(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    unlock_results(tmp_path)


def left_by(results: Path, text: str, seconds_ago: float = 0.0) -> None:
    lock = results / ".lock"
    lock.write_text(text)
    at = time.time() - seconds_ago
    os.utime(lock, (at, at))


def test_results_are_locked_until_the_holder_dies(results: Path) -> None:
    holder, said = start(HOLD, str(results))
    assert said == "held"
    with pytest.raises(ConfigError, match=rf"another run \(process {holder.pid} on "):
        lock_results(results)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert locked_by(results) == LockedBy(holder.pid, socket.gethostname())
    lock_results(results)
    assert locked_by(results) == HERE


def test_a_lock_that_was_given_back_names_nobody(results: Path) -> None:
    lock_results(results)
    unlock_results(results)
    assert locked_by(results) is None
    assert [path.name for path in results.iterdir()] == [".lock"]


def test_a_process_that_ends_well_gives_its_lock_back(results: Path) -> None:
    code = HOLD.replace("time.sleep(60)", "")
    subprocess.run(
        [sys.executable, "-c", code, str(results)],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        check=True,
        capture_output=True,
    )
    assert (results / ".lock").read_text() == ""


def test_a_holder_on_another_host_that_gives_signs_of_life_is_left_alone(results: Path) -> None:
    left_by(results, "77 elsewhere\n", seconds_ago=60)
    with pytest.raises(ConfigError) as caught:
        lock_results(results)
    said = str(caught.value)
    assert "another run (process 77 on elsewhere) is working" in said
    assert "where it was killed, its lock is free in 1" in said
    assert (results / ".lock").read_text() == "77 elsewhere\n"


def test_a_holder_on_another_host_that_fell_silent_is_followed(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left_by(results, "77 elsewhere\n", seconds_ago=400)
    lock_results(results)
    said = capsys.readouterr().err
    assert "from process 77 on elsewhere, which gave no sign of life for 6 min 40 s" in said
    assert locked_by(results) == HERE


def test_silence_is_told_by_the_clock_of_the_file_system_alone(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_by(results, "77 elsewhere\n", seconds_ago=60)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert 59 < locking.silence(results) < 65


def without_locks(monkeypatch: pytest.MonkeyPatch, number: int = errno.ENOLCK) -> None:
    def flock(descriptor: int, operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)


def test_without_the_kernels_locks_a_living_process_is_seen(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without_locks(monkeypatch)
    left_by(results, f"{os.getppid()} {socket.gethostname()}\n")
    with pytest.raises(ConfigError, match=rf"process {os.getppid()} on "):
        lock_results(results)
    assert f"file locks do not work in '{results}'" in capsys.readouterr().err


def test_without_the_kernels_locks_a_dead_process_is_seen_too(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_locks(monkeypatch)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left_by(results, f"{ended.pid} {socket.gethostname()}\n")
    lock_results(results)
    assert locked_by(results) == HERE


def test_a_disk_that_fails_is_no_missing_lock_service(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_locks(monkeypatch, errno.EIO)
    with pytest.raises(CircumstanceError, match="cannot be written"):
        lock_results(results)


def test_a_holder_touches_its_lock(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "BEAT", 0.01)
    lock_results(results)
    os.utime(results / ".lock", (1e9, 1e9))
    deadline = time.monotonic() + 10
    while (results / ".lock").stat().st_mtime == 1e9:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_holder_that_was_followed_stops(results: Path) -> None:
    faster = "import restoration.run.lock as own; own.BEAT = 0.05\n"
    quick = HOLD.replace("lock_results(Path", f"{faster}lock_results(Path")
    holder, _ = start(quick, str(results))
    (results / ".lock").write_text("77 elsewhere\n")
    assert holder.wait(timeout=20) == -signal.SIGTERM
    assert locked_by(results) == LockedBy(77, "elsewhere")
