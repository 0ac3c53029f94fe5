"""Take one batch through one step: the command of every rule that does work."""

import argparse
import sys
from functools import partial
from pathlib import Path

from restoration.command import in_one_line
from restoration.ending import end_when_told
from restoration.leftovers import remove_own
from restoration.planning import load_plan, plan_file
from restoration.runner import folders_written, run_batch
from restoration.running import die_with_parent
from restoration.workshop import make_workshop


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step")
    parser.add_argument("batch")
    parser.add_argument("--recipe")
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--log", type=Path)
    given = parser.parse_args()
    written: list[Path] = []
    abandon = partial(remove_own, written)
    die_with_parent(clean=abandon)
    end_when_told(abandon, given.log)
    plan = load_plan(plan_file(given.results))
    written += folders_written(plan, given.recipe, given.step)
    table = Path(plan.table(given.recipe, given.step, given.batch))
    workshop = make_workshop(plan, threads=given.threads)
    return run_batch(
        plan, given.recipe, given.step, given.batch, workshop, table=table, log=given.log
    )


if __name__ == "__main__":
    sys.exit(in_one_line(main))
