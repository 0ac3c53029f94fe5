"""The pictures and scores of one scan as they are kept: ``results/<recipe>/report/<scan>.json``.

Every picture is a ``data:`` URI of a JPEG in sRGB, upright; boxes are in pixels of the stored page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from restoration.records.base import Part, Sha256

FaceLeft = Literal["", "same", "around", "changed", "resized", "unknown"]
"""Whether a face that was not restored has the master's pixels in the deliverable: ``same``,
``around`` (other stages changed its margin alone), ``changed`` (they changed the face itself),
``resized``, ``unknown``; empty where it was restored."""


class PlacePictures(Part):
    """A place of a page at 100 %, before and after."""

    kind: str
    """Why it is shown: ``most changed`` or ``most detail``."""
    top: int
    """From the top of the master's page, in pixels."""
    left: int
    """From its left edge, in pixels."""
    height: int
    """Height of both pictures, in pixels."""
    width: int
    """Width of both pictures, in pixels."""
    before: str
    """The master's."""
    after: str
    """The deliverable's."""


class MaskPicture(Part):
    """Where a stage that keeps a mask worked, in red on the page made small."""

    stage: str
    """The stage."""
    picture: str
    """The picture."""
    file: str
    """The mask itself, below the results."""


class LeftPicture(Part):
    """Marks that repair left for a person to decide."""

    picture: str
    """The page made small, with a box around each."""
    regions: str
    """Lines for the scan's file of regions that have them filled."""
    count: int
    """How many."""


class Scored(Part):
    """Distances of one picture to the known truth, as `scores.Score` says them."""

    name: str
    """``master``, or the stage that left the picture so."""
    psnr: float | None
    """In dB; null where the two are identical."""
    ssim: float | None
    """Up to 1; null below 11 pixels a side."""
    delta_e: float
    """Mean CIEDE2000."""
    height: int
    """Height at which they were compared, in pixels."""
    width: int
    """Width at which they were compared, in pixels."""
    resampled: bool
    """Whether the picture was brought to the truth's size."""
    verdicts: Mapping[str, str] = {}
    """By distance: better, worse or same than the row before; absent of the master."""


class NotScored(Part):
    """A stage whose image is no longer kept."""

    name: str
    """The stage."""
    missing: Literal[True]
    """Its image is not there."""


class PageScores(Part):
    """The distances of one page to the known truth."""

    rows: tuple[Scored | NotScored, ...]
    """The master's, and those after each stage that was applied."""
    height: int
    """Height of the truth, in pixels."""
    width: int
    """Width of the truth, in pixels."""


class PagePictures(Part):
    """One page of a scan, before and after."""

    number: int
    """Number of the page, from 1."""
    changed: float
    """Share of the pixels that differ, 0 to 1."""
    identical: bool
    """Whether the deliverable has the master's pixels, every one of them."""
    converted: bool
    """Whether the page is left in another profile alone, so that codes cannot be compared."""
    factor: float
    """Size of the deliverable over that of the master."""
    before: str
    """The whole page, made small."""
    after: str
    """The same of the deliverable."""
    crops: tuple[PlacePictures, ...]
    """Places at 100 %."""
    masks: tuple[MaskPicture, ...]
    """Where stages worked."""
    left: LeftPicture | None = None
    """What repair left; null where it left nothing."""
    scores: PageScores | None
    """Distances to the truth; null where none is known."""


class FaceCrop(Part):
    """A face at 100 %."""

    name: Literal["master", "result", "deliverable", "truth"]
    """Of what it is a picture."""
    width: int
    """Width, in pixels."""
    height: int
    """Height, in pixels."""
    picture: str
    """The picture."""


class SmallFace(Part):
    """The whole of a large face, made smaller."""

    name: Literal["master", "result", "deliverable", "truth"]
    """Of what it is a picture."""
    picture: str
    """The picture."""


class HeadPicture(Part):
    """The oval of a head around a small picture of the master."""

    width: int
    """Width of the picture, in pixels."""
    height: int
    """Height of the picture, in pixels."""
    outline: str
    """The oval: points of an SVG polygon on the picture."""
    picture: str
    """The picture."""


class FacePictures(Part):
    """One face of a scan."""

    page: int
    """Number of the page, from 1."""
    face: int
    """Number of the face on the page."""
    width: int
    """Width of the shown part of the master, upright, in pixels."""
    height: int
    """Its height."""
    middle: bool
    """Whether that is only the middle of a large face, which ``small`` shows whole."""
    left: FaceLeft
    """Whether it has the master's pixels."""
    crops: tuple[FaceCrop, ...]
    """At 100 %."""
    small: tuple[SmallFace, ...]
    """Made smaller; none where the crops hold all of the face."""
    head: HeadPicture | None
    """The oval of the head; null where the record holds none."""


class ScanPictures(Part):
    """The pictures of one scan, under a key of everything that they depend on."""

    schema_: Annotated[Literal[2], Field(alias="schema")]
    """Version of the form."""
    scan: str
    """The scan's id in the sheet."""
    key: Sha256
    """Digest of all that the pictures depend on."""
    pages: tuple[PagePictures, ...]
    """The first pages, in order."""
    faces: tuple[FacePictures, ...]
    """The faces that are shown, those to review first."""
    without: tuple[str, ...]
    """Images that were gone when the pictures were made, below the results."""
    record_sha256: Sha256 | None = None
    """SHA-256 of the rest, as canonical JSON."""
