"""What a file beside the deliverable is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from restoration.deliver.deliver_scan import PageToDeliver
from restoration.deliver.scan_to_deliver import ScanToDeliver

_TAKEN = frozenset({".tif", ".json", ".tsv", ".part", ".bad"})
"""Endings of other files in the folder of deliveries."""


@dataclass(frozen=True)
class Sidecar:
    """One kind of file that delivery puts beside a deliverable, for each page that has one.

    Raises ValueError where its ending is no plain one, or that of another file.
    """

    kind: str
    """What records and verification call it."""
    ending: str
    """Of its name: a dot, then small letters and digits."""
    label: str
    """Its name in the report."""
    is_wanted: Callable[[ScanToDeliver, PageToDeliver], bool]
    """Whether a page has one, by the settings and by what its stages made."""
    write: Callable[[Path, ScanToDeliver, PageToDeliver], None]
    """Writes it whole to the path, which is not its last name; equal arguments, equal bytes."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"\.[a-z0-9]+", self.ending) or self.ending in _TAKEN:
            raise ValueError(f"'{self.ending}' cannot be the ending of a file beside deliverables")

    def name(self, scan: str, number: int) -> str:
        """Of the file of a page; no id may hold the ``@`` of a page's number."""
        return f"{scan}{self.ending}" if number == 1 else f"{scan}@{number}{self.ending}"
