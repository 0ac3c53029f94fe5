"""What people marked and no scan takes: files of regions, masks they name, masks of damage.

A mark that fits nothing stops the run before any job, since the person who made it relies on it: an
excluded face would be restored. Read with the plan, so it knows no NumPy and opens no image. Costs
one listing of the folder of regions and of each folder of masters.
"""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from restoration.config.damage_mask_names import (
    DAMAGE_SUFFIX,
    belongs_to,
    damaged_stem,
    is_image,
    is_tiff,
    joined_stem,
)
from restoration.config.regions import damage_mask_of, is_file
from restoration.config.sheet import Scan, read_sheet
from restoration.errors import ConfigError, one_line
from restoration.plan.marks_without_stage import unheeded
from restoration.plan.plan import Plan

MOST_SAID = 20
"""Lines about marks that a run says when it begins; the others are counted."""

_OF_EDITORS = re.compile(r"\.|.*~$|#.*#$|(thumbs\.db|desktop\.ini|icon\r?)$", re.IGNORECASE)
"""Names of hidden files and of what editors and file managers leave."""

_YAML = re.compile(r"\.ya?ml", re.IGNORECASE)

_BACKUP = (".bak", ".orig")
"""What some editors make of a file when they write it: no mark where that file is there."""

_MORE_ENDINGS = re.compile(
    r"(\.(ya?ml|txt|json|tiff?|jpe?g|bak|orig|old|copy|regions?)|[ _-]+copy| ?\([0-9]+\))$",
    re.IGNORECASE,
)
"""What is more than an id in the name of a file that was meant for it."""


@dataclass(frozen=True)
class Unused:
    """One mark that no scan of the sheet takes."""

    path: str
    why: str
    meant: str | None = None
    """Where it would be taken; None where nobody can tell."""
    sure: bool = False
    """Whether it can only be meant for that place, and the person can put it there."""
    how: str = ""
    """The way on."""

    def line(self, others: str = "") -> str:
        """others: what there is more of the kind."""
        hint = "." if self.meant is None else f"; did you mean '{self.meant}'?"
        return f"marks: '{self.path}' {self.why}{others}{hint}"


def check_marks(plan: Plan) -> None:
    """See that every file in the folder of regions and every mask of damage beside a master is
    taken by a scan of the sheet, and say which marks a recipe has no stage for.

    Raises ConfigError with one line, or, with ``unused_marks: warn``, says what can be left out.
    """
    config = plan.config
    sheet: Sequence[Scan] = plan.scans
    if config.only is not None:
        # The marks of its neighbours are no mistake.
        sheet = read_sheet(Path(config.scans), recipes=config.recipes, default=config.recipe)
    masks = _MasksBeside(plan.scans)
    unused = [*_unused_regions(plan, sheet), *masks.unused()]
    stops = [mark for mark in unused if mark.sure or config.unused_marks == "stop"]
    if stops:
        first, *rest = stops
        named = ", ".join(f"'{mark.path}'" for mark in rest[:3]) + (", …" if rest[3:] else "")
        others = f" ({len(rest)} more: {named})" if rest else ""
        raise ConfigError(f"{first.line(others)} {first.how}")
    _say([f"{mark.line()} It is not used" for mark in unused])
    _say(masks.unseen)
    _say(_without_stage(plan, masks.used))


def _say(lines: Sequence[str]) -> None:
    for line in lines[:MOST_SAID]:
        print(one_line(line), file=sys.stderr)
    if len(lines) > MOST_SAID:
        print(f"marks: {len(lines) - MOST_SAID} more lines of this kind", file=sys.stderr)


# -- the folder of regions -------------------------------------------------------------------


def _unused_regions(plan: Plan, sheet: Sequence[Scan]) -> Iterator[Unused]:
    folder = plan.regions_folder
    if not _is_there(folder, named=plan.config.regions is not None):
        return
    ids = {scan.scan for scan in sheet}
    masks = {
        PurePosixPath(shape.mask).as_posix()
        for scan in plan.scans
        if (regions := plan.regions_of(scan)) is not None
        for part in regions.all()
        for shape in part.shapes()
        if shape.mask is not None
    }
    there = _files(folder)
    beside = set(there)
    files = [
        name
        for name in there
        if not _is_taken(name, ids, masks)
        and not (name.endswith(_BACKUP) and name.rpartition(".")[0] in beside)
    ]
    if not files:
        return
    names = _Names(sheet)
    if _holds_masters(folder, sheet):
        files = [name for name in files if _YAML.search(name)]
    for name in files:
        # Of one scan alone nobody knows which masks the regions of the others name.
        if plan.config.only is None or not is_tiff(name) or damaged_stem(name) is not None:
            yield _judged(plan, name, names)


