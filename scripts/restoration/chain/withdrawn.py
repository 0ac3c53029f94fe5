"""Deliverables of scans that cannot be processed any more: put aside with the reason, never
deleted.

Each goes with its record and its tables of tones to ``<recipe>/withdrawn/<scan>@<n>``, under the
names that it had. Beside it, ``withdrawn.json`` says why, when, and what the files are.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from restoration.config.sheet import Scan
from restoration.plan.plan import Plan
from restoration.records.any_record import AnyRecord, record_of
from restoration.records.delivery import DeliveryDone, Withdrawn
from restoration.storage.journal import note_gone, note_written
from restoration.storage.manifest import WrittenList
from restoration.storage.page_state import delivered_files
from restoration.storage.publish import rename, unlink
from restoration.storage.records import (
    READABLE,
    SCHEMA,
    read_raw,
    read_record,
    read_withdrawn,
    write_record,
)
from restoration.storage.text_files import now

WITHDRAWN = "withdrawn"
"""The folder, in a recipe's."""

REASON = "withdrawn.json"


def withdraw(plan: Plan, recipe: str, scan: Scan, step: str, reason: str) -> Path | None:
    """Put what was delivered of a scan out of ``deliver``; returns where it is now, None where
    there was nothing.

    step, reason: why the scan has no deliverable now. The record of the reason comes first: where
    this is cut short, the next run does the rest. Raises CircumstanceError or OSError where the
    disk fails, RecordError where another version wrote the record of the delivery.
    """
    folder = plan.folder(recipe, "deliver")
    path = folder / f"{scan.scan}.json"
    raw = read_raw(path, READABLE)
    # One of another version is refused: it would be written over.
    record = None if raw is None else record_of(raw, path)
    done = isinstance(record, DeliveryDone)
    sums = delivered_files(record) if isinstance(record, DeliveryDone) else {}
    if not done and (folder / f"{scan.scan}.tif").is_file():
        # Its record is lost; what was written is known all the same.
        path_below = f"{recipe}/deliver/{scan.scan}.tif"
        listed = WrittenList(plan.results).of(f"{recipe}/deliver")
        sums = {f"{scan.scan}.tif": listed.get(path_below, "")}
    files = [name for name in sums if (folder / name).is_file()]
    if not files and not done:
        return None
    place = _place(plan.results / recipe / WITHDRAWN, scan.scan, record)
    said = {
        "schema": SCHEMA,
        "scan": scan.scan,
        "recipe": recipe,
        "when": now(),
        "step": step,
        "reason": reason,
        "key": record.key if record is not None else None,
        "files": sums,
    }
    if not (place / REASON).is_file():
        write_record(place / REASON, Withdrawn.read(said, place / REASON))
    for name in files:
        _move(folder / name, place / name, sums[name])
    if isinstance(record, DeliveryDone):
        # Written anew, and not moved: its text follows from what was read, and that was whole.
        write_record(place / path.name, record)
        note_gone(path)
        unlink(path)
    return place


def _move(source: Path, target: Path, sha256: str) -> None:
    """Under the SHA-256 that its record states, whatever the file has become since."""
    note_gone(source)
    if sha256:
        note_written(target, sha256)
    rename(source, target)


def _place(folder: Path, scan: str, record: AnyRecord | None) -> Path:
    """A folder that was not there, or the one in which the same withdrawal was cut short."""
    number = 1
    while (place := folder / f"{scan}@{number}").exists():
        begun = read_withdrawn(place / REASON)
        same = record is not None and begun is not None and begun.key == record.key
        if same and not (place / f"{scan}.json").exists():
            break
        number += 1
    place.mkdir(parents=True, exist_ok=True)
    return place


def withdrawn_of(plan: Plan, recipe: str, scan: str) -> Iterator[Path]:
    """The folders of what was withdrawn of a scan, the latest first."""
    folder = plan.results / recipe / WITHDRAWN
    number = 1
    found = []
    while (place := folder / f"{scan}@{number}").is_dir():
        found.append(place)
        number += 1
    return reversed(found)


def withdrawn_places(folder: Path) -> dict[str, str]:
    """By scan, where the latest of what was withdrawn lies, below a recipe's folder."""
    names = [path.name for path in (folder / WITHDRAWN).glob("*@*") if path.is_dir()]
    latest: dict[str, int] = {}
    for name in names:
        scan, _, number = name.rpartition("@")
        if number.isdigit():
            latest[scan] = max(latest.get(scan, 0), int(number))
    return {scan: f"{WITHDRAWN}/{scan}@{number}" for scan, number in latest.items()}


def withdrawn_record(plan: Plan, recipe: str, scan: str, key: str) -> DeliveryDone | None:
    """The record of a delivery with this key that was withdrawn; None where there was none."""
    for place in withdrawn_of(plan, recipe, scan):
        record = read_record(place / f"{scan}.json")
        if isinstance(record, DeliveryDone) and record.key == key:
            return record
    return None
