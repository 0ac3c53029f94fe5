"""Print a sheet of every *.tif and *.tiff below a folder: sheet.py DIR > scans.tsv.

What is listed, what is left out and why goes to the terminal. Exit code: 0 the sheet is whole, 1
something could not be read and scans may be missing, 2 there is no sheet.
"""

if __name__ == "__main__":
    from restoration.command_line.interrupt import end_quietly

    end_quietly()

import sys
from pathlib import Path

from restoration.command_line.arguments import Parser
from restoration.command_line.interrupt import run
from restoration.config.scan_folder import sheet_of_folder
from restoration.errors import ConfigError


def main() -> int:
    parser = Parser(description=__doc__)
    parser.add_argument("folder", type=Path)
    try:
        sheet = sheet_of_folder(parser.parse_args().folder)
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    # As the sheet is read, whatever the terminal's encoding.
    sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(sheet.text)
    for line in sheet.lines:
        print(line, file=sys.stderr)
    return 0 if sheet.whole else 1


if __name__ == "__main__":
    sys.exit(run(main))
