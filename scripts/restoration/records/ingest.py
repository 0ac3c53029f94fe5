"""The record of ingest: what a master says about itself, and its fixity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from restoration.records.base import Part, Record, Sha256


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
    """Whether ``text`` is all of it."""


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
    exif: Mapping[str, Any] | None
    """EXIF of the first page, by name; null where it has none."""
    xmp: Xmp | None
    """XMP of the first page; null where it has none."""
    iptc: Any
    """IPTC-IIM data sets of the first page, by name; null where it has none."""
    warnings: tuple[str, ...]
    """What is odd about the master, a sentence each."""


class IngestRecord(Record):
    """What ingest says of one scan."""

    stage: Literal["ingest"]
    """The step."""
    status: Literal["done", "problem"]
    """problem: the scan cannot be processed, ``reason`` says why."""
    key: Sha256
    """Key of the step: digest of all that its result depends on."""
    reason: str | None
    """Why there is no result; null where there is one."""
    path: str
    """The master's path in the sheet."""
    signature: str
    """``size:modification time`` of the master (bytes, nanoseconds), or ``missing``."""
    base: Sha256
    """Digest of settings, code and material."""
    settings: Mapping[str, Any]
    """The limits under which the master was read."""
    code: str
    """Fingerprint of the code that did it."""
    material: str
    """What was scanned, by the sheet: print, positive, negative."""
    sha256: Sha256 | None = None
    """SHA-256 of the master; absent after a problem."""
    master: Master | None = None
    """What the master says about itself; absent after a problem."""
