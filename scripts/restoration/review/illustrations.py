"""The pictures and scores of one scan, made once and kept beside the report.

Kept as results/<recipe>/report/<scan>.json under a key of everything they depend on, so that a
report over a collection that grew by one box looks at the pixels of that box alone.
"""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from restoration.errors import ScanError
from restoration.plan.code_fingerprint import code_fingerprint
from restoration.raster.base import Raster
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.colour.tone_table import ToneTable
from restoration.raster.mapped import MappedRaster
from restoration.raster.tiff.page import open_page
from restoration.review import pictures, scores
from restoration.review.face_order import faces_of
from restoration.review.face_pictures import face_pictures
from restoration.review.marked import marked
from restoration.review.unconverted import ShownPage, only_converted, open_restored
from restoration.storage.keys import digest
from restoration.storage.records import SCHEMA, read_raw, write_raw

Record = dict[str, Any]

_SRGB = ColourSpace.from_profile(None, 3)

MOST_PAGES = 4
"""Pages of a multipage master that are shown; the others' records are listed all the same."""


def illustrate(results: Path, recipe: str, delivered: Record, truth: Path | None) -> Record:
    """The pictures of a delivered scan.

    delivered: its deliver record; truth: folder with ``<scan>.tif`` of known truth, and
    ``<scan>@<factor>x.tif`` where a deliverable is larger than its master.

    Returns ``{"pages": [...], "faces": [...]}``; a scan whose files cannot be read any more has
    none of either, and ``missing``, the reason: the report of the others must not fail for it.
    """
    scan = delivered["scan"]
    cache = results / recipe / "report" / f"{scan}.json"
    truth_files = _truth_files(truth, scan)
    key = _key(delivered, truth_files)
    # Of images that are gone, pictures made in time are the better ones.
    without = [image for image, _ in _images(delivered) if not (results / image).is_file()]
    known = read_raw(cache)
    if known is not None and known.get("key") == key and set(known["without"]) <= set(without):
        return known
    try:
        pages = [
            _page(results, recipe, delivered, number, truth_files)
            for number in range(1, min(MOST_PAGES, len(_master_pages(delivered))) + 1)
        ]
        path = deliverable_path(results, recipe, delivered)
        faces = face_pictures(results, path, delivered, truth_files)
    except ScanError as error:
        # Not kept: the master may be back on its mount at the next report.
        return {"pages": [], "faces": [], "missing": str(error)}
    record = {"schema": SCHEMA, "scan": scan, "key": key, "pages": pages, "faces": faces}
    write_raw(cache, record | {"without": without})
    return record


def _images(delivered: Record) -> list[tuple[str, str | None]]:
    """Images that the records name, below the results, each with its SHA-256 where it is its
    stage's own."""
    return [
        (page["image"], page["sha256"])
        for stage in delivered["stages"]
        for page in stage["pages"]
        if page["image"]
    ]


