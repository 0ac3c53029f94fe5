"""Python in a process of its own that knows the package."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


def start(code: str, *arguments: str) -> tuple[subprocess.Popen[str], str]:
    """A Python process and the first line that it printed."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


HOLD = """
import sys, time
from pathlib import Path
from restoration.run.lock import lock_results
lock_results(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""
