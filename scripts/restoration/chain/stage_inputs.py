"""What a stage is told of a page beyond its pixels, and how that enters the page's key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from restoration.chain.album import Album, Albums, gather_album
from restoration.config.sheet import Scan
from restoration.config.stages import COLOUR, REGISTRY
from restoration.faces.page_faces import as_keyed, where_faces_lie
from restoration.findings.faces import FacePlaces, Faces
from restoration.findings.report import ConditionReport, read_report
from restoration.ingest.inspect_master import hash_file
from restoration.plan.code_fingerprint import code_fingerprint
from restoration.plan.plan import Plan
from restoration.records.examine import ExamineDone, RawReport
from restoration.storage.keys import Facts


@dataclass(frozen=True)
class CorrectedTones:
    """What corrected tones follow from, for a stage that is shown them."""

    report: ConditionReport
    """The findings that the stage `colour` reads."""
    settings: Mapping[str, Any]
    """Its section of the recipe."""


@dataclass(frozen=True)
class StageContext:
    """What a stage is told of one page beyond its pixels."""

    report: ConditionReport
    """The findings that it reads."""
    faces: FacePlaces | None = None
    """Where faces lie, for a stage that restores them or leaves them alone."""
    corrected_tones: CorrectedTones | None = None
    """None where the page is shown as it is."""
    album: Sequence[ConditionReport] | None = None
    """Of every page of the batch, for a stage that decides once."""


class StageInputs:
    """What the stages of one recipe are told of one scan."""

    def __init__(
        self,
        plan: Plan,
        recipe: str | None,
        scan: Scan,
        albums: Albums,
        examined: Callable[[], ExamineDone],
    ) -> None:
        """albums: those that the job has gathered, which this adds to; examined: the scan's true
        condition report, which is made first where it is missing."""
        self._plan = plan
        self._recipe = recipe
        self._scan = scan
        self._albums = albums
        self._examined = examined
        self._marks: dict[str, Facts] = {}

    def of(self, step: str, number: int) -> StageContext:
        """What the stage is told of a page. Raises RestorationError, in one line, where the scan's
        record is of a version that cannot be read."""
        report, album = self._examined().report_of(number), self._album(step)
        read = self._read(report, REGISTRY[step].load().reads, number)
        faces = None
        if REGISTRY[step].restores_faces:
            faces = where_faces_lie(read.get(Faces))
        elif self._plan.dependencies.keeps_faces(self._recipe, step):
            faces = where_faces_lie(self._read(report, (Faces.name,), number).get(Faces))
        tones = self._plan.tones_ahead(self._recipe, step)
        corrected = None
        if tones is not None:
            seen = self._read(report, REGISTRY[COLOUR].load().reads, number)
            corrected = CorrectedTones(seen, tones.model_dump(mode="json"))
        return StageContext(read, faces, corrected, None if album is None else album.reports)

    def keyed(self, step: str, number: int) -> Mapping[str, Any]:
        """The same as it enters keys, in the record's own words: a long album by its digest; with
        the material, for the stages that decide by it: those that may use infrared, and those that
        judge colours."""
        read, album = self._reads(step, number), self._album(step)
        entry = REGISTRY[step]
        if entry.fills_damage or entry.shares_batch or "corrected_tones" in read:
            read = {**read, "material": self._scan.material}
        return read if album is None else {**read, "album": album.digest}

    def marks(self, step: str) -> Facts:
        """What people marked for the stage, as it enters its keys; empty for most scans."""
        if step not in self._marks:
            facts = self._plan.marks(self._recipe, self._scan, step).facts(_sha256_of)
            code = code_fingerprint("restoration.chain.marks_on_page") if facts else None
            self._marks[step] = {"marks": facts, "limiting": code} if facts else {}
        return self._marks[step]

    def _read(self, report: RawReport, names: Sequence[str], number: int) -> ConditionReport:
        place = self._plan.folder(None, "examine") / f"{self._scan.scan}.json"
        return read_report({name: report.get(name) for name in names}, f"{place}, page {number}")

    def _reads(self, step: str, number: int) -> Mapping[str, Any]:
        report = self._examined().report_of(number)
        read = {field: report.get(field) for field in REGISTRY[step].load().reads}
        return read | self._of_faces(step, report, number) | self._of_tones(step, report)

    def _of_faces(self, step: str, report: RawReport, number: int) -> Facts:
        """Of faces that a stage must leave alone, only where they lie is part of its result."""
        if not self._plan.dependencies.keeps_faces(self._recipe, step):
            return {}
        found = self._read(report, (Faces.name,), number).get(Faces)
        places = as_keyed(where_faces_lie(found))
        marked = self._plan.marks(self._recipe, self._scan, step).faces
        if not (places or marked is not None):
            return {}
        code = code_fingerprint("restoration.faces.head_protection")
        return {"faces": places, "keeping": code}

    def _of_tones(self, step: str, report: RawReport) -> Facts:
        """What corrected tones follow from, for a stage that is to be shown them."""
        tones = self._plan.tones_ahead(self._recipe, step)
        if tones is None:
            return {}
        seen = {field: report.get(field) for field in REGISTRY[COLOUR].load().reads}
        code = code_fingerprint("restoration.stages.colour.provisional")
        shown = {"report": seen, "settings": tones.model_dump(mode="json"), "code": code}
        return {"corrected_tones": shown}

    def _album(self, step: str) -> Album | None:
        """What the stage is told of its batch; None where it decides for each scan alone."""
        assert self._recipe is not None
        settings = self._plan.dependencies.settings(self._recipe, step)
        if not REGISTRY[step].shares_batch or settings.get("scope") != "batch":
            return None
        own = self._examined().key
        place = (self._recipe, step, self._scan.batch)
        album = self._albums.get(place)
        # This scan may have been examined after the album was gathered.
        if album is None or album.examined.get(self._scan.scan) != own:
            scans = [scan.scan for scan in self._plan.album_of(self._recipe, self._scan)]
            reads = REGISTRY[step].load().reads
            album = gather_album(self._plan.folder(None, "examine"), scans, reads)
            self._albums[place] = album
        return album


def _sha256_of(path: Path) -> str:
    """SHA-256 of a mask that a person painted. Raises ScanError and CircumstanceError as
    ``hash_file``, which reads no further than the file's size: of a device there is no end."""
    return hash_file(path)[0]
