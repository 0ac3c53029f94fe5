"""Progress for people: one line per scan and per band with the time left, to terminal and log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from restoration.errors import CircumstanceError
from restoration.storage.publish import opened_to_append

_SECONDS_BETWEEN_LINES = 1.0


def duration(seconds: float) -> str:
    """``8 s``, ``3 min 20 s``, ``2 h 05 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def amount(number: float) -> str:
    """``512 B``, ``3.4 GB``: powers of 1000."""
    size = float(number)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


class Reporter:
    """Writes lines to standard error and to the job's log, each at once and whole.

    Neither is worth a scan: where a disk takes no line of the log, that is said, once, and the work
    goes on.
    """

    def __init__(self, title: str, total: int, log: BinaryIO | None) -> None:
        self.title = title
        self.total = total
        self._log = log
        self._started = time.monotonic()
        self._scan_started = self._started
        self._last_band = 0.0
        self._number = 0
        self._worked = 0
        self._scan = ""
        self._log_fails = False

    def say(self, text: str) -> None:
        line = f"{self.title}: {text}\n"
        _to_terminal(line)
        self.note(line)

    def note(self, text: str) -> None:
        """To the log alone: what would drown a terminal."""
        if self._log is None:
            return
        try:
            self._log.write(text.encode())
        except OSError as error:
            if not self._log_fails:
                _to_terminal(f"{self.title}: the log cannot be written ({error.strerror})\n")
            self._log_fails = True

    def begin(self, scan: str) -> None:
        self._number += 1
        self._scan = scan
        self._scan_started = time.monotonic()
        self._last_band = self._scan_started

    def band(self, share: float, unit: str) -> None:
        """A part of the scan in hand is done; at most one line a second."""
        present = time.monotonic()
        if present - self._last_band < _SECONDS_BETWEEN_LINES or share <= 0:
            return
        self._last_band = present
        spent = present - self._scan_started
        left = duration(spent / share - spent)
        self.say(f"[{self._number}/{self.total}] {self._scan}: {unit}, {left} left")

    def end(self, outcome: str, *, worked: bool) -> None:
        """The scan is finished; scans that needed no work do not count for the time left."""
        present = time.monotonic()
        if not worked:
            self.note(f"{self.title}: [{self._number}/{self.total}] {self._scan}: up to date\n")
            return
        self._worked += 1
        spent = duration(present - self._scan_started)
        left = (present - self._started) / self._worked * (self.total - self._number)
        rest = f", {duration(left)} left" if self._number < self.total else ""
        self.say(f"[{self._number}/{self.total}] {self._scan}: {outcome}, took {spent}{rest}")


@contextmanager
def reporter(title: str, total: int, log: Path | None) -> Iterator[Reporter]:
    """A reporter whose log file is closed at the end."""
    try:
        if log is not None:
            log.parent.mkdir(parents=True, exist_ok=True)
        # Unbuffered: what a full disk refused must not come back when the file is closed.
        file = None if log is None else open(opened_to_append(log), "ab", buffering=0)  # noqa: PTH123, SIM115
    except (OSError, CircumstanceError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        _to_terminal(f"{title}: the log '{log}' cannot be written ({said})\n")
        file = None
    try:
        yield Reporter(title, total, file)
    finally:
        if file is not None:
            file.close()


def _to_terminal(line: str) -> None:
    # Standard error may be a file on a full disk, or a pipe that nobody reads any more.
    with suppress(OSError):
        sys.stderr.write(line)
        sys.stderr.flush()
