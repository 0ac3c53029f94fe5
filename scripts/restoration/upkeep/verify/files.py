"""Every file below the results against the list of what was written, folder by folder.

A record is read once: its own SHA-256, that of its content, whose record it says it is, and what it
says of other files. Nothing is asked of the code or the settings by which results were made.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from restoration.records.any_record import AnyRecord, record_of
from restoration.records.base import RecordError
from restoration.records.delivery import DeliveryDone
from restoration.records.ingest import IngestDone
from restoration.records.stage import AppliedPage, StageDone
from restoration.storage.journal import FOLDER, JOURNAL
from restoration.storage.manifest import AGAIN, LIST, OPEN, WrittenList, group_of
from restoration.storage.page_state import delivered_files
from restoration.storage.records import EARLIER, READABLE, SEAL, is_unaltered, read_raw, seal_of
from restoration.upkeep.verify.findings import (
    ALTERED,
    LISTED,
    MISSING,
    ORPHANED,
    FaultReport,
    FixityFault,
    Tally,
)
from restoration.upkeep.verify.hashing import Hashed, Hasher
from restoration.upkeep.verify.names import ADVICE, KnownNames, place_of, repair_of, scan_of, what
from restoration.upkeep.verify.xmp_agreement import contradiction

_AHEAD = 32
"""Files that may be waiting for their SHA-256 while further ones are found."""

_PART = "only listed; a killed worker left it, it may be deleted"
_READ_AGAIN = "nothing is scheduled; fix the disk or the permissions and verify again"

Done = Callable[[Hashed], None]


@dataclass
class Queue:
    """Files that are being hashed, each with what is to be done with its SHA-256."""

    hasher: Hasher
    tally: Tally
    _waiting: deque[tuple[Future[Hashed], Done]] = field(default_factory=deque)
    _shared: dict[tuple[int, int], Future[Hashed]] = field(default_factory=dict)
    """Files of several names, which are hashed once."""

    def add(self, path: Path, done: Done) -> None:
        status = path.stat()
        node = (status.st_dev, status.st_ino)
        future = self._shared.get(node)
        if future is None:
            future = self.hasher.submit(path)
            self.tally.files += 1
            self.tally.bytes += status.st_size
            if status.st_nlink > 1:
                self._shared[node] = future
        self._waiting.append((future, done))
        while len(self._waiting) > _AHEAD:
            self._settle()

    def settle(self) -> None:
        while self._waiting:
            self._settle()

    def _settle(self) -> None:
        future, done = self._waiting.popleft()
        done(future.result())


@dataclass(frozen=True)
class Files:
    """Compares files; ``check`` does all of it."""

    results: Path
    written: WrittenList
    known: KnownNames
    queue: Queue
    report: FaultReport
    tally: Tally
    is_in_hand: Callable[[str | None, str, str], bool]
    """Whether a step of a scan (recipe, step, scan) belongs to a job that did not end."""
    on_ingest: Callable[[IngestDone], None]
    """Given each ingest record that is true."""
    partly: bool = False
    """Whether the list is of a part alone (``begins_late``): of the others the records tell."""

    @property
    def lists_all(self) -> bool:
        """Whether what the list lacks was written by no run."""
        return self.written.there and not self.partly

    def check(self) -> None:
        groups = {*self.written.groups(), *self._groups_on_disk()}
        self._own_folder()
        for group in sorted(groups):
            if group.split("/")[0] != FOLDER and not self._is_passed(group):
                _Group(self, group).check()
        self.queue.settle()

    def _own_folder(self) -> None:
        """Where the list lies, nothing else should."""
        folder = self.results / FOLDER
        names = os.listdir(folder) if folder.is_dir() else ()  # noqa: PTH208 (names alone)
        for name in names:
            if name not in (LIST, AGAIN, OPEN) and not name.endswith(JOURNAL):
                found = FixityFault(
                    ORPHANED, "file", folder / name, "the list", "another file", advice=LISTED
                )
                self.report.add(found)

    def _groups_on_disk(self) -> Iterator[str]:
        yield ""
        own = {group.split("/", maxsplit=1)[0] for group in self.written.groups()}
        for first in _folders(self.results):
            # Not where a run of these results has written: a plan that was put there hides nothing.
            if first.name not in own and (first / "run.json").exists():
                self.tally.passed.append(first.name)
                continue
            yield first.name
            for second in _folders(first):
                yield f"{first.name}/{second.name}"

    def _is_passed(self, group: str) -> bool:
        return group.split("/", maxsplit=1)[0] in self.tally.passed


def _folders(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        return sorted(Path(e.path) for e in entries if e.is_dir(follow_symlinks=False))


class _Group:
    """The files of one folder, with those of the folders in it."""

    def __init__(self, files: Files, group: str) -> None:
        self.files = files
        self.group = group
        self.listed = files.written.of(group)
        self.said: dict[str, str] = {}
        """SHA-256 that a record has of a file which the list lacks."""

    def check(self) -> None:
        there = sorted(self._there())
        records = [path for path in there if self._is_record(path)]
        for path in records:
            self._record(path)
        for path in there:
            if not self._is_record(path):
                self._file(path)
        present = frozenset(there)
        for path in self.listed:
            if path not in present:
                self._missing(path, self.listed[path])

    def _there(self) -> Iterator[str]:
        """Files of the group, by their paths below the results."""
        root = self.files.results
        top = root / self.group
        deep = self.group.count("/") == 1
        for folder, folders, names in os.walk(top):
            links = [name for name in folders if os.path.islink(os.path.join(folder, name))]  # noqa: PTH114, PTH118
            if not deep:
                folders.clear()
            for name in (*names, *links):
                path = os.path.relpath(os.path.join(folder, name), root)  # noqa: PTH118
                if group_of(path) == self.group:
                    yield path

    def _is_record(self, path: str) -> bool:
        return what(path) == "record" and path.endswith(".json")

    # -- files -----------------------------------------------------------------------------

    def _file(self, path: str) -> None:
        expected = self.listed.get(path) or self.said.get(path)
        if expected is None:
            self._unlisted(path)
            return
        whole = self.files.results / path
        if whole.is_symlink():
            self._say(ALTERED, path, f"SHA-256 {expected}", f"a link to {whole.readlink()}")
            return

        def compare(hashed: Hashed) -> None:
            if hashed.trouble:
                found = f"a file that cannot be read ({hashed.trouble})"
                self._say(ALTERED, path, f"SHA-256 {expected}", found, _READ_AGAIN)
            elif hashed.sha256 != expected:
                self._say(ALTERED, path, f"SHA-256 {expected}", f"SHA-256 {hashed.sha256}")

        try:
            self.files.queue.add(whole, compare)
        except OSError as error:
            compare(Hashed("", error.strerror or str(error)))

    def _missing(self, path: str, sha256: str) -> None:
        self._say(MISSING, path, f"SHA-256 {sha256}", "no file")

    def _unlisted(self, path: str) -> None:
        if path.endswith(".part"):
            finding = FixityFault(
                ORPHANED,
                "part",
                self.files.results / path,
                "no file",
                "a file that was never finished",
                advice=_PART,
            )
            self.files.report.add(finding)
        elif self._is_own_folder(path):
            return  # a folder that lies on another disk
        elif self.files.lists_all and not self.files.known.is_right(path, self.listed):
            self._say(ORPHANED, path, "a file that a run wrote", "one that no run wrote", LISTED)

    def _is_own_folder(self, path: str) -> bool:
        """Whether a link leads to a folder of files that a run wrote."""
        groups = self.files.written.groups()
        return any(group == path or group.startswith(f"{path}/") for group in groups)

    def _say(
        self, kind: str, path: str, expected: str, found: str, advice: str | None = None
    ) -> None:
        root, name = self.files.results, what(path)
        repair = repair_of(root, path) if advice is None else None
        if repair is None and advice is None:
            advice = ADVICE.get(name, ADVICE["file"])
        self.files.report.add(
            FixityFault(kind, name, root / path, expected, found, repair, advice or "")
        )

    # -- records ---------------------------------------------------------------------------

    def _record(self, path: str) -> None:
        """Everything about one record but what the files that it names turn out to be."""
        try:
            data = (self.files.results / path).read_bytes()
        except OSError as error:
            found = f"a file that cannot be read ({error.strerror})"
            self._say(ALTERED, path, "a record", found, _READ_AGAIN)
            return
        tally = self.files.tally
        tally.records += 1
        tally.files += 1
        tally.bytes += len(data)
        sha256, expected = hashlib.sha256(data).hexdigest(), self.listed.get(path)
        record = _read(data)
        if expected is not None and sha256 != expected:
            self._say(ALTERED, path, f"SHA-256 {expected}", f"SHA-256 {sha256}")
        elif expected is None and self.files.lists_all:
            self._unlisted(path)
        elif record is None:
            self._say(
                ALTERED,
                path,
                f"a record in JSON, schema {READABLE[-1]} or older",
                "none that can be read",
            )
        elif not is_unaltered(record):
            self._say(ALTERED, path, f"{SEAL} {record[SEAL]}", f"content of {seal_of(record)}")
        else:
            self._content(path, record)

    def _content(self, path: str, raw: Mapping[str, Any]) -> None:
        try:
            record = record_of(raw, path)
        except RecordError as error:
            self._say(ALTERED, path, "a record with all its parts", str(error))
            return
        place = place_of(path)
        assert place is not None
        recipe, step = place
        scan = scan_of(path)
        found = (record.scan, record.stage, getattr(record, "recipe", None))
        if found != (scan, step, recipe):
            told = " ".join(str(part) for part in found if part)
            expected = f"the record of {' '.join(p for p in (scan, step, recipe) if p)}"
            self._say(ALTERED, path, expected, f"that of {told}")
            return
        doubt = self._contradiction(path, record, _named(recipe, record))
        if doubt is not None and not self.files.is_in_hand(recipe, step, scan):
            self._say(ALTERED, path, *doubt)
        if isinstance(record, IngestDone):
            self.files.on_ingest(record)

    def _contradiction(
        self, path: str, record: AnyRecord, named: Mapping[str, tuple[str, bool]]
    ) -> tuple[str, str] | None:
        """What the record says that the list, or the deliverable, says otherwise."""
        root = self.files.results
        for other, (sha256, lasts) in named.items():
            if other not in self.listed:
                # The list is lost, or older than itself: the record alone says what there was.
                if not self.files.lists_all or self.files.written.from_manifest:
                    self.said[other] = sha256
                    if lasts and not (root / other).is_file():
                        self._missing(other, sha256)
            elif self.listed[other] != sha256:
                return f"SHA-256 {self.listed[other]} of {other}, as it was written", sha256
        if what(path) == "record" and isinstance(record, DeliveryDone):
            deliverable = root / path.removesuffix(".json")
            return contradiction(deliverable.with_name(f"{deliverable.name}.tif"), record)
        return None


def begins_late(results: Path, written: WrittenList) -> bool:
    """Whether the list lacks a record of an earlier version, which kept none: a run has since then
    worked on a part of the results alone."""
    own = [one for one in _folders(results) if not (one / "run.json").exists()]
    for folder in (results, *own):
        for group in _folders(folder):
            name = str(group.relative_to(results))
            if name.startswith(FOLDER) or place_of(f"{name}/x.json") is None:
                continue
            listed = written.of(name)
            for path in group.glob("*.json"):
                if f"{name}/{path.name}" not in listed:
                    record = read_raw(path, EARLIER)
                    if record is not None and SEAL not in record:
                        return True
    return False


def _read(data: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(data)
    except ValueError:
        return None
    return record if isinstance(record, dict) and record.get("schema") in READABLE else None


def _named(recipe: str | None, record: AnyRecord) -> dict[str, tuple[str, bool]]:
    """SHA-256 of each file that a record names as its own, by path below the results, and whether
    it is to last."""
    if isinstance(record, DeliveryDone):
        return {
            f"{recipe}/deliver/{name}": (sha256, True)
            for name, sha256 in delivered_files(record).items()
        }
    found: dict[str, tuple[str, bool]] = {}
    for page in record.pages if isinstance(record, StageDone) else ():
        if isinstance(page, AppliedPage) and page.image and page.sha256:
            found[page.image] = (page.sha256, False)
            if page.mask and page.mask_sha256:
                found[page.mask] = (page.mask_sha256, True)
    return found
