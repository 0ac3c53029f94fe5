"""A sheet of the scans below a folder; what is left out is named with its reason.

No TIFF is opened: that is the run's work, and its problems are the run's to tell.
"""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from restoration.config.damage_mask_names import belongs_to, joined_stem, mask_of
from restoration.config.sheet import CONTROL, ids_of
from restoration.errors import ConfigError, one_line
from restoration.storage.image_places import MASKS

TIFF_SUFFIXES = (".tif", ".tiff")

OTHER_IMAGES = {
    "JPEG files": ".jpg .jpeg .jpe .jfif .jif",
    "PNG files": ".png .apng",
    "JPEG 2000 files": ".jp2 .j2k .j2c .jpf .jpx .jpm .jpc",
    "PDF files": ".pdf",
    "DNG and raw camera files": ".dng .cr2 .cr3 .crw .nef .nrw .arw .srf .sr2 .raf .orf .rw2 .rwl "
    ".pef .ptx .srw .3fr .fff .iiq .mef .mos .mrw .x3f .erf .kdc .dcr .dcs .raw",
    "Photoshop files": ".psd .psb",
    "BMP files": ".bmp .dib",
    "HEIF and AVIF files": ".heic .heif .hif .avif",
    "GIF files": ".gif",
    "WebP files": ".webp",
    "JPEG XL files": ".jxl",
    "DjVu files": ".djvu .djv",
    "BigTIFF files by another suffix": ".tf8 .btf",
}
"""Images that are no TIFF by their suffix: a person should know that no row speaks of them."""

_KIND_OF = {suffix: kind for kind, known in OTHER_IMAGES.items() for suffix in known.split()}

OF_A_SYSTEM = frozenset(
    {
        "@eadir", "#recycle", "@recycle", "#snapshot", "@recently-snapshot", ".@__thumb",
        "~snapshot", "$recycle.bin", "recycler", "recycled", "lost+found", "__macosx", "found.000",
        "__pycache__", "system volume information", "network trash folder", "temporary items",
    }
)  # fmt: skip
"""Folders, by their names in lower case, in which systems keep what was deleted, copies of what is
elsewhere, and thumbnails. Those whose names begin with a dot are left out as well."""

_MOST_NAMED = 3
"""Of each kind of what is left out."""

_PROBED = 3
"""Files beside images that are read to see whether a folder holds results of this workflow."""

_MOST_RECORD = 64 * 2**20
"""Bytes of a record."""


@dataclass(frozen=True)
class FoundScan:
    """One file that is taken for a scan."""

    path: str
    """Absolute; folders that are links are resolved, the file's own name is kept."""
    below: str
    """Its path below the folder that was asked for, through links as they are named there."""
    identity: tuple[int, int]
    """Device and inode of the file."""
    is_link: bool
    bytes: int


