"""Crops of every face for the page: the master, the result and the truth, upright, at 100 %."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from restoration.errors import ScanError
from restoration.faces.head import Head
from restoration.findings.faces import Faces
from restoration.raster.boxes import rows_first
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.tiff.page import open_page
from restoration.records.delivery import DeliveryDone
from restoration.review import pictures
from restoration.review.delivered_scan import DeliveredScan
from restoration.review.face_cuts import Cut, cut_of
from restoration.review.face_order import DecidedFace, stage_of
from restoration.review.kept_pictures import (
    FaceCrop,
    FaceLeft,
    FacePictures,
    HeadPicture,
    SmallFace,
)
from restoration.review.pictures import CutOut
from restoration.review.provisional_pages import ShownPage, only_converted, open_restored

Shown = Literal["master", "result", "deliverable", "truth"]

MOST_FACES = 40
"""Faces of a scan that are shown, those to review first; the others are counted."""

MOST_PIXELS = 8_000_000
"""Of all crops of a scan: about as many bytes of page, fewer where they are soft. The faces after
these are shown in words alone."""

SMALL_SIDE = 240
"""Longest side of a large face made smaller, in pixels."""

HEAD_SIDE = 200
"""Longest side of the small drawing of a head's oval, in pixels: of 40 faces a megapixel."""

HEAD_ROOM = 0.06
"""Around the oval, as a share of its longer axis."""

QUALITY = 95


@dataclass(frozen=True)
class _Files:
    """The pictures of one page that its faces are cut from."""

    master: ShownPage
    deliverable: ShownPage
    result: ShownPage | None
    """Of the stage; None where it restored nothing or its file is no longer kept."""
    truth: ShownPage | None
    comparable: bool
    """Whether the deliverable's codes mean the same colours as the master's."""


def face_pictures(
    results: Path, deliverable: Path, delivered: DeliveredScan, truth_files: list[Path]
) -> tuple[FacePictures, ...]:
    """The pictures of the faces of a scan that are shown, in their order.

    Raises ScanError where the master or the deliverable cannot be read.
    """
    made: dict[tuple[int, int], FacePictures] = {}
    wanted = _within_limits(delivered)
    for number in sorted({face.page for face, _ in wanted}):
        with ExitStack() as opened:
            files = _open(opened, results, deliverable, delivered.record, number, truth_files)
            for face, cut in wanted:
                if face.page == number:
                    made[face.place] = _face(face, cut, files)
    return tuple(made[face.place] for face, _ in wanted)


def _within_limits(delivered: DeliveredScan) -> list[tuple[DecidedFace, Cut]]:
    """The faces whose pictures are shown, the first whatever its size."""
    wanted: list[tuple[DecidedFace, Cut]] = []
    pixels = 0
    for face in delivered.faces[:MOST_FACES]:
        page = delivered.record.master.master.pages[face.page - 1]
        finding = delivered.reports[face.page - 1].get(Faces)
        cut = cut_of(face.entry, finding, page.height, page.width)
        pixels += 3 * cut.shown.height * cut.shown.width
        if wanted and pixels > MOST_PIXELS:
            break
        wanted.append((face, cut))
    return wanted


def _open(
    opened: ExitStack,
    results: Path,
    deliverable: Path,
    delivered: DeliveryDone,
    number: int,
    truth_files: list[Path],
) -> _Files:
    master = opened.enter_context(open_page(delivered.master.path, number))
    made = open_restored(opened, results, deliverable, delivered, number)
    stage = stage_of(delivered)
    pages = () if stage is None else stage.pages
    images = [p.image for p in pages if p.number == number and p.status == "applied"]
    kept = [results / image for image in images if image and (results / image).is_file()]
    truths: list[ShownPage] = []
    for path in truth_files:
        try:
            truths.append(opened.enter_context(open_page(path, number)))
        except ScanError:
            continue  # The truth of a scan may have fewer pages than the scan.
    fitting = [t for t in truths if (t.height, t.width) == (master.height, master.width)]
    return _Files(
        master=master,
        deliverable=made,
        result=opened.enter_context(open_page(kept[0])) if kept else None,
        truth=next(iter(fitting or truths), None),
        comparable=not only_converted(results, delivered, number),
    )


