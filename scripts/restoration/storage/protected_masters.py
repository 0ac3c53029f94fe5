"""The masters that a process may on no account write: known by device and inode, not by name.

A link, another way to the same folder, or a file system that does not tell upper case from lower
leads to a master under a name that no sheet holds; its inode is the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from restoration.errors import CircumstanceError

REMEDY = (
    "masters are never written: copy them into a folder of their own, or name another folder with "
    "`results`"
)


class MasterInTheWayError(CircumstanceError):
    """A file that was to be replaced, renamed, linked or deleted is a master."""


_protected: dict[int, list[str]] = {}
"""Paths of masters by the inodes that they were found under. An inode alone proves nothing: it may
have come to name another file, so that the path is looked at once more before anything is refused.
"""


def protect(masters: Iterable[tuple[str, int]]) -> None:
    """Refuse from now on to touch these masters; each is a path and an inode, 0 where unknown."""
    for path, inode in masters:
        if inode and path not in (known := _protected.setdefault(inode, [])):
            known.append(path)


def protect_as_they_are(paths: Iterable[str]) -> None:
    """The same for masters as they lie there now; those that are missing need no protection."""
    protect((path, inode) for path in paths for inode in inodes_of(path))


def inodes_of(path: str) -> Iterator[int]:
    """Inode of the file, and of the link where the path itself is one; none where it is missing."""
    with suppress(OSError):
        found = os.lstat(path)
        yield found.st_ino
        with suppress(OSError):
            if (led_to := os.stat(path)).st_ino != found.st_ino:  # noqa: PTH116
                yield led_to.st_ino


def master_at(path: Path | str) -> str | None:
    """The path of the protected master that this file is; None where it is none, or is missing."""
    if not _protected:
        return None
    try:
        found = os.lstat(path)
    except OSError:
        return None
    for master in _protected.get(found.st_ino, ()):
        for look in (os.stat, os.lstat):
            with suppress(OSError):
                if os.path.samestat(look(master), found):
                    return master
    return None


def refuse_master(path: Path | str) -> None:
    """Raises MasterInTheWayError where this file is a master."""
    master = master_at(path)
    if master is not None:
        other = f" (the master '{master}')" if str(path) != master else ""
        raise MasterInTheWayError(f"{path}: is a master{other} and is left as it is; {REMEDY}")
