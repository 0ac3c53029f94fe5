"""Files that are made on a disk of the node and copied to the results when they are finished.

A network file system is slow where a file is written in pieces, and read back to be checked. With
``scratch: true`` a worker makes images and deliverables in a folder of its own below the node's
temporary folder, copies each under its ``.part`` name, flushes it, reads the copy back and compares
its SHA-256 with that of what was copied. The bytes are the same either way.

The folder is held by a lock of the kernel for as long as the worker lives; folders of dead workers
of this host are deleted by the next one.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from restoration.errors import CircumstanceError

PREFIX = "restoration-scratch-"

CHUNK = 8 * 2**20

MARGIN = 64 * 2**20
"""Bytes that must stay free beside the file that is about to be made."""

_YOUNG = 60.0
"""Seconds in which a folder without a lock may be one that its worker has only just made."""


class ScratchError(CircumstanceError):
    """Making or copying a file on the scratch disk failed; without it the file may still come."""


@dataclass(frozen=True)
class Scratch:
    """A folder of this process's own."""

    folder: Path
    descriptor: int

    def free(self) -> int:
        return shutil.disk_usage(self.folder).free


_scratch: Scratch | None = None
"""Of this process; None where files are made in their place."""

_told: set[str] = set()
"""What was said already: one line serves for a whole batch."""


def use_scratch(parent: Path) -> None:
    """Make files below ``parent`` from now on; where it cannot be used, say so and do without."""
    global _scratch  # noqa: PLW0603 (one folder for the process, as its temporary folder is)
    try:
        delete_leftovers(parent)
        folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{socket.gethostname()}-", dir=parent))
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        _say(f"'{parent}' cannot be used ({error.strerror}); files are made in the results", "use")
        return
    _scratch = Scratch(folder, descriptor)
    atexit.register(leave_scratch)


def leave_scratch() -> None:
    """Make files in their place from now on; the folder goes."""
    global _scratch  # noqa: PLW0603
    if _scratch is not None:
        shutil.rmtree(_scratch.folder, ignore_errors=True)
        os.close(_scratch.descriptor)
        _scratch = None


def delete_leftovers(parent: Path) -> None:
    """Delete the folders of workers of this host that died. Raises OSError where ``parent`` cannot
    be read."""
    for folder in list(parent.iterdir()):
        if not folder.name.startswith(f"{PREFIX}{socket.gethostname()}-"):
            continue
        # Another user's, or one that another worker is deleting.
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _YOUNG and _is_dead(folder):
                shutil.rmtree(folder)


def _is_dead(folder: Path) -> bool:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


@contextmanager
def made_beside(part: Path, most: int | None) -> Iterator[Path]:
    """Yields where to make the file that is to lie at ``part``: there, or on the scratch disk, from
    which it is copied when the block ends well.

    most: bytes that it may take; None for files too small to be made elsewhere. Raises ScratchError
    where the scratch disk fails or the block raises OSError, OSError where the results do, and what
    else the block raises.
    """
    if _scratch is None or most is None or not _has_room(_scratch, most):
        yield part
        return
    made = _scratch.folder / part.name
    try:
        try:
            yield made
        except OSError as error:
            raise ScratchError(f"scratch: {made}: {error.strerror or error}") from error
        _copy(made, part)
    finally:
        with suppress(OSError):
            made.unlink(missing_ok=True)


def _has_room(scratch: Scratch, most: int) -> bool:
    try:
        free = scratch.free()
    except OSError:
        return False
    if most + MARGIN <= free:
        return True
    _say(
        f"'{scratch.folder.parent}' has too little room ({free / 1e9:.1f} GB, {most / 1e9:.1f} GB "
        "asked for); such files are made in the results",
        "room",
    )
    return False


def _copy(made: Path, part: Path) -> None:
    """Copy a finished file and flush it. Raises OSError where the results cannot be written,
    ScratchError where the copy, read back, is not what was read."""
    digest = hashlib.sha256()
    with made.open("rb") as source, part.open("wb") as target:
        while piece := source.read(CHUNK):
            digest.update(piece)
            target.write(piece)
        target.flush()
        os.fsync(target.fileno())
        # Read back from the disk, or its server, and not from our own memory.
        os.posix_fadvise(target.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    with part.open("rb") as copy:
        found = hashlib.file_digest(copy, "sha256")
    if found.digest() != digest.digest():
        raise ScratchError(
            f"scratch: {part}: expected the SHA-256 of what was copied, {digest.hexdigest()}, "
            f"found {found.hexdigest()}; check the disks"
        )


def _say(text: str, what: str) -> None:
    if what not in _told:
        _told.add(what)
        sys.stderr.write(f"scratch: {text}\n")
