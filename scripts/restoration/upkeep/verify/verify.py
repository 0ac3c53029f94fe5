"""Verification of results. Two questions, answered apart.

*Fixity*: are these the bytes that were written? Asked of every file below the results, of the
masters and of the weights. Neither the code nor the settings nor Snakemake's state is looked at.
*Currency*: what would today's code and settings make anew? That is no damage.

Fixity writes nothing to the results but its line in their log, and that only where it may. Memory
grows with the files of one folder.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from restoration.errors import ConfigError
from restoration.plan.master_locations import protect_every_master
from restoration.plan.plan import Plan, plan_file
from restoration.records.ingest import IngestDone
from restoration.run.lock import lock_results
from restoration.run.run_progress import steps_of
from restoration.storage.fixity import MISSING as NO_FILE
from restoration.storage.fixity import signature
from restoration.storage.journal import FOLDER, keep_written
from restoration.storage.manifest import (
    LIST,
    MANIFEST,
    WrittenList,
    is_open,
    manifest_lines,
    sha256_of_file,
)
from restoration.upkeep.verify.files import Files, Queue, begins_late
from restoration.upkeep.verify.findings import (
    ALTERED,
    CLASSES,
    MISSING,
    FaultReport,
    FixityFault,
    ScheduledRepair,
    Tally,
)
from restoration.upkeep.verify.fixity_log import append
from restoration.upkeep.verify.hashing import Hashed, Hasher
from restoration.upkeep.verify.last_run import (
    folder_of_run,
    known_scans,
    last_plan,
    started_in,
    whole_plan,
)
from restoration.upkeep.verify.names import ADVICE, FIXITY_LOG, KnownNames
from restoration.upkeep.verify.orphans import KnownScans as Sheet
from restoration.upkeep.verify.orphans import orphans
from restoration.upkeep.verify.repairs import Scheduled, schedule
from restoration.upkeep.verify.results_hold import hold_off_runs
from restoration.upkeep.verify.weights import advice, lost_record, weights_of

_PUT_BACK = (
    "nothing is scheduled; put the right file back, else the next run takes it as a new master"
)
_MISSING_MASTER = "nothing is scheduled; put the file back, or correct the sheet"


@dataclass(frozen=True)
class VerifyRequest:
    """What is to be verified, and what is to be done about it."""

    quick: bool = False
    """Masters by size and modification time alone."""
    results_only: bool = False
    """Neither masters nor weights, as of a copy that has neither beside it."""
    repair: bool = False
    anew: bool = False
    """Repair also what cannot be given back as it was."""
    base: Path | None = None
    """The folder in which relative paths of masters begin; found by itself where None."""
    log: Path | None = None
    """Where the log of verifications is; in the results where None."""


@dataclass(frozen=True)
class Verified:
    """What a verification found."""

    counts: Mapping[str, int]
    """Findings by class."""
    tally: Tally
    asked: VerifyRequest
    only: str | None
    """The scan of which alone the last run was."""
    scheduled: Scheduled | None
    """None where no repair was asked for."""
    log: Path | None
    """Where its line was appended; None where it could not be."""

    @property
    def clean(self) -> bool:
        return not sum(self.counts.values())


def verify_results(
    results: Path,
    asked: VerifyRequest | None = None,
    tell: Callable[[FixityFault], None] = lambda found: None,
) -> Verified:
    """Compare everything below the results with what was written; ``tell`` is given each finding.

    Raises ConfigError where there are no results, or a run works in them; CircumstanceError where a
    repair cannot write, OSError where the disk fails.
    """
    asked, results = asked or VerifyRequest(), results.absolute()
    _check_there(results)
    log = asked.log.absolute() if asked.log is not None else results / FIXITY_LOG
    with ExitStack() as held:
        if asked.repair:
            lock_results(results)
            keep_written(results)
        else:
            held.enter_context(hold_off_runs(results))
        base = asked.base.absolute() if asked.base is not None else folder_of_run(results)
        held.enter_context(started_in(base))
        written = WrittenList(results)
        look = _Verification(results, asked, written, FaultReport(tell))
        look.all()
        scheduled = None
        if asked.repair and look.plan is not None:
            plan = whole_plan(look.plan)
            protect_every_master(plan)
            scheduled = schedule(plan, look.report.repairs, anew=asked.anew)
    verified = Verified(
        counts=dict(look.report.counts),
        tally=look.tally,
        asked=asked,
        only=None if look.plan is None else look.plan.config.only,
        scheduled=scheduled,
        log=log,
    )
    return _logged(verified, results, log)


def _check_there(results: Path) -> None:
    marks = (plan_file(results), results / MANIFEST, results / FOLDER / LIST)
    if not any(path.is_file() for path in marks):
        raise ConfigError(
            f"results: '{results}' holds no run.json and no {MANIFEST}, so no run was ever begun "
            "there; name the folder of the results: make verify RESULTS=..."
        )


def _logged(verified: Verified, results: Path, log: Path) -> Verified:
    """Append the verification's line."""
    tally, asked = verified.tally, verified.asked
    said = {
        "results": str(results),
        "scope": {
            "masters": "none" if asked.results_only else "quick" if asked.quick else "SHA-256",
            "scan": verified.only,
        },
        "files": tally.files,
        "masters": tally.masters,
        "bytes": tally.bytes,
        "findings": {kind: verified.counts.get(kind, 0) for kind in CLASSES},
        "repair": asked.repair,
    }
    try:
        append(log, said)
    except OSError as error:
        sys.stderr.write(
            f"verify: no line was added to '{log}' ({error.strerror}); name another place: --log\n"
        )
        return Verified(**{**vars(verified), "log": None})
    return verified


