"""Gather the problems of every batch of a recipe into one table."""

if __name__ == "__main__":
    from restoration.command_line.interrupt import end_quietly

    end_quietly()

import sys
from pathlib import Path

from restoration.chain.withdrawn import withdrawn_places
from restoration.command_line.arguments import Parser, a_file
from restoration.command_line.failures import in_one_line
from restoration.command_line.interrupt import run
from restoration.storage.journal import keep_written, note_gone
from restoration.storage.tables import gather_problems
from restoration.storage.text_files import not_in_future


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
