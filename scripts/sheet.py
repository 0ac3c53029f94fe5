"""Print a sheet of every *.tif and *.tiff below a folder: sheet.py DIR > scans.tsv."""

import argparse
import sys
from pathlib import Path

from restoration.errors import ConfigError
from restoration.sheet import sheet_of_folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    try:
        sys.stdout.write(sheet_of_folder(parser.parse_args().folder))
    except ConfigError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
