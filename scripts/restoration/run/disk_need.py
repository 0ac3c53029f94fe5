"""What a run will need of the disk, estimated before its first job from the sizes of the masters.

An estimate, and on the high side: every stage counts as if it wrote an image of every scan, while
most decline most scans. Only what is still to do counts; deliverables that are made anew replace
older ones and count in full.

Parsed with the Snakefile, so it knows no torch, no OpenCV and no NumPy, and opens no master.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from restoration.config.sheet import Scan
from restoration.config.stages import REGISTRY
from restoration.errors import CircumstanceError
from restoration.plan.cost_model import BYTES_PER_PIXEL, enlarged
from restoration.plan.plan import Plan
from restoration.records.ingest import IngestDone, read_ingest
from restoration.run.job_progress import amount
from restoration.run.run_progress import StepWork
from restoration.storage.records import read_typed

PACKED = 0.8
"""An intermediate's bytes by those of its uncompressed 16-bit pixels (ZSTD, level 1, predictor)."""

COLOUR_16 = 6.0
"""Bytes of a pixel."""

LZW = {8: 0.65, 16: 1.15}
"""A deliverable's bytes by those of its uncompressed pixels, by bits: LZW knows no 16-bit samples,
and makes a noisy scan larger (1.03 to 1.24 on three photographs with noise of up to 4/255)."""

SAMPLE = 64
"""Ingest records that are read, so that masters need not be guessed at where they are known."""


@dataclass(frozen=True)
class DiskNeed:
    """Bytes."""

    masters: float
    """Of the scans that are still to be delivered in some recipe."""
    intermediates: float
    """The most that lie there at the same time."""
    deliverables: float
    free: float
    intermediates_setting: str

    def line(self) -> str:
        """For the person at the keyboard."""
        return (
            f"disk: masters of {amount(self.masters)} to do; about {amount(self.intermediates)} of "
            f"intermediates at most at the same time under `intermediates: "
            f"{self.intermediates_setting}`, {amount(self.deliverables)} of deliverables, "
            f"{amount(self.free)} free"
        )


def disk_need(plan: Plan, work: Iterable[StepWork], beside: int) -> DiskNeed:
    """What is needed for the work that a run has before it.

    beside: batches that are worked on at the same time, at most. Costs a ``stat`` of each master
    of the work, which its digest has cost already, and up to `SAMPLE` records.
    """
    todo = {one.recipe: one.batches for one in work if one.step == "deliver" and one.recipe}
    scans: dict[str, Scan] = {}
    for recipe, batches in todo.items():
        for batch in batches:
            scans.update((scan.scan, scan) for scan in plan.members(recipe, batch))
    pixel = _bytes_per_pixel(plan, tuple(scans.values()))
    images: list[float] = []
    last = waiting = deliverables = 0.0
    for recipe, batches in todo.items():
        shared = _shared_steps(plan, recipe)
        for batch in batches:
            members = plan.members(recipe, batch)
            size = float(sum(plan.master_bytes(scan) for scan in members))
            one = size / pixel.master * pixel.image * PACKED
            by_step = _images_of(plan, recipe, one)
            images.append(sum(by_step.values()))
            last += next(reversed(by_step.values()), 0.0)
            # What another recipe may take over waits for that, however far it is.
            ours = sum(plan.master_bytes(scan) for scan in members if len(scan.recipes) > 1)
            share = ours / size if size else 0.0
            waiting += share * sum(made for step, made in by_step.items() if step in shared)
            delivered = _delivered(plan, recipe, pixel) * _enlarged(plan, recipe)
            deliverables += size / pixel.master * (delivered + pixel.infrared)
    return DiskNeed(
        masters=float(sum(map(plan.master_bytes, scans.values()))),
        intermediates=_most(plan.config.intermediates, images, last, waiting, beside),
        deliverables=deliverables,
        free=float(shutil.disk_usage(plan.results).free),
        intermediates_setting=plan.config.intermediates,
    )


def _most(setting: str, images: list[float], last: float, waiting: float, beside: int) -> float:
    """The most of intermediates at the same time, given those of each batch and recipe."""
    everything = sum(images)
    if setting == "keep":
        return everything
    # Batches are finished one after the other: what lies there is that of the batches in hand.
    in_hand = sum(sorted(images, reverse=True)[:beside]) + waiting
    return min(everything, in_hand + (last if setting == "last" else 0.0))


