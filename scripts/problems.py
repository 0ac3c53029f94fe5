"""Gather the problems of every batch of a recipe into one table."""

import argparse
import sys
from pathlib import Path

from restoration.command import in_one_line
from restoration.records import gather_problems, not_in_future


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("tables", type=Path, nargs="*")
    given = parser.parse_args()
    count = gather_problems(given.tables, given.output)
    not_in_future(given.tables)
    print(f"{count} problem{'' if count == 1 else 's'}: {given.output}")


if __name__ == "__main__":
    sys.exit(in_one_line(main))
