"""Which tags of a master its deliverable keeps, and in what form.

Kept: what describes the object, the scanner and the rights. Left: what describes how pixels are
stored (it is written anew), and private tags, whose values may be positions in the old file.
Every tag that is left is named, so that the record shows the loss.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from restoration.errors import ScanError
from restoration.raster.tags import FIELD_TYPES, Directory, Entry, Field, TiffTags
from restoration.raster.tiff import TiffPage

XMP, IPTC, PHOTOSHOP, ICC = 700, 33723, 34377, 34675
EXIF, GPS, INTEROPERABILITY, MAKER_NOTE = 34665, 34853, 40965, 37500
PIXEL_X, PIXEL_Y = 40962, 40963
COLOUR_SPACE, INTEROPERABILITY_INDEX = 40961, 1
UNCALIBRATED = 65535

DESCRIPTIVE: Mapping[int, str] = {
    269: "DocumentName", 270: "ImageDescription", 271: "Make", 272: "Model",
    285: "PageName", 297: "PageNumber",
    # Software stays the scanner's own; ours stands in the XMP (CreatorTool, History).
    305: "Software",
    306: "DateTime", 315: "Artist", 316: "HostComputer",
    318: "WhitePoint", 319: "PrimaryChromaticities",
    33432: "Copyright", 33723: "IPTC",
    # TIFF/EP (ISO 12234-2) keeps these in the first directory.
    33434: "ExposureTime", 33437: "FNumber", 34855: "ISOSpeedRatings",
    36867: "DateTimeOriginal", 36868: "DateTimeDigitized", 37393: "ImageNumber",
    40091: "XPTitle", 40092: "XPComment", 40093: "XPAuthor", 40094: "XPKeywords",
    40095: "XPSubject",
}  # fmt: skip

REWRITTEN = frozenset(
    {254, 255, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 282, 283, 284, 296,
     317, 320, 322, 323, 324, 325, 338, 339, 347, XMP, PHOTOSHOP, ICC, EXIF, GPS}
)  # fmt: skip
"""Storage and geometry, written anew; or treated one by one below."""

# Photoshop image resources (Adobe Photoshop File Formats, 2019) that restate something else.
STALE_RESOURCES: Mapping[int, str] = {
    0x03ED: "resolution", 0x0409: "thumbnail", 0x040C: "thumbnail", 0x040F: "ICC profile",
    0x0422: "EXIF", 0x0423: "EXIF", 0x0424: "XMP",
}  # fmt: skip

_WORDS = {3: 2, 4: 4, 5: 4, 8: 2, 9: 4, 10: 4, 11: 4, 12: 8, 13: 4}
"""Bytes that are swapped together, by field type."""


@dataclass(frozen=True)
class Carried:
    """What a page hands on, ready to be written little-endian in classic field types."""

    fields: tuple[Field, ...]
    exif: tuple[Field, ...] | None
    interoperability: tuple[Field, ...] | None
    gps: tuple[Field, ...] | None
    xmp: bytes | None
    """The master's own packet, as it is."""
    left: tuple[str, ...] = field(default=())
    """Tags that are not handed on, one line each."""


def carry_over(page: TiffPage, height: int, width: int) -> Carried:
    """The descriptive tags of a master's page for a deliverable of the given size.

    A damaged directory of EXIF or GPS is left and named; the picture is not lost for it.
    Raises ScanError only where a tag exceeds ``max_tag_bytes``.
    """
    tags, directory = page.tags, page.directory
    left: list[str] = []
    fields = [
        made
        for code, entry in sorted(directory.entries.items())
        if code in DESCRIPTIVE and (made := _field(tags, entry, left)) is not None
    ]
    photoshop = directory.entries.get(PHOTOSHOP)
    if photoshop is not None:
        kept = _photoshop(tags.raw(photoshop), left)
        if kept:
            fields.append((PHOTOSHOP, 1, len(kept), kept))
    exif, interoperability = _exif(tags, directory, height, width, left)
    gps = _subdirectory(tags, directory, GPS, "GPS", left)
    left += [
        f"tag {code}: private or about storage"
        for code in sorted(set(directory.entries) - set(DESCRIPTIVE) - REWRITTEN)
    ]
    return Carried(
        fields=tuple(fields),
        exif=exif,
        interoperability=interoperability,
        gps=gps,
        xmp=page.tag_bytes(XMP),
        left=tuple(left),
    )