def _holds_masters(folder: Path, sheet: Iterable[Scan]) -> bool:
    """Whether masters lie below the folder of regions: then only YAML in it is meant as one."""
    real = f"{os.path.realpath(folder)}/"
    # Folders are fewer than scans.
    places = {os.path.dirname(scan.path) for scan in sheet}  # noqa: PTH120
    return any(f"{os.path.realpath(place)}/".startswith(real) for place in places)


_REGIONS = (
    "Rename it or move it elsewhere; sheets that share a folder of regions get one each (`regions` "
    "in the config), or `unused_marks: warn`"
)


def _judged(plan: Plan, name: str, names: _Names) -> Unused:
    """Why a file in the folder of regions is not used."""
    folder, own = plan.regions_folder, PurePosixPath(name).name
    path = str(folder / name)
    stem = damaged_stem(own)
    if stem is not None and is_image(own):
        scan = names.of(stem)
        meant = None if scan is None else str(damage_mask_of(scan.path))
        why = "is no place for a mask of damage, which lies beside its master"
        return Unused(path, why, meant, how=_REGIONS)
    if is_tiff(own):
        return Unused(path, "is a mask that no file of regions names", how=_REGIONS)
    scan = names.of(own)
    if scan is not None:
        right, how = str(folder / f"{scan.scan}.yaml"), "Rename it or move it elsewhere"
        return Unused(path, "is not read by this name", right, sure=True, how=how)
    scan = names.near(own)
    meant = None if scan is None else str(folder / f"{scan.scan}.yaml")
    return Unused(path, f"fits no scan of the sheet '{plan.config.scans}'", meant, how=_REGIONS)


def _is_there(folder: Path, *, named: bool) -> bool:
    """Whether there is a folder of regions. Raises ConfigError where one was named and is none, or
    where what lies in its place looks like one."""
    try:
        if folder.is_dir():
            return True
        # Also a link that leads nowhere, as to a share that is not mounted.
        something = named or os.path.lexists(folder)
    except OSError as error:
        raise ConfigError(
            f"config: regions: '{folder}' cannot be looked at ({error.strerror})"
        ) from None
    if something:
        raise ConfigError(
            f"config: regions: '{folder}' is no folder; expected one that holds <scan>.yaml"
        )
    try:
        beside = sorted(folder.parent.iterdir())
    except OSError:
        return False
    for other in beside:
        name = other.name.casefold()
        # Another case, letters in another order, the singular: others may be another sheet's.
        alike = sorted(name) == sorted("regions") or name == "region"
        if alike and other.is_dir() and any(other.glob("*.y*ml")):
            raise ConfigError(
                f"marks: '{other}' is not read; did you mean '{folder}'? Rename it, or name it "
                "under `regions` in the config"
            )
    return False


def _files(folder: Path) -> list[str]:
    """What is no folder below one, without what editors leave; paths with `/`, sorted."""
    found, waiting, seen = [], [""], {os.path.realpath(folder)}
    while waiting:
        below = waiting.pop()
        try:
            with os.scandir(folder / below) as entries:
                for entry in entries:
                    if _OF_EDITORS.match(entry.name):
                        continue
                    if not entry.is_dir():
                        found.append(f"{below}{entry.name}")
                    elif (real := os.path.realpath(entry.path)) not in seen:
                        seen.add(real)
                        waiting.append(f"{below}{entry.name}/")
        except OSError as error:
            raise ConfigError(
                f"marks: the folder of regions '{folder / below}' cannot be read "
                f"({error.strerror}); fix its permissions"
            ) from None
    return sorted(found)


def _is_taken(name: str, ids: set[str], masks: set[str]) -> bool:
    """Whether a file is used, or belongs to one that is: what a mask was painted in."""
    if name in masks or (name.endswith(".yaml") and name[:-5] in ids):
        return True
    if is_tiff(name):
        return False
    return name.startswith(tuple(f"{PurePosixPath(mask).with_suffix('')}." for mask in masks))


class _Names:
    """The scans of a sheet by what people may call them."""

    def __init__(self, sheet: Iterable[Scan]) -> None:
        self._ids = {scan.scan.casefold(): scan for scan in sheet}
        self._stems: dict[str, Scan | None] = {}
        for scan in self._ids.values():
            stem = PurePath(scan.path).stem.casefold()
            # Of a name that two masters bear nobody can tell whose it is.
            self._stems[stem] = None if stem in self._stems else scan

    def of(self, name: str) -> Scan | None:
        """The scan whose id, or else whose master's name, this is but for case and endings."""
        text = name.strip()
        while True:
            key = text.casefold()
            found = self._ids.get(key) or self._stems.get(key)
            shorter = _MORE_ENDINGS.sub("", text).strip()
            if found is not None or shorter == text:
                return found
            text = shorter

    def near(self, name: str) -> Scan | None:
        """The scan whose id is most like the name."""
        text = name
        while (shorter := _MORE_ENDINGS.sub("", text)) != text:
            text = shorter
        near = difflib.get_close_matches(text.casefold(), self._ids, n=1, cutoff=0.75)
        return self._ids[near[0]] if near else None


