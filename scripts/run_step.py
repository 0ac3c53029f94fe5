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
    parser.add_argument("--scratch", type=Path, help="used where the config says `scratch: true`")
    given = parser.parse_args()
    return work(given, stand_by())


def work(given: argparse.Namespace, hand: InHand) -> int:
    """The worker's part; what it imports, the process that waits for it does without."""
    from restoration.errors import RestorationError  # noqa: PLC0415
    from restoration.planning import load_plan, plan_file  # noqa: PLC0415
    from restoration.runner import run_batch  # noqa: PLC0415
    from restoration.running import die_with_parent  # noqa: PLC0415
    from restoration.scratch import use_scratch  # noqa: PLC0415
    from restoration.shared_fs import check_same_results  # noqa: PLC0415
    from restoration.workshop import make_workshop  # noqa: PLC0415

    die_with_parent()
    faulthandler.enable()
    try:
        check_same_results(given.results)
        plan = load_plan(plan_file(given.results))
        if plan.config.scratch and given.scratch is not None:
            use_scratch(given.scratch)
        table = Path(plan.table(given.recipe, given.step, given.batch))
        workshop = make_workshop(plan, threads=given.threads, hand=hand)
        return run_batch(
            plan, given.recipe, given.step, given.batch, workshop, table=table, log=given.log
        )
    except RestorationError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