def _face(face: DecidedFace, cut: Cut, files: _Files) -> FacePictures:
    restored = face.entry.decision == "restored"
    left: FaceLeft = "" if restored else _left(face, cut, files)
    chosen: list[tuple[Shown, ShownPage | None]] = [("master", files.master)]
    if restored and files.result is not None:
        chosen.append(("result", files.result))
    elif restored or left != "same":
        chosen.append(("deliverable", files.deliverable))
    chosen.append(("truth", files.truth))
    there = [(name, image) for name, image in chosen if image is not None]
    turned = cut.upright >= 5
    tall, wide = cut.shown.height, cut.shown.width
    whole = cut.whole
    small = [] if whole is None else [_small(*one, whole, cut, files.master) for one in there]
    return FacePictures(
        page=face.page,
        face=face.entry.face,
        width=tall if turned else wide,
        height=wide if turned else tall,
        middle=whole is not None,
        left=left,
        crops=tuple(_crop(name, image, cut, files.master) for name, image in there),
        small=tuple(small),
        head=_head(face, cut, files.master),
    )


def _colour(page: ShownPage) -> ColourSpace:
    return ColourSpace.from_profile(page.profile, page.channels)


def _crop(name: Shown, image: ShownPage, cut: Cut, master: ShownPage) -> FaceCrop:
    """One pixel of the picture is one of the image."""
    place = pictures.enlarged(cut.shown, master, image)
    pixels = pictures.crop(image, place)
    turned = cut.upright >= 5
    return FaceCrop(
        name=name,
        width=place.height if turned else place.width,
        height=place.width if turned else place.height,
        picture=pictures.jpeg_uri(pixels, _colour(image), cut.upright, quality=QUALITY),
    )


def _small(name: Shown, image: ShownPage, whole: CutOut, cut: Cut, master: ShownPage) -> SmallFace:
    pixels = pictures.reduced(image, pictures.enlarged(whole, master, image), SMALL_SIDE)
    picture = pictures.jpeg_uri(pixels, _colour(image), cut.upright)
    return SmallFace(name=name, picture=picture)


def _head(face: DecidedFace, cut: Cut, master: ShownPage) -> HeadPicture | None:
    """The head's oval around the master's picture: drawn beside it, no pixel is painted over."""
    oval = face.entry.head
    if oval is None:
        return None
    outline = Head.of_record(oval.raw()).outline()
    room = HEAD_ROOM * 2.0 * max(oval.half_axes)
    (left, top), (right, bottom) = outline.min(axis=0) - room, outline.max(axis=0) + room
    first, start = max(int(top), 0), max(int(left), 0)
    last, end = min(int(bottom) + 1, master.height), min(int(right) + 1, master.width)
    if last <= first or end <= start:
        return None
    place = CutOut(first, start, last - first, end - start)
    pixels = pictures.reduced(master, place, HEAD_SIDE)
    step = -(-max(place.height, place.width) // HEAD_SIDE)
    points = pictures.upright_places(
        (outline - (start, first)) / step, pixels.shape[0], pixels.shape[1], cut.upright
    )
    turned = cut.upright >= 5
    return HeadPicture(
        width=pixels.shape[0] if turned else pixels.shape[1],
        height=pixels.shape[1] if turned else pixels.shape[0],
        outline=" ".join(f"{x:.1f},{y:.1f}" for x, y in points),
        picture=pictures.jpeg_uri(pixels, _colour(master), cut.upright),
    )


def _left(face: DecidedFace, cut: Cut, files: _Files) -> FaceLeft:
    """Whether the deliverable has the master's pixels in the box of a face."""
    master, made = files.master, files.deliverable
    if not files.comparable:
        return "unknown"
    if (made.height, made.width) != (master.height, master.width):
        return "resized"
    if not _same(master, made, cut.features):
        return "changed"
    return "same" if _same(master, made, rows_first(face.entry.box)) else "around"


def _same(master: ShownPage, made: ShownPage, box: Sequence[float]) -> bool:
    """Whether two pictures of one size agree in a box (top, left, height, width)."""
    # A deliverable of fewer bits is the master's but for their last step.
    step = 0.0 if made.bits >= master.bits else 0.75 / 255.0
    top, left = max(round(box[0]), 0), max(round(box[1]), 0)
    bottom = min(round(box[0] + box[2]), master.height)
    right = min(round(box[1] + box[3]), master.width)
    for part in pictures.windows(CutOut(top, left, bottom - top, right - left), pictures.WINDOW):
        one, other = pictures.crop(master, part), pictures.crop(made, part)
        if one.shape != other.shape or float(np.abs(one - other).max()) > step:
            return False
    return True
