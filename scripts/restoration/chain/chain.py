"""One scan's way through a recipe: which records are still true, and doing what is not.

The chain of keys is computed from records alone, before any pixel is read. A step whose record
bears its key is done, also where its image was pruned and nothing below needs it any more. What was
lost of a scan's results comes back as it was: a record from its copy in the deliver record, a file
with the times of the first one.
"""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from pathlib import Path

from restoration.chain.delivery_again import deliver_again, delivery_record, earlier_delivery
from restoration.chain.page_restorer import PageRestorer, PageWork, Progress, Workshop
from restoration.chain.software import processor, software_versions
from restoration.chain.stage_inputs import Told
from restoration.chain.withdrawn import withdraw
from restoration.config.sheet import Scan
from restoration.deliver.kept_grain import FINISHED_READS
from restoration.errors import ScanError
from restoration.plan.plan import Plan
from restoration.stages import REGISTRY
from restoration.storage.fixity import AlteredMasterError, is_intact, signature, steady
from restoration.storage.keys import digest, stage_key
from restoration.storage.manifest import asked_again
from restoration.storage.page_state import PageState, Record, has_own_image
from restoration.storage.publish import unlink
from restoration.storage.recorded_copies import copy_of
from restoration.storage.records import SCHEMA, SEAL, is_unaltered, now, read_record, write_record


class EarlierProblemError(ScanError):
    """The scan failed in an earlier step; its record says why."""

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(reason)
        self.step = step


def altered_key(key: str) -> str:
    """The key of a delivery that found another master than was ingested; key: that of the delivery
    itself, which must stay free, since what was ingested may come back and be delivered."""
    return digest([key, "altered"])


