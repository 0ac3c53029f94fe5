"""Noting what is written to the results, with the SHA-256 of the bytes as they are written.

Whatever publishes a file notes it first: time, SHA-256 and path, in a journal of its own process
below ``.fixity`` of the results. No two processes share a journal. ``manifest`` reads them.
Parsed with the Snakefile, so it knows no torch, no OpenCV and no NumPy.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from dataclasses import dataclass
from pathlib import Path

FOLDER = ".fixity"
"""In the results: the list, the journals, and what was asked for again."""

JOURNAL = ".journal"

GONE = "-"
"""Stands for the SHA-256 of a file that was taken away on purpose."""


@dataclass
class _Journal:
    root: str
    process: int
    descriptor: int | None = None
    path: Path | None = None

    def add(self, path: str, sha256: str) -> None:
        line = f"{time.time_ns()} {sha256} {os.path.relpath(path, self.root)}\n".encode()
        if self.descriptor is None:
            self.descriptor = self._begin()
        os.write(self.descriptor, line)
        os.fsync(self.descriptor)

    def _begin(self) -> int:
        folder = Path(self.root, FOLDER)
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{socket.gethostname()}.{self.process}.{secrets.token_hex(4)}{JOURNAL}"
        self.path = folder / name
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(self.path, flags, 0o644)

    def is_there(self) -> bool:
        """Whether it is still found by its name: results may be replaced while a process lives."""
        if self.descriptor is None or self.path is None:
            return True
        try:
            return os.path.samestat(os.fstat(self.descriptor), self.path.stat())
        except OSError:
            return False


_journals: dict[str, _Journal] = {}
"""By the results' absolute path; of this process."""


def keep_written(results: Path) -> None:
    """From now on note what this process writes below the results."""
    root = os.path.abspath(results)  # noqa: PTH100 (links are left as they are named)
    known = _journals.get(root)
    if known is None or known.process != os.getpid() or not known.is_there():
        if known is not None and known.descriptor is not None:
            os.close(known.descriptor)
        _journals[root] = _Journal(root, os.getpid())


def note_written(path: Path, sha256: str) -> None:
    """Before a file gets its name: these are its bytes. Nothing where nobody keeps a journal.

    Raises OSError where the disk takes no line.
    """
    absolute = os.path.abspath(path)  # noqa: PTH100
    roots = [root for root in _journals if absolute.startswith(root + os.sep)]
    if roots:
        root = max(roots, key=len)
        if _journals[root].process != os.getpid():
            keep_written(Path(root))
        _journals[root].add(absolute, sha256)


def note_gone(path: Path) -> None:
    """Before a file is taken away on purpose."""
    note_written(path, GONE)
