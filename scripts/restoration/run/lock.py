"""One run at a time over one folder of results, also where its workers are on several hosts.

Three things tell that a lock is held. The kernel's own lock on ``.lock`` is freed when its process
dies, however it dies; but on a shared file system it may hold for one host only, or not exist. So
the file also names host and process, and the holder touches it every ``BEAT`` seconds. Times are
compared with that of a file just touched in the same folder: both are the file server's.

Parsed with the Snakefile, so it knows no torch, no OpenCV and no NumPy.
"""

from __future__ import annotations

import atexit
import errno
import fcntl
import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from restoration.errors import CircumstanceError, ConfigError
from restoration.run.job_progress import duration
from restoration.storage.processes import is_alive
from restoration.storage.publish import is_own, new_part, write_failure

LOCK = ".lock"

BEAT = 30.0
"""Seconds between two signs of life of a holder."""

STALE = 180.0
"""Seconds without a sign of life after which the holder on another host counts as gone."""

_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL})
"""What a file system says that knows no locks, or whose lock service is down."""


@dataclass(frozen=True)
class LockedBy:
    """What a lock file says of its holder."""

    process: int
    host: str | None
    """None in a file of an earlier version, which named the process alone."""

    @property
    def here(self) -> bool:
        """Whether that is a process of this host."""
        return self.host in (None, socket.gethostname())

    def __str__(self) -> str:
        return f"process {self.process}" + (f" on {self.host}" if self.host else "")


@dataclass(frozen=True)
class _Held:
    descriptor: int
    ended: threading.Event


_held: dict[Path, _Held] = {}
"""Locks that this process holds until it ends, however it ends."""


def lock_results(results: Path) -> None:
    """Hold the results against a second run until this process ends.

    Also shows that the folder can be written. Raises ConfigError where another run holds it, or
    the lock is a link to some other file, CircumstanceError where it cannot be written.
    """
    if results in _held:
        return
    lock = results / LOCK
    try:
        results.mkdir(parents=True, exist_ok=True)
        descriptor = _opened(lock)
    except OSError as error:
        raise CircumstanceError(
            f"results: '{results}' cannot be written ({error.strerror}); choose another folder "
            "or fix its permissions"
        ) from None
    if not is_own(os.fstat(descriptor)):
        os.close(descriptor)
        raise _not_ours(lock)
    try:
        known_to_kernel = _take(descriptor, results)
        _refuse_living(results, known_to_kernel)
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {socket.gethostname()}\n".encode(), 0)
        os.fsync(descriptor)
    except OSError as error:
        os.close(descriptor)
        raise write_failure(lock, error) from None
    except ConfigError:
        os.close(descriptor)
        raise
    held = _Held(descriptor, threading.Event())
    _held[results] = held
    threading.Thread(target=_beat, args=(lock, held), name="lock-beat", daemon=True).start()
    atexit.register(unlock_results, results)


def _opened(lock: Path) -> int:
    """A descriptor of the lock file; a link is not followed, since the lock is emptied and written.

    Raises ConfigError where it is a link, OSError where it cannot be opened.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        return os.open(lock, flags, 0o644)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise _not_ours(lock) from None
        raise


def _not_ours(lock: Path) -> ConfigError:
    return ConfigError(
        f"results: '{lock}' is a link to another file, or no plain file; expected a file of its "
        "own, which a run empties and writes: delete the link"
    )


def unlock_results(results: Path) -> None:
    """Give the lock back before the process ends; nothing where it is not held.

    The file is emptied, so that no other host waits for a sign of life that never comes.
    """
    held = _held.pop(results, None)
    if held is None:
        return
    held.ended.set()
    with suppress(OSError):
        if locked_by(results) == _ourselves():
            os.truncate(held.descriptor, 0)
    os.close(held.descriptor)


def locked_by(results: Path) -> LockedBy | None:
    """Whom the lock file names, dead or alive; None where it names nobody."""
    try:
        cells = (results / LOCK).read_text(encoding="utf-8").split()
        return LockedBy(int(cells[0]), cells[1] if len(cells) > 1 else None)
    except (OSError, ValueError, IndexError):
        return None


def silence(results: Path) -> float:
    """Seconds since the lock was last touched, by the clock of its own file system.

    Raises OSError where the folder cannot be written.
    """
    probe = new_part(results / LOCK)
    try:
        return probe.lstat().st_mtime - (results / LOCK).lstat().st_mtime
    finally:
        probe.unlink(missing_ok=True)


def _ourselves() -> LockedBy:
    return LockedBy(os.getpid(), socket.gethostname())


def _take(descriptor: int, results: Path) -> bool:
    """Take the kernel's lock; False where this file system knows none."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _refusal(results, locked_by(results)) from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        sys.stderr.write(
            f"results: file locks do not work in '{results}' ({error.strerror}); a second run is "
            f"recognised by its signs of life alone, within {STALE:.0f} s\n"
        )
        return False
    return True


def _refuse_living(results: Path, known_to_kernel: bool) -> None:
    """Raises ConfigError where the lock file names a holder that lives."""
    holder = locked_by(results)
    if holder is None or holder == _ourselves():
        return
    if holder.here:
        # A lock that the kernel let go is that of a dead process.
        if not known_to_kernel and is_alive(holder.process, (results / LOCK).stat().st_mtime):
            raise _refusal(results, holder)
        return
    quiet = silence(results)
    if abs(quiet) < STALE:
        wait = f"; where it was killed, its lock is free in {STALE - quiet:.0f} s"
        raise _refusal(results, holder, wait)
    sys.stderr.write(
        f"results: takes over '{results}' from {holder}, which gave no sign of life for "
        f"{duration(abs(quiet))}\n"
    )


def _refusal(results: Path, holder: LockedBy | None, more: str = "") -> ConfigError:
    return ConfigError(
        f"results: another run ({holder or 'process unknown'}) is working in '{results}'; wait "
        f"for it, or name another folder with `results`{more}"
    )


def _beat(lock: Path, held: _Held) -> None:
    """Touch the lock for as long as it is held; end this process where another took it over."""
    while not held.ended.wait(BEAT):
        # A server that is away for a moment is no reason to stop; it will say so by itself.
        with suppress(OSError):
            now = locked_by(lock.parent)
            if now is not None and now != _ourselves():
                sys.stderr.write(
                    f"results: {now} took '{lock.parent}' over while this process gave no sign "
                    "of life; stopping, since two runs would write the same files\n"
                )
                os.kill(os.getpid(), signal.SIGTERM)
                return
            os.utime(held.descriptor)
