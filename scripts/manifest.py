"""Gather what the jobs of a run have written into the list and the manifest of the results."""

if __name__ == "__main__":
    from restoration.command_line.interrupt import end_quietly

    end_quietly()

import sys
from pathlib import Path

from restoration.command_line.arguments import Parser
from restoration.command_line.failures import in_one_line
from restoration.command_line.interrupt import run
from restoration.storage.manifest import MANIFEST, gather


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--results", type=Path, required=True)
    given = parser.parse_args()
    print(f"{gather(given.results):,} files: {given.results / MANIFEST}")


if __name__ == "__main__":
    sys.exit(run(lambda: in_one_line(main)))
