"""What came of a run: the files that a person looks at next."""

from __future__ import annotations

from pathlib import Path

from restoration.plan.plan import Plan
from restoration.run.start_run import PROBLEMS
from restoration.run.status import plan_of_results
from restoration.storage.tables import lacks_pages, read_table

MOST_LISTED = 20
"""Deliverables of one recipe that are named one by one; of more, their folder and number are."""


def outcome_of(results: Path) -> str:
    """Deliverables, reports and problems of the last run in the results, for people.

    Raises ConfigError with one line where there was none.
    """
    plan = plan_of_results(results)
    found = [_outcome(plan, results, recipe) for recipe in plan.recipes()]
    deliverables = [line for lines, _, _ in found for line in lines]
    reports = [line for _, lines, _ in found for line in lines]
    problems = [line for _, _, lines in found for line in lines]
    return "\n".join(
        [
            "Deliverables:",
            *(deliverables or ["  none"]),
            "What a person reviews:",
            *(reports or ["  nothing yet"]),
            "Scans that could not be restored, and why:",
            *(problems or ["  none"]),
        ]
    )


def _outcome(plan: Plan, results: Path, recipe: str) -> tuple[list[str], list[str], list[str]]:
    """The lines about deliverables, reports and problems of one recipe."""
    folder = results / recipe
    delivered: list[str] = []
    problems = lacking = waiting = 0
    for batch in plan.batches(recipe):
        table = folder / "deliver" / f"{batch}.tsv"
        waiting += not table.is_file()
        rows = read_table(table) if table.is_file() else []
        delivered += [row.scan for row in rows if row.status != "problem"]
        problems += sum(row.status == "problem" for row in rows)
        lacking += sum(lacks_pages(row.status, row.reason) for row in rows)
    place = folder / "deliver"
    if len(delivered) > MOST_LISTED:
        named = [f"  {place}: {len(delivered):,} TIFF files, each with its record"]
    else:
        named = [f"  {place / scan}.tif" for scan in sorted(delivered)]
    report, table = folder / "report.html", folder / PROBLEMS
    kinds = ((problems, ""), (lacking, " delivered without some of the pages"))
    told = "; ".join(f"{_counted(number)}{what}" for number, what in kinds if number)
    return (
        named,
        [f"  {report}"] if report.is_file() else [],
        _problem_lines(table, told, unfinished=waiting > 0),
    )


def _counted(number: int) -> str:
    return f"{number:,} scan{'' if number == 1 else 's'}"


def _problem_lines(table: Path, count: str, *, unfinished: bool) -> list[str]:
    """count: empty where there are none so far."""
    if unfinished:
        return [f"  {table.parent}: {count or 'none'} so far; `make status` says more"]
    return [f"  {table} ({count})"] if count else []