# -- masks of damage beside masters ----------------------------------------------------------


_BESIDE = (
    "Masks of damage are named <master>.damage.tif: rename it or move it elsewhere, put it into "
    "the sheet where it is a scan, or set `unused_marks: warn`"
)


class _MasksBeside:
    """The masks of damage in the folders of a plan's masters."""

    def __init__(self, scans: Iterable[Scan]) -> None:
        self._folders: dict[str, dict[str, Scan]] = {}
        for scan in scans:
            # Not by pathlib, which takes seconds over 100,000.
            folder, name = os.path.split(scan.path)
            self._folders.setdefault(folder, {})[name] = scan
        self.used: list[Scan] = []
        """Those that have a mask; complete when ``unused`` is through."""
        self.unseen: list[str] = []
        """Folders that cannot be listed, one line each, likewise."""

    def unused(self) -> Iterator[Unused]:
        for path, masters in self._folders.items():
            try:
                names = set(os.listdir(path or "."))  # noqa: PTH208 (names of 100,000)
            except (FileNotFoundError, NotADirectoryError):
                continue  # its masters are missing, which is said elsewhere
            except OSError as error:
                self.unseen.append(
                    f"marks: '{path}' cannot be listed ({error.strerror}): whether a mask of "
                    "damage in it bears a wrong name cannot be told"
                )
                continue
            candidates = sorted(
                name
                for name in names
                if _may_be_mask(name) and name not in masters and not _OF_EDITORS.match(name)
            )
            if candidates:
                folder = _MastersFolder(Path(path), names, masters)
                yield from filter(None, map(folder.unused, candidates))
                self.used += folder.used


def _may_be_mask(name: str) -> bool:
    """False for nearly all names, at little cost."""
    lower = name.casefold()
    return ".d" in lower or "damage" in lower


class _MastersFolder:
    """A folder with masters, in which there are names that may be those of masks of damage."""

    def __init__(self, path: Path, names: set[str], masters: dict[str, Scan]) -> None:
        self._path, self._names, self._masters = path, names, masters
        self._stems: dict[str, list[Scan]] = {}
        """The masters by their names without suffix."""
        for master, scan in masters.items():
            self._stems.setdefault(PurePath(master).stem, []).append(scan)
        self._known = {scan.scan.casefold(): PurePath(m).stem for m, scan in masters.items()}
        self._known |= {stem.casefold(): stem for stem in self._stems}
        self.used: list[Scan] = []
        """Those whose mask ``unused`` was asked about."""

    def unused(self, name: str) -> Unused | None:
        """Why a file is no mask of damage though it looks like one; None where it is one, or does
        not look like one of this sheet's."""
        stem = damaged_stem(name)
        if stem is None:
            stem = joined_stem(name)
            if stem is None or stem.casefold() not in self._known:
                return None  # masters are named so too
        if not is_image(name):
            return None
        path, right = self._path / name, f"{stem}{DAMAGE_SUFFIX}"
        if name == right and stem in self._stems:
            if is_file(path):
                self.used += self._stems[stem]
                return None
            return Unused(str(path), "is no file; expected a TIFF, the mask of damage", how=_BESIDE)
        owner = belongs_to(name, self._names)
        of_others = owner is not None and owner not in self._masters
        if of_others or (not is_tiff(name) and right in self._names):
            return None  # of a scan of another sheet, or what the mask was painted in
        found = self._meant(stem) if owner is None else PurePath(owner).stem
        meant = None if found is None else str(self._path / f"{found}{DAMAGE_SUFFIX}")
        return Unused(str(path), "is not taken for a mask of damage", meant, how=_BESIDE)

    def _meant(self, stem: str) -> str | None:
        """The master, by its name without suffix, of which a mask is meant to be one."""
        bare = _MORE_ENDINGS.sub("", stem).casefold()
        near = difflib.get_close_matches(bare, self._known, n=1, cutoff=0.75)
        return self._known.get(bare) or (self._known[near[0]] if near else None)


# -- marks for stages that a recipe does not have --------------------------------------------


def _without_stage(plan: Plan, masked: Sequence[Scan]) -> list[str]:
    """Lines about marks that a recipe has no stage for, each kind once."""
    said: dict[tuple[str, str], list[str]] = {}
    for scan in plan.scans:
        for recipe in scan.recipes if plan.regions_of(scan) is not None else ():
            for line in unheeded(plan, recipe, scan):
                said.setdefault((recipe, line), []).append(scan.scan)
    for scan in masked:
        for recipe in scan.recipes:
            if not plan.fills_damage(recipe):
                line = "the mask of damage is not used: the recipe has no stage `repair`"
                said.setdefault((recipe, line), []).append(scan.scan)
    return [
        f"marks: recipe {recipe}: {line} ({', '.join(scans[:3])}"
        f"{f' and {len(scans) - 3} more' if len(scans) > 3 else ''})"
        for (recipe, line), scans in said.items()
    ]
