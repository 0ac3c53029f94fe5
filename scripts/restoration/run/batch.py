"""The worker: one step for every scan of one batch, and what becomes of failures."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from restoration.chain.chain import Chain
from restoration.chain.page_restorer import JobTools
from restoration.chain.scan_keys import EarlierProblemError
from restoration.config.sheet import Scan
from restoration.config.stages import REGISTRY
from restoration.deliver.left_out import left_out
from restoration.errors import CircumstanceError, ScanError
from restoration.plan.plan import Plan
from restoration.records.any_record import AnyRecord
from restoration.records.delivery import DeliveryDone
from restoration.records.ingest import IngestDone
from restoration.records.stage import StageDone
from restoration.run.job_progress import Reporter, reporter
from restoration.run.run_progress import BatchEnd, found_here, tell_end
from restoration.run.unneeded_images import after_delivery
from restoration.storage.failures import MemoryShortageError, circumstance
from restoration.storage.image_places import MASKS
from restoration.storage.journal import keep_written, note_gone
from restoration.storage.partial_files import remove_leftovers
from restoration.storage.protected_masters import protect_as_they_are
from restoration.storage.scratch_disk import ScratchError, leave_scratch
from restoration.storage.tables import Row, write_table
from restoration.storage.text_files import not_in_future

_EQUAL_SURPRISES_THAT_STOP = 3


@dataclass
class Failures:
    """Failures of circumstance and surprises of one job: no table is published over them."""

    lines: list[str] = field(default_factory=list)
    _last: str = ""
    _repeats: int = 0

    def add(self, scan: str, error: Exception) -> bool:
        """Keep one; True where the same surprise has come too often in a row to go on."""
        kind = f"{type(error).__name__}: {error}"
        self.lines.append(f"{scan}: {kind}")
        if isinstance(error, MemoryShortageError):
            # The next scan may be a smaller one.
            return False
        self._repeats = self._repeats + 1 if kind == self._last else 1
        self._last = kind
        return self._repeats >= _EQUAL_SURPRISES_THAT_STOP


def row_of(scan: Scan, step: str, record: AnyRecord) -> Row:
    """What a table says of a scan by the record of the table's own step."""
    if record.status == "problem":
        return Row(scan.scan, "problem", record.key, "", f"{step}: {record.reason}")
    if isinstance(record, DeliveryDone):
        made = record.deliverable
        return Row(scan.scan, "done", record.key, made.sha256, "; ".join(made.left_out))
    if isinstance(record, IngestDone):
        lost = "; ".join(left_out(record.master))
        return Row(scan.scan, "done", record.key, record.sha256, lost)
    if not isinstance(record, StageDone):
        return Row(scan.scan, "done", record.key)
    kinds: set[str] = {page.status for page in record.pages}
    status = kinds.pop() if len(kinds) == 1 else "mixed"
    reasons = dict.fromkeys(page.reason for page in record.pages if page.reason)
    sums = [page.sha256 for page in record.pages if page.sha256]
    return Row(scan.scan, status, record.key, ",".join(sums), "; ".join(reasons))


def row_after_problem(scan: Scan, step: str, reason: str) -> Row:
    """What later tables say of a scan that failed in ``step``."""
    return Row(scan.scan, "problem", "", "", f"{step}: {reason}")


def _step_for_scan(
    plan: Plan, recipe: str | None, step: str, scan: Scan, workshop: JobTools, report: Reporter
) -> tuple[Row, bool]:
    """The scan's row, and whether anything had to be done for it."""
    chain = Chain(plan, recipe, scan, workshop, report.band)
    try:
        record = chain.ensure(step)
    except EarlierProblemError as earlier:
        if step == "deliver":
            chain.withdraw(earlier.step, str(earlier))
        return row_after_problem(scan, earlier.step, str(earlier)), False
    except ScratchError as error:
        report.say(f"{scan.scan}: {error}; once more, without scratch")
        leave_scratch()
        return _step_for_scan(plan, recipe, step, scan, workshop, report)
    finally:
        workshop.hand.put_down()
        for line in chain.mended:
            report.say(f"{scan.scan}: {line}")
    return row_of(scan, step, record), bool(chain.worked)


