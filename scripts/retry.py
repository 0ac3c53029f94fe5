"""Try scans with problems again: set them aside, then start COMMAND with the last run's config."""

import argparse
import os
import sys
from pathlib import Path

from restoration.errors import RestorationError
from restoration.retrying import plan_to_retry, save_config, set_aside


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--scan", help="this scan alone")
    parser.add_argument("command", nargs="*", help="after --: snakemake and its options")
    given = parser.parse_args()
    try:
        plan = plan_to_retry(given.results)
        scans = set_aside(plan, given.scan)
        config = save_config(plan)
    except RestorationError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if not scans:
        print(f"no problems in '{given.results}': nothing to try again")
        return 0
    more = f" and {len(scans) - 5} more" if len(scans) > 5 else ""
    print(f"to be tried again: {', '.join(scans[:5])}{more}", flush=True)
    command = [*given.command, "--configfile", str(config)]
    if not given.command:
        print(f"start the run: snakemake {' '.join(command)}")
        return 0
    # In this process's place: the lock ends with it, and Snakemake takes it when it begins.
    os.execvp(command[0], command)


if __name__ == "__main__":
    sys.exit(main())
