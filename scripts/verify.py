"""Verify results: are these the bytes that were written? No stage runs.

Exit status: 0 all as it was written, 1 something was found, 2 it cannot be checked. With --current
(what would today's code and settings make anew? which is no damage): 0 nothing, 3 something, 2.
"""

if __name__ == "__main__":
    from restoration.command_line.interrupt import end_quietly

    end_quietly()

import sys
from pathlib import Path

from restoration.command_line.arguments import Parser, a_place
from restoration.command_line.interrupt import run
from restoration.errors import RestorationError
from restoration.upkeep.verify.output import current, fixity


def main() -> int:
    parser = Parser(description=__doc__)
    parser.add_argument("--results", type=a_place, default=Path("results"))
    parser.add_argument("--quick", action="store_true", help="masters by size and time only")
    parser.add_argument("--results-only", action="store_true", help="neither masters nor weights")
    parser.add_argument("--repair", action="store_true", help="schedule repairs for the next run")
    parser.add_argument("--anew", action="store_true", help="with --repair: also of what changed")
    parser.add_argument("--base", type=a_place, help="where relative paths of masters begin")
    parser.add_argument("--output", type=a_place, help="a table of all that was found")
    parser.add_argument("--log", type=a_place, help="instead of fixity-log.jsonl in the results")
    parser.add_argument("--current", action="store_true", help="what would be made anew today")
    parser.add_argument("--configfile", type=a_place, nargs="*", help="settings for --current")
    given = parser.parse_args()
    try:
        return current(given) if given.current else fixity(given)
    except (RestorationError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(run(main))
