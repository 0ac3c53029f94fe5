"""The record of ingest: what a master says about itself, and its fixity."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from restoration.records.base import Part, Record, Sha256, is_problem


class Profile(Part):
    """An ICC profile that is embedded in a page."""

    sha256: Sha256
    """SHA-256 of the profile."""
    bytes: int
    """Size of the profile, in bytes."""
    description: str | None
    """Its name, as it says itself; null where it says none."""


class Picture(Part):
    """What the tags of one directory of the master say of its picture."""

    directory: int = 0
    """Place of the directory in the file, from 0."""
    width: int
    """Width as stored, in pixels."""
    height: int
    """Height as stored, in pixels."""
    bits: int
    """Bits of one sample as it is read: 8 or 16."""
    photometric: str
    """How the values are to be understood: grey, RGB, palette, YCbCr and others."""
    channels: int
    """Channels of the picture: 1 (grey) or 3 (colour)."""
    extra: tuple[str, ...]
    """Samples beside the picture (alpha, infrared), in order."""
    compression: str
    """How the samples are compressed in the master."""
    tiled: bool
    """Whether the samples lie in tiles; strips otherwise."""
    planar: bool
    """Whether each channel lies in a plane of its own."""
    orientation: int
    """TIFF's Orientation, 1 to 8; 1: upright as stored."""
    ppi: tuple[float, float] | None
    """Resolution across and down, in pixels per inch; null where the master states none."""
    tags: Mapping[str, Any]
    """Every tag of the directory by name: its value, or size (bytes) and SHA-256 of a large one."""


class MasterPage(Picture):
    """One page of the scan."""

    number: int
    """Number of the page, from 1."""
    icc: Profile | None
    """Its colour profile; null where it has none."""


class InfraredPicture(Picture):
    """An infrared picture in a directory of its own."""

    page: int
    """Number of the page that it belongs to, from 1."""
    why: str
    """Why it was taken for the infrared picture of that page."""


class SetAside(Part):
    """A directory of the master that is not delivered."""

    directory: int
    """Place of the directory in the file, from 0."""
    reason: str
    """What it is, or why it cannot be carried."""
    lost: bool
    """Whether the deliverable lacks something by it; false for reduced versions."""


class Xmp(Part):
    """The XMP packet of the first page."""

    bytes: int
    """Size of the packet, in bytes."""
    sha256: Sha256
    """SHA-256 of the packet."""
    text: str
    """The packet's text, from its begin."""
    complete: bool
    """Whether `text` is all of it."""


class Iptc(Part):
    """The IPTC-IIM data sets of the first page."""

    sha256: Sha256
    """SHA-256 of the data sets as stored."""
    bytes: int
    """Their size, in bytes."""
    fields: Mapping[str, str | tuple[str, ...]]
    """The text of each data set by its number and name; a list where it is repeated."""


class Master(Part):
    """All that a master says about itself; read without a pixel decoded."""

    sha256: Sha256
    """SHA-256 of the file, taken before anything else was read."""
    bytes: int
    """Size of the file, in bytes."""
    mtime_ns: int
    """Time of its last modification, in nanoseconds since 1970 (UTC)."""
    byte_order: Literal["little", "big"]
    """Order of the bytes in the file."""
    bigtiff: bool
    """Whether the file is a BigTIFF."""
    pages: tuple[MasterPage, ...]
    """The pages of the scan, in order."""
    infrared: tuple[InfraredPicture, ...] = ()
    """Infrared pictures that lie in directories of their own."""
    set_aside: tuple[SetAside, ...] = ()
    """Directories that are not delivered."""
    tags: Mapping[str, Any]
    """Tags of the first page."""
    exif: Mapping[str, str]
    """EXIF of the first page, by name; empty where it has none."""
    xmp: Xmp | None
    """XMP of the first page; null where it has none."""
    iptc: Iptc | None
    """IPTC-IIM data sets of the first page; null where it has none."""
    warnings: tuple[str, ...]
    """What is odd about the master, a sentence each."""


class _Ingest(Record):
    stage: Literal["ingest"]
    """The step."""
    key: Sha256
    """Key of the step: digest of all that its result depends on."""
    path: str
    """The master's path in the sheet."""
    signature: str
    """`size:modification time` of the master (bytes, nanoseconds), or `missing`."""
    base: Sha256
    """Digest of settings, code and material."""
    settings: Mapping[str, Any] | None = None
    """The limits under which the master was read; absent from records of earlier versions."""
    code: str | None = None
    """Fingerprint of the code that did it; absent from records of earlier versions."""
    material: str
    """What was scanned, by the sheet: print, positive, negative."""


class IngestProblem(_Ingest):
    """A master that cannot be processed."""

    status: Literal["problem"]
    """The scan cannot be processed."""
    reason: str
    """Why, in words."""


class IngestDone(_Ingest):
    """A master that can be processed."""

    status: Literal["done"]
    """The master was read."""
    reason: None
    """Null: nothing is to be explained."""
    sha256: Sha256
    """SHA-256 of the master."""
    master: Master
    """What the master says about itself."""


IngestRecord = Annotated[IngestDone | IngestProblem, Field(discriminator="status")]


def read_ingest(raw: Mapping[str, Any], where: str | Path) -> IngestDone | IngestProblem:
    """The record of an ingest; raises RecordError where it does not fit."""
    kind = IngestProblem if is_problem(raw) else IngestDone
    return kind.read(raw, where)
