"""The list of what was written to the results, the manifest that is published from it, and reading
both.

``gather`` merges the journals of all processes (``journal``) into one list,
``.fixity/written.txt``, and publishes from it ``manifest-sha256.txt``, which ``sha256sum -c``
reads. No file is read to learn what its SHA-256 should be, so that one that was altered cannot come
into the list with its new content. Only where a process was killed between a note and its rename is
a file read, to tell which of two noted values it has.

While a run works there is no manifest: it would be untrue for a moment at each file.
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path, PurePosixPath

from restoration.storage.journal import FOLDER, GONE, JOURNAL
from restoration.storage.processes import is_alive
from restoration.storage.publish import opened_anew, part_name, replace, sha256_of, unlink

MANIFEST = "manifest-sha256.txt"
"""In the results: a line for each file that is to last."""

LIST = "written.txt"
AGAIN = "again.txt"
OPEN = "open"
"""In ``.fixity``: the list; what was asked for again; there while a run works."""

# A line of the manifest has no time, and two spaces.
_LINE = re.compile(r"(?:(?P<when>[0-9]+) )?(?P<sha256>[0-9a-f]{64}|-)  ?(?P<path>[^\n]+)\n")

_SEAL = b"# sha256 "
"""Begins the last line of the list: the SHA-256 of all lines above it."""

_MERGED = b"# merged "
"""Begins a line above it: a journal that stayed, and how many bytes of it the list holds."""

_SET_ASIDE = re.compile(r"\.(bad|retried(-[0-9]+)?)$")


@dataclass
class _Noted:
    """What is noted of one path, the latest last."""

    known: list[tuple[bool, int, str]] = field(default_factory=list)
    """Whether it is a journal's, time in ns, and SHA-256; at most two. A journal's note is later
    than the list whatever its time: clocks are set back."""
    doubtful: bool = False
    """Whether its latest note is the last line of a journal."""

    def add(self, of_journal: bool, when: int, sha256: str) -> None:
        self.known = sorted([*self.known, (of_journal, when, sha256)])[-2:]


def group_of(path: str) -> str:
    """The folder by which the list is read: the first two parts of the file's folder."""
    return "/".join(path.split("/")[:-1][:2])


