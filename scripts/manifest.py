"""Gather what the jobs of a run have written into the list and the manifest of the results."""

import argparse
import sys
from pathlib import Path

from restoration.command import in_one_line
from restoration.fixity_list import MANIFEST, gather


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, required=True)
    given = parser.parse_args()
    print(f"{gather(given.results):,} files: {given.results / MANIFEST}")


if __name__ == "__main__":
    sys.exit(in_one_line(main))
