"""Failures that are not the scan's: how they are told from mistakes, and the line a person gets."""

from __future__ import annotations

import errno
from pathlib import Path

from restoration.errors import CircumstanceError
from restoration.storage.publish import write_failure

_OF_WRITING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})

_REMEDIES = {
    errno.EACCES: "fix the permissions and start the run again",
    errno.EMFILE: "raise the limit of open files (ulimit -n) and start the run again",
    errno.ENFILE: "raise the limit of open files (ulimit -n) and start the run again",
    errno.EIO: "check the disk or the mount and start the run again",
    errno.ESTALE: "check the disk or the mount and start the run again",
    errno.ENOTCONN: "check the disk or the mount and start the run again",
}

# What PyTorch, OpenCV and the interpreter say where memory is short but no MemoryError is raised.
_MEMORY = (
    "DefaultCPUAllocator",
    "Insufficient memory",
    "bad allocation",
    "std::bad_alloc",
    "can't start new thread",
    "Cannot allocate memory",
)


class MemoryShortageError(CircumstanceError):
    """The scan in hand needed more memory than there was; another may well fit."""


def circumstance(error: Exception) -> CircumstanceError | None:
    """What the failure says of disk, memory or device, with the file and what to do.

    None where it says nothing of them: it is the scan's own fault, or a mistake of ours.
    """
    if isinstance(error, CircumstanceError):
        return error
    text = " ".join(str(error).split())
    if isinstance(error, MemoryError) or _says_memory(error, text):
        return MemoryShortageError(
            f"out of memory ({text or 'no more could be had'}); give the job more memory, or run "
            "fewer jobs at a time"
        )
    if not isinstance(error, OSError) or error.errno is None:
        return None
    where = error.filename or "a file"
    if error.errno in _OF_WRITING:
        return write_failure(Path(where), error)
    if error.errno in _REMEDIES:
        return CircumstanceError(f"{where}: {error.strerror}; {_REMEDIES[error.errno]}")
    return None


def _says_memory(error: Exception, text: str) -> bool:
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return any(words in text for words in _MEMORY)
