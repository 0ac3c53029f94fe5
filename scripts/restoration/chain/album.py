"""Albums: what the condition report says of every page of a batch, for a stage that decides once.

Prints of one album or box faded together; a page alone may hold too little to tell by how much.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from restoration.findings.report import ConditionReport, read_report
from restoration.records.examine import ExamineDone
from restoration.storage.keys import digest
from restoration.storage.records import read_record


@dataclass(frozen=True)
class Album:
    """The pages of a batch as one stage sees them."""

    pages: list[dict[str, Any]]
    """One mapping for each page, in the order of the sheet: ``scan``, ``page`` and the fields of
    the condition report that were asked for (None where it has none)."""
    digest: str
    """SHA-256 over ``pages``: enters the key of every scan, so it is taken once."""
    reports: list[ConditionReport]
    """The same findings, for the stage to read."""
    examined: Mapping[str, str]
    """Key of each scan's condition report, by which an album is known to be out of date."""


Albums = dict[tuple[str, str, str], Album]
"""Those gathered so far, by recipe, step and batch: once for a job, not once for a scan."""


def gather_album(folder: Path, scans: Iterable[str], reads: Sequence[str]) -> Album:
    """Reads the examine records of the scans in ``folder``; one without, or one that says that the
    scan could not be examined, is left out."""
    pages: list[dict[str, Any]] = []
    reports: list[ConditionReport] = []
    examined: dict[str, str] = {}
    for scan in scans:
        place = folder / f"{scan}.json"
        record = read_record(place)
        if not isinstance(record, ExamineDone):
            continue
        examined[scan] = record.key
        for page in record.pages:
            said = {field: page.report.get(field) for field in reads}
            pages.append({"scan": scan, "page": page.number, **said})
            reports.append(read_report(said, f"{place}, page {page.number}"))
    return Album(pages, digest(pages), reports, examined)