@dataclass
class Gathered:
    """What a folder holds; of the kinds in words, each with the paths below it."""

    scans: list[FoundScan] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    unread: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """What could not be read, and may hide scans."""
    doubtful: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Scans that are listed although something is odd about them."""

    def lines(self) -> list[str]:
        """For the person at the keyboard: what is listed, what is not, and why."""
        count = len(self.scans)
        said = [f"listed: {count} scan{'' if count == 1 else 's'}"]
        for verdict, kinds in (
            ("listed, but look at them", self.doubtful),
            ("left out", self.left_out),
            ("could not be read", self.unread),
        ):
            said += [f"{verdict}: {kind}: {_named(paths)}" for kind, paths in kinds.items()]
        return [one_line(line) for line in said]


@dataclass(frozen=True)
class FolderSheet:
    """A sheet made from a folder."""

    text: str
    """The sheet itself. Batches are left to the plan, which goes by folders and knows how long a
    job should be."""
    lines: tuple[str, ...]
    """What is listed, what is not, and why, for the person at the keyboard."""
    whole: bool
    """False where something could not be read, so that scans may be missing."""


def sheet_of_folder(folder: Path) -> FolderSheet:
    """A sheet of every TIFF file below a folder. Raises ConfigError as ``gather``."""
    found = gather(folder)
    ids = ids_of([Path(scan.below) for scan in found.scans])
    rows = (f"{name}\t{scan.path}\n" for name, scan in zip(ids, found.scans, strict=True))
    return FolderSheet("scan\tpath\n" + "".join(rows), tuple(found.lines()), not found.unread)


def _named(paths: list[str]) -> str:
    more = ", …" if len(paths) > _MOST_NAMED else ""
    return f"{len(paths)} ({', '.join(sorted(paths)[:_MOST_NAMED])}{more})"


def gather(folder: Path) -> Gathered:
    """Every TIFF file below a folder, in the order of their paths.

    Linked folders are followed, after all that lies below the folder itself: a folder that can be
    reached in several ways is listed once, under its own name where it has one there; links that
    lead back above the folder are not followed. A file that is a link to another one of the scans
    is not listed a second time. Raises ConfigError where the folder is none, cannot be read, has a
    name that no sheet can hold, or holds results of this workflow.
    """
    root = os.path.realpath(folder)
    if not os.path.isdir(root):  # noqa: PTH112 (False where nobody may look)
        raise ConfigError(f"'{folder}' is not a folder; give the folder that holds the scans")
    if not is_text(root):
        raise ConfigError(f"the folder's name {root!r} {NO_TEXT}")
    walk = _Walk(root)
    walk.all()
    return walk.gathered


NO_TEXT = (
    "holds a tab, a line break or another control character, or is not UTF-8, so that no sheet can "
    "hold it; rename it"
)


def is_text(name: str) -> bool:
    """Whether a sheet can hold a name."""
    # Python stands halves of characters in for bytes that are no text.
    return not (CONTROL.search(name) or any("\ud800" <= c <= "\udfff" for c in name))


class _Walk:
    """One walk over a folder."""

    def __init__(self, root: str) -> None:
        self.gathered = Gathered()
        self._root = root
        self._seen: dict[tuple[int, int], str] = {}
        """Path below the root, by device and inode, of the folders that were walked."""
        self._links: list[tuple[str, str]] = []
        """Linked folders that are still to be followed: path, and path below the root."""
        self._above = {_identity(os.stat(place)) for place in _parents(root)}  # noqa: PTH116

    def all(self) -> None:
        try:
            with os.scandir(self._root):
                pass
        except OSError as error:
            raise ConfigError(
                f"'{self._root}' cannot be read ({error.strerror}); give the folder that holds the "
                "scans"
            ) from None
        self._below(self._root, "")
        while self._links:
            waiting, self._links = sorted(self._links), []
            for path, below in waiting:
                self._follow(path, below)
        self._judge_names()
        self.gathered.scans.sort(key=lambda scan: scan.below.split("/"))

    def _left(self, kind: str, below: str) -> None:
        self.gathered.left_out[kind].append(below)

    def _follow(self, path: str, below: str) -> None:
        target = os.path.realpath(path)
        try:
            identity = _identity(os.stat(target))  # noqa: PTH116 (as many as there are links)
        except OSError as error:
            self.gathered.unread["folders"].append(f"{below}: {error.strerror}")
            return
        if identity in self._above:
            self._left("links to a folder that holds this one", below)
        elif identity in self._seen:
            self._left("links to folders that are listed already", below)
        elif _is_of_a_system(os.path.basename(target)):  # noqa: PTH119
            self._left(_SYSTEMS, below)
        else:
            self._below(target, below)

    def _below(self, path: str, below: str) -> None:
        """A folder and all real folders in it; path: where it lies, without links."""
        waiting = [(path, below)]
        while waiting:
            path, below = waiting.pop()
            try:
                identity = _identity(os.stat(path))  # noqa: PTH116
                if identity in self._seen:  # mounted twice
                    self._left("folders that are listed already under another name", below)
                    continue
                with os.scandir(path) as found:
                    entries = sorted(found, key=lambda entry: entry.name)
            except OSError as error:
                self.gathered.unread["folders"].append(f"{below}: {error.strerror}")
                continue
            self._seen[identity] = below
            names = {entry.name for entry in entries}
            if "run.json" in names and _is_run(f"{path}/run.json"):
                if not below:
                    raise ConfigError(
                        f"'{path}' holds results of this workflow, no masters; give the folder "
                        "that holds the scans"
                    )
                self._left("folders of results of this workflow", below)
                continue
            waiting += self._entries(entries, names, path, below)

    def _entries(
        self, entries: list[os.DirEntry[str]], names: set[str], path: str, below: str
    ) -> Iterator[tuple[str, str]]:
        """Judges what lies in a folder; the folders in it."""
        ours = _Ours(path, names)
        for entry in entries:
            place = f"{below}/{entry.name}" if below else entry.name
            try:
                if entry.is_dir():
                    if _is_of_a_system(entry.name):
                        self._left(_SYSTEMS, place)
                    elif entry.is_symlink():
                        self._links.append((entry.path, place))
                    else:
                        yield entry.path, place
                else:
                    self._file(entry, names, place, ours)
            except OSError as error:
                self.gathered.unread["files"].append(f"{place}: {error.strerror}")

    def _file(self, entry: os.DirEntry[str], names: set[str], below: str, ours: _Ours) -> None:
        name = entry.name
        if name.startswith("."):
            apple = name.startswith("._")
            self._left("side files of macOS (._…)" if apple else "hidden files", below)
            return
        if entry.is_symlink() and not os.path.exists(entry.path):  # noqa: PTH110
            self.gathered.unread["links that lead nowhere"].append(below)
            return
        suffix = os.path.splitext(name)[1].casefold()  # noqa: PTH122
        if suffix not in TIFF_SUFFIXES:
            self._left(_KIND_OF.get(suffix, "other files, no images by their suffix"), below)
        elif not entry.is_file():
            self._left("no plain files (devices, pipes, sockets)", below)
        elif not (is_text(below) and is_text(entry.path)):
            self.gathered.unread[f"files whose name {NO_TEXT}"].append(repr(below))
        elif (master := belongs_to(name, names)) is not None:
            right = mask_of(master) == name
            self._left("masks of damage" if right else _MISNAMED, below)
        elif ours.made(name):
            self._left("images that this workflow made, by the records beside them", below)
        else:
            found = entry.stat()
            scan = FoundScan(entry.path, below, _identity(found), entry.is_symlink(), found.st_size)
            self._scan(scan)
            stem = joined_stem(name)
            if stem is not None and not names.isdisjoint(stem + end for end in TIFF_SUFFIXES):
                kind = "scans by their names that may be masks of damage (<master>.damage.tif)"
                self.gathered.doubtful[kind].append(below)

    def _scan(self, scan: FoundScan) -> None:
        self.gathered.scans.append(scan)
        if not os.access(scan.path, os.R_OK):
            self.gathered.unread["files that are listed all the same"].append(scan.below)
        elif scan.bytes == 0:
            self.gathered.doubtful["files of 0 bytes"].append(scan.below)

    def _judge_names(self) -> None:
        """A file with several names is one master: links to it are left out, other names said."""
        names: dict[tuple[int, int], list[FoundScan]] = defaultdict(list)
        for scan in self.gathered.scans:
            names[scan.identity].append(scan)
        linked: set[str] = set()
        for same in names.values():
            if len(same) == 1:
                continue
            real = [scan for scan in same if not scan.is_link]
            if real:
                linked |= {scan.below for scan in same if scan.is_link}
            several = real or same
            if len(several) > 1:
                kind = "names of one and the same file"
                self.gathered.doubtful[kind] += [scan.below for scan in several]
        for below in sorted(linked):
            self._left("links to a file that is listed under its own name", below)
        self.gathered.scans = [s for s in self.gathered.scans if s.below not in linked]


_SYSTEMS = "folders of trash, snapshots, thumbnails or a system's own, hidden ones"
_MISNAMED = "masks of damage that no run will use: they must be named <master>.damage.tif"


def _is_of_a_system(name: str) -> bool:
    return name.startswith(".") or name.casefold() in OF_A_SYSTEM


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _parents(path: str) -> Iterator[str]:
    """The folders that hold a folder."""
    while (above := os.path.dirname(path)) != path:  # noqa: PTH120
        yield above
        path = above


def _json(path: str) -> Any:
    """What a JSON file says; None where it cannot be read as one."""
    try:
        if os.stat(path).st_size > _MOST_RECORD:  # noqa: PTH116
            return None
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def _is_run(path: str) -> bool:
    """Whether this is the plan of a run, and so its folder one of results."""
    said = _json(path)
    return isinstance(said, dict) and {"config", "scans", "device"} <= said.keys()


def _is_record(path: str) -> bool:
    """Whether this is the record of a stage."""
    said = _json(path)
    return isinstance(said, dict) and {"schema", "scan", "stage", "status", "key"} <= said.keys()


def _names_in(path: str) -> set[str]:
    """None of a folder that may not be listed, which is said of it by itself."""
    try:
        return set(os.listdir(path))  # noqa: PTH208 (names alone)
    except OSError:
        return set()


class _Ours:
    """Which images of a folder this workflow made, by the records beside them; those of masks lie
    in the folder above.

    Few records are read where there are none of ours: other people's files beside images, of which
    there may be one for each, are JSON too.
    """

    _MADE = re.compile(r"(?P<scan>.+?)(?:@[0-9]+)?(?:\.mask)?\.tif")

    def __init__(self, path: str, names: set[str]) -> None:
        self._path, self._names = path, names
        if os.path.basename(path) == MASKS:  # noqa: PTH119
            self._path = os.path.dirname(path)  # noqa: PTH120
            self._names = _names_in(self._path)
        beside = (name for name in sorted(self._names) if name.endswith(".json"))
        probed = [name for name in beside if f"{name[:-5]}.tif" in names][:_PROBED]
        self._any = any(_is_record(f"{self._path}/{name}") for name in probed)

    def made(self, name: str) -> bool:
        found = self._MADE.fullmatch(name) if self._any else None
        if found is None:
            return False
        record = f"{found['scan']}.json"
        return record in self._names and _is_record(f"{self._path}/{record}")
