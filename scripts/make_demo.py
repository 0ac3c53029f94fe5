"""Makes the demo collection: ``python scripts/make_demo.py [masters/demo]``."""

if __name__ == "__main__":
    from restoration.command_line.interrupt import end_quietly

    end_quietly()

import sys
from pathlib import Path

from restoration.command_line.arguments import Parser
from restoration.command_line.failures import in_one_line
from restoration.command_line.interrupt import run
from restoration.demo.make import make_collection
from restoration.errors import CircumstanceError


def main() -> None:
    """Parses the arguments and makes what is missing."""
    parser = Parser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("masters/demo"))
    folder = parser.parse_args().folder
    try:
        written = make_collection(folder, say=lambda line: print(line, flush=True))
    except OSError as error:
        raise CircumstanceError(
            f"{error.filename or folder}: cannot be written ({error.strerror}); name another folder"
        ) from None
    print(f"{folder}: {len(written)} files written" if written else f"{folder}: is complete")


if __name__ == "__main__":
    sys.exit(run(lambda: in_one_line(main)))
