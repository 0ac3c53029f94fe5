"""Delete images between the stages that nobody needs any more; shows them unless --yes is given.

Exit status: 0 shown, deleted or nothing to do, 1 something could not be deleted, 2 refused: no
results there, or a run holds them.
"""

if __name__ == "__main__":
    from restoration.command_line.interrupt import end_quietly

    end_quietly()

import sys
from pathlib import Path

from restoration.command_line.arguments import Parser, a_place
from restoration.command_line.interrupt import run
from restoration.errors import RestorationError
from restoration.upkeep.prune import prune_results, summary


def main() -> int:
    parser = Parser(description=__doc__)
    parser.add_argument("--results", type=a_place, default=Path("results"))
    parser.add_argument("--yes", action="store_true", help="delete, do not only show")
    parser.add_argument("--keep", choices=["last", "none"], help="default: as the config says")
    parser.add_argument("--orphans", action="store_true", help="also files that no record names")
    given = parser.parse_args()
    try:
        found = prune_results(
            given.results, keeping=given.keep, confirm=given.yes, stray=given.orphans
        )
    except (RestorationError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(summary(found))
    return 1 if found.failed else 0


if __name__ == "__main__":
    sys.exit(run(main))
