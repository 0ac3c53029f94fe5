"""Restore scans of one's own: start COMMAND over a sheet, folder or config, and name the results.

What `make restore` calls. Exit code: that of COMMAND; 2 where it was not started.
"""

if __name__ == "__main__":
    from restoration.interrupt import end_quietly

    end_quietly()

import sys

from restoration.command_line import Parser
from restoration.errors import RestorationError
from restoration.interrupt import run
from restoration.own_scans import Asked, restore


def main() -> int:
    parser = Parser(description=__doc__)
    for name, said in (
        ("sheet", "table of scans"),
        ("folder", "folder of scans, of which a sheet is made"),
        ("config", "config file over config/config.yaml"),
        ("results", "folder of everything that is written"),
        ("recipe", "recipe of rows that name none"),
        ("scan", "this scan alone"),
    ):
        parser.add_argument(f"--{name}", default="", help=said)
    parser.add_argument("command", nargs="+", help="after --: snakemake and its options")
    given = vars(parser.parse_args())
    command = given.pop("command")
    try:
        return restore(Asked(**given), command)
    except RestorationError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(run(main))
