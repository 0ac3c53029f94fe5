"""Restore scans of one's own: start COMMAND over a sheet, folder or config, and name the results.

What `make restore` calls. Exit code: that of COMMAND; 2 where it was not started.
"""

if __name__ == "__main__":
    from restoration.command_line.interrupt import end_quietly

    end_quietly()

import sys

from restoration.command_line.arguments import Parser, a_place
from restoration.command_line.interrupt import run
from restoration.errors import RestorationError
from restoration.run.restore_command import RestoreRequest, restore

PLACES = {
    "sheet": "table of scans",
    "folder": "folder of scans, of which a sheet is made",
    "config": "config file over config/config.yaml",
    "results": "folder of everything that is written",
}


def main() -> int:
    parser = Parser(description=__doc__)
    for name, said in PLACES.items():
        parser.add_argument(f"--{name}", type=a_place, help=said)
    parser.add_argument("--recipe", help="recipe of rows that name none")
    parser.add_argument("--scan", help="this scan alone")
    parser.add_argument("command", nargs="+", help="after --: snakemake and its options")
    given = vars(parser.parse_args())
    command = given.pop("command")
    try:
        return restore(
            RestoreRequest(**{name: str(value or "") for name, value in given.items()}), command
        )
    except RestorationError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(run(main))
