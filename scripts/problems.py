"""Gather the problems of every batch of a recipe into one table."""

if __name__ == "__main__":
    from restoration.interrupt import end_quietly

    end_quietly()

import sys
from pathlib import Path

from restoration.command import in_one_line
from restoration.command_line import Parser, a_file
from restoration.interrupt import run
from restoration.records import gather_problems, not_in_future
from restoration.withdrawing import withdrawn_places
from restoration.written import keep_written, note_gone


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("tables", type=a_file, nargs="*")
    given = parser.parse_args()
    folder = given.output.parent
    keep_written(folder.parent)
    if not given.output.exists():
        note_gone(given.output)
    count = gather_problems(given.tables, given.output, withdrawn_places(folder))
    not_in_future(given.tables)
    print(f"{count} problem{'' if count == 1 else 's'}: {given.output}")


if __name__ == "__main__":
    sys.exit(run(lambda: in_one_line(main)))
