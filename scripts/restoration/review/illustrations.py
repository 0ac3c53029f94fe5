"""The pictures and scores of one scan, made once and kept beside the report.

Kept as results/<recipe>/report/<scan>.json under a key of everything they depend on, so that a
report over a collection that grew by one box looks at the pixels of that box alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from restoration.errors import ScanError
from restoration.findings.faces import Faces
from restoration.plan.code_fingerprint import code_fingerprint
from restoration.raster.base import Raster
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.colour.tone_table import ToneTable
from restoration.raster.mapped import MappedRaster
from restoration.raster.tiff.page import open_page
from restoration.records.base import RecordError
from restoration.records.delivery import DeliveryDone
from restoration.records.stage import AppliedPage
from restoration.review import pictures, scores
from restoration.review.delivered_scan import DeliveredScan
from restoration.review.face_pictures import face_pictures
from restoration.review.kept_pictures import (
    FacePictures,
    LeftPicture,
    MaskPicture,
    NotScored,
    PagePictures,
    PageScores,
    PlacePictures,
    ScanPictures,
    Scored,
)
from restoration.review.left_marks import left_on, outlined, regions_text
from restoration.review.mask_overlay import marked
from restoration.review.provisional_pages import ShownPage, only_converted, open_restored
from restoration.storage.keys import digest
from restoration.storage.records import SCHEMA, read_raw, write_record

_SRGB = ColourSpace.from_profile(None, 3)

MOST_PAGES = 4
"""Pages of a multipage master that are shown; the others' records are listed all the same."""


@dataclass(frozen=True)
class Illustrated:
    """The pictures of one scan, or why there are none."""

    pages: tuple[PagePictures, ...] = ()
    """The first pages, in order."""
    faces: tuple[FacePictures, ...] = ()
    """The faces that are shown, those to review first."""
    missing: str = ""
    """Why there are no pictures: a file cannot be read any more."""


def illustrate(
    results: Path, recipe: str, delivered: DeliveredScan, truth: Path | None
) -> Illustrated:
    """The pictures of a delivered scan.

    truth: folder with ``<scan>.tif`` of known truth, and ``<scan>@<factor>x.tif`` where a
    deliverable is larger than its master.

    A scan whose files cannot be read any more has no pictures, and the reason in their place: the
    report of the others must not fail for it.
    """
    record = delivered.record
    truth_files = _truth_files(truth, record.scan)
    key = _key(delivered, truth_files)
    # Of images that are gone, pictures made in time are the better ones.
    without = [image for image, _ in _images(record) if not (results / image).is_file()]
    cache = results / recipe / "report" / f"{record.scan}.json"
    known = _kept(cache)
    if known is not None and known.key == key and set(known.without) <= set(without):
        return Illustrated(known.pages, known.faces)
    try:
        pages = tuple(
            _page(results, recipe, record, number, truth_files)
            for number in range(1, min(MOST_PAGES, len(record.master.master.pages)) + 1)
        )
        path = deliverable_path(results, recipe, record)
        faces = face_pictures(results, path, delivered, truth_files)
    except ScanError as error:
        # Not kept: the master may be back on its mount at the next report.
        return Illustrated(missing=str(error))
    made = {"schema": SCHEMA, "scan": record.scan, "key": key, "pages": pages, "faces": faces}
    write_record(cache, ScanPictures.model_validate({**made, "without": tuple(without)}))
    return Illustrated(pages, faces)


def illustrate_record(
    results: Path, recipe: str, record: DeliveryDone, truth: Path | None
) -> Illustrated:
    """As ``illustrate``, of a scan whose record alone was read.

    One of which a part does not fit its type has no pictures either.
    """
    try:
        delivered = DeliveredScan.of(record, results / recipe / "deliver" / f"{record.scan}.json")
    except RecordError as error:
        return Illustrated(missing=str(error))
    return illustrate(results, recipe, delivered, truth)


def _kept(cache: Path) -> ScanPictures | None:
    """The pictures that were made before; None where there are none that can be read."""
    raw = read_raw(cache)
    with suppress(RecordError):
        return None if raw is None else ScanPictures.read(raw, cache)
    return None


def _images(delivered: DeliveryDone) -> list[tuple[str, str | None]]:
    """Images that the records name, below the results, each with its SHA-256 where it is its
    stage's own."""
    return [
        (page.image, page.sha256)
        for stage in delivered.stages
        for page in stage.pages
        if page.image
    ]


