"""The frame of a command line: a failure that a person can act on is one line, no traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable

from restoration.errors import RestorationError
from restoration.storage.failures import circumstance


def in_one_line(main: Callable[[], int | None]) -> int:
    """The exit code of ``main``; 1, with one line on standard error, where it could not go on.

    Mistakes of ours keep their traceback.
    """
    try:
        return main() or 0
    except Exception as error:
        told = circumstance(error) or (error if isinstance(error, RestorationError) else None)
        if told is None:
            raise
        print(f"error: {told}", file=sys.stderr)
        return 1
