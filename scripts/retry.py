"""Try scans with problems again: set them aside, then start COMMAND with the last run's config."""

if __name__ == "__main__":
    from restoration.command_line.interrupt import end_quietly

    end_quietly()

import os
import sys
from pathlib import Path

from restoration.command_line.arguments import Parser, a_place
from restoration.command_line.interrupt import run
from restoration.errors import RestorationError
from restoration.upkeep.retry import plan_to_retry, save_config, set_aside


def main() -> int:
    parser = Parser(description=__doc__)
    parser.add_argument("--results", type=a_place, default=Path("results"))
    parser.add_argument("--scan", help="this scan alone")
    parser.add_argument("command", nargs="*", help="after --: snakemake and its options")
    given = parser.parse_args()
    try:
        plan = plan_to_retry(given.results)
        scans = set_aside(plan, given.scan)
        config = save_config(plan)
    except (RestorationError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if not scans:
        print(f"no problem in '{given.results}' can be tried again")
        return 0
    more = f" and {len(scans) - 5} more" if len(scans) > 5 else ""
    print(f"to be tried again: {', '.join(scans[:5])}{more}", flush=True)
    command = [*given.command, "--configfile", str(config)]
    if not given.command:
        print(f"start the run: snakemake {' '.join(command)}")
        return 0
    # In this process's place: the lock ends with it, and Snakemake takes it when it begins.
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"error: '{command[0]}' cannot be started ({error.strerror})", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(run(main))
