"""What lies below the results and no record names: listed, never deleted."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from restoration.config.stages import REGISTRY
from restoration.plan.make_plan import ALONE
from restoration.plan.plan import Plan
from restoration.records.any_record import AnyRecord
from restoration.records.delivery import DeliveryDone
from restoration.records.stage import AppliedPage, StageDone, StageProblem
from restoration.storage.image_places import MASKS, image_path
from restoration.storage.manifest import is_set_aside
from restoration.storage.page_state import delivered_files, has_own_image, mask_of
from restoration.storage.records import read_record
from restoration.upkeep.verify.findings import ORPHANED, FaultPlace, FixityFault

STEPS = ("ingest", "examine", *REGISTRY, "deliver")

_LISTED = "only listed; delete it if nobody needs it"
_PART = "only listed; a killed worker left it, it may be deleted"


@dataclass(frozen=True)
class KnownScans:
    """Whom the sheet names."""

    recipes_of: Mapping[str, tuple[str, ...]]
    """By scan."""
    batches: frozenset[str]

    def asks(self, scan: str, recipe: str | None) -> bool:
        found = self.recipes_of.get(scan)
        return found is not None and (recipe is None or recipe in found)


def orphans(plan: Plan, known: KnownScans) -> Iterator[FixityFault]:
    """Every orphan below the results, folder by folder; other runs' results inside are passed by.

    Only the folders that a run itself makes are looked into. What was set aside is no orphan.
    """
    used = {recipe for recipes in known.recipes_of.values() for recipe in recipes}
    for folder in _folders(plan.results):
        name = folder.name
        if name in ("ingest", "examine"):
            yield from _step_folder(plan, known, (None, name))
        elif name in used and name in plan.config.recipes:
            yield from _recipe_folder(plan, known, name)
        elif name in ("logs", "benchmarks") or (folder / "run.json").exists():
            continue
        elif any((folder / step).is_dir() for step in STEPS):
            found = "the folder of a recipe that the config lacks or no scan names"
            yield _orphan("folder", folder, "a recipe of the config and the sheet", found)
    yield from _parts(plan.results)


def _folders(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        return sorted(Path(e.path) for e in entries if e.is_dir(follow_symlinks=False))


def _files(folder: Path) -> Iterator[Path]:
    """In the order of the disk: sorting would hold a collection's names in memory."""
    with os.scandir(folder) as entries:
        yield from (Path(e.path) for e in entries if not e.is_dir(follow_symlinks=False))


def _orphan(what: str, path: Path, expected: str, found: str, advice: str = _LISTED) -> FixityFault:
    return FixityFault(ORPHANED, what, path, expected, found, advice=advice)


def _parts(folder: Path) -> Iterator[FixityFault]:
    for path in _files(folder):
        if path.suffix == ".part":
            yield _orphan("part", path, "no file", "a file that was never finished", _PART)


def _recipe_folder(plan: Plan, known: KnownScans, recipe: str) -> Iterator[FixityFault]:
    steps = plan.steps(recipe)
    folder = plan.results / recipe
    for inner in _folders(folder):
        if inner.name in steps:
            yield from _step_folder(plan, known, (recipe, inner.name))
        elif inner.name in STEPS:
            yield _orphan(
                "folder", inner, f"one of {', '.join(steps[2:])}", "another step's folder"
            )
        elif inner.name == "report":
            yield from _shown(known, recipe, inner)
    yield from _parts(folder)


def _shown(known: KnownScans, recipe: str, folder: Path) -> Iterator[FixityFault]:
    """What the report page keeps of each scan."""
    yield from _parts(folder)
    for path in _files(folder):
        if path.suffix == ".json" and not known.asks(path.stem, recipe):
            yield _orphan("file", path, "a scan of the sheet", f"pictures of '{path.stem}'")


def _step_folder(plan: Plan, known: KnownScans, place: FaultPlace) -> Iterator[FixityFault]:
    folder = plan.folder(*place)
    yield from _parts(folder)
    for path in _files(folder):
        if path.suffix == ".part" or is_set_aside(path.name):
            continue
        if path.suffix == ".tsv":
            batch = path.stem
            if batch.startswith(ALONE):
                if not known.asks(batch.removeprefix(ALONE), place[0]):
                    yield _orphan("table", path, "a scan of the sheet", f"the table of '{batch}'")
            elif batch not in known.batches:
                yield _orphan("table", path, "a batch of the sheet", f"the table of '{batch}'")
            continue
        yield from _of_a_scan(known, place, folder, path)
    if (folder / MASKS).is_dir():
        yield from _parts(folder / MASKS)
        for path in _files(folder / MASKS):
            if path.suffix != ".part" and not is_set_aside(path.name):
                yield from _of_a_scan(known, place, folder, path)


def _of_a_scan(
    known: KnownScans, place: FaultPlace, folder: Path, path: Path
) -> Iterator[FixityFault]:
    """Whether a scan of the sheet has the file; ids may hold dots, but no ``@``."""
    scan = path.stem.partition("@")[0]
    if path.suffix == ".tif" and not known.asks(scan, place[0]):
        # As masks were called while they lay beside their images.
        scan = path.stem.removesuffix(".mask").partition("@")[0]
    if not known.asks(scan, place[0]):
        asked = "a scan of the sheet" + (f" that names {place[0]}" if place[0] else "")
        yield _orphan("record" if path.suffix == ".json" else "file", path, asked, f"'{scan}'")
    elif path.suffix != ".json" and not _named(folder, scan, path):
        found = "one that the scan's record does not name"
        yield _orphan("file", path, "a file that a record names", found)


def _named(folder: Path, scan: str, path: Path) -> bool:
    """Whether the scan's record speaks of the file. Without a record nothing is said of it: that
    the record is missing has been said, and the next run may take the file over. Nor where the scan
    is a problem of the stage now: what the stage wrote before that is still what was written."""
    record = read_record(folder / f"{scan}.json")
    if record is None or isinstance(record, StageProblem):
        return True
    return str(path.relative_to(folder)) in _names(folder, scan, record)


def _names(folder: Path, scan: str, record: AnyRecord) -> set[str]:
    """The files below the folder that a record speaks of."""
    if isinstance(record, DeliveryDone):
        return set(delivered_files(record))
    if not isinstance(record, StageDone):
        return set()
    names = set()
    for page in record.pages:
        if isinstance(page, AppliedPage) and has_own_image(page):
            image = image_path(folder, scan, page.number, len(record.pages))
            names.add(image.name)
            if page.mask:
                names.add(str(mask_of(page, image).relative_to(folder)))
    return names
