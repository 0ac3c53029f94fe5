"""Delete a folder of results with all deliverables in it: asks at a terminal, else needs --yes.

Masters and weights stay: a folder that holds one, or no run, is refused. Exit code: 0 deleted, or
nothing there; 1 not deleted; 2 refused.
"""

if __name__ == "__main__":
    from restoration.command_line.interrupt import end_quietly

    end_quietly()

import sys
from pathlib import Path

from restoration.command_line.arguments import Parser, a_place
from restoration.command_line.interrupt import run
from restoration.errors import RestorationError
from restoration.upkeep.clear_results import check_results, clear_results


def main() -> int:
    parser = Parser(description=__doc__)
    parser.add_argument("--results", type=a_place, default=Path("results"))
    parser.add_argument("--yes", action="store_true", help="do not ask")
    given = parser.parse_args()
    if not (given.results.exists() or given.results.is_symlink()):
        print(f"'{given.results}' is not there: nothing to delete")
        return 0
    try:
        check_results(given.results)
        if not (given.yes or _agreed(given.results)):
            print("nothing deleted")
            return 1
        clear_results(given.results)
    except (RestorationError, OSError) as error:
        print(f"error: clean-results: {error}", file=sys.stderr)
        return 2
    print(f"'{given.results}': deleted")
    return 0


def _agreed(results: Path) -> bool:
    if not sys.stdin.isatty():
        print(
            f"clean-results: nobody can be asked here; if '{results}' is to go with all "
            "deliverables in it, say so with CONFIRM=1 (--yes)",
            file=sys.stderr,
        )
        return False
    return input(f"Delete {results} with all deliverables in it? [y/N] ").strip() == "y"


if __name__ == "__main__":
    sys.exit(run(main))
