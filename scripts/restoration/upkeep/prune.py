"""Deleting images between the stages that nobody needs any more, after they have been shown.

Chosen as a worker chooses after a delivery (``run.unneeded_images``): only images of scans that are
delivered, whose record is true, and which no other recipe of the scan may still take over. Records
stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from restoration.chain.album import Albums
from restoration.config.stages import REGISTRY
from restoration.plan.master_locations import protect_every_master
from restoration.plan.plan import Plan
from restoration.run.job_progress import amount
from restoration.run.lock import lock_results
from restoration.run.unneeded_images import Keeping, delete, disposable
from restoration.storage.image_places import MASKS
from restoration.storage.journal import keep_written, note_gone
from restoration.storage.protected_masters import MasterInTheWayError
from restoration.storage.publish import unlink
from restoration.upkeep.verify.last_run import known_scans, last_plan
from restoration.upkeep.verify.orphans import orphans

StepOfRecipe = tuple[str, str]
"""Recipe and step."""

ORPHANS = "-"
"""Stands for the step where a file belongs to no record."""


@dataclass
class Pruned:
    """What goes, or would go."""

    results: Path
    keeping: Keeping
    deleted: bool
    """False where it was only shown."""
    files: dict[StepOfRecipe, int] = field(default_factory=dict)
    bytes: dict[StepOfRecipe, int] = field(default_factory=dict)
    """Freed; a file that two recipes share counts where its last name goes."""
    orphans: int = 0
    """Images and parts that no record names, and that stay since they were not asked for."""
    orphan_bytes: int = 0
    failed: list[str] = field(default_factory=list)
    """What could not be deleted, and why."""

    def add(self, place: StepOfRecipe, freed: int) -> None:
        self.files[place] = self.files.get(place, 0) + 1
        self.bytes[place] = self.bytes.get(place, 0) + freed


def prune_results(
    results: Path, *, keeping: Keeping | None = None, confirm: bool = False, stray: bool = False
) -> Pruned:
    """Show, or with ``confirm`` delete, what nobody needs any more.

    keeping: what stays of a delivered scan; as the config of the last run says where None, and
    nothing where that keeps all. stray: also images and parts that no record names, which
    verification calls orphaned. Holds the lock of the results until the process ends. Raises
    ConfigError where there are no results or a run holds them, OSError where they cannot be read.
    """
    last_plan(results)
    lock_results(results)
    keep_written(results)
    # Again: a run may have ended between the two.
    plan = last_plan(results)
    protect_every_master(plan)
    if keeping is None:
        keeping = "last" if plan.config.intermediates == "last" else "none"
    found = Pruned(results, keeping, confirm)
    albums: Albums = {}
    for scan in plan.scans:
        images = disposable(plan, scan, keeping, albums)
        if not confirm:
            for _, ours in images.values():
                for image in ours:
                    found.add((image.recipe, image.step), image.bytes)
            continue
        try:
            for image in delete(plan, images, found.failed.append):
                found.add((image.recipe, image.step), image.bytes)
        except (OSError, MasterInTheWayError) as error:
            found.failed.append(f"{scan.scan}: {error}")
    for path in _strays(plan):
        size = path.stat().st_blocks * 512
        if not stray:
            found.orphans += 1
            found.orphan_bytes += size
            continue
        _delete_stray(found, path, size)
    return found


def _strays(plan: Plan) -> Iterator[Path]:
    """Images and parts in the folders of stages that no record names; nothing of deliveries."""
    for orphan in orphans(plan, known_scans(plan)):
        path = orphan.path
        inside = path.is_file() and _stage_folder(path).name in REGISTRY
        if inside and path.suffix in (".tif", ".part"):
            yield path


def _stage_folder(path: Path) -> Path:
    """The folder of the stage to which an image or a mask belongs."""
    return path.parent.parent if path.parent.name == MASKS else path.parent


def _delete_stray(found: Pruned, path: Path, size: int) -> None:
    if found.deleted:
        try:
            note_gone(path)
            unlink(path)
        except OSError as error:
            found.failed.append(f"{path}: {error.strerror}")
            return
        except MasterInTheWayError as error:
            found.failed.append(str(error))
            return
    found.add((_stage_folder(path).parent.name, ORPHANS), size)


def summary(found: Pruned) -> str:
    """What a person reads."""
    lines = []
    for (recipe, step), count in found.files.items():
        what = "files that no record names" if step == ORPHANS else step
        size = found.bytes[recipe, step]
        lines.append(f"{recipe} {what}: {count:,} file{'s' * (count != 1)}, {amount(size)}")
    total, count = sum(found.bytes.values()), sum(found.files.values())
    left = "the images that delivery read stay" if found.keeping == "last" else "none is kept"
    if not count:
        lines.append(f"nothing to delete in '{found.results}'")
    elif found.deleted:
        lines.append(f"deleted: {count:,} files, {amount(total)}; all records stay")
    else:
        lines.append(
            f"would delete: {count:,} files, {amount(total)} ({left}; records and masks stay)"
        )
        lines.append("nothing is deleted yet: make prune CONFIRM=1, or --yes")
    if found.orphans:
        lines.append(
            f"{found.orphans:,} more files, {amount(found.orphan_bytes)}, are named by no record: "
            "`make verify` lists them, ORPHANS=1 deletes them as well"
        )
    return "\n".join([*lines, *found.failed])
