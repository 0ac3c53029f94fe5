"""Partial files of workers that were killed: nobody takes them for results, but they fill disks.

Their names end in ``.HOST.PROCESS.RANDOM.part``. Only a host itself knows whether a process of it
still runs, so what other hosts left stays until a job runs there; ``make verify`` lists it.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from restoration.errors import CircumstanceError
from restoration.storage.processes import is_alive
from restoration.storage.publish import unlink

_PROCESS = re.compile(r"\.(\d+)(?:\.[0-9a-f]{16})?\.part$")
"""Earlier versions put nothing behind the number."""


def remove_leftovers(folders: Iterable[Path]) -> int:
    """Remove what dead processes of this host left in these folders; returns how many files.

    To be called before this process writes there: what bears its own number is then an earlier
    one's. What cannot be removed stays, since it harms no result.
    """
    return _remove(
        path
        for path, process in _parts(folders)
        if process == os.getpid() or not _is_written(path, process)
    )


def remove_own(folders: Iterable[Path]) -> int:
    """Remove what this very process has not finished; for the moment before it ends."""
    return _remove(path for path, process in _parts(folders) if process == os.getpid())


def _parts(folders: Iterable[Path]) -> Iterator[tuple[Path, int]]:
    """The partial files of this host, with their processes."""
    host = f".{socket.gethostname()}"
    for folder in folders:
        try:
            with os.scandir(folder) as entries:
                names = [entry.name for entry in entries if entry.name.endswith(".part")]
        except OSError:
            continue
        for name in names:
            found = _PROCESS.search(name)
            if found and name[: found.start()].endswith(host):
                yield folder / name, int(found[1])


def _is_written(path: Path, process: int) -> bool:
    """Whether the process that its name bears may still be writing a file."""
    try:
        return is_alive(process, path.stat().st_mtime)
    except OSError:
        # Its process has just published or removed it.
        return True


def _remove(paths: Iterable[Path]) -> int:
    count = 0
    for path in paths:
        with suppress(OSError, CircumstanceError):
            unlink(path)
            count += 1
    return count
