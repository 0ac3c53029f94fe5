"""One scan against its records: every step of every recipe, from the master to the deliverable."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from restoration.job_digest import signature
from restoration.keys import digest
from restoration.planning import Plan
from restoration.records import Row, read_record
from restoration.restoring import (
    Record,
    Workshop,
    cube_name,
    has_own_image,
    image_path,
    mask_of,
)
from restoration.runner import row_after_problem, row_of
from restoration.sheet import Scan
from restoration.stages import REGISTRY
from restoration.verifying.findings import ALTERED, MISSING, ORPHANED, Finding, Place, Repair, Tally
from restoration.verifying.hashing import Hashed, Hasher
from restoration.verifying.keychain import KeyChain
from restoration.verifying.keys_of_records import UntrueKeyError, check_keys
from restoration.verifying.record_parts import copy_of, is_whole, lasting
from restoration.verifying.tables import Table

_NOT_AGAIN = "only listed; delete it if nobody needs it"
_READ_AGAIN = "nothing is scheduled; mend the disk or the rights and verify again"


@dataclass(frozen=True)
class Standing:
    """What a batch's table allows to say of the records behind it."""

    table: Table
    current: bool
    """Whether its digest is the plan's: then its records must bear the plan's keys."""


@dataclass(frozen=True)
class _Wanted:
    """A file with the SHA-256 that a record has of it."""

    place: Place
    what: str
    path: Path
    sha256: str
    repair: Repair | None
    advice: str
    future: Future[Hashed]
    counts: bool
    """Whether it is the first of the scan's names for the file."""


@dataclass
class Checked:
    """What is known of one scan while its files are still being hashed."""

    scan: Scan
    findings: list[Finding] = field(default_factory=list)
    deferred: list[Finding] = field(default_factory=list)
    """Keys that follow from the condition reports of the whole batch, and are not as expected."""
    rows: dict[Place, tuple[Row, Path]] = field(default_factory=dict)
    """What the tables should say, and the record by which."""
    bad: set[Place] = field(default_factory=set)
    wanted: list[_Wanted] = field(default_factory=list)
    tally: Tally = field(default_factory=lambda: Tally(scans=1))

    def settle(self) -> None:
        """Wait for the files and compare them."""
        for one in self.wanted:
            hashed = one.future.result()
            if one.counts:
                self.tally.hashed += 1
                self.tally.bytes += hashed.bytes
            if hashed.trouble:
                found, repair = f"a file that cannot be read ({hashed.trouble})", None
                advice = _READ_AGAIN
            elif hashed.sha256 != one.sha256:
                found, repair, advice = f"SHA-256 {hashed.sha256}", one.repair, one.advice
            else:
                continue
            expected = f"SHA-256 {one.sha256}"
            self.findings.append(
                Finding(ALTERED, one.what, one.path, expected, found, repair, advice)
            )
            if one.what != "master":
                self.bad.add(one.place)


@dataclass(frozen=True)
class Inspector:
    """Checks scans of one batch."""

    plan: Plan
    batch: str
    standing: Mapping[Place, Standing]
    workshop: Workshop
    hasher: Hasher
    quick: bool

    def check(self, scan: Scan) -> Checked:
        return _ScanCheck(self, scan).run()


