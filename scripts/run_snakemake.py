"""Snakemake, as ``python -m snakemake``, for `make`: Ctrl-C ends it in one line at any moment."""

if __name__ == "__main__":
    from restoration.command_line.interrupt import end_quietly

    end_quietly()

import sys

from snakemake.cli import main

from restoration.command_line.interrupt import run

if __name__ == "__main__":
    sys.argv[0] = "snakemake"
    sys.exit(run(main))