class _Verification:
    """One look at everything."""

    def __init__(
        self, results: Path, asked: VerifyRequest, written: WrittenList, report: FaultReport
    ) -> None:
        self.results = results
        self.asked = asked
        self.written = written
        self.report = report
        self.tally = Tally()
        self.partly = written.there and begins_late(results, written)
        self.plan = self._plan()
        self.sheet = self._sheet()
        scans = self.plan.scans if self.plan is not None else ()
        self._batch_of = {scan.scan: scan.batch for scan in scans}
        self._path_of = {scan.scan: scan.path for scan in scans}

    def _plan(self) -> Plan | None:
        """The plan of the last run; None where it is not what was written, which is a finding as
        with any other file: what it is needed for is then left out."""
        path = plan_file(self.results)
        kind, found = MISSING, "no file"
        expected = self.written.of("").get(path.name)
        sha256 = sha256_of_file(path)
        if sha256 is not None:
            kind, found = ALTERED, f"SHA-256 {sha256}"
            if expected in (None, sha256):
                try:
                    return last_plan(self.results)
                except ConfigError:
                    found = "none that can be read"
        then = ADVICE["plan"] + "; without it, what the sheet names no more is not told"
        said = f"SHA-256 {expected}" if expected else "the plan of the last run"
        self.report.add(FixityFault(kind, "plan", path, said, found, advice=then))
        return None

    def _sheet(self) -> Sheet | None:
        """Whom the sheet names; None where that cannot be known."""
        if self.plan is None:
            return None
        try:
            return known_scans(self.plan)
        except ConfigError as error:
            # After the run of one scan; a copy of the results has no sheet beside it.
            sys.stderr.write(f"verify: {error}; what the sheet names no more is not told\n")
            return None

    def all(self) -> None:
        plan, sheet = self.plan, self.sheet
        batches = sheet.batches if sheet is not None else None
        recipes = frozenset(plan.config.recipes) if plan is not None else frozenset()
        with Hasher() as hasher:
            self.queue = Queue(hasher, self.tally)
            self._manifest()
            Files(
                results=self.results,
                written=self.written,
                known=KnownNames(None if batches is None else dict.fromkeys(batches), recipes),
                queue=self.queue,
                report=self.report,
                tally=self.tally,
                is_in_hand=self._is_in_hand,
                on_ingest=self._master,
                partly=self.partly,
            ).check()
            if plan is not None and not self.asked.results_only:
                self._weights(plan)
            self.queue.settle()
        if plan is not None and sheet is not None:
            for orphan in orphans(plan, sheet):
                self.report.add(orphan)
            self.tally.unwritten = sum(
                not Path(plan.table(recipe, step, batch)).is_file()
                for recipe, step in steps_of(plan)
                for batch in plan.batches(recipe)
            )

    def _is_in_hand(self, recipe: str | None, step: str, scan: str) -> bool:
        batch = self._batch_of.get(scan)
        if self.plan is None or batch is None:
            return False
        return not (self.plan.folder(recipe, step) / f"{batch}.tsv").exists()

    # -- the manifest ----------------------------------------------------------------------

    def _manifest(self) -> None:
        path = self.results / MANIFEST
        repair = ScheduledRepair(manifest=True)
        if not self.written.there:
            expected, then = (
                "a list of what was written",
                (
                    "the results are of an earlier version, or their list was deleted with the "
                    "manifest: only what the records say of files could be compared"
                ),
            )
            self.report.add(FixityFault(MISSING, "manifest", path, expected, "none", advice=then))
        elif self.written.from_manifest or not self.written.is_whole:
            listed = self.results / FOLDER / LIST
            expected = f"the list from which {MANIFEST} was made"
            kind = ALTERED if listed.is_file() else MISSING
            found = "one that was altered" if listed.is_file() else "no file"
            self.report.add(FixityFault(kind, "list", listed, expected, found, repair))
        elif self.partly:
            listed, expected = self.results / FOLDER / LIST, "a list of all that was written"
            then = (
                "some results are of an earlier version, which kept no list: of these only what "
                "the records say could be compared, until a whole run has made them anew"
            )
            found = "one of what was written since"
            self.report.add(FixityFault(MISSING, "list", listed, expected, found, advice=then))
        elif not path.is_file():
            if not is_open(self.results):
                self.report.add(FixityFault(MISSING, "manifest", path, "a file", "no file", repair))
        elif (said := _first_difference(path, manifest_lines(self.results))) is not None:
            self.report.add(FixityFault(ALTERED, "manifest", path, *said, repair))

    # -- masters and weights ---------------------------------------------------------------

    def _master(self, record: IngestDone) -> None:
        named = self._path_of.get(record.scan, record.path)
        if self.asked.results_only:
            return
        # The sheet's, not the plan's: a run of one scan leaves the other masters to be looked at.
        if self.sheet is not None and record.scan not in self.sheet.recipes_of:
            return
        path, sha256 = Path(named).absolute(), record.sha256
        self.tally.masters += 1
        now = signature(str(path))
        say = partial(self._say_master, path)
        if now == NO_FILE:
            say(MISSING, f"SHA-256 {sha256}", "no file", _MISSING_MASTER)
        elif not self.asked.quick:
            self._hash(path, sha256, say)
        elif now != record.signature:
            expected = f"size and modification time {record.signature}"
            then = "nothing is scheduled; `make verify` without QUICK compares the SHA-256"
            say(ALTERED, expected, now, then)

    def _say_master(self, path: Path, kind: str, expected: str, found: str, then: str) -> None:
        self.report.add(FixityFault(kind, "master", path, expected, found, advice=then))

    def _hash(
        self, path: Path, sha256: str, say: Callable[[str, str, str, str], None], then: str = ""
    ) -> None:
        def compare(hashed: Hashed) -> None:
            if hashed.trouble:
                found = f"a file that cannot be read ({hashed.trouble})"
                say(ALTERED, f"SHA-256 {sha256}", found, "fix the disk or the permissions")
            elif hashed.sha256 != sha256:
                found = f"SHA-256 {hashed.sha256}"
                say(ALTERED, f"SHA-256 {sha256}", found, then or _PUT_BACK)

        self.queue.add(path, compare)

    def _weights(self, plan: Plan) -> None:
        for path, sha256, name in weights_of(plan):
            then = advice(name)

            def say(kind: str, expected: str, found: str, then: str, path: Path = path) -> None:
                self.report.add(FixityFault(kind, "weights", path, expected, found, advice=then))

            if not path.is_file():
                say(MISSING, f"SHA-256 {sha256}" if sha256 else "a file", "no file", then)
            elif not sha256:
                self.report.add(lost_record(path, name))
            else:
                self._hash(path, sha256, say, then)


def _first_difference(path: Path, lines: Iterator[str]) -> tuple[str, str] | None:
    """The first line of the manifest that is not as the list has it."""
    with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        for number, line in enumerate(file, 1):
            expected = next(lines, "no further line\n")
            if line != expected:
                return f"{expected.strip()} in line {number}, as it was gathered", line.strip()
    left = next(lines, None)
    return None if left is None else (f"{left.strip()} as a further line", "the end of the file")
