"""One scan's way through a recipe: which records are still true, and doing what is not.

The chain of keys is computed from records alone, before any pixel is read. A step whose record
bears its key is done, also where its image was pruned and nothing below needs it any more. What was
lost of a scan's results comes back as it was: a record from its copy in the deliver record, a file
with the times of the first one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from restoration.chain.page_restorer import JobTools, PageRestorer, PageWork
from restoration.chain.redelivery import (
    deliver_again,
    delivery_record,
    earlier_delivery,
    is_delivered,
)
from restoration.chain.scan_keys import EarlierProblemError, ScanKeys, altered_key
from restoration.chain.scan_records import ScanRecords
from restoration.chain.software import processor, recorded_weights, software_versions
from restoration.chain.withdrawn import withdraw
from restoration.config.sheet import Scan
from restoration.config.stages import REGISTRY
from restoration.deliver.scan_to_deliver import ScanToDeliver
from restoration.errors import ScanError
from restoration.plan.marks_without_stage import unheeded
from restoration.plan.plan import Plan
from restoration.raster.base import Progress
from restoration.records.any_record import AnyRecord
from restoration.records.delivery import DeliveryDone, DeliveryProblem
from restoration.records.ingest import IngestDone, IngestProblem
from restoration.records.stage import AppliedPage, Replaced, StageDone, StagePage, StageProblem
from restoration.storage.fixity import MISSING, AlteredMasterError, is_intact, signature, steady
from restoration.storage.keys import digest
from restoration.storage.manifest import asked_again
from restoration.storage.page_state import PageState, has_own_image
from restoration.storage.publish import unlink
from restoration.storage.records import read_record


class Chain:
    """The steps of one scan in one recipe (None: only those that carry no recipe)."""

    def __init__(
        self,
        plan: Plan,
        recipe: str | None,
        scan: Scan,
        workshop: JobTools,
        progress: Progress = lambda share, unit: None,
    ) -> None:
        self.plan = plan
        self.recipe = recipe
        self.scan = scan
        self.workshop = workshop
        self.progress = progress
        self.worked: list[str] = []
        """The steps that had to be done, in order, for the worker's log."""
        self.mended: list[str] = []
        """What was found damaged or lost and made again, or put aside, one line each, likewise."""
        self._known: dict[str, AnyRecord] = {}
        self._again: frozenset[str] | None = None
        """Files that a repair asked for again, below the results; None: not looked at yet."""
        self._read: dict[Path, str] = {}
        """SHA-256 of the intermediates that this job has read, each found intact."""
        self._records = ScanRecords(plan, recipe, scan, self.mended.append)
        self._keys = ScanKeys(plan, recipe, scan, workshop.albums, self.ensure)

    # -- records ---------------------------------------------------------------------------

    def _publish(self, step: str, said: Mapping[str, Any]) -> AnyRecord:
        record = self._records.publish(step, said)
        self._known[step] = record
        self.worked.append(step)
        return record

    def _problem(self, step: str, key: str, error: ScanError) -> AnyRecord:
        """A failure of the scan is a result: recorded, and final until its key changes."""
        record = {**self._records.head(step), "status": "problem", "key": key, "reason": str(error)}
        return self._publish(step, record)

    # -- steps -----------------------------------------------------------------------------

    def ensure(self, step: str) -> AnyRecord:
        """The step's true record; what is missing or untrue is done first.

        Raises EarlierProblemError where an earlier step found the scan unfit.
        """
        if step in self._known:
            return self._known[step]
        if step == "ingest":
            return self._ingest()
        before = self.ensure(self._keys.before(step))
        if before.status == "problem":
            raise EarlierProblemError(before.stage, str(before.reason))
        if step == "examine":
            return self._examine()
        if step == "deliver":
            return self._deliver()
        return self._stage(step)

    def _true(self, step: str, key: str) -> AnyRecord | None:
        record = self._records.read(step)
        if record is None or record.key != key:
            return None
        self._known[step] = record
        return record

    def _ingest(self) -> AnyRecord:
        found = signature(self.scan.path)
        record = self._records.read("ingest")
        if isinstance(record, IngestDone | IngestProblem) and self._keys.is_ingested(record, found):
            self._known["ingest"] = record
            return record
        base = self._keys.ingest_base()
        head = {
            **self._records.head("ingest"),
            "path": self.scan.path,
            "signature": found,
            "base": digest(base),
            **base,
        }
        try:
            if found == MISSING:
                raise ScanError(
                    f"the master '{self.scan.path}' is missing; expected a TIFF file there; "
                    "put it back, or correct the sheet"
                )
            if self.scan.material == "negative":
                raise ScanError(
                    "material is 'negative', expected a print or a positive, since every network "
                    "was trained on positives; invert the scan, then set the material 'positive'"
                )
            self.workshop.hand.take_up(self.scan.scan, "ingest")
            with steady(self.scan.path, found, {}):
                master = self.workshop.inspect(Path(self.scan.path), self.plan.config.ingest)
        except ScanError as error:
            key = self._keys.ingest_problem(found)
            failed = {"status": "problem", "key": key, "reason": str(error)}
            return self._publish("ingest", {**head, **failed})
        key = self._keys.ingest(master["sha256"])
        done = {"status": "done", "key": key, "reason": None}
        return self._publish(
            "ingest", {**head, **done, "sha256": master["sha256"], "master": master}
        )

    def _examine(self) -> AnyRecord:
        pages = self._keys.master().pages
        key = self._keys.examine()
        record = self._true("examine", key)
        if record is not None:
            return record
        try:
            self.workshop.hand.take_up(self.scan.scan, "examine")
            with self._steady():
                reports = [
                    self.workshop.examine(Path(self.scan.path), page.number, self.plan.config)
                    for page in pages
                ]
        except ScanError as error:
            return self._problem("examine", key, error)
        examined = [
            {"number": page.number, "report": report}
            for page, report in zip(pages, reports, strict=True)
        ]
        done = {"status": "done", "key": key, "reason": None, "pages": examined}
        made_with = self._keys.examine_facts()
        return self._publish("examine", {**self._records.head("examine"), **done, **made_with})

    def _stage(self, step: str) -> AnyRecord:
        key = self._keys.of(step)
        record = self._true(step, key)
        if isinstance(record, StageProblem):
            return record
        if isinstance(record, StageDone) and self._is_done(step, record):
            return record
        try:
            self.workshop.hand.take_up(self.scan.scan, step)
            return self.restore(step)
        except ScanError as error:
            return self._problem(step, key, error)

    def _is_done(self, step: str, record: StageDone) -> bool:
        """Whether nothing is lacking of what the step left that is to last or will be read."""
        lasting = [p.mask for p in record.pages if isinstance(p, AppliedPage) and p.mask]
        if self._again is None:
            self._again = asked_again(self.plan.results)
        wanted = [page.image for page in record.pages if page.image in self._again]
        if not all((self.plan.results / str(name)).is_file() for name in (*lasting, *wanted)):
            return False
        return self._complete(record) or not self._needed(step)

    def _complete(self, record: StageDone) -> bool:
        """Whether every image that the step itself wrote is there."""
        return all(
            (self.plan.results / str(page.image)).is_file()
            for page in record.pages
            if has_own_image(page)
        )

    def _needed(self, step: str) -> bool:
        """Whether a later step will read this step's images. Asks records, reads no pixel."""
        assert self.recipe is not None
        steps = self.plan.steps(self.recipe)
        for later in steps[steps.index(step) + 1 :]:
            if later == "deliver":
                delivered = self._true("deliver", self._keys.deliver())
                self._known.pop("deliver", None)
                return not self._is_delivered(delivered)
            record = self._true(later, self._keys.of(later))
            if record is None:
                return True
            if not isinstance(record, StageDone):
                return False
            if all(has_own_image(page) for page in record.pages):
                if self._complete(record):
                    return False
                # Pruned as well: it is needed exactly if its own readers need it.
                continue
        return False

    # -- doing a stage ---------------------------------------------------------------------

    def restore(self, step: str) -> AnyRecord:
        """Run a stage on every page whose result is not there, and publish its record."""
        assert self.recipe is not None
        before = self._keys.states(self._keys.before(step))
        keys = self._keys.pages(step)
        work = [
            PageWork(
                state,
                key,
                self._keys.inputs.of(step, state.number),
                len(before),
                self._keys.ungenerated(step, state) if REGISTRY[step].restores_faces else None,
            )
            for state, key in zip(before, keys, strict=True)
        ]
        restorer = PageRestorer(
            self.plan, self.recipe, step, self.scan, self.workshop, self.progress, self.input_of
        )
        earlier = read_record(self._records.path(step))
        done = earlier if isinstance(earlier, StageDone) else None
        with self._steady():
            pages = restorer.entries(work, () if done is None else done.pages)
        lost = done if done is not None and done.key == digest(keys) else None
        if lost is not None and _without_times(lost.pages) == _without_times(pages):
            # What was lost is there again, as it was: so is what is said of it.
            self._known[step] = lost
            self.worked.append(step)
            return lost
        on = self.plan.dependencies
        record = {
            **self._records.head(step),
            "status": "done",
            "reason": None,
            "key": digest(keys),
            "pages": pages,
            "settings": on.settings(self.recipe, step),
            **self._keys.inputs.marks(step),
            "code": on.code(self.recipe, step),
            "numeric": on.numeric(self.recipe, step),
            "weights": recorded_weights(self.plan.manifest, on.loaded(self.recipe, step)),
            "software": software_versions(),
            "processor": processor(),
        }
        if lost is not None:
            record["replaces"] = _replaced(lost)
            self.mended.append(
                f"{self._records.path(step)}: made again with other bytes, as it says"
            )
        return self._publish(step, record)

    def input_of(self, state: PageState) -> tuple[Path, int]:
        """File and page number from which a page is read; an image that was pruned, or is no
        longer what its record says, is made again."""
        if state.image is None:
            return Path(self.scan.path), state.number
        path = self.plan.results / state.image
        if path not in self._read:
            assert state.owner is not None
            if not is_intact(path, self._sha256_of(state)):
                if path.is_file():
                    self.mended.append(f"{path} was damaged since it was written: made again")
                    # Not adopted as finished work, and not left to another recipe's link either.
                    unlink(path)
                self.restore(state.owner)
            self._read[path] = self._sha256_of(state)
        return path, 1

    def _sha256_of(self, state: PageState) -> str:
        """What the record of the step that wrote a page's image says of it."""
        assert state.owner is not None
        return str(self._keys.stage(state.owner).page(state.number).sha256)

    def _steady(self) -> AbstractContextManager[None]:
        """Around work on pixels: see ``storage.fixity.steady``."""
        return steady(self.scan.path, self._keys.ingested().signature, self._read)

    # -- delivering ------------------------------------------------------------------------

    def _deliver(self) -> AnyRecord:
        assert self.recipe is not None
        key = self._keys.deliver()
        record = self._true("deliver", key)
        if record is not None and self._is_delivered(record):
            return record
        target = self.plan.folder(self.recipe, "deliver") / f"{self.scan.scan}.tif"
        target.parent.mkdir(parents=True, exist_ok=True)
        assert record is None or isinstance(record, DeliveryDone | DeliveryProblem)
        earlier = earlier_delivery(self.plan, self.recipe, self.scan.scan, key, record, target)
        try:
            self.workshop.hand.take_up(self.scan.scan, "deliver")
            with self._steady():
                scan, deliver = self._to_deliver(), self.workshop.deliver
                delivered, earlier = deliver_again(
                    deliver, scan, key, target, earlier, self.mended.append
                )
        except AlteredMasterError as error:
            return self._not_delivered(altered_key(key), error)
        except ScanError as error:
            return self._not_delivered(key, error)
        said = unheeded(self.plan, self.recipe, self.scan)
        told = self._records.head("deliver") | delivery_record(scan, key, delivered, earlier, said)
        on = self.plan.dependencies
        told["settings"] = on.settings(self.recipe, "deliver")
        told["code"] = on.code(self.recipe, "deliver")
        return self._publish("deliver", told)

    def _is_delivered(self, record: AnyRecord | None) -> bool:
        assert self.recipe is not None
        if not isinstance(record, DeliveryDone | DeliveryProblem):
            return False
        return is_delivered(self.plan, self.recipe, record)

    def _to_deliver(self) -> ScanToDeliver:
        assert self.recipe is not None
        return ScanToDeliver(
            scan=self.scan.scan,
            recipe=self.recipe,
            master=Path(self.scan.path),
            ingest=self._keys.ingested(),
            examine=self._keys.examined(),
            stages=tuple(self._keys.stage_records()),
            pages=tuple(self._keys.states(self._keys.before("deliver"))),
            limits=self.plan.config.ingest,
            settings=self.plan.recipe(self.recipe).deliver,
            input_of=self.input_of,
            networks=self.workshop.networks,
        )

    def _not_delivered(self, key: str, error: ScanError) -> AnyRecord:
        self.withdraw("deliver", str(error))
        return self._problem("deliver", key, error)

    def withdraw(self, step: str, reason: str) -> None:
        """Put aside what was delivered of the scan, which has no deliverable any more."""
        assert self.recipe is not None
        place = withdraw(self.plan, self.recipe, self.scan, step, reason)
        if place is not None:
            self.mended.append(f"what was delivered earlier is withdrawn: {place}")


def _without_times(pages: Iterable[StagePage]) -> list[dict[str, Any]]:
    """Entries without how long they took, as they are read."""
    each = (page.raw() for page in pages)
    return [{name: value for name, value in page.items() if name != "seconds"} for page in each]


def _replaced(earlier: StageDone) -> Replaced:
    """What a record says of the one that it takes the place of."""
    sums = tuple(page.sha256 for page in earlier.pages)
    return Replaced(when=earlier.when, record_sha256=earlier.record_sha256, sha256=sums)
