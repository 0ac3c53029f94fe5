"""Retention: which images of a scan nobody needs any more, and deleting those.

An image goes only after the deliverables that were made of it are published and recorded, and only
where no other recipe of the scan may still take it over; a kill between loses nothing. Before the
first image of a recipe goes, the pictures that its report shows are made and kept. Records stay, as
do masks: they are small, and say where a stage worked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from restoration.chain.album import Albums
from restoration.chain.redelivery import is_delivered
from restoration.chain.scan_keys import EarlierProblemError, ScanKeys
from restoration.config.sheet import Scan
from restoration.errors import RestorationError
from restoration.plan.plan import Plan
from restoration.records.any_record import AnyRecord
from restoration.records.delivery import DeliveryDone
from restoration.storage.image_places import image_path
from restoration.storage.journal import note_gone
from restoration.storage.page_state import has_own_image
from restoration.storage.publish import unlink
from restoration.storage.records import read_record

Keeping = Literal["last", "none"]
"""What is kept of a delivered scan: the images that delivery read, or none."""


@dataclass(frozen=True)
class Disposable:
    """An image that nobody needs any more."""

    recipe: str
    step: str
    path: Path
    bytes: int
    """Freed by deleting it; 0 where another name for the same file stays."""


def delivered_record(plan: Plan, recipe: str, scan: Scan, albums: Albums) -> DeliveryDone | None:
    """The true deliver record of a scan whose deliverable is there; None where either is not.

    Whether images and masks are there is not asked. Raises EarlierProblemError where the scan is
    unfit, so that it has no deliverable.
    """
    known: dict[str, AnyRecord] = {}
    keys = ScanKeys(plan, recipe, scan, albums, known.__getitem__)
    for step in plan.steps(recipe):
        record = read_record(plan.folder(recipe, step) / f"{scan.scan}.json")
        if record is None or not keys.is_true(step, record):
            return None
        if record.status == "problem":
            raise EarlierProblemError(step, str(record.reason))
        known[step] = record
    assert isinstance(record, DeliveryDone)
    return record if is_delivered(plan, recipe, record) else None


def disposable(
    plan: Plan, scan: Scan, keeping: Keeping, albums: Albums
) -> dict[str, tuple[DeliveryDone, list[Disposable]]]:
    """The images of a scan that can go, with the deliver record they led to, by recipe.

    Of a recipe in which the scan could not be processed nothing can: a person may look into it.
    albums: those gathered so far, which this adds to.
    """
    done: dict[str, DeliveryDone] = {}
    waiting = []
    for recipe in scan.recipes:
        try:
            record = delivered_record(plan, recipe, scan, albums)
        except EarlierProblemError:
            continue
        if record is None:
            waiting.append(recipe)
        else:
            done[recipe] = record
    found = {
        recipe: [
            (step, path)
            for step, path in _images(plan, recipe, scan, record, keeping)
            if path.is_file() and not any(_may_take(plan, recipe, step, w) for w in waiting)
        ]
        for recipe, record in done.items()
    }
    freed = _freed([path for images in found.values() for _, path in images])
    return {
        recipe: (done[recipe], [Disposable(recipe, s, path, freed[path]) for s, path in images])
        for recipe, images in found.items()
        if images
    }


def _may_take(plan: Plan, recipe: str, step: str, other: str) -> bool:
    """Whether another recipe may take over what a step of this one made: the same settings are
    part of the same key."""
    if step not in plan.recipe(other).chain():
        return False
    return plan.dependencies.settings(recipe, step) == plan.dependencies.settings(other, step)


def _images(
    plan: Plan, recipe: str, scan: Scan, delivered: DeliveryDone, keeping: Keeping
) -> Iterator[tuple[str, Path]]:
    """Step and place of the images that a recipe made of a scan, without those that are kept."""
    stages = delivered.stages
    read = {page.image for page in stages[-1].pages} if stages else set()
    for stage in stages:
        folder = plan.folder(recipe, stage.stage)
        for page in filter(has_own_image, stage.pages):
            path = image_path(folder, scan.scan, page.number, len(stage.pages))
            if keeping == "none" or str(path.relative_to(plan.results)) not in read:
                yield stage.stage, path


def _freed(paths: list[Path]) -> dict[Path, int]:
    """Bytes that deleting all of these files frees, at the last name of each."""
    freed: dict[Path, int] = {}
    names: dict[tuple[int, int], int] = {}
    for path in paths:
        freed[path] = 0
        try:
            stat = path.stat()
        except FileNotFoundError:
            # The worker that delivers another recipe of the scan was quicker.
            continue
        node = (stat.st_dev, stat.st_ino)
        names[node] = names.get(node, 0) + 1
        if names[node] == stat.st_nlink:
            freed[path] = stat.st_blocks * 512
    return freed


def delete(
    plan: Plan,
    found: Mapping[str, tuple[DeliveryDone, list[Disposable]]],
    say: Callable[[str], None],
) -> Iterator[Disposable]:
    """Delete images recipe by recipe, and give each that is gone.

    A recipe whose pictures for the report cannot be made keeps its images, which is said.
    """
    # Loads OpenCV, which a run that keeps its images needs for the report alone.
    from restoration.review.illustrations import illustrate_record  # noqa: PLC0415

    truth = Path(plan.config.truth) if plan.config.truth else None
    for recipe, (record, images) in found.items():
        missing = illustrate_record(plan.results, recipe, record, truth).missing
        if missing:
            say(f"{record.scan}: keeps the images of {recipe}, since its report cannot be "
                f"illustrated: {missing}")  # fmt: skip
            continue
        for image in images:
            if image.path.exists():
                note_gone(image.path)
                unlink(image.path, missing_ok=True)
            yield image


def after_delivery(
    plan: Plan,
    scan: Scan,
    albums: Albums,
    say: Callable[[str], None],
) -> None:
    """What the worker does once a scan is delivered in some recipe.

    Nothing that goes wrong here undoes the delivery: it is said, and ``make prune`` does the rest.
    """
    keeping = plan.config.intermediates
    if keeping == "keep":
        return
    try:
        for _ in delete(plan, disposable(plan, scan, keeping, albums), say):
            pass
    except (OSError, RestorationError) as error:
        say(f"{scan.scan}: its intermediate images are kept ({error}); `make prune` tries again")
