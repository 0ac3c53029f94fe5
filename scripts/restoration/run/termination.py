"""How a worker ends before its work does: told to by a scheduler or a person."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

from restoration.errors import CircumstanceError
from restoration.storage.publish import opened_to_append

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def end_when_told(clean: Callable[[], object], log: Path | None = None) -> None:
    """On SIGTERM, SIGINT or SIGHUP: ``clean``, one line to standard error and log, and the end.

    The scan in hand is abandoned at once, whatever its threads are at: nothing bears its final name
    before it is whole, so that the next run does this scan and no other again. To wait for the band
    in work would take seconds, which a scheduler may not give. A signal that the parent has this
    process ignore, as ``nohup`` does, is still ignored. The exit code is 128 and the signal's
    number.
    """

    def end(number: int, frame: FrameType | None) -> None:
        clean()
        name = signal.Signals(number).name
        line = f"ended by {name}: what is finished is kept, the next run does the rest\n"
        _write(2, line)
        with suppress(OSError, CircumstanceError):
            if log is not None:
                _write(opened_to_append(log), line)
        os._exit(128 + number)

    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, end)


def _write(descriptor: int, line: str) -> None:
    with suppress(OSError):
        os.write(descriptor, line.encode())