class Chain:
    """The steps of one scan in one recipe (None: only those that carry no recipe)."""

    mends = True
    """Whether records that were lost are given back; not where the chain is only looked at."""

    def __init__(
        self,
        plan: Plan,
        recipe: str | None,
        scan: Scan,
        workshop: Workshop,
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
        self._known: dict[str, Record] = {}
        self._again: frozenset[str] | None = None
        """Files that a repair asked for again, below the results; None: not looked at yet."""
        self._read: dict[Path, str] = {}
        """SHA-256 of the intermediates that this job has read, each found intact."""
        self._told = Told(plan, recipe, scan, workshop.albums, lambda: self.ensure("examine"))

    # -- records ---------------------------------------------------------------------------

    def _path(self, step: str) -> Path:
        return self.plan.folder(self.recipe, step) / f"{self.scan.scan}.json"

    def _publish(self, step: str, record: Record) -> Record:
        # As it will be read: it becomes a part of the scan's deliver record.
        record = write_record(self._path(step), {"schema": SCHEMA, **record})
        self._known[step] = record
        self.worked.append(step)
        return record

    def _problem(self, step: str, key: str, error: ScanError) -> Record:
        """A failure of the scan is a result: recorded, and final until its key changes."""
        record = {**self._head(step), "status": "problem", "key": key, "reason": str(error)}
        return self._publish(step, record)

    def _head(self, step: str) -> Record:
        head: Record = {"scan": self.scan.scan, "stage": step, "when": now()}
        if self.recipe is not None and step not in ("ingest", "examine"):
            head["recipe"] = self.recipe
        return head

    # -- steps -----------------------------------------------------------------------------

    def ensure(self, step: str) -> Record:
        """The step's true record; what is missing or untrue is done first.

        Raises EarlierProblemError where an earlier step found the scan unfit.
        """
        if step in self._known:
            return self._known[step]
        if step == "ingest":
            return self._ingest()
        before = self.ensure(self._before(step))
        if before["status"] == "problem":
            raise EarlierProblemError(before.get("stage", "ingest"), before["reason"])
        if step == "examine":
            return self._examine()
        if step == "deliver":
            return self._deliver()
        return self._stage(step)

    def _before(self, step: str) -> str:
        if step == "examine":
            return "ingest"
        assert self.recipe is not None
        return self.plan.step_before(self.recipe, step)

    def _true(self, step: str, key: str) -> Record | None:
        record = read_record(self._path(step)) or self._lost(step)
        if record is None or record.get("key") != key:
            return None
        self._known[step] = record
        return record

    def _lost(self, step: str) -> Record | None:
        """A record that is gone or was altered, from its copy in the scan's deliver record, which
        is written back as it was; None where there is no copy that is whole."""
        if not self.mends or step == "deliver":
            return None
        recipes = self.scan.recipes if self.recipe is None else (self.recipe,)
        for recipe in recipes:
            place = self.plan.folder(recipe, "deliver") / f"{self.scan.scan}.json"
            found = copy_of(step, read_record(place))
            if found is not None and SEAL in found and is_unaltered(found):
                self.mended.append(
                    f"{self._path(step)} was lost or altered: given back from {place}"
                )
                return write_record(self._path(step), found)
        return None

    def _ingest(self) -> Record:
        stat = signature(self.scan.path)
        base = {
            "settings": self.plan.settings(None, "ingest"),
            "code": self.plan.code("ingest"),
            "material": self.scan.material,
        }
        record = read_record(self._path("ingest")) or self._lost("ingest")
        known = record is not None and record.get("base") == digest(base)
        if record and known and record["signature"] == stat and record["path"] == self.scan.path:
            self._known["ingest"] = record
            return record
        head = {
            **self._head("ingest"),
            "path": self.scan.path,
            "signature": stat,
            "base": digest(base),
            **base,
        }
        try:
            if stat == "missing":
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
            with steady(self.scan.path, stat, {}):
                master = self.workshop.inspect(Path(self.scan.path), self.plan.config.ingest)
        except ScanError as error:
            failed = {"status": "problem", "key": digest([base, stat]), "reason": str(error)}
            return self._publish("ingest", {**head, **failed})
        key = digest({**base, "sha256": master["sha256"]})
        done = {"status": "done", "key": key, "reason": None}
        return self._publish(
            "ingest", {**head, **done, "sha256": master["sha256"], "master": master}
        )

    def _examine(self) -> Record:
        master = self.ensure("ingest")["master"]
        settings = self.plan.settings(None, "examine")
        code = self.plan.code("examine")
        weights = self.plan.weights(None, "examine")
        known = self._known["ingest"]["key"]
        key = digest({"input": known, "settings": settings, "code": code, "weights": weights})
        record = self._true("examine", key)
        if record is not None:
            return record
        try:
            self.workshop.hand.take_up(self.scan.scan, "examine")
            with self._steady():
                reports = [
                    self.workshop.examine(Path(self.scan.path), page["number"], self.plan.config)
                    for page in master["pages"]
                ]
        except ScanError as error:
            return self._problem("examine", key, error)
        pages = [
            {"number": page["number"], "report": report}
            for page, report in zip(master["pages"], reports, strict=True)
        ]
        done = {"status": "done", "key": key, "reason": None, "pages": pages}
        made_with = {"settings": settings, "code": code, "weights": list(weights)}
        return self._publish("examine", {**self._head("examine"), **done, **made_with})

    def states(self, step: str) -> list[PageState]:
        """Every page as the step leaves it; ``examine`` leaves the master's own pages."""
        record = self.ensure(step)
        if step != "examine":
            return [
                PageState(
                    number=page["number"],
                    key=page["output_key"],
                    image=page["image"],
                    owner=page["owner"],
                    height=page["height"],
                    width=page["width"],
                    ppi=tuple(page["ppi"]) if page["ppi"] else None,
                    generated=page["generated"],
                    tones=page.get("tones"),
                )
                for page in record["pages"]
            ]
        master = self.ensure("ingest")["master"]
        return [
            PageState(
                number=page["number"],
                key=digest([master["sha256"], page["number"]]),
                image=None,
                owner=None,
                height=page["height"],
                width=page["width"],
                ppi=tuple(page["ppi"]) if page["ppi"] else None,
            )
            for page in master["pages"]
        ]

    def _stage_keys(self, step: str) -> list[str]:
        assert self.recipe is not None
        states = self.states(self._before(step))
        marks = self._told.marks(step)
        return [
            stage_key(
                input_key=state.key,
                settings={**self.plan.settings(self.recipe, step), **marks},
                reads=self._told.keyed(step, state.number),
                code=self.plan.code(step),
                weights=self.plan.weights(self.recipe, step),
                numeric=self.plan.numeric(self.recipe, step),
            )
            for state in states
        ]

    def _stage(self, step: str) -> Record:
        keys = self._stage_keys(step)
        key = digest(keys)
        record = self._true(step, key)
        if record is not None and (record["status"] == "problem" or self._is_done(step, record)):
            return record
        try:
            self.workshop.hand.take_up(self.scan.scan, step)
            return self.restore(step)
        except ScanError as error:
            return self._problem(step, key, error)

    def _is_done(self, step: str, record: Record) -> bool:
        """Whether nothing is lacking of what the step left that is to last or will be read."""
        lasting = [page["mask"] for page in record["pages"] if page.get("mask")]
        if self._again is None:
            self._again = asked_again(self.plan.results)
        wanted = [page["image"] for page in record["pages"] if page["image"] in self._again]
        if not all((self.plan.results / name).is_file() for name in (*lasting, *wanted)):
            return False
        return self._complete(record) or not self._needed(step)

    def _complete(self, record: Record) -> bool:
        """Whether every image that the step itself wrote is there."""
        return all(
            (self.plan.results / page["image"]).is_file()
            for page in record["pages"]
            if has_own_image(page)
        )

    def _needed(self, step: str) -> bool:
        """Whether a later step will read this step's images. Asks records, reads no pixel."""
        assert self.recipe is not None
        steps = self.plan.steps(self.recipe)
        for later in steps[steps.index(step) + 1 :]:
            if later == "deliver":
                delivered = self._true("deliver", self._deliver_key())
                self._known.pop("deliver", None)
                return delivered is None or not self._delivered(delivered)
            record = self._true(later, digest(self._stage_keys(later)))
            if record is None:
                return True
            if record["status"] == "problem":
                return False
            if all(has_own_image(page) for page in record["pages"]):
                if self._complete(record):
                    return False
                # Pruned as well: it is needed exactly if its own readers need it.
                continue
        return False

    # -- doing a stage ---------------------------------------------------------------------

    def restore(self, step: str) -> Record:
        """Run a stage on every page whose result is not there, and publish its record."""
        assert self.recipe is not None
        before = self.states(self._before(step))
        keys = self._stage_keys(step)
        work = [
            PageWork(
                state,
                key,
                self._told.of(step, state.number),
                len(before),
                self._ungenerated(step, state) if REGISTRY[step].restores_faces else None,
            )
            for state, key in zip(before, keys, strict=True)
        ]
        restorer = PageRestorer(
            self.plan, self.recipe, step, self.scan, self.workshop, self.progress, self.input_of
        )
        earlier = read_record(self._path(step)) or {}
        with self._steady():
            pages = restorer.entries(work, earlier.get("pages", ()))
        same_key = earlier.get("status") == "done" and earlier.get("key") == digest(keys)
        if same_key and _without_times(earlier["pages"]) == _without_times(pages):
            # What was lost is there again, as it was: so is what is said of it.
            self._known[step] = earlier
            self.worked.append(step)
            return earlier
        record = {
            **self._head(step),
            "status": "done",
            "reason": None,
            "key": digest(keys),
            "pages": pages,
            "settings": self.plan.settings(self.recipe, step),
            **self._told.marks(step),
            "code": self.plan.code(step),
            "numeric": self.plan.numeric(self.recipe, step),
            "weights": self._weights(step),
            "software": software_versions(),
            "processor": processor(),
        }
        if same_key:
            record["replaces"] = _replaced(earlier)
            self.mended.append(f"{self._path(step)}: made again with other bytes, as it says")
        return self._publish(step, record)

    def _ungenerated(self, step: str, state: PageState) -> PageState | None:
        """A page before a generative network first worked on it; None where none did."""
        earlier = step
        while state.generated:
            earlier = self._before(earlier)
            state = next(s for s in self.states(self._before(earlier)) if s.number == state.number)
        return None if earlier == step else state

    def _weights(self, step: str) -> list[Record]:
        names = self.plan.networks(self.recipe, step)
        found = [(name, self.plan.manifest[name]) for name in names]
        return [
            {
                "name": name,
                "sha256": weights.sha256,
                "licence": weights.licence,
                # dlib's look at faces and make no pixel.
                "role": "compares" if weights.architecture == "dlib" else "restores",
            }
            for name, weights in found
        ]

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
        pages = self.ensure(state.owner)["pages"]
        return str(next(page["sha256"] for page in pages if page["number"] == state.number))

    def _steady(self) -> AbstractContextManager[None]:
        """Around work on pixels: see ``intact.steady``."""
        return steady(self.scan.path, self.ensure("ingest")["signature"], self._read)

    # -- delivering ------------------------------------------------------------------------

    def _deliver_key(self) -> str:
        states = self.states(self._before("deliver"))
        steps = self.chain_records()
        return digest(
            {
                "input": [state.key for state in states],
                # What was tried and declined is part of the deliverable's history.
                "chain": [record["key"] for record in steps],
                # By these the finished picture is judged.
                "reports": [
                    {name: page["report"].get(name) for name in FINISHED_READS}
                    for page in self.ensure("examine")["pages"]
                ],
                "settings": self.plan.settings(self.recipe, "deliver"),
                "code": self.plan.code("deliver"),
                "weights": self.plan.weights(self.recipe, "deliver"),
                "profile": self.plan.outgoing_profile(self.recipe, "deliver"),
            }
        )

    def chain_records(self) -> list[Record]:
        """The records of the recipe's stages, in order."""
        assert self.recipe is not None
        return [self.ensure(step) for step in self.plan.recipe(self.recipe).chain()]

    def _delivered(self, record: Record) -> bool:
        if record["status"] == "problem":
            return True
        cubes = [cube["file"] for cube in record["deliverable"].get("cubes", ())]
        folder = self.plan.folder(self.recipe, "deliver")
        return all((folder / name).is_file() for name in (f"{self.scan.scan}.tif", *cubes))

    def _deliver(self) -> Record:
        key = self._deliver_key()
        record = self._true("deliver", key)
        if record is not None and self._delivered(record):
            return record
        assert self.recipe is not None
        target = self.plan.folder(self.recipe, "deliver") / f"{self.scan.scan}.tif"
        target.parent.mkdir(parents=True, exist_ok=True)
        earlier = earlier_delivery(self.plan, self.recipe, self.scan.scan, key, record, target)
        try:
            self.workshop.hand.take_up(self.scan.scan, "deliver")
            with self._steady():
                delivered, earlier = deliver_again(self, key, target, earlier)
        except AlteredMasterError as error:
            return self._not_delivered(altered_key(key), error)
        except ScanError as error:
            return self._not_delivered(key, error)
        record = self._head("deliver") | delivery_record(self, key, delivered, earlier)
        return self._publish("deliver", record)

    def _not_delivered(self, key: str, error: ScanError) -> Record:
        self.withdraw("deliver", str(error))
        return self._problem("deliver", key, error)

    def withdraw(self, step: str, reason: str) -> None:
        """Put aside what was delivered of the scan, which has no deliverable any more."""
        assert self.recipe is not None
        place = withdraw(self.plan, self.recipe, self.scan, step, reason)
        if place is not None:
            self.mended.append(f"what was delivered earlier is withdrawn: {place}")


def _without_times(pages: list[Record]) -> list[Record]:
    """Entries without how long they took, as they are read."""
    return [
        {name: value for name, value in page.items() if name != "seconds"}
        for page in json.loads(json.dumps(pages))
    ]


def _replaced(earlier: Record) -> Record:
    """What a record says of the one that it takes the place of."""
    return {
        "when": earlier["when"],
        "record_sha256": earlier.get(SEAL),
        "sha256": [page["sha256"] for page in earlier["pages"]],
    }
