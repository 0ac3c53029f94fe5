"""What a person marked as a face and no face that was found lies in, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from restoration.config.regions import FaceRegions, Shape
from restoration.faces.page_faces import Holds
from restoration.findings.faces import FacePlaces

FaceBox = tuple[float, float, float, float]
"""Left, top, width, height."""


def unmet_marks(
    places: FacePlaces | None, regions: FaceRegions | None, page: int, holds: Holds
) -> list[str]:
    """One sentence for each mark of a page in which the middle of no found face lies, or that is
    overruled by another one.

    places, regions, page, holds: as of ``known_faces``.
    """
    if regions is None:
        return []
    faces: list[FaceBox] = [] if places is None else [face.box for face in places.faces]
    sought = places is None or places.reason is None
    said = []
    kinds: list[tuple[str, Sequence[Shape], str]] = [
        ("exclude", regions.exclude, "what it marks is left alone all the same"),
        ("include", regions.include, "what it marks counts as a face of its own"),
        ("only", regions.only or (), "it lets no face be restored"),
    ]
    for kind, shapes, so in kinds:
        for index, shape in enumerate(shapes):
            if shape.page == page and not _held(shape, faces, holds):
                said.append(f"faces.{kind}.{index} {_why(shape, faces, sought)}: {so}")
    return [*said, *_overruled(regions, faces, page, holds)]


def _held(shape: Shape, faces: Sequence[FaceBox], holds: Holds) -> list[int]:
    """Numbers, from 1, of the faces whose middle lies in a shape."""
    return [
        number
        for number, (left, top, width, height) in enumerate(faces, 1)
        if holds(shape, np.array([left + width / 2.0, top + height / 2.0]))
    ]


def _why(shape: Shape, faces: Sequence[FaceBox], sought: bool) -> str:
    if not sought:
        return "meets no face, since none was looked for"
    touched = [str(number) for number, box in enumerate(faces, 1) if _touches(shape, box)]
    if not touched:
        return "meets no face that was found"
    return (
        f"touches face {', '.join(touched)}, whose middle lies outside of it, and so does not "
        "mean that face"
    )


def _touches(shape: Shape, box: FaceBox) -> bool:
    """Whether the bounds of a shape and of a face overlap; a mask is not asked."""
    left, top, width, height = box
    if shape.box is not None:
        low, high = np.array(shape.box[:2]), np.array(shape.box[:2]) + shape.box[2:]
    elif shape.polygon is not None:
        corners = np.asarray(shape.polygon)
        low, high = corners.min(axis=0), corners.max(axis=0)
    else:
        return False
    return bool(np.all(low < (left + width, top + height)) and np.all(high > (left, top)))


def _overruled(
    regions: FaceRegions, faces: Sequence[FaceBox], page: int, holds: Holds
) -> list[str]:
    """Marks that ask for a face to be restored and do not decide of it."""
    shapes = (shape for shape in regions.exclude if shape.page == page)
    excluded = {face for shape in shapes for face in _held(shape, faces, holds)}
    said, first = [], dict[int, int]()
    for index, mark in enumerate(regions.include):
        for face in _held(mark, faces, holds) if mark.page == page else ():
            name = f"faces.include.{index}"
            if face in excluded:
                said.append(f"{name} asks for face {face}, which is excluded as well, and so stays")
            elif face in first:
                other = f"faces.include.{first[face]}"
                said.append(f"{name} marks face {face}, and so does {other}, whose strength counts")
            first.setdefault(face, index)
    return said
