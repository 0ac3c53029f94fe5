"""The one door through which a run's files are made, replaced, renamed and deleted.

A file is written beside its place, flushed to disk and renamed, so that what bears the final name
is whole. Whatever is about to go, be it replaced or deleted, is looked at first: a master is
refused (``protected_masters``). What is written in place, as logs are, is opened without following
a link, and only where it has no second name elsewhere.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from restoration.errors import CircumstanceError
from restoration.storage.protected_masters import refuse_master
from restoration.storage.scratch_disk import made_beside

HASH_CHUNK = 8 * 2**20

_REMEDIES = {
    errno.ENOSPC: "free space on that disk, or name another folder with `results`",
    errno.EDQUOT: "ask for more quota, or name another folder with `results`",
    errno.EFBIG: "raise the file size limit, or choose a file system that takes such files",
    errno.EROFS: "mount it for writing, or name another folder with `results`",
    errno.EACCES: "fix the permissions of the folder, or name another one with `results`",
    errno.EPERM: "fix the permissions of the folder, or name another one with `results`",
    errno.ENOENT: "the folder went away: check the mount and start the run again",
}
_LINKED = frozenset({errno.ELOOP, errno.EMLINK, errno.ENXIO})
"""What the system says of a name that is a link, or a pipe, and not to be followed."""

_OTHERWISE = "check the disk or the mount and start the run again"


def write_failure(path: Path, error: OSError) -> CircumstanceError:
    """The one line about a file that could not be written: which, why, what to do."""
    remedy = _REMEDIES.get(error.errno or 0, _OTHERWISE)
    return CircumstanceError(f"{path}: cannot be written ({error.strerror or error}); {remedy}")


def part_name(path: Path) -> Path:
    """A name beside ``path`` that nobody else uses and nobody can foresee.

    Host and process stand in it, so that what a dead worker left can be told (``partial_files``).
    """
    mark = f"{socket.gethostname()}.{os.getpid()}.{secrets.token_hex(8)}"
    return path.with_name(f"{path.name}.{mark}.part")


def new_part(path: Path) -> Path:
    """A new, empty file under such a name. Raises OSError, also where the name is taken."""
    part = part_name(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    os.close(os.open(part, flags, 0o666))
    return part


@contextmanager
def published(path: Path, most: int | None = None, *, folder: bool = True) -> Iterator[Path]:
    """Yields the name to write to; ``path`` appears when the block ends well, whole or not at all.

    most: bytes that the file may take, where it may be made on a scratch disk (``made_beside``).
    folder: whether the folder is flushed as well, so that the name outlives a power cut.

    Raises CircumstanceError where the disk fails or ``path`` is a master; whatever is raised, no
    partial file stays behind.
    """
    # Before the work as well as after it: that may take hours.
    refuse_master(path)
    part: Path | None = None
    try:
        part = new_part(path)
        with made_beside(part, most) as made:
            yield made
        _flush(part)
        replace(part, path)
        if folder:
            _flush(path.parent)
    except OSError as error:
        raise write_failure(path, error) from error
    finally:
        # A read-only file system refuses this too, and that must not hide what went wrong.
        if part is not None:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def replace(part: Path, path: Path) -> None:
    """``Path.replace`` for everything but masters. Raises OSError, MasterInTheWayError."""
    refuse_master(path)
    part.replace(path)


def rename(path: Path, target: Path) -> None:
    """``Path.rename``, likewise; a master keeps its name, too."""
    refuse_master(path)
    refuse_master(target)
    path.rename(target)


def unlink(path: Path, *, missing_ok: bool = False) -> None:
    """``Path.unlink``, likewise."""
    refuse_master(path)
    path.unlink(missing_ok=missing_ok)


def linked(there: Path, here: Path) -> bool:
    """Whether ``here`` is now a second name of the file ``there``; False where the file system
    makes none. Raises MasterInTheWayError where either is a master."""
    if there == here:
        return True
    refuse_master(there)
    refuse_master(here)
    part = part_name(here)
    try:
        here.parent.mkdir(parents=True, exist_ok=True)
        part.hardlink_to(there)
        part.replace(here)
    except OSError:
        return False
    finally:
        # Of two names of one file a rename leaves both.
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return True


def opened_to_append(path: Path) -> int:
    """A descriptor that appends to a log, a file of its own.

    A link is not followed, and a file that has a second name elsewhere is not written: such a name
    is taken away, the other file stays as it is, and the log begins anew. Raises OSError,
    MasterInTheWayError.
    """
    refuse_master(path)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags, 0o666)
    except OSError as error:
        if error.errno not in _LINKED:
            raise
    else:
        if is_own(os.fstat(descriptor)):
            return descriptor
        os.close(descriptor)
    unlink(path)
    return os.open(path, flags | os.O_EXCL, 0o666)


def opened_anew(path: Path) -> int:
    """A descriptor that writes a new file; what bears the name goes, and no link is followed.

    Raises OSError, MasterInTheWayError.
    """
    unlink(path, missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(path, flags, 0o666)


def is_own(found: os.stat_result) -> bool:
    """Whether a file is a plain one that has no other name."""
    return stat.S_ISREG(found.st_mode) and found.st_nlink <= 1


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
