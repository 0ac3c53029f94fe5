"""Take the mapping of tones back: undo_colour.py RECORD DELIVERABLE OUT.

RECORD is results/<recipe>/deliver/<scan>.json, DELIVERABLE the TIFF beside it; OUT is written.
"""

import argparse
import sys
from pathlib import Path

from restoration.errors import RestorationError
from restoration.undoing import undo


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
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
    main()
