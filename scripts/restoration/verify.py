"""Verification: every table, record, key chain and SHA-256, from the masters to the deliverables.

No stage runs, and Snakemake's own state is not asked. Needed are the results with the plan of their
last run (``run.json``) and the masters, where that plan names them. Memory does not grow with the
number of scans beyond what the plan itself holds; findings go to a table as they come.

What cannot be seen: an edit of a record that changes no key, no SHA-256 and nothing that a table or
the deliver record repeats, such as how long a stage took.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from restoration.errors import ConfigError
from restoration.job_digest import signature
from restoration.locking import lock_results
from restoration.masters_apart import protect_every_master
from restoration.planning import Plan, load_plan, plan_file
from restoration.records import Row, read_record
from restoration.sheet import Scan, read_sheet
from restoration.verifying.findings import (
    ALTERED,
    CLASSES,
    MISSING,
    Finding,
    Place,
    Repair,
    Report,
    Tally,
    report_to,
)
from restoration.verifying.hashing import Hasher
from restoration.verifying.keychain import SteadyPlan, idle_workshop
from restoration.verifying.orphans import Known, orphans
from restoration.verifying.repairs import schedule
from restoration.verifying.scans import Checked, Inspector, Standing
from restoration.verifying.tables import Table

TABLE = "verify.tsv"
"""The findings, in the results' folder."""

_AHEAD = 16
"""Scans whose files may be waiting for their SHA-256 while further records are read."""


@dataclass(frozen=True)
class Verified:
    """What a verification found."""

    counts: dict[str, int]
    """Findings by class."""
    tally: Tally
    first: tuple[str, ...]
    """The first findings, as lines."""
    table: Path
    quick: bool
    only: str | None
    """The single scan of the last run, to which this verification is then confined."""
    scheduled: tuple[int, int] | None
    """Records and tables that were set aside; None where no repair was asked for."""

    @property
    def clean(self) -> bool:
        return not sum(self.counts.values())


def verify_results(results: Path, *, quick: bool = False, repair: bool = False) -> Verified:
    """Compare the results with their records, and the masters with theirs.

    quick: of the masters, compare size and modification time only. repair: set aside what is not
    true, so that the next run makes exactly that again; orphans and masters are only reported.

    Holds the lock of the results until the process ends. Raises ConfigError where there are no
    results or a run holds them, CircumstanceError where they cannot be written, OSError where the
    disk fails.
    """
    plan = steady_plan(results)
    lock_results(results)
    # Again: a run may have ended between the two.
    plan = steady_plan(results)
    protect_every_master(plan)
    table, tally = results / TABLE, Tally()
    with report_to(table, results, scheduling=repair) as report:
        with Hasher() as hasher:
            for batch in plan.batches(None):
                _Batch(plan, batch, hasher, report, tally, quick).check()
        for orphan in orphans(plan, known_scans(plan)):
            if str(orphan.path) != report.file.name:
                report.add(orphan)
    scheduled = schedule(plan, report.repairs) if repair else None
    return Verified(
        counts=dict(report.counts),
        tally=tally,
        first=tuple(report.first),
        table=table,
        quick=quick,
        only=plan.config.only,
        scheduled=scheduled,
    )


def steady_plan(results: Path) -> SteadyPlan:
    """The plan of the last run, over the results where they lie now."""
    path = plan_file(results)
    if not path.is_file():
        raise ConfigError(
            f"results: '{results}' holds no run.json, so no run was ever begun there; name the "
            "folder of the results: make verify RESULTS=..."
        )
    try:
        plan = load_plan(path)
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"results: '{path}' cannot be read ({type(error).__name__}: {error}); expected the "
            "plan of the last run, which any run writes again: snakemake --until ingest"
        ) from None
    config = plan.config.model_copy(update={"results": str(results)})
    given = {item.name: getattr(plan, item.name) for item in fields(Plan)}
    return SteadyPlan(**{**given, "config": config})


def known_scans(plan: Plan) -> Known:
    """Whom the sheet names; after the run of a single scan, the sheet is read again."""
    scans = plan.scans
    config = plan.config
    if config.only is not None:
        scans = read_sheet(Path(config.scans), recipes=config.recipes, default=config.recipe)
    return Known(
        recipes_of={scan.scan: scan.recipes for scan in scans},
        batches=frozenset(scan.batch for scan in scans),
    )


