"""Whether the process that left a file behind still runs.

Parsed with the Snakefile, so it knows no torch, no OpenCV and no NumPy.
"""

from __future__ import annotations

import os

import psutil

_CLOCKS_APART = 60.0
"""Seconds by which the clock of a file server may differ from ours."""


def is_alive(process: int, written: float) -> bool:
    """Whether a process of this host still is the one that last touched a file, at ``written``
    (seconds since 1970): its number may have come to name a process that began later. One that has
    ended, but for which nobody has waited yet, is not alive."""
    try:
        found = psutil.Process(process)
        if found.create_time() > written + _CLOCKS_APART:
            return False
        return bool(found.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return _is_hidden(process)


def _is_hidden(process: int) -> bool:
    """Whether it is another user's, of whom this system shows nothing (``hidepid``)."""
    try:
        os.kill(process, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    # It began between the two looks, and so wrote nothing.
    return False