def _outcome(row: Row) -> str:
    if row.status == "problem":
        return f"problem ({row.reason})"
    if row.status == "declined":
        return f"not applied ({row.reason})"
    return f"done, but {row.reason}" if row.status == "done" and row.reason else row.status


def folders_written(plan: Plan, recipe: str | None, step: str) -> list[Path]:
    """Where a job may write: in its own step's folder, and in those of earlier steps, where what is
    missing or untrue by now is made again."""
    steps = ("ingest", "examine") if recipe is None else plan.steps(recipe)
    folders = [plan.folder(recipe, earlier) for earlier in steps[: steps.index(step) + 1]]
    return [*folders, *(folder / MASKS for folder in folders if folder.name in REGISTRY)]


def _table_before(plan: Plan, recipe: str | None, step: str, batch: str) -> list[Path]:
    """The job's input; none where it is the first."""
    if step == "ingest":
        return []
    before = "ingest" if recipe is None else plan.step_before(recipe, step)
    return [Path(plan.table(recipe, before, batch))]


def run_batch(
    plan: Plan,
    recipe: str | None,
    step: str,
    batch: str,
    workshop: JobTools,
    *,
    table: Path,
    log: Path | None = None,
) -> int:
    """Take every scan of the batch through the step; publish the table where all succeeded.

    Returns the exit code: 0; 1 where circumstance stood in the way of some scan, in which case
    the other scans are done and recorded, no table is published, and the next run does the rest.
    """
    # Taken before any master is read: one that changes meanwhile is then seen by the next run.
    digest = plan.digest(recipe, step, batch)
    keep_written(plan.results)
    if not table.exists():
        # Whoever starts the job has taken it away.
        note_gone(table)
    started = time.monotonic()
    scans = plan.members(recipe, batch)
    title = f"{step} {batch}" if recipe is None else f"{recipe} {step} {batch}"
    rows: dict[int, Row] = {}
    failures = Failures()
    # Those of the batch also where a run did not tell, or one was put back since.
    protect_as_they_are(scan.path for scan in scans)
    idle = worked_on = 0
    with reporter(title, len(scans), log) as report:
        removed = remove_leftovers(folders_written(plan, recipe, step))
        if removed:
            report.say(f"removed what killed workers left unfinished: {removed} files")
        for at in workshop.hand.order([scan.scan for scan in scans], step):
            scan = scans[at]
            report.begin(scan.scan)
            try:
                row, worked = _step_for_scan(plan, recipe, step, scan, workshop, report)
            except Exception as raised:  # The batch must go on; nothing is hidden.
                error = circumstance(raised) or raised
                report.say(f"{scan.scan}: {_said(error)}")
                report.note(traceback.format_exc())
                if failures.add(scan.scan, error):
                    report.say(f"the same failure {_EQUAL_SURPRISES_THAT_STOP} times: stopping")
                    break
                continue
            rows[at] = row
            worked_on += worked
            if worked and row.status != "problem":
                workshop.hand.count_finished()
            idle += not worked and row.status != "problem"
            report.end(_outcome(row), worked=worked)
            if step == "deliver":
                after_delivery(plan, scan, workshop.albums, report.say)
        if idle:
            report.say(f"{idle} of {len(scans)} up to date")
        if failures.lines:
            _summary(report, failures, len(scans))
    if not failures.lines:
        not_in_future(_table_before(plan, recipe, step, batch))
        write_table(table, [rows[at] for at in range(len(scans))], digest)
    end = BatchEnd(
        recipe=recipe,
        step=step,
        batch=batch,
        scans=len(scans),
        worked=worked_on,
        problems=found_here(step, rows.values()),
        # Where the job stopped early, also those that it never began.
        failed=len(scans) - len(rows),
        seconds=round(time.monotonic() - started, 3),
    )
    tell_end(plan.results, end)
    return 1 if failures.lines else 0


def _said(error: Exception) -> str:
    if isinstance(error, CircumstanceError):
        return f"failed for a reason that is not the scan's: {error}; it will be tried again"
    if isinstance(error, ScanError):
        return str(error)
    return f"unexpected {type(error).__name__}: {error} (traceback in the log)"


def _summary(report: Reporter, failures: Failures, total: int) -> None:
    report.say(
        f"{len(failures.lines)} of {total} scans could not be finished; what is finished is "
        "kept, the next run does only the rest"
    )
    for line in failures.lines:
        report.note(line + "\n")
