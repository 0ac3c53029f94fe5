"""The scan in hand, known outside the worker, so that one that crashes it does not end its batch.

A library in C may fall over a hostile file and take its process along. So the worker is the child
of a process that only waits for it, and starts it anew where a crash ended it. A scan that crashed
it three times in one step is a problem of the scan. What ends a worker otherwise (SIGKILL of a
scheduler or for want of memory, SIGTERM) says nothing about a scan and ends both.

Imported before anything else of a job, so it knows no NumPy and starts no thread.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import signal
import struct
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NoReturn

from restoration.errors import ScanError

CRASHES = frozenset({signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT})
"""Signals by which a process ends itself."""

STRIKES = 3
"""Crashes over one scan in one step after which it is left; and scans after which it is no longer
believed that they are at fault, where no other got through."""

_FORWARDED = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1})
_SECONDS_BETWEEN_LOOKS = 0.1
_HEAD = struct.Struct("QI")
_PR_SET_PDEATHSIG = 1

StepOfScan = tuple[str, str]
"""Scan and step."""


@dataclass
class CrashGuard:
    """What the worker has in hand, in memory that it shares with the process that waits for it."""

    suspects: dict[StepOfScan, str] = field(default_factory=dict)
    """The signal that ended the worker, by scan and step: these are not begun again."""
    _memory: mmap.mmap = field(default_factory=lambda: mmap.mmap(-1, 4096), repr=False)

    def take_up(self, scan: str, step: str) -> None:
        """Say what is begun. Raises ScanError where it has crashed the worker too often."""
        name = self.suspects.get((scan, step))
        if name is not None:
            raise ScanError(
                f"the worker crashed on it {STRIKES} times ({name}); expected a file that every "
                "library can read, found one that ends its process: look at it with another "
                f"program, and save it anew from there; `make retry SCAN={scan}` tries it again"
            )
        self._write(json.dumps([scan, step]).encode())

    def put_down(self) -> None:
        """Nothing is in hand; what crashes now is nobody's fault."""
        self._write(b"")

    @contextmanager
    def nothing(self) -> Iterator[None]:
        """For a while nothing is in hand, and then again what was."""
        what = self.what
        self.put_down()
        yield
        if what is not None:
            self.take_up(*what)

    def count_finished(self) -> None:
        """One scan got through."""
        finished, size = _HEAD.unpack_from(self._memory)
        _HEAD.pack_into(self._memory, 0, finished + 1, size)

    @property
    def finished(self) -> int:
        """Scans that got through, of all workers of the job."""
        return int(_HEAD.unpack_from(self._memory)[0])

    @property
    def what(self) -> StepOfScan | None:
        """Scan and step in hand."""
        size = _HEAD.unpack_from(self._memory)[1]
        if size == 0:
            return None
        scan, step = json.loads(self._memory[_HEAD.size : _HEAD.size + size])
        return scan, step

    def _write(self, text: bytes) -> None:
        self._memory[_HEAD.size : _HEAD.size + len(text)] = text
        _HEAD.pack_into(self._memory, 0, self.finished, len(text))

    def order(self, scans: Sequence[str], step: str) -> list[int]:
        """Indices of the scans, those under suspicion last: until then the others have shown
        whether it is the scans that are at fault."""
        return sorted(range(len(scans)), key=lambda at: (scans[at], step) in self.suspects)


def stand_by() -> CrashGuard:
    """Returns in the worker, a new process; the one that called stays here, and ends as it ends.

    To be called before any thread is started.
    """
    hand, strikes = CrashGuard(), Counter[StepOfScan]()
    if not hasattr(signal, "sigtimedwait"):
        # As on macOS: nobody waits there, and a crash ends the job.
        return hand
    parent = os.getppid()
    watched = _FORWARDED | {signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    while True:
        own = os.getpid()
        child = os.fork()
        if child == 0:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            _end_with(own)
            return hand
        ended = _wait(child, parent, watched)
        if ended >= 0:
            os._exit(ended)
        number = signal.Signals(-ended)
        if number not in CRASHES or hand.what is None:
            _end_likewise(number)
        _judge(hand, strikes, hand.what, number.name)
        hand.put_down()


def _judge(hand: CrashGuard, strikes: Counter[StepOfScan], what: StepOfScan, name: str) -> None:
    """Count a crash; ends this process where it cannot be the scans."""
    scan, step = what
    strikes[what] += 1
    _say(f"{scan}: the worker crashed in {step} ({name}), {strikes[what]} of {STRIKES} times")
    if strikes[what] < STRIKES:
        return
    hand.suspects[what] = name
    if len(hand.suspects) >= STRIKES and hand.finished == 0:
        _say(
            f"{len(hand.suspects)} scans crashed the worker and none got through: the fault may be "
            "this machine's or the installation's; no scan is given up; stopping"
        )
        os._exit(1)


def _wait(child: int, parent: int, watched: Iterable[signal.Signals]) -> int:
    """The worker's exit code, or its signal negative. Ends it where the run is gone."""
    while True:
        got = signal.sigtimedwait(watched, _SECONDS_BETWEEN_LOOKS)
        if os.getppid() != parent:
            os.kill(child, signal.SIGKILL)
            os._exit(1)
        # Ctrl-C comes from the terminal, which is process 0, and has been told to both.
        told = got is None or (got.si_signo == signal.SIGINT and got.si_pid == 0)
        if got is not None and got.si_signo != signal.SIGCHLD and not told:
            os.kill(child, got.si_signo)
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)


def _end_likewise(number: signal.Signals) -> NoReturn:
    """As whoever started the job expects it."""
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    os.kill(os.getpid(), number)
    os._exit(128 + number)


def _end_with(waiting: int) -> None:
    """Have the kernel end this worker at once with the process that waits for it.

    Its one thread is the one that forked, so that the signal does not come early; where the kernel
    knows no such thing, ``run.start_run.die_with_parent`` notices within a tenth of a second.
    """
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != waiting:
        os._exit(1)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
