"""What is said of a deliverable, as a person reads it: records, XMP and report."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from restoration.deliver.xmp.packet import read_properties
from restoration.raster.tiff.page import open_page

Record = dict[str, Any]


@dataclass
class Delivered:
    """One deliverable, and everything that is said of it."""

    results: Path
    recipe: str
    record: Record
    report: list[str] = field(default_factory=list)
    """Lines of the scan's section of the report; cells of a table's row are joined by `` | ``."""
    packets: list[Record] = field(default_factory=list)
    """Of each page, what its XMP says (``read_properties``)."""

    @property
    def name(self) -> str:
        return f"{self.recipe}/{self.record['scan']}"

    def pages(self) -> Iterator[Page]:
        for number in range(len(self.record["condition_report"])):
            yield Page(self, number)


@dataclass(frozen=True)
class Page:
    """One page of a deliverable."""

    scan: Delivered
    at: int
    """0 for the first."""

    @property
    def findings(self) -> Record:
        found: Record = self.scan.record["condition_report"][self.at]
        return found

    @property
    def delivered(self) -> Record:
        page: Record = self.scan.record["deliverable"]["pages"][self.at]
        return page

    @property
    def master(self) -> Record:
        page: Record = self.scan.record["master"]["master"]["pages"][self.at]
        return page

    @property
    def stages(self) -> list[tuple[str, Record]]:
        return [(s["stage"], s["pages"][self.at]) for s in self.scan.record["stages"]]

    @property
    def applied(self) -> list[str]:
        return [name for name, page in self.stages if page["status"] == "applied"]

    def finding(self, name: str) -> Record:
        return self.findings.get(name) or {}

    def detail(self, name: str) -> Record:
        return self.finding(name).get("detail") or {}

    def count(self, kind: str) -> int:
        return int((self.detail("damage").get(kind) or {}).get("count") or 0)

    @cached_property
    def said(self) -> list[tuple[str, str]]:
        """Every sentence about the page, and where it stands."""
        found = []
        for stage, page in self.stages:
            found.append((f"{stage}'s reason", reason_of(page)))
            found += [(f"{stage}'s {path}", text) for path, text in _texts(page["findings"])]
        found += [
            (f"finding {name}", text)
            for name, entry in self.findings.items()
            for path, text in _texts(entry)
            if not path.endswith(("method", "map"))
        ]
        if self.at < len(self.scan.packets):
            packet = self.scan.packets[self.at]
            told = (*packet["NotApplied"], *packet["History"], *packet.get("Finished", ()))
            found += [("XMP", text) for entry in told for _, text in _texts(entry)]
        if len(self.scan.record["condition_report"]) == 1:
            found += [("report", line) for line in self.scan.report]
        return [(where, text) for where, text in found if text]

    def claims(self, pattern: str) -> Iterator[tuple[str, re.Match[str]]]:
        """Where a sentence holds the pattern; each sentence once."""
        seen = set()
        for where, text in self.said:
            for match in re.finditer(pattern, text, re.IGNORECASE):
                if match.group() not in seen:
                    seen.add(match.group())
                    yield f'{where}: "{_around(text, match)}"', match

    def kept(self, *names: str) -> float | None:
        """Share that the finished picture was measured to hold of the first of these that was
        measured, grain or noise; None = unknown."""
        finished = self.delivered.get("finished") or {}
        return next((finished[name].get("kept") for name in names if name in finished), None)

    @property
    def untouched(self) -> bool:
        """Whether the deliverable has the master's own values."""
        return self.delivered["source"] == "master" and not self.delivered["tones"]


def reason_of(page: Record) -> str:
    """Why a stage did what it did to a page."""
    return str(page.get("reason") or (page.get("findings") or {}).get("reason") or "")


def read_results(results: Path) -> Iterator[Delivered]:
    """Every deliverable of a folder of results."""
    for path in sorted(results.glob("*/deliver/*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        if record.get("status") != "done":
            continue
        recipe = path.parent.parent.name
        sections = lines_of(results / recipe)
        packets = []
        deliverable = path.parent / f"{record['scan']}.tif"
        for number in range(1, len(record["deliverable"]["pages"]) + 1):
            with open_page(deliverable, number) as page:
                packets.append(read_properties(_packet(page)))
        yield Delivered(results, recipe, record, sections.get(record["scan"], []), packets)


def _packet(page: Any) -> bytes:
    entry = page.directory.entries[700]
    return bytes(page.tags.raw(entry))


def lines_of(folder: Path) -> dict[str, list[str]]:
    """By scan, the lines of its section in the report of a recipe's folder."""
    found: dict[str, list[str]] = {}
    for path in (folder / "report.html", *sorted((folder / "report-pages").glob("*.html"))):
        if path.is_file():
            reader = _Report()
            reader.feed(path.read_text(encoding="utf-8"))
            found |= reader.sections
    return found


class _Report(HTMLParser):
    """The lines of each scan's section."""

    _ENDS = frozenset({"p", "tr", "li", "figcaption", "caption", "h2", "h3", "summary", "label"})

    def __init__(self) -> None:
        super().__init__()
        self.sections: dict[str, list[str]] = {}
        self._scan: str | None = None
        self._depth = 0
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        identifier = dict(attrs).get("id") or ""
        if tag != "section":
            return
        # The section on faces lies inside that of its scan.
        self._depth += self._scan is not None
        if identifier.startswith("scan-"):
            self._scan = identifier.removeprefix("scan-")
            self.sections[self._scan] = []
            self._text, self._depth = "", 0

    def handle_endtag(self, tag: str) -> None:
        if self._scan is None:
            return
        if tag in ("td", "th"):
            self._text += " | "
        elif tag in self._ENDS:
            line = " ".join(self._text.split()).strip("| ")
            if line:
                self.sections[self._scan].append(line)
            self._text = ""
        elif tag == "section":
            self._depth -= 1
            if self._depth < 0:
                self._scan = None

    def handle_data(self, data: str) -> None:
        if self._scan is not None:
            self._text += data


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Texts of a record with their paths, where a text may be a sentence."""
    if isinstance(value, str):
        if " " in value:
            yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item, path)


def _around(text: str, match: re.Match[str]) -> str:
    start, end = max(match.start() - 40, 0), min(match.end() + 40, len(text))
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"
