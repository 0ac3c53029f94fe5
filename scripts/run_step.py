"""Take one batch through one step: the command of every rule that does work."""

import argparse
import sys
from pathlib import Path

from restoration.errors import RestorationError
from restoration.planning import load_plan, plan_file
from restoration.runner import run_batch
from restoration.running import die_with_parent
from restoration.scratch import use_scratch
from restoration.shared_fs import check_same_results
from restoration.workshop import make_workshop


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step")
    parser.add_argument("batch")
    parser.add_argument("--recipe")
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--scratch", type=Path, help="used where the config says `scratch: true`")
    given = parser.parse_args()
    die_with_parent()
    try:
        check_same_results(given.results)
        plan = load_plan(plan_file(given.results))
        if plan.config.scratch and given.scratch is not None:
            use_scratch(given.scratch)
        table = Path(plan.table(given.recipe, given.step, given.batch))
        workshop = make_workshop(plan, threads=given.threads)
        return run_batch(
            plan, given.recipe, given.step, given.batch, workshop, table=table, log=given.log
        )
    except RestorationError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
