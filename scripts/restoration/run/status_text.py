"""The status of a collection as people read it."""

from __future__ import annotations

from restoration.run.job_progress import amount, duration
from restoration.run.start_run import PROBLEMS
from restoration.run.status import FINISHED, FINISHED_WITH_PROBLEMS, Holder, Status, StepStatus
from restoration.storage.tables import PAGES

_SHOWN = 5


def text_of(status: Status) -> str:
    """The status for people."""
    lines = [f"results: {status.results}", f"run: {_holder_text(status.run)}"]
    if status.only is not None:
        lines.append(
            f"the last run was of the scan '{status.only}' alone: so is what follows, and so are "
            f"{PROBLEMS} and the report until a run of all scans"
        )
    lines.append("")
    head = ("step", "done", "problems", "waiting", "an hour", "left")
    rows = [head, *(_cells(step) for step in status.steps)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    lines.append("")
    if status.seconds_left:
        lines.append(f"all steps: {duration(status.seconds_left)} left")
    lines.append(f"problems: {len(status.problems):,}")
    lines += [f"  {p.scan}: {p.step}: {p.reason}" for p in status.problems[:_SHOWN]]
    if status.problems:
        lines.append(f"  all of them: {', '.join(status.problem_tables) or _NOT_YET}")
    if any(problem.step != PAGES for problem in status.problems):
        lines.append("  final until something changes; `make retry` tries them again")
    lines.append(
        f"disk: {amount(status.intermediate_bytes)} intermediates, "
        f"{amount(status.deliverable_bytes)} deliverables, {amount(status.free_bytes)} free"
    )
    ends = {FINISHED: "finished", FINISHED_WITH_PROBLEMS: "finished, with problems"}
    lines.append(ends.get(status.exit_code, "not finished"))
    return "\n".join(lines) + "\n"


_NOT_YET = f"{PROBLEMS} of each recipe, when the run ends"


def _holder_text(run: Holder) -> str:
    if run.state == "no run":
        return "no run"
    where = f" on {run.host}" if run.host else ""
    if run.state == "running":
        return f"running (process {run.process}{where})"
    return f"begun by process {run.process}{where}; whether it still runs cannot be seen from here"


def _cells(step: StepStatus) -> tuple[str, ...]:
    return (
        step.step if step.recipe is None else f"{step.recipe} {step.step}",
        f"{step.done:,}",
        f"{step.problems:,}",
        f"{step.waiting:,}",
        "-" if step.per_hour is None else f"{step.per_hour:,.0f}",
        "-" if step.seconds_left is None else duration(step.seconds_left),
    )