@dataclass(frozen=True)
class _Pixel:
    """Mean bytes of a pixel of a master."""

    master: float
    """As it lies on the disk."""
    image: float
    """In 16 bits, uncompressed."""
    plain: float
    """In the master's own depth, uncompressed."""
    lzw: float
    """The same, with LZW."""
    infrared: float = 0.0
    """Of infrared pictures on pages of their own, by the pixels of the pages alone: they are
    delivered as they were, whatever becomes of these."""


def _bytes_per_pixel(plan: Plan, scans: tuple[Scan, ...]) -> _Pixel:
    """By the ingest records of a few of the scans, evenly spread; where none is there, as if all
    were in colour, between 8 and 16 bits."""
    file_bytes = image_bytes = plain = lzw = infrared = pixels = 0.0
    step = max(len(scans) // SAMPLE, 1)
    for scan in scans[::step]:
        record = read_typed(plan.folder(None, "ingest") / f"{scan.scan}.json", read_ingest)
        if not isinstance(record, IngestDone) or not plan.master_bytes(scan):
            continue
        file_bytes += plan.master_bytes(scan)
        for page in record.master.pages:
            area = page.height * page.width
            pixels += area
            image_bytes += area * page.channels * 2
            plain += area * page.channels * page.bits / 8
            lzw += area * page.channels * page.bits / 8 * LZW.get(page.bits, LZW[16])
        for own in record.master.infrared:
            infrared += own.height * own.width * own.bits / 8
    if not pixels:
        return _Pixel(BYTES_PER_PIXEL, COLOUR_16, BYTES_PER_PIXEL, BYTES_PER_PIXEL * LZW[16])
    found = (file_bytes, image_bytes, plain, lzw, infrared)
    return _Pixel(*(value / pixels for value in found))


def _images_of(plan: Plan, recipe: str, one: float) -> dict[str, float]:
    """Bytes of images by stage, where those of one stage at the master's size are ``one``."""
    found, scale = {}, 1.0
    for step in plan.recipe(recipe).chain():
        if REGISTRY[step].only_maps:
            continue
        if REGISTRY[step].resizes:
            scale = _enlarged(plan, recipe)
            if scale == 1.0:
                continue
        found[step] = one * scale
    return found


def _shared_steps(plan: Plan, recipe: str) -> set[str]:
    """Stages whose images another recipe of the run may take over."""
    return {
        step
        for other in plan.recipes()
        if other != recipe
        for step in plan.recipe(recipe).chain()
        if step in plan.recipe(other).chain()
        and plan.dependencies.settings(recipe, step) == plan.dependencies.settings(other, step)
    }


def _enlarged(plan: Plan, recipe: str) -> float:
    """Pixels of the deliverable by those of the master, as far as the config alone says."""
    # A print size or a resolution: the factor is known scan by scan, when it is opened.
    return enlarged(plan, recipe, unstated=1.0)


def _delivered(plan: Plan, recipe: str, pixel: _Pixel) -> float:
    """Bytes of a pixel in the deliverable."""
    deliver = plan.recipe(recipe).deliver
    if deliver.depth == "16":
        return pixel.image * (LZW[16] if deliver.compression == "lzw" else 1.0)
    return pixel.lzw if deliver.compression == "lzw" else pixel.plain


def say_disk_need(need: DiskNeed, results: Path, *, ignore: bool) -> None:
    """Say what a run needs, and warn where the estimate does not fit.

    Raises CircumstanceError where not even the deliverables fit, unless told to ignore that.
    """
    if not need.masters:
        return
    sys.stderr.write(f"{need.line()}\n")
    if need.free >= need.deliverables + need.intermediates:
        return
    if need.free < need.deliverables and not ignore:
        raise CircumstanceError(
            f"results: the deliverables alone need about {amount(need.deliverables)}, '{results}' "
            f"has {amount(need.free)} free; free some, name another folder with `results`, or set "
            "`ignore_disk_need: true` if you know better"
        )
    missing = need.deliverables + need.intermediates - need.free
    other = "" if need.intermediates_setting == "none" else ", or set `intermediates: none`"
    sys.stderr.write(
        f"warning: about {amount(missing)} may be missing, if every stage changes every scan; a "
        f"full disk loses nothing that is done, but stops the run: free some{other}\n"
    )