def _key(delivered: Record, truth_files: list[Path]) -> str:
    tones = [
        page["tones_sha256"]
        for stage in delivered["stages"]
        for page in stage["pages"]
        if page.get("tones")
    ]
    return digest(
        {
            "master": delivered["master"]["sha256"],
            "deliverable": delivered["deliverable"]["sha256"],
            "images": _images(delivered),
            "tones": tones,
            "truth": [[path.name, _sha256(path)] for path in truth_files],
            "faces": [faces_of(delivered), [r.get("faces") for r in delivered["condition_report"]]],
            "code": [
                code_fingerprint(f"restoration.review.{name}")
                for name in ("face_pictures", "illustrations", "marked", "pictures", "scores")
            ],
        }
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _truth_files(truth: Path | None, scan: str) -> list[Path]:
    if truth is None:
        return []
    return [
        path
        for path in (truth / f"{scan}.tif", *sorted(truth.glob(f"{scan}@*x.tif")))
        if path.is_file()
    ]


def _master_pages(delivered: Record) -> list[Record]:
    return list(delivered["master"]["master"]["pages"])


def _colour(page: ShownPage) -> ColourSpace:
    return ColourSpace.from_profile(page.profile, page.channels)


def deliverable_path(results: Path, recipe: str, delivered: Record) -> Path:
    """Where the deliverable of a scan lies."""
    return results / recipe / "deliver" / f"{delivered['scan']}.tif"


def _page(
    results: Path, recipe: str, delivered: Record, number: int, truth_files: list[Path]
) -> Record:
    with ExitStack() as opened:
        before = opened.enter_context(open_page(delivered["master"]["path"], number))
        path = deliverable_path(results, recipe, delivered)
        after = open_restored(opened, results, path, delivered, number)
        found = pictures.survey(before, after)
        colour, turn = _colour(before), before.orientation
        larger = (after.height, after.width) != (before.height, before.width)
        scale = max(after.height / before.height, after.width / before.width)
        side = max(16, round(pictures.CROP_SIDE / scale))
        return {
            "number": number,
            "changed": found.changed,
            "identical": not found.changed and not larger,
            "converted": only_converted(results, delivered, number),
            "factor": scale,
            "before": pictures.jpeg_uri(found.before, colour, turn),
            "after": pictures.jpeg_uri(found.after, _colour(after), turn),
            "crops": [
                _crop(kind, place, before, after)
                for kind, place in pictures.places(found, before.height, before.width, side)
            ],
            "masks": _masks(results, delivered, number, found, before),
            "scores": _scores(results, delivered, number, (before, after), truth_files),
        }


def _crop(kind: str, place: pictures.Place, before: ShownPage, after: ShownPage) -> Record:
    there = pictures.enlarged(place, before, after)
    old = pictures.replicated(pictures.crop(before, place), there.height, there.width)
    new = pictures.crop(after, there)
    turn = before.orientation
    tall, wide = (there.width, there.height) if turn >= 5 else (there.height, there.width)
    return {
        "kind": kind,
        "top": place.top,
        "left": place.left,
        "height": tall,
        "width": wide,
        "before": pictures.jpeg_uri(old, _colour(before), turn, quality=95),
        "after": pictures.jpeg_uri(new, _colour(after), turn, quality=95),
    }


def _masks(
    results: Path, delivered: Record, number: int, found: pictures.Survey, before: ShownPage
) -> list[Record]:
    """Where stages that keep a mask worked on the page."""
    shown = []
    for stage, page in _applied(delivered, number):
        path = results / (page.get("mask") or "")
        if not page.get("mask") or not path.is_file():
            continue
        with open_page(path) as mask:
            if (mask.height, mask.width) != (before.height, before.width):
                continue
            drawn = marked(found.before, _colour(before), mask, found.step)
        picture = pictures.jpeg_uri(drawn, _SRGB, before.orientation)
        shown.append({"stage": stage, "picture": picture, "file": page["mask"]})
    return shown


def _scores(
    results: Path,
    delivered: Record,
    number: int,
    ends: tuple[ShownPage, ShownPage],
    truth_files: list[Path],
) -> Record | None:
    """Distances to the truth of the master and of the image after each stage that was applied.

    The truth of the deliverable's own size is taken where there is one, else the first.
    """
    if not truth_files:
        return None
    before, after = ends
    with ExitStack() as opened:
        truths = [opened.enter_context(open_page(path, number)) for path in truth_files]
        fitting = [t for t in truths if (t.height, t.width) == (after.height, after.width)]
        truth = (fitting or truths)[0]
        rows = [{"name": "master", **_score(before, truth, _colour(before))}]
        applied = _applied(delivered, number)
        for stage, page in applied:
            last = page is applied[-1][1]
            image = after if last else _left_by(page, results, before, opened)
            if image is None:
                rows.append({"name": stage, "missing": True})
                continue
            row = {"name": stage, **_score(image, truth, _colour(after if last else before))}
            reference = next(r for r in reversed(rows) if not r.get("missing"))
            row["verdicts"] = dict(scores.verdicts(reference, row))
            rows.append(row)
    return {"rows": rows, "height": truth.height, "width": truth.width}


def _applied(delivered: Record, number: int) -> list[tuple[str, Record]]:
    return [
        (stage["stage"], page)
        for stage in delivered["stages"]
        for page in stage["pages"]
        if page["number"] == number and page["status"] == "applied"
    ]


def _left_by(page: Record, results: Path, before: ShownPage, opened: ExitStack) -> Raster | None:
    """A page as a stage that was applied left it; None where its image was pruned.

    Intermediates are in the colour space of the master, ``before``.
    """
    image: Raster = before
    if page["image"] is not None:
        path = results / page["image"]
        if not path.is_file():
            return None
        image = opened.enter_context(open_page(path))
    tones = page.get("tones")
    return image if tones is None else MappedRaster(image, ToneTable.from_record(tones))


def _score(image: Raster, truth: ShownPage, colour: ColourSpace) -> Record:
    return scores.score(image, colour, truth, _colour(truth)).record()
