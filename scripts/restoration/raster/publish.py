"""Publishing a file whole: written beside its place, flushed to disk, renamed."""

from __future__ import annotations

import errno
import hashlib
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from restoration.errors import CircumstanceError
from restoration.scratch import made_beside

HASH_CHUNK = 8 * 2**20

_REMEDIES = {
    errno.ENOSPC: "free space on that disk, or name another folder with `results`",
    errno.EDQUOT: "ask for more quota, or name another folder with `results`",
    errno.EFBIG: "raise the file size limit, or choose a file system that takes such files",
    errno.EROFS: "mount it for writing, or name another folder with `results`",
    errno.EACCES: "mend the rights of the folder, or name another one with `results`",
    errno.EPERM: "mend the rights of the folder, or name another one with `results`",
    errno.ENOENT: "the folder went away: check the mount and start the run again",
}
_OTHERWISE = "check the disk or the mount and start the run again"


def write_failure(path: Path, error: OSError) -> CircumstanceError:
    """The one line about a file that could not be written: which, why, what to do."""
    remedy = _REMEDIES.get(error.errno or 0, _OTHERWISE)
    return CircumstanceError(f"{path}: cannot be written ({error.strerror or error}); {remedy}")


def part_name(path: Path) -> Path:
    """A name beside ``path`` that no other worker on any host uses."""
    return path.with_name(f"{path.name}.{socket.gethostname()}.{os.getpid()}.part")


@contextmanager
def published(path: Path, most: int | None = None) -> Iterator[Path]:
    """Yields the name to write to; ``path`` appears when the block ends well, whole or not at all.

    most: bytes that the file may take, where it may be made on a scratch disk (``made_beside``).

    Raises CircumstanceError where the disk fails; whatever is raised, no partial file stays behind.
    """
    part = part_name(path)
    try:
        with made_beside(part, most) as made:
            yield made
        _flush(part)
        part.replace(path)
        _flush(path.parent)
    except OSError as error:
        raise write_failure(path, error) from error
    finally:
        # A read-only file system refuses this too, and that must not hide what went wrong.
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """A rename outlives a power cut only after both the file and its folder are on disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file that we wrote, lower-case hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(HASH_CHUNK):
            digest.update(piece)
    return digest.hexdigest()