class _Batch:
    """One batch: its tables, row by row, beside its scans."""

    def __init__(
        self,
        plan: Plan,
        batch: str,
        hasher: Hasher,
        report: Report,
        tally: Tally,
        quick: bool,
    ) -> None:
        self.plan = plan
        self.batch = batch
        self.hasher = hasher
        self.report = report
        self.tally = tally
        self.quick = quick
        self.scans = plan.members(None, batch)
        self._deferred: list[Finding] = []
        self._reports_hold = True
        self._touched: bool | None = None

    def check(self) -> None:
        standing = {place: self._standing(place) for place in self._places()}
        workshop = idle_workshop()
        inspector = Inspector(self.plan, self.batch, standing, workshop, self.hasher, self.quick)
        for checked in _settled(inspector, self.scans):
            self._take(checked, standing)
        if self._reports_hold:
            for finding in self._deferred:
                self.report.add(finding)
        else:
            # They follow from the reports of the whole batch, which are to be made again first.
            self.tally.unjudged += len(self._deferred)
        for place, found in standing.items():
            found.table.close()
            if found.table.fault is not None:
                expected, differs = found.table.fault
                self._say(ALTERED, "table", place, found.table, expected, differs)

    def _places(self) -> Iterator[Place]:
        yield None, "ingest"
        yield None, "examine"
        for recipe in self.plan.recipes():
            if self.plan.members(recipe, self.batch):
                yield from ((recipe, step) for step in self.plan.steps(recipe)[2:])

    def _standing(self, place: Place) -> Standing:
        """A batch's table by its digest."""
        table = Table(Path(self.plan.table(*place, self.batch)))
        expected = self.plan.digest(*place, self.batch)
        self.tally.tables += table.there
        current = table.digest == expected
        if not table.there:
            self._say(MISSING, "table", place, table, f"digest {expected}", "no file")
        elif table.digest is None:
            self._say(ALTERED, "table", place, table, f"digest {expected}", "no line of a digest")
        elif not current and self._masters_touched():
            self.tally.touched += 1
        elif not current:
            found = f"{table.digest}, that of other settings, code or scans"
            self._say(ALTERED, "table", place, table, f"digest {expected}", found)
        return Standing(table, current)

    def _masters_touched(self) -> bool:
        """Whether a master's size or time is no longer that of its record: digests hold them."""
        if self._touched is None:
            self._touched = any(map(self._other_signature, self.scans))
        return self._touched

    def _other_signature(self, scan: Scan) -> bool:
        record = read_record(self.plan.folder(None, "ingest") / f"{scan.scan}.json")
        return record is not None and record.get("signature") != signature(scan.path)

    def _say(
        self, kind: str, what: str, place: Place, table: Table, expected: str, found: str
    ) -> None:
        repair = Repair(place=place, batch=self.batch)
        self.report.add(Finding(kind, what, table.path, expected, found, repair))

    def _take(self, checked: Checked, standing: dict[Place, Standing]) -> None:
        """Report a scan whose files are hashed, and compare its rows."""
        scan = checked.scan
        for finding in checked.findings:
            self.report.add(finding)
        self._deferred += checked.deferred
        self._reports_hold &= not checked.bad & {(None, "ingest"), (None, "examine")}
        for place, found in standing.items():
            if place[0] is not None and place[0] not in scan.recipes:
                continue
            row = found.table.row(scan.scan)
            if row is None or place in checked.bad or place not in checked.rows:
                continue
            expected, record = checked.rows[place]
            if (differs := _difference(expected, row)) is not None:
                repair = Repair((record,), place, self.batch)
                # Which of the two was changed cannot be known: both are made again.
                self.report.add(Finding(ALTERED, "row", found.table.path, *differs, repair))
        self.tally.add(checked.tally)


def _settled(inspector: Inspector, scans: Iterable[Scan]) -> Iterator[Checked]:
    """Scans in order, each once its files are hashed; a few are read ahead meanwhile."""
    waiting: deque[Checked] = deque()
    for scan in scans:
        waiting.append(inspector.check(scan))
        if len(waiting) > _AHEAD:
            waiting[0].settle()
            yield waiting.popleft()
    while waiting:
        waiting[0].settle()
        yield waiting.popleft()


def _difference(expected: Row, found: Row) -> tuple[str, str] | None:
    """The cells of a row that are not as the record has them."""
    pairs = [
        (item.name, " ".join(str(getattr(expected, item.name)).split()), getattr(found, item.name))
        for item in fields(Row)
    ]
    differing = [(name, one, other) for name, one, other in pairs if one != other]
    if not differing:
        return None
    told = ", ".join(f"{name} '{one}'" for name, one, _ in differing)
    return (
        f"{told} for {expected.scan}, as in its record",
        ", ".join(f"{name} '{other}'" for name, _, other in differing),
    )


def summary(verified: Verified) -> str:
    """What a person reads: what was looked at, what was found, where the details are."""
    tally = verified.tally
    lines = [
        f"{tally.scans} scans: {tally.masters} masters, {tally.tables} tables, {tally.records} "
        f"records; SHA-256 of {tally.hashed} files ({tally.bytes / 1e6:,.1f} MB)"
    ]
    notes = [
        (tally.pruned, "intermediate images are gone and no longer needed"),
        (tally.problems, "times a scan could not be processed, as recorded (see problems.tsv)"),
        (tally.touched, "tables could not be judged by their digest: a master's time has changed"),
        (tally.unjudged, "records wait for condition reports of their batch that are damaged"),
    ]
    lines += [f"  {count} {text}" for count, text in notes if count]
    if verified.quick:
        lines.append("  masters by size and modification time only: their SHA-256 was not taken")
    if verified.only is not None:
        lines.append(f"  the last run was of the scan '{verified.only}' alone: so is this")
    lines += verified.first
    total = sum(verified.counts.values())
    if total > len(verified.first):
        lines.append(f"… and {total - len(verified.first)} more")
    if verified.scheduled is not None and any(verified.scheduled):
        records, tables = verified.scheduled
        lines.append(f"{records} records and {tables} tables set aside for the next run")
    found = ", ".join(f"{verified.counts.get(kind, 0)} {kind}" for kind in CLASSES)
    lines.append(f"{'all true' if verified.clean else found}: {verified.table}")
    return "\n".join(lines)
