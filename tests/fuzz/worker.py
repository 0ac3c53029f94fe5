"""The process in which cases are run: one may kill it, and only it.

    python -m fuzz.worker FOLDER SEED   (cases as "kind number" lines on standard input)

Answers each with one line of JSON, before it begins and when it has ended.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
import traceback
from pathlib import Path

ADDRESS_SPACE = 12 << 30
"""Bytes; PyTorch alone maps five GiB or so that it never touches."""


def _peak_mib() -> float:
    """Most memory held since the last call of ``_forget_peak``."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def main() -> None:
    """Runs what is asked for until standard input ends."""
    answers = os.fdopen(os.dup(1), "w")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    from fuzz.arena import Arena, ViolationError
    from fuzz.cases import run_case
    from fuzz.guard import ForbiddenError

    arena, seed = Arena(Path(sys.argv[1])), int(sys.argv[2])
    for line in sys.stdin:
        kind, number = line.split()
        print(json.dumps({"begins": [kind, int(number)]}), file=answers, flush=True)
        _forget_peak()
        started = time.monotonic()
        try:
            outcome = run_case(arena, seed, kind, int(number))
        except (ViolationError, ForbiddenError) as error:
            outcome = f"violation: {error}"
        except Exception:
            outcome = f"violation: {traceback.format_exc()}"
        ended = {"outcome": outcome, "seconds": time.monotonic() - started, "mib": _peak_mib()}
        print(json.dumps(ended), file=answers, flush=True)


if __name__ == "__main__":
    main()
