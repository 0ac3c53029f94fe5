"""Verify the results of the last run: what is missing, altered or orphaned, without a run.

Exit status: 0 where all is true, 1 where something was found, 2 where it cannot be checked.
"""

if __name__ == "__main__":
    from restoration.interrupt import end_quietly

    end_quietly()

import argparse
import sys
from pathlib import Path

from restoration.errors import RestorationError
from restoration.interrupt import run
from restoration.verify import summary, verify_results


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--quick", action="store_true", help="masters by size and time only")
    parser.add_argument("--repair", action="store_true", help="schedule repairs for the next run")
    given = parser.parse_args()
    try:
        verified = verify_results(given.results, quick=given.quick, repair=given.repair)
    except (RestorationError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(summary(verified))
    return 0 if verified.clean else 1


if __name__ == "__main__":
    sys.exit(run(main))
