"""Say how a collection stands, also beside a run: what is done, what waits, what went wrong."""

if __name__ == "__main__":
    from restoration.command_line.interrupt import end_quietly

    end_quietly()

import json
import sys
from pathlib import Path

from restoration.command_line.arguments import Parser, a_place
from restoration.command_line.interrupt import run
from restoration.errors import ConfigError
from restoration.run.status import EXIT_CODES, NO_RESULTS, status_of
from restoration.run.status_text import text_of


def main() -> int:
    parser = Parser(description=__doc__, epilog=EXIT_CODES)
    parser.add_argument("--results", type=a_place, default=Path("results"))
    parser.add_argument("--json", action="store_true", help="the same for scripts, all problems")
    given = parser.parse_args()
    try:
        status = status_of(given.results)
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        return NO_RESULTS
    sys.stdout.write(
        json.dumps(status.record(), indent=1) + "\n" if given.json else text_of(status)
    )
    return status.exit_code


if __name__ == "__main__":
    sys.exit(run(main))
