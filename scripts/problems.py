"""Gather the problems of every batch of a recipe into one table."""

import argparse
from pathlib import Path

from restoration.records import gather_problems


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("tables", type=Path, nargs="*")
    given = parser.parse_args()
    count = gather_problems(given.tables, given.output)
    print(f"{count} problem{'' if count == 1 else 's'}: {given.output}")


if __name__ == "__main__":
    main()
