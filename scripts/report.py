"""Writes the page on which a person reviews the restored scans of a recipe."""

if __name__ == "__main__":
    from restoration.command_line.interrupt import end_quietly

    end_quietly()

import sys
from pathlib import Path

from restoration.command_line.arguments import Parser, a_file
from restoration.command_line.failures import in_one_line
from restoration.command_line.interrupt import run
from restoration.errors import ConfigError
from restoration.plan.master_locations import protect_masters
from restoration.review.page import write_report
from restoration.run.start_run import PROBLEMS
from restoration.run.status import plan_of_results
from restoration.storage.journal import keep_written, note_gone
from restoration.storage.tables import read_table
from restoration.storage.text_files import not_in_future


def main() -> None:
    """Parses the arguments; where the truth lies comes from the plan of the run."""
    parser = Parser(description=__doc__)
    parser.add_argument("tables", type=a_file, nargs="*", help="delivery tables of the batches")
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--recipe", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--problems", type=Path, help="default: RESULTS/RECIPE/problems.tsv")
    given = parser.parse_args()
    plan = plan_of_results(given.results)
    protect_masters(plan)
    config = plan.config
    if given.recipe not in config.recipes:
        known = ", ".join(config.recipes)
        raise ConfigError(f"recipe '{given.recipe}' is not among those of the run ({known})")
    keep_written(given.results)
    if not given.output.exists():
        note_gone(given.output)
    scans = [row.scan for table in given.tables for row in read_table(table)]
    written = write_report(
        given.results,
        given.recipe,
        scans,
        given.output,
        truth=Path(config.truth) if config.truth else None,
        problems=given.problems,
        description=config.recipes[given.recipe].description,
    )
    not_in_future([*given.tables, *given.output.parent.glob(PROBLEMS)])
    print(f"{len(scans)} scans: {', '.join(str(path) for path in written)}")


if __name__ == "__main__":
    sys.exit(run(lambda: in_one_line(main)))