class WrittenList:
    """The list of a folder of results, journals included; read a folder at a time.

    Reads only. Memory grows with the files of one folder, and with those that an unfinished run
    has written there.
    """

    def __init__(self, results: Path) -> None:
        self.results = results
        self._list = results / FOLDER / LIST
        self.is_whole = not self._list.is_file() or _seal_holds(self._list)
        """False where the list was altered: then the manifest is taken in its place."""
        manifest = results / MANIFEST
        lost = not self.is_whole or not self._list.is_file()
        self.from_manifest = lost and manifest.is_file()
        if self.from_manifest:
            self._list = manifest
        self.journals = sorted((results / FOLDER).glob(f"*{JOURNAL}"))
        self.there = bool(self.journals) or self._list.is_file()
        self._places: dict[str, tuple[int, int]] = {}
        """Where each group's lines begin and end in the list, which is sorted."""
        self._merged: dict[str, int] = {}
        """Bytes of journals that are in the list already."""
        self._groups = set(self._index())
        self._last: dict[Path, str] = {}
        self._touched: set[str] = set()
        self.sizes = {journal: _size_of(journal) for journal in self.journals}
        """Up to which each journal is read: its process may live, and write on."""
        for journal in self.journals:
            for _, _, path in self._notes(journal):
                self._touched.add(group_of(path))
                self._last[journal] = path
        self._groups |= self._touched

    def _index(self) -> Iterator[str]:
        if not self._list.is_file():
            return
        start = offset = 0
        group: str | None = None
        with self._list.open("rb") as file:
            for raw in file:
                if raw.startswith(b"#"):
                    if raw.startswith(_MERGED):
                        name, size = raw.decode()[len(_MERGED) :].split()
                        self._merged[name] = int(size)
                    continue
                found = group_of(raw.decode("utf-8", "replace").rstrip("\n").split(" ", 2)[-1])
                if found != group:
                    if group is not None:
                        self._places[group] = (start, offset)
                        yield group
                    group, start = found, offset
                offset += len(raw)
        if group is not None:
            self._places[group] = (start, offset)
            yield group

    def _notes(self, journal: Path) -> Iterator[tuple[int, str, str]]:
        """The lines of a journal that are not in the list yet."""
        start = self._merged.get(journal.name, 0)
        return _lines(journal, start, max(start, self.sizes[journal]))

    def groups(self) -> list[str]:
        """Every folder of which a file was noted, as ``group_of`` names it."""
        return sorted(self._groups)

    def of(self, group: str) -> dict[str, str]:
        """SHA-256 by path below the results, of the files in the group's folders."""
        return {path: sha256 for path, (_, sha256) in self.timed(group).items()}

    def lines(self, group: str) -> Iterator[str]:
        """The group's lines of the list as it is now."""
        if group not in self._touched and not self.from_manifest:
            for when, sha256, path in _lines(self._list, *self._places[group]):
                yield f"{when} {sha256} {path}\n"
            return
        for path, (when, sha256) in sorted(self.timed(group).items()):
            yield f"{when} {sha256} {path}\n"

    def timed(self, group: str) -> dict[str, tuple[int, str]]:
        """As ``of``, with the time of the note in nanoseconds since 1970."""
        noted: dict[str, _Noted] = {}
        if group in self._places:
            start, end = self._places[group]
            for when, sha256, path in _lines(self._list, start, end):
                noted.setdefault(path, _Noted()).add(False, when, sha256)
        for journal in self.journals:
            for when, sha256, path in self._notes(journal):
                if group_of(path) == group:
                    noted.setdefault(path, _Noted()).add(True, when, sha256)
        for path in self._last.values():
            if path in noted:
                noted[path].doubtful = True
        settled = {path: self._settled(path, one) for path, one in noted.items()}
        return {path: said for path, said in settled.items() if said[1] != GONE}

    def _settled(self, path: str, noted: _Noted) -> tuple[int, str]:
        latest = noted.known[-1][1:]
        before = noted.known[0][1:] if len(noted.known) > 1 else (0, GONE)
        if not noted.doubtful or latest[1] == before[1]:
            return latest
        found = sha256_of_file(self.results / path) or GONE
        return before if found != latest[1] and found == before[1] else latest


def sha256_of_file(path: Path) -> str | None:
    """None where there is no such file, or it cannot be read."""
    try:
        return sha256_of(path)
    except OSError:
        return None


def _seal_holds(path: Path) -> bool:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for line in file:
            if line.startswith(_SEAL):
                return line[len(_SEAL) :].strip() == digest.hexdigest().encode()
            digest.update(line)
    return False


