"""Whether the files that a scan is made from stay what they were while they are read.

A result is only ever published under the key of what was really read: a master that changed under
the reading, or an intermediate that the disk has altered, must not become a deliverable.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from restoration.errors import CircumstanceError, ScanError
from restoration.storage.publish import sha256_of

MISSING = "missing"


def signature(path: str) -> str:
    """Size and modification time of a master, or that it is missing."""
    try:
        found = os.stat(path)  # noqa: PTH116 (once for each of 100,000 masters)
    except OSError:
        return MISSING
    return f"{found.st_size}:{found.st_mtime_ns}"


class AlteredMasterError(ScanError):
    """A master has another content than at its ingest, though its size and time are the same."""


def is_intact(path: Path, sha256: str) -> bool:
    """Whether a file is there with the content that its record states; reads all of it.

    Raises OSError where the disk or the mount fails.
    """
    try:
        return sha256_of(path) == sha256
    except FileNotFoundError:
        return False


@contextmanager
def steady(master: str, ingested: str, images: Mapping[Path, str]) -> Iterator[None]:
    """Around work that reads a master and the intermediates of its scan.

    ingested: the master's ``signature`` in the record of its ingest; images: SHA-256 of each
    intermediate that the work has read, which may grow meanwhile.

    Raises CircumstanceError where the master is not the one that was ingested, before or after the
    work, and where the work failed for a reason that lies in an intermediate: such a failure is
    none of the scan's. What changes back within the work, with its old size, time and inode, is
    not seen here; delivery compares the SHA-256 as well.
    """
    before = _inode(master)
    _same_master(master, ingested, before, before)
    try:
        yield
    except ScanError as error:
        _same_master(master, ingested, before, _inode(master))
        for path, sha256 in images.items():
            if not is_intact(path, sha256):
                raise CircumstanceError(
                    f"{path}: was damaged or went away while it was read ({error}); check the disk "
                    "or the mount and start the run again, which makes it anew"
                ) from error
        raise
    _same_master(master, ingested, before, _inode(master))


def _inode(path: str) -> tuple[int, int] | None:
    """Another one where a file was replaced, even by one of the same size and time."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _same_master(
    path: str, ingested: str, before: tuple[int, int] | None, after: tuple[int, int] | None
) -> None:
    found = signature(path)
    if found == ingested and before == after:
        return
    how = "went away" if found == MISSING else "changed"
    remedy = "put it back" if found == MISSING else "wait until it is copied completely"
    raise CircumstanceError(
        f"{path}: the master {how} while it was worked on; {remedy} and start the run again"
    )
