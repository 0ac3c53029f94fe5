"""Makes the demo collection: ``python scripts/make_demo.py [masters/demo]``."""

import argparse
from pathlib import Path

from restoration.demo.make import make_collection


def main() -> None:
    """Parses the arguments and makes what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("masters/demo"))
    folder = parser.parse_args().folder
    written = make_collection(folder, say=lambda line: print(line, flush=True))
    print(f"{folder}: {len(written)} files written" if written else f"{folder}: is complete")


if __name__ == "__main__":
    main()
