"""Take one batch through one step: the command of every rule that does work."""

import argparse
import faulthandler
import sys
from pathlib import Path

from restoration.in_hand import InHand, stand_by


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step")
    parser.add_argument("batch")
    parser.add_argument("--recipe")
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--log", type=Path)
    given = parser.parse_args()
    return work(given, stand_by())


def work(given: argparse.Namespace, hand: InHand) -> int:
    """The worker's part; what it imports, the process that waits for it does without."""
    from restoration.planning import load_plan, plan_file  # noqa: PLC0415
    from restoration.runner import run_batch  # noqa: PLC0415
    from restoration.running import die_with_parent  # noqa: PLC0415
    from restoration.workshop import make_workshop  # noqa: PLC0415

    die_with_parent()
    faulthandler.enable()
    plan = load_plan(plan_file(given.results))
    table = Path(plan.table(given.recipe, given.step, given.batch))
    workshop = make_workshop(plan, threads=given.threads, hand=hand)
    return run_batch(
        plan, given.recipe, given.step, given.batch, workshop, table=table, log=given.log
    )


if __name__ == "__main__":
    sys.exit(main())