def _lines(path: Path, start: int = 0, end: int | None = None) -> Iterator[tuple[int, str, str]]:
    """Time, SHA-256 and path of each whole line; a killed process may leave half of one."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        file.seek(start)
        for raw in file:
            start += len(raw)
            if end is not None and start > end:
                return
            line = _LINE.fullmatch(raw.decode("utf-8", "replace"))
            if line is not None:
                yield int(line["when"] or 0), line["sha256"], line["path"]


# -- gathering ---------------------------------------------------------------------------------


def open_results(results: Path) -> None:
    """Take the manifest away for as long as a run works; ``gather`` publishes it again."""
    folder = results / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    written = WrittenList(results)
    if written.from_manifest:
        _publish_list(results, written)
    os.close(opened_anew(folder / OPEN))
    unlink(results / MANIFEST, missing_ok=True)


def is_open(results: Path) -> bool:
    """Whether a run began and did not come to its end."""
    return (results / FOLDER / OPEN).exists()


def gather(results: Path) -> int:
    """Merge the journals into the list, publish the manifest; returns how many lines that has.

    Journals of processes of this host that live stay, since they may yet grow. Raises OSError
    where the disk fails.
    """
    written = WrittenList(results)
    _forget_made(written)
    living = [journal for journal in written.journals if _is_written(journal)]
    _publish_list(results, written, living)
    count = _published(results / MANIFEST, manifest_lines(results))
    unlink(results / FOLDER / OPEN, missing_ok=True)
    for journal in written.journals:
        if journal not in living:
            unlink(journal, missing_ok=True)
    return count


def _publish_list(results: Path, written: WrittenList, living: Iterable[Path] = ()) -> None:
    """living: journals that stay, of which the list says how much of them it holds."""
    lines = (line for group in written.groups() for line in written.lines(group))
    merged = (f"{_MERGED.decode()}{one.name} {written.sizes[one]}\n" for one in living)
    _published(results / FOLDER / LIST, chain(lines, merged), sealed=True)


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def manifest_lines(results: Path) -> Iterator[str]:
    """What the manifest must say by the list as it was gathered last."""
    for _, sha256, path in _lines(results / FOLDER / LIST):
        if is_lasting(path):
            yield f"{sha256}  {path}\n"


def is_lasting(path: str) -> bool:
    """False for images between the stages, which may go at any time, and for what was put out of
    the way."""
    parts = PurePosixPath(path)
    staged = len(parts.parts) == 3 and parts.parts[1] != "deliver" and parts.suffix == ".tif"
    return not staged and not is_set_aside(parts.name)


def is_set_aside(name: str) -> bool:
    """Whether a name is that of a file which a repair or a retry put out of the way."""
    return _SET_ASIDE.search(name) is not None


def _published(path: Path, lines: Iterable[str], *, sealed: bool = False) -> int:
    """Write lines whole, as other files, but without a note: these are the notes."""
    part = part_name(path)
    count, digest = 0, hashlib.sha256()
    try:
        with part.open("xb") as file:
            for line in lines:
                data = line.encode()
                file.write(data)
                digest.update(data)
                count += 1
            if sealed:
                file.write(_SEAL + digest.hexdigest().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        replace(part, path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return count


def _is_written(journal: Path) -> bool:
    """Whether the process that its name bears may still write it; other hosts' have ended with
    their jobs."""
    host, process, _ = journal.name.removesuffix(JOURNAL).rsplit(".", 2)
    if host != socket.gethostname():
        return False
    try:
        return is_alive(int(process), journal.stat().st_mtime)
    except (OSError, ValueError):
        return False


# -- what is to be made again ------------------------------------------------------------------


def ask_again(results: Path, paths: Iterable[str]) -> None:
    """Have the next run make files again that no step would miss. Paths below the results."""
    there = {path for path in asked_again(results) if not (results / path).exists()}
    (results / FOLDER).mkdir(parents=True, exist_ok=True)
    _published(results / FOLDER / AGAIN, (f"{path}\n" for path in sorted({*there, *paths})))


def _forget_made(written: WrittenList) -> None:
    """Of what was asked for, keep what is not made yet. What was made, and has gone again on
    purpose since, is not made a second time."""
    asked = asked_again(written.results)
    left = sorted(
        path
        for path in asked
        if not (written.results / path).exists()
        and (written.from_manifest or path in written.of(group_of(path)))
    )
    if left:
        _published(written.results / FOLDER / AGAIN, (f"{path}\n" for path in left))
    elif asked:
        unlink(written.results / FOLDER / AGAIN, missing_ok=True)


def asked_again(results: Path) -> frozenset[str]:
    """What ``ask_again`` was told, and no run has made since."""
    try:
        text = (results / FOLDER / AGAIN).read_text(encoding="utf-8")
    except FileNotFoundError:
        return frozenset()
    return frozenset(text.splitlines())
