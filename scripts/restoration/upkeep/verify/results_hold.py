"""Keeping runs off the results while they are verified, without writing there."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from restoration.errors import ConfigError
from restoration.run.lock import LOCK, locked_by
from restoration.run.run_progress import read_run
from restoration.run.status import holder_of


@contextmanager
def hold_off_runs(results: Path) -> Iterator[None]:
    """Within the block no run of this host can begin. Raises ConfigError where one works already.

    Where the file system knows no locks, or there never was one, nothing is held.
    """
    descriptor = _open(results / LOCK)
    try:
        if descriptor is not None and not _share(descriptor):
            raise _refusal(results)
        if holder_of(results, read_run(results)).state == "running":
            raise _refusal(results)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _open(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None


def _share(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _refusal(results: Path) -> ConfigError:
    return ConfigError(
        f"results: another run ({locked_by(results) or 'process unknown'}) is working in "
        f"'{results}'; what it has in hand cannot be verified: wait for it"
    )