def _key(delivered: DeliveredScan, truth_files: list[Path]) -> str:
    record = delivered.record
    tones = [
        page.tones_sha256
        for stage in record.stages
        for page in stage.pages
        if isinstance(page, AppliedPage) and page.tones is not None
    ]
    found = [report.get(Faces) for report in delivered.reports]
    return digest(
        {
            "master": record.master.sha256,
            "deliverable": record.deliverable.sha256,
            "images": _images(record),
            "tones": tones,
            "left": [
                [mark.raw() for mark in left_on(record, number)]
                for number in range(1, min(MOST_PAGES, len(record.master.master.pages)) + 1)
            ],
            "truth": [[path.name, _sha256(path)] for path in truth_files],
            "faces": [
                [
                    (face.page, face.entry.raw(), face.finished and face.finished.raw())
                    for face in delivered.faces
                ],
                [None if faces is None else faces.recorded() for faces in found],
            ],
            "code": [
                code_fingerprint(module)
                for module in (
                    "restoration.review.face_pictures",
                    "restoration.review.illustrations",
                    "restoration.review.left_marks",
                    "restoration.review.mask_overlay",
                    "restoration.review.pictures",
                    "restoration.review.scores",
                )
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


def _colour(page: ShownPage) -> ColourSpace:
    return ColourSpace.from_profile(page.profile, page.channels)


def deliverable_path(results: Path, recipe: str, delivered: DeliveryDone) -> Path:
    """Where the deliverable of a scan lies."""
    return results / recipe / "deliver" / f"{delivered.scan}.tif"


def _page(
    results: Path, recipe: str, delivered: DeliveryDone, number: int, truth_files: list[Path]
) -> PagePictures:
    with ExitStack() as opened:
        before = opened.enter_context(open_page(delivered.master.path, number))
        path = deliverable_path(results, recipe, delivered)
        after = open_restored(opened, results, path, delivered, number)
        found = pictures.compare(before, after)
        colour, turn = _colour(before), before.orientation
        larger = (after.height, after.width) != (before.height, before.width)
        scale = max(after.height / before.height, after.width / before.width)
        side = max(16, round(pictures.CROP_SIDE / scale))
        places = pictures.places(found, before.height, before.width, side)
        return PagePictures(
            number=number,
            changed=found.changed,
            identical=not found.changed and not larger,
            converted=only_converted(results, delivered, number),
            factor=scale,
            before=pictures.jpeg_uri(found.before, colour, turn),
            after=pictures.jpeg_uri(found.after, _colour(after), turn),
            crops=tuple(_crop(kind, place, before, after) for kind, place in places),
            masks=tuple(_masks(results, delivered, number, found, before)),
            left=_left(delivered, number, found, before),
            scores=_scores(results, delivered, number, (before, after), truth_files),
        )


def _crop(kind: str, place: pictures.CutOut, before: ShownPage, after: ShownPage) -> PlacePictures:
    there = pictures.enlarged(place, before, after)
    old = pictures.replicated(pictures.crop(before, place), there.height, there.width)
    new = pictures.crop(after, there)
    turn = before.orientation
    tall, wide = (there.width, there.height) if turn >= 5 else (there.height, there.width)
    return PlacePictures(
        kind=kind,
        top=place.top,
        left=place.left,
        height=tall,
        width=wide,
        before=pictures.jpeg_uri(old, _colour(before), turn, quality=95),
        after=pictures.jpeg_uri(new, _colour(after), turn, quality=95),
    )


def _masks(
    results: Path,
    delivered: DeliveryDone,
    number: int,
    found: pictures.Comparison,
    before: ShownPage,
) -> Iterator[MaskPicture]:
    """Where stages that keep a mask worked on the page."""
    for stage, page in _applied(delivered, number):
        if not page.mask or not (results / page.mask).is_file():
            continue
        with open_page(results / page.mask) as mask:
            if (mask.height, mask.width) != (before.height, before.width):
                continue
            drawn = marked(found.before, _colour(before), mask, found.step)
        picture = pictures.jpeg_uri(drawn, _SRGB, before.orientation)
        yield MaskPicture(stage=stage, picture=picture, file=page.mask)


def _left(
    delivered: DeliveryDone, number: int, found: pictures.Comparison, before: ShownPage
) -> LeftPicture | None:
    """What repair left on the page."""
    left = left_on(delivered, number)
    if not left:
        return None
    drawn = outlined(found.before, _colour(before), left, found.step)
    return LeftPicture(
        picture=pictures.jpeg_uri(drawn, _SRGB, before.orientation),
        regions=regions_text(left, number, (before.height, before.width)),
        count=len(left),
    )


def _scores(
    results: Path,
    delivered: DeliveryDone,
    number: int,
    ends: tuple[ShownPage, ShownPage],
    truth_files: list[Path],
) -> PageScores | None:
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
        reference = _score(before, truth, _colour(before))
        rows: list[Scored | NotScored] = [Scored(name="master", **asdict(reference))]
        applied = _applied(delivered, number)
        for stage, page in applied:
            last = page is applied[-1][1]
            image = after if last else _left_by(page, results, before, opened)
            if image is None:
                rows.append(NotScored(name=stage, missing=True))
                continue
            found = _score(image, truth, _colour(after if last else before))
            verdicts = dict(scores.verdicts(reference, found))
            rows.append(Scored(name=stage, **asdict(found), verdicts=verdicts))
            reference = found
    return PageScores(rows=tuple(rows), height=truth.height, width=truth.width)


def _applied(delivered: DeliveryDone, number: int) -> list[tuple[str, AppliedPage]]:
    return [
        (stage.stage, page)
        for stage in delivered.stages
        for page in stage.pages
        if page.number == number and isinstance(page, AppliedPage)
    ]


def _left_by(
    page: AppliedPage, results: Path, before: ShownPage, opened: ExitStack
) -> Raster | None:
    """A page as a stage that was applied left it; None where its image was pruned.

    Intermediates are in the colour space of the master, ``before``.
    """
    image: Raster = before
    if page.image is not None:
        path = results / page.image
        if not path.is_file():
            return None
        image = opened.enter_context(open_page(path))
    table = page.tones
    return image if table is None else MappedRaster(image, ToneTable.from_record(table.raw()))


def _score(image: Raster, truth: ShownPage, colour: ColourSpace) -> scores.Score:
    return scores.score(image, colour, truth, _colour(truth))
