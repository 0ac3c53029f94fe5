"""The folders of steps as their listing shows them: records that are of interest, and disk use."""

from __future__ import annotations

import os
from array import array
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from restoration.storage.image_places import MASKS


@dataclass
class DiskUse:
    """Bytes of the files that were looked at; one of two names counts once."""

    intermediates: int = 0
    deliverables: int = 0
    _shared: set[tuple[int, int]] = field(default_factory=set)

    def add(self, step: str, found: os.stat_result) -> None:
        if found.st_nlink > 1:
            name = (found.st_dev, found.st_ino)
            if name in self._shared:
                return
            self._shared.add(name)
        size = found.st_blocks * 512
        if step == "deliver":
            self.deliverables += size
        else:
            self.intermediates += size


@dataclass
class StepFolder:
    """What the listing of one step's folder tells."""

    records: dict[str, tuple[float, int]] = field(default_factory=dict)
    """Modification time and bytes, by scan; of scans whose batch is unfinished."""
    times: array[float] = field(default_factory=lambda: array("d"))
    """Modification times in seconds: of those records, and of all from the last hour."""


def look_into(
    folder: Path, step: str, disk: DiskUse, *, unfinished: set[str], recent: set[str]
) -> StepFolder:
    """The listing of a folder; nothing where there is none. The sets are of scans."""
    found = StepFolder()
    try:
        listing = os.scandir(folder)
    except FileNotFoundError:
        return found
    with listing:
        for entry in listing:
            stem, _, kind = entry.name.rpartition(".")
            scan = stem if kind == "json" else None
            if entry.is_dir():
                if entry.name == MASKS:
                    _count(folder / MASKS, step, disk)
                continue
            if kind == "tsv" or (scan and scan not in unfinished and scan not in recent):
                continue
            try:
                stat = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                # A run has renamed it since the folder was listed.
                continue
            if scan is None:
                disk.add(step, stat)
                continue
            found.times.append(stat.st_mtime)
            if scan in unfinished:
                found.records[scan] = (stat.st_mtime, stat.st_size)
    return found


def _count(folder: Path, step: str, disk: DiskUse) -> None:
    """What the files of a folder take."""
    with os.scandir(folder) as listing:
        for entry in listing:
            with suppress(FileNotFoundError):
                disk.add(step, entry.stat(follow_symlinks=False))