def recoloured(carried: Carried, *, srgb: bool) -> Carried:
    """What is handed on where the values were brought to another profile: nothing that says of the
    master's colour space what is no longer true.

    EXIF ColorSpace (2.32, 4.6.5) becomes 1 for sRGB and 65535 for any other; interoperability
    "R03" stands for Adobe RGB; WhitePoint and PrimaryChromaticities (TIFF 6.0) describe the values.
    """
    left = [f"tag {code}: of the master's colour space" for code, *_ in carried.fields if
            code in (318, 319)]  # fmt: skip
    exif = None
    if carried.exif is not None:
        stated = struct.pack("<H", 1 if srgb else UNCALIBRATED)
        exif = tuple(
            (code, 3, 1, stated) if code == COLOUR_SPACE else (code, kind, count, raw)
            for code, kind, count, raw in carried.exif
        )
    below = carried.interoperability
    if below and any(f[0] == INTEROPERABILITY_INDEX and f[3][:3] == b"R03" for f in below):
        left.append("interoperability: says that the master is Adobe RGB")
        below = None
    return replace(
        carried,
        fields=tuple(f for f in carried.fields if f[0] not in (318, 319)),
        exif=exif,
        interoperability=below,
        left=(*carried.left, *left),
    )


def _field(tags: TiffTags, entry: Entry, left: list[str]) -> Field | None:
    """The field little-endian; None for the types of BigTIFF, which a classic file cannot hold."""
    if entry.kind >= 16:
        left.append(f"tag {entry.code}: of a BigTIFF field type")
        return None
    raw = tags.raw(entry)
    if entry.kind == 2 and raw[-1:] != b"\0":
        raw += b"\0"  # TIFF 6.0, section 2; a writer that sets it right must find it again
    word = _WORDS.get(entry.kind, 1)
    if tags.order == ">" and word > 1:
        raw = np.frombuffer(raw, f">u{word}").astype(f"<u{word}").tobytes()
    return entry.code, entry.kind, len(raw) // FIELD_TYPES[entry.kind][1], raw


def _subdirectory(
    tags: TiffTags, parent: Directory, code: int, name: str, left: list[str]
) -> tuple[Field, ...] | None:
    if code not in parent.entries:
        return None
    try:
        inner = tags.subdirectory(tags.number(parent, code) or 0)
        made = [_field(tags, entry, left) for _, entry in sorted(inner.entries.items())]
    except ScanError as error:
        left.append(f"{name}: damaged ({error})")
        return None
    left += [f"{name}: {note}" for note in inner.notes]
    return tuple(f for f in made if f is not None) or None


def _exif(
    tags: TiffTags, directory: Directory, height: int, width: int, left: list[str]
) -> tuple[tuple[Field, ...] | None, tuple[Field, ...] | None]:
    """The EXIF directory and the one of interoperability below it; sizes are those of now."""
    fields = _subdirectory(tags, directory, EXIF, "EXIF", left)
    if fields is None:
        return None, None
    inner = tags.subdirectory(tags.number(directory, EXIF) or 0)
    interoperability = _subdirectory(tags, inner, INTEROPERABILITY, "interoperability", left)
    kept: list[Field] = []
    for code, kind, count, raw in fields:
        if code == MAKER_NOTE:
            # Its values point to places in the old file (EXIF 2.32, 4.6.5 says only "any").
            left.append("EXIF MakerNote: holds positions in the master")
        elif code in (PIXEL_X, PIXEL_Y):
            kept.append((code, 4, 1, struct.pack("<I", width if code == PIXEL_X else height)))
        elif code != INTEROPERABILITY:
            kept.append((code, kind, count, raw))
    return tuple(kept) or None, interoperability


def _photoshop(raw: bytes, left: list[str]) -> bytes:
    """The image resources without those that restate size, colour or metadata of the master."""
    kept, at = b"", 0
    while at + 12 <= len(raw) and raw[at : at + 4] == b"8BIM":
        number, name = struct.unpack_from(">HB", raw, at + 4)
        data = at + 6 + (name + 2 & ~1)
        if data + 4 > len(raw):
            break
        end = data + 4 + (struct.unpack_from(">I", raw, data)[0] + 1 & ~1)
        if end > len(raw) + 1:
            break
        if number in STALE_RESOURCES:
            left.append(f"Photoshop resource {number:#06x}: the master's {STALE_RESOURCES[number]}")
        else:
            kept += raw[at:end]
        at = end
    if raw[at:].strip(b"\0"):
        left.append("Photoshop resources: damaged")
        return b""
    return kept