class _ScanCheck:
    def __init__(self, by: Inspector, scan: Scan) -> None:
        self.by = by
        self.plan = by.plan
        self.scan = scan
        self.checked = Checked(scan)
        self._hashing: dict[tuple[int, int], Future[Hashed]] = {}
        self._read_already: dict[Place, Record | None] = {}

    def run(self) -> Checked:
        scan = self.scan
        delivered = {name: self._witness(name) for name in scan.recipes}
        common: dict[str, Record] = {}
        failed = self._walk(None, ("ingest", "examine"), common, delivered)
        if "ingest" in common:
            self._master(common["ingest"])
        for recipe in scan.recipes:
            witness = {recipe: delivered[recipe]}
            steps = self.plan.steps(recipe)[2:]
            known = dict(common)
            problem = self._walk(recipe, steps, known, witness, failed)
            self.checked.tally.problems += problem is not None
        return self.checked

    # -- records ---------------------------------------------------------------------------

    def _path(self, place: Place) -> Path:
        return self.plan.folder(*place) / f"{self.scan.scan}.json"

    def _record(self, place: Place) -> Record | None:
        if place not in self._read_already:
            self._read_already[place] = read_record(self._path(place))
        return self._read_already[place]

    def _witness(self, recipe: str) -> Record | None:
        """The deliver record, whose copies tell of edits that no key shows; None where there is
        none, or where it was left from before the scan failed in some step."""
        found = self._record((recipe, "deliver"))
        if found is None or found.get("scan") != self.scan.scan:
            return None
        for step in self.plan.steps(recipe):
            place = (None if step in ("ingest", "examine") else recipe, step)
            if (self._record(place) or {}).get("status") == "problem":
                return None
        return found

    def _repair(self, place: Place, *records: Path) -> Repair:
        return Repair((self._path(place), *records), place, self.by.batch)

    def _walk(
        self,
        recipe: str | None,
        steps: tuple[str, ...],
        known: dict[str, Record],
        delivered: Mapping[str, Record | None],
        failed: tuple[str, str] | None = None,
    ) -> tuple[str, str] | None:
        """Check the steps in order; good records are added to ``known``.

        Once a record is not to be believed, the keys of later ones cannot be judged; their files
        still can. Returns the step in which the scan failed and why, where it did.
        """
        chain = KeyChain(self.plan, recipe, self.scan, self.by.workshop, known)
        believed = failed is not None or recipe is None or known.keys() >= {"ingest", "examine"}
        raw: dict[str, Record] = {}
        for step in steps:
            place = (recipe, step)
            if failed is not None:
                self._after_problem(place, failed)
                continue
            record = self._read(place)
            if record is None:
                believed = False
                continue
            raw[step] = record
            good = believed and self._keys_hold(chain, place, record)
            if good:
                good = self._agrees(place, record, delivered)
            believed = believed and good
            if place in self.checked.bad:
                continue
            known[step] = record
            self.checked.rows[place] = (row_of(self.scan, step, record), self._path(place))
            if record["status"] == "problem":
                failed = (step, record["reason"])
        if recipe is not None:
            self._files(recipe, raw)
        return failed

    def _read(self, place: Place) -> Record | None:
        """The step's record where it is one; a finding where it should be and is not."""
        path = self._path(place)
        record = self._record(place)
        if record is not None:
            self.checked.tally.records += 1
            found = (record.get("scan"), record.get("stage"), record.get("recipe"))
            if found == (self.scan.scan, place[1], place[0]) and is_whole(place[1], record):
                return record
            said = " ".join(str(part) for part in found if part)
            expected = f"the record of {' '.join(p for p in (self.scan.scan, *place[::-1]) if p)}"
            self._bad(place, "record", expected, f"one of {said}, or one that lacks parts")
        elif path.exists():
            self._bad(place, "record", "a record in JSON, schema 1", "none that can be read")
        # A job that never ended has no table; that is said of the table, not of every scan.
        elif self.by.standing[place].table.there:
            self._bad(place, "record", "a record", "no file", kind=MISSING)
        return None

    def _bad(
        self,
        place: Place,
        what: str,
        expected: str,
        found: str,
        *also: Path,
        kind: str = ALTERED,
    ) -> None:
        self.checked.bad.add(place)
        repair = self._repair(place, *also)
        self.checked.findings.append(
            Finding(kind, what, self._path(place), expected, found, repair)
        )

    def _after_problem(self, place: Place, failed: tuple[str, str]) -> None:
        row = row_after_problem(self.scan, *failed)
        path = self._path(place)
        self.checked.rows[place] = (row, path)
        if path.exists():
            found = f"one from an earlier run; the scan failed in {failed[0]}"
            self.checked.findings.append(
                Finding(ORPHANED, "record", path, "no record", found, advice=_NOT_AGAIN)
            )

    # -- keys ------------------------------------------------------------------------------

    def _keys_hold(self, chain: KeyChain, place: Place, record: Record) -> bool:
        """Whether the record bears the keys that follow from those before it."""
        current = self.by.standing[place].current
        try:
            check_keys(chain, place, record, current=current)
        except UntrueKeyError as untrue:
            if self._of_batch(place):
                self.checked.bad.add(place)
                self.checked.deferred.append(
                    Finding(
                        ALTERED,
                        untrue.what,
                        self._path(place),
                        untrue.expected,
                        untrue.found,
                        self._repair(place),
                    )
                )
            else:
                self._bad(place, untrue.what, untrue.expected, untrue.found)
            return False
        return True

    def _of_batch(self, place: Place) -> bool:
        recipe, step = place
        if step not in REGISTRY or not REGISTRY[step].shares_batch:
            return False
        return bool(self.plan.settings(recipe, step).get("scope") == "batch")

    # -- copies ----------------------------------------------------------------------------

    def _agrees(self, place: Place, record: Record, delivered: Mapping[str, Record | None]) -> bool:
        """Whether the copies in the deliver records say what the record says."""
        for recipe, witness in delivered.items():
            copy = copy_of(place[1], witness)
            if copy is None or place[1] == "deliver":
                continue
            current = self.by.standing[recipe, "deliver"].current
            own = lasting(place[1], record)
            told = lasting(place[1], copy)
            # A delivery that is itself out of date may speak of another state of the record.
            if digest(own) == digest(told) or not (current or copy.get("key") == record["key"]):
                continue
            names = sorted(k for k in own.keys() | told.keys() if own.get(k) != told.get(k))
            path = self._path((recipe, "deliver"))
            expected = f"what {path.relative_to(self.plan.results)} holds of it"
            self._bad(place, "record", expected, f"another {', '.join(names)}", path)
            # Neither can be believed: both are made again, and their tables with them.
            self.checked.bad.add((recipe, "deliver"))
            return False
        return True

    # -- files -----------------------------------------------------------------------------

    def _master(self, ingest: Record) -> None:
        if ingest["status"] == "problem":
            return
        path = Path(self.scan.path)
        self.checked.tally.masters += 1
        now = signature(self.scan.path)
        advice = (
            "nothing is scheduled; put the right file back, else the next run takes this one as "
            "a new master"
        )
        if now == "missing":
            advice = "nothing is scheduled; put the file back, or correct the sheet"
            found = Finding(
                MISSING, "master", path, f"SHA-256 {ingest['sha256']}", "no file", advice=advice
            )
            self.checked.findings.append(found)
        elif not self.by.quick:
            self._hash((None, "ingest"), "master", path, ingest["sha256"], None, advice)
        elif now != ingest["signature"]:
            expected = f"size and modification time {ingest['signature']}"
            advice = "nothing is scheduled; `make verify` without QUICK compares the SHA-256"
            self.checked.findings.append(
                Finding(ALTERED, "master", path, expected, now, advice=advice)
            )

    def _files(self, recipe: str, records: Mapping[str, Record]) -> None:
        """Images, masks and deliverables of the records that can be read."""
        for step, record in records.items():
            if record["status"] == "problem" or (recipe, step) in self.checked.bad:
                continue
            if step == "deliver":
                self._deliverable(recipe, record)
            else:
                self._images(recipe, step, record, records)

    def _images(
        self, recipe: str, step: str, record: Record, records: Mapping[str, Record]
    ) -> None:
        place = (recipe, step)
        folder = self.plan.folder(recipe, step)
        pages = record["pages"]
        for page in filter(has_own_image, pages):
            # By its own name and not by the record's, which may be anything where keys are old.
            image = image_path(folder, self.scan.scan, page["number"], len(pages))
            repair = self._repair(place, *self._others_of(step, image))
            if not image.is_file():
                if self._needed(recipe, step, records):
                    self._missing(place, "image", image, page["sha256"], repair)
                else:
                    self.checked.tally.pruned += 1
                continue
            self._hash(place, "image", image, page["sha256"], repair)
            if page.get("mask") and not mask_of(page, image).is_file():
                self._missing(place, "mask", mask_of(page, image), "", repair)

    def _others_of(self, step: str, image: Path) -> list[Path]:
        """Records of recipes that the scan no longer names, whose image is this very file: from
        them the next run would take it over again."""
        found = []
        for other in self.plan.config.recipes:
            if other in self.scan.recipes or step not in self.plan.recipe(other).chain():
                continue
            twin = self.plan.folder(other, step) / image.name
            if twin.is_file() and image.is_file() and twin.samefile(image):
                found.append(self.plan.folder(other, step) / f"{self.scan.scan}.json")
        return found

    def _needed(self, recipe: str, step: str, records: Mapping[str, Record]) -> bool:
        """Whether a later step has yet to read the images of this one, as in `Chain._needed`."""
        steps = self.plan.steps(recipe)
        for later in steps[steps.index(step) + 1 :]:
            record = records.get(later)
            if record is None:
                return True
            if record["status"] == "problem":
                return False
            folder = self.plan.folder(recipe, later)
            if later == "deliver":
                return not (folder / f"{self.scan.scan}.tif").is_file()
            pages = record["pages"]
            names = [
                image_path(folder, self.scan.scan, page["number"], len(pages)) for page in pages
            ]
            if all(map(has_own_image, pages)) and all(name.is_file() for name in names):
                return False
        return False

    def _deliverable(self, recipe: str, record: Record) -> None:
        place = (recipe, "deliver")
        folder, repair = self.plan.folder(*place), self._repair(place)
        made = record["deliverable"]
        files = [("deliverable", f"{self.scan.scan}.tif", made["sha256"])]
        for cube in made.get("cubes", ()):
            files.append(("cube", cube_name(self.scan.scan, cube["page"]), cube["sha256"]))
        for what, name, sha256 in files:
            if (folder / name).is_file():
                self._hash(place, what, folder / name, sha256, repair)
            else:
                self._missing(place, what, folder / name, sha256, repair)

    def _missing(self, place: Place, what: str, path: Path, sha256: str, repair: Repair) -> None:
        self.checked.bad.add(place)
        expected = f"SHA-256 {sha256}" if sha256 else "a file"
        self.checked.findings.append(Finding(MISSING, what, path, expected, "no file", repair))

    def _hash(
        self,
        place: Place,
        what: str,
        path: Path,
        sha256: str,
        repair: Repair | None,
        advice: str = "",
    ) -> None:
        status = path.stat()
        node = (status.st_dev, status.st_ino)
        first = node not in self._hashing
        if first:
            # Recipes that share a result share the file.
            self._hashing[node] = self.by.hasher.submit(path)
        self.checked.wanted.append(
            _Wanted(place, what, path, sha256, repair, advice, self._hashing[node], first)
        )
