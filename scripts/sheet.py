"""Print a sheet of every *.tif and *.tiff below a folder: sheet.py DIR > scans.tsv."""

if __name__ == "__main__":
    from restoration.interrupt import end_quietly

    end_quietly()

import argparse
import sys
from pathlib import Path

from restoration.errors import ConfigError
from restoration.interrupt import run
from restoration.sheet import sheet_of_folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    try:
        sys.stdout.write(sheet_of_folder(parser.parse_args().folder))
    except ConfigError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    sys.exit(run(main))
