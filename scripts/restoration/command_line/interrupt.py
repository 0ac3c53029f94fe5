"""Ctrl-C over a command line: an end in one line at most, at any moment, and no traceback.

To be imported before all else, so it imports nothing that the interpreter has not loaded; the
module ``signal`` would take its time.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def end_quietly() -> None:
    """From here on Ctrl-C ends this process at once, as while modules are imported.

    Where it is ignored, as behind ``nohup`` or in a shell's background, it stays so.
    """
    if _signal.getsignal(_signal.SIGINT) != _signal.SIG_IGN:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)


INTERRUPTED: int = 128 + _signal.SIGINT


def run(main: Callable[[], int | None]) -> int:
    """The exit code of ``main``; 130 where Ctrl-C ended it, by the way of its ``finally``.

    Who reads no more of what is printed (``| head``) is no mistake either.
    """
    ours = _signal.getsignal(_signal.SIGINT) == _signal.SIG_DFL
    if ours:
        _signal.signal(_signal.SIGINT, _signal.default_int_handler)
    try:
        code = main() or 0
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = INTERRUPTED
        print("stopped", file=sys.stderr)
    except BrokenPipeError:
        # What is still to be written goes nowhere, also at the end of the interpreter.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 128 + _signal.SIGPIPE
    if ours:
        end_quietly()
    return code
