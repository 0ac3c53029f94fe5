"""Take the mapping of tones back: undo_colour.py RECORD DELIVERABLE OUT.

RECORD is results/<recipe>/deliver/<scan>.json, DELIVERABLE the TIFF beside it; OUT is written.
"""

if __name__ == "__main__":
    from restoration.command_line.interrupt import end_quietly

    end_quietly()

import sys
from pathlib import Path

from restoration.command_line.arguments import Parser
from restoration.command_line.interrupt import run
from restoration.errors import RestorationError
from restoration.upkeep.undo_colour import undo


def main() -> None:
    parser = Parser(description=__doc__)
    for name in ("record", "deliverable", "out"):
        parser.add_argument(name, type=Path, metavar=name.upper())
    given = parser.parse_args()
    try:
        notes = undo(given.record, given.deliverable, given.out)
    except RestorationError as error:
        sys.exit(f"error: {error}")
    for note in notes:
        print(f"note: {note}")
    print(f"{given.out}: written")


if __name__ == "__main__":
    sys.exit(run(main))
