"""Ctrl-C ends a command line in one line at most, also while it still imports its modules."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from restoration.command_line.interrupt import run

ROOT = Path(__file__).resolve().parents[3]
SCRIPTS = sorted(path.name for path in (ROOT / "scripts").glob("*.py"))

INTERRUPTED_WHILE_IMPORTING = """
import os, runpy, signal, sys

script, first, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
signal.signal(signal.SIGINT, signal.default_int_handler)

class Counting:
    seen = None
    def find_spec(self, name, path=None, target=None):
        if name == "__future__":
            return  # of the module that is first
        if self.seen is not None:
            self.seen += 1
            if self.seen == number:
                os.kill(os.getpid(), signal.SIGINT)
        elif name == first:
            self.seen = 0

sys.path.insert(0, os.path.dirname(script))
sys.meta_path.insert(0, Counting())
sys.argv = [script, "--help"]
runpy.run_path(script, run_name="__main__")
"""


@pytest.mark.parametrize("number", [1, 30])
@pytest.mark.parametrize("script", SCRIPTS)
def test_ctrl_c_during_imports_is_no_traceback(script: str, number: int) -> None:
    """From the first module on that a script imports after the one that sees to this."""
    first = "argparse" if script == "preflight.py" else "restoration.command_line.interrupt"
    path = str(ROOT / "scripts" / script)
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_WHILE_IMPORTING, path, first, str(number)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.stderr.count("\n") <= 1, done.stderr
    assert "Traceback" not in done.stderr
    # Some have done all they have to before so many modules are imported.
    assert done.returncode in ((-signal.SIGINT, 130) if number == 1 else (-signal.SIGINT, 130, 0))


def test_ctrl_c_in_the_work_leaves_by_finally_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    done = []

    def main() -> int:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            signal.sigtimedwait([], 5)
        finally:
            done.append("cleaned up")
        return 0

    assert run(main) == 130
    assert done == ["cleaned up"]
    assert capsys.readouterr().err == "stopped\n"


def test_a_reader_that_has_enough_is_no_mistake() -> None:
    """As of `python scripts/sheet.py FOLDER | head -1`."""
    code = (
        "import sys; from restoration.command_line.interrupt import run\n"
        "def main():\n"
        "    for line in range(1_000_000): print(line)\n"
        "sys.exit(run(main))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    process.wait()
