"""Pass on what comes in, and keep it: COMMAND 2>&1 | keep_log.py FILE... (which begin anew)."""

if __name__ == "__main__":
    from restoration.command_line.interrupt import end_quietly

    end_quietly()

import os
import sys
from contextlib import suppress
from pathlib import Path

from restoration.command_line.arguments import Parser
from restoration.command_line.interrupt import run
from restoration.errors import RestorationError
from restoration.storage.publish import opened_anew


def write_all(descriptor: int, piece: bytes) -> None:
    """A disk that fills up takes a part without an error; the next write has it."""
    while piece:
        piece = piece[os.write(descriptor, piece) :]


def main() -> int:
    """Where a file cannot be written, the rest is passed on all the same; exit status 1."""
    parser = Parser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    kept: list[tuple[Path, int]] = []
    failed = False
    for path in parser.parse_args().files:
        try:
            kept.append((path, opened_anew(path)))
        except (OSError, RestorationError) as error:
            print(f"error: {path}: cannot be written ({error})", file=sys.stderr)
            failed = True
    while piece := os.read(0, 1 << 16):
        with suppress(BrokenPipeError):
            write_all(1, piece)
        for path, descriptor in kept:
            try:
                write_all(descriptor, piece)
            except OSError as error:
                print(f"error: {path}: cannot be written ({error})", file=sys.stderr)
                failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(run(main))
