"""Which tags of a master its deliverable keeps, and in what form.

Kept: what describes the object, the scanner and the rights. Left: what describes how pixels are
stored (it is written anew), and private tags, whose values may be positions in the old file.
Every tag that is left is named, so that the record shows the loss.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from restoration.deliver.dates import malformed_date
from restoration.deliver.metadata_meaning import Meaning, meaning
from restoration.errors import ScanError
from restoration.raster.tiff.byte_order import little_endian
from restoration.raster.tiff.embedded_metadata import photoshop_resource, straightened_iptc
from restoration.raster.tiff.page import TiffPage
from restoration.raster.tiff.tags import FIELD_TYPES, Directory, Field, Tag, TiffTags

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

BELOW: Mapping[tuple[str, int], str] = {
    ("EXIF", 34856): "OECF", ("EXIF", 36867): "DateTimeOriginal",
    ("EXIF", 36868): "DateTimeDigitized", ("EXIF", 37510): "UserComment",
    ("EXIF", 41484): "SpatialFrequencyResponse", ("EXIF", 41730): "CFAPattern",
    ("EXIF", 41995): "DeviceSettingDescription",
    ("EXIF", 42082): "SourceExposureTimesOfCompositeImage", ("EXIF", 50341): "PrintImageMatching",
    ("GPS", 27): "GPSProcessingMethod", ("GPS", 28): "GPSAreaInformation",
    ("GPS", 29): "GPSDateStamp",
}  # fmt: skip
"""Names of tags in the directories below, of which a record may have something to say."""

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

IPTC_RESOURCE, IPTC_DIGEST = 0x0404, 0x0425

_POSITIONS = frozenset({273, 279, 288, 289, 324, 325, 330, 513, 514, EXIF, GPS, 59933})
"""In a directory below: where data lie in the master (strips, previews, other directories, the
MakerNote)."""

_POINTERS = frozenset({13, 18})
"""Field types of positions of directories."""


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
    notes: tuple[str, ...] = field(default=())
    """What is odd about tags that are handed on, one line each."""
    meaning: Meaning = field(default_factory=dict)
    """What the master says with the tags that are handed on as they are."""


@dataclass
class _SaidLines:
    """Lines for the record."""

    left: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def carry_over(page: TiffPage, height: int, width: int) -> Carried:
    """The descriptive tags of a master's page for a deliverable of the given size.

    A damaged directory of EXIF or GPS is left and named; the picture is not lost for it.
    Raises ScanError only where a tag exceeds ``max_tag_bytes``.
    """
    tags, directory, said = page.tags, page.directory, _SaidLines()
    fields = [
        made
        for code, entry in sorted(directory.entries.items())
        if code in DESCRIPTIVE and (made := _field(tags, entry, "Image", said)) is not None
    ]
    photoshop = directory.entries.get(PHOTOSHOP)
    if photoshop is not None:
        kept = _photoshop(tags, directory, tags.raw(photoshop), said)
        if kept:
            fields.append((PHOTOSHOP, 1, len(kept), kept))
    exif, interoperability = _exif(tags, directory, height, width, said)
    gps = _subdirectory(tags, directory, GPS, "GPS", said) or None
    said.left += [
        f"tag {code}: private or about storage"
        for code in sorted(set(directory.entries) - set(DESCRIPTIVE) - REWRITTEN)
    ]
    below = {"EXIF": exif, "GPS": gps, "Interoperability": interoperability}
    return Carried(
        fields=tuple(fields),
        exif=exif,
        interoperability=interoperability,
        gps=gps,
        xmp=page.tag_bytes(XMP),
        left=tuple(said.left),
        notes=tuple(said.notes),
        meaning=_meaning(tags, directory, {"Image": fields, **below}),
    )


def _meaning(
    tags: TiffTags, directory: Directory, handed_on: Mapping[str, Sequence[Field] | None]
) -> Meaning:
    """What the master says with these fields; nothing where exifread cannot read it."""
    kept = {(where, field[0]) for where, fields in handed_on.items() for field in fields or ()}
    kept -= {("EXIF", PIXEL_X), ("EXIF", PIXEL_Y)}
    try:
        stated = meaning(tags, directory, forgiving=True)
    except Exception:  # the record of ingest says so; the bytes are handed on all the same
        return {}
    return {key: value for key, value in stated.items() if key in kept}


def recoloured(carried: Carried, *, srgb: bool) -> Carried:
    """What is handed on where the values were brought to another profile: nothing that says of the
    master's colour space what is no longer true.

    EXIF ColorSpace (2.32, 4.6.5) becomes 1 for sRGB and 65535 for any other; interoperability
    "R03" stands for Adobe RGB; WhitePoint and PrimaryChromaticities (TIFF 6.0) describe the values.
    """
    left = [f"tag {code}: of the master's colour space" for code, *_ in carried.fields if
            code in (318, 319)]  # fmt: skip
    changed = {("Image", 318), ("Image", 319), ("EXIF", COLOUR_SPACE)}
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
        meaning={
            key: value
            for key, value in carried.meaning.items()
            if key not in changed and (below is not None or key[0] != "Interoperability")
        },
    )


def _field(tags: TiffTags, entry: Tag, where: str, said: _SaidLines) -> Field | None:
    """The field as it is to be written; None, and a line, where it cannot be."""
    name = f"tag {entry.code}" if where == "Image" else f"{where} tag {entry.code}"
    if entry.kind in _POINTERS or (where != "Image" and entry.code in _POSITIONS):
        said.left.append(f"{name}: holds positions in the master")
        return None
    if not entry.count:
        said.left.append(f"{name}: empty")
        return None
    raw = tags.raw(entry)
    wrong = malformed_date(where, entry.code, raw)
    if wrong is not None:
        said.notes.append(f"{_named(where, entry.code)}: {wrong}")
    value = little_endian(where, entry.code, entry.kind, raw, tags.order)
    if value is None:
        said.left.append(f"{name}: a number of BigTIFF that is too large for its readers")
        return None
    if value.note is not None:
        said.notes.append(f"{_named(where, entry.code)}: {value.note}")
    kind, raw = value.kind, value.raw
    if kind == 2 and raw[-1:] != b"\0":
        raw += b"\0"  # TIFF 6.0, section 2; a writer that sets it right must find it again
    return entry.code, kind, len(raw) // FIELD_TYPES[kind][1], raw


def _named(where: str, code: int) -> str:
    """The name of a tag, for a line of the record."""
    name = DESCRIPTIVE.get(code) if where == "Image" else BELOW.get((where, code))
    return f"{where} {name or code}" if where != "Image" else str(name or f"tag {code}")


def _subdirectory(
    tags: TiffTags, parent: Directory, code: int, name: str, said: _SaidLines
) -> tuple[Field, ...] | None:
    if code not in parent.entries:
        return None
    try:
        inner = tags.subdirectory(tags.number(parent, code) or 0)
        found = _SaidLines()
        made = [_field(tags, entry, name, found) for _, entry in sorted(inner.entries.items())
                if entry.code not in (MAKER_NOTE, INTEROPERABILITY)]  # fmt: skip
    except ScanError as error:
        said.left.append(f"{name}: damaged ({error})")
        return None
    if MAKER_NOTE in inner.entries:
        # Its values point to places in the old file (EXIF 2.32, 4.6.5 says only "any").
        found.left.append(f"{name} MakerNote: holds positions in the master")
    said.left += [*found.left, *(f"{name}: {note}" for note in inner.notes)]
    said.notes += found.notes
    return tuple(f for f in made if f is not None)


def _exif(
    tags: TiffTags, directory: Directory, height: int, width: int, said: _SaidLines
) -> tuple[tuple[Field, ...] | None, tuple[Field, ...] | None]:
    """The EXIF directory and the one of interoperability below it; sizes are those of now."""
    fields = _subdirectory(tags, directory, EXIF, "EXIF", said)
    if fields is None:
        return None, None
    inner = tags.subdirectory(tags.number(directory, EXIF) or 0)
    below = _subdirectory(tags, inner, INTEROPERABILITY, "Interoperability", said) or None
    if not fields:
        if below:
            said.left.append("Interoperability: its EXIF directory holds nothing else")
        return None, None
    sizes = {PIXEL_X: width, PIXEL_Y: height}
    kept = tuple(
        (code, 4, 1, struct.pack("<I", sizes[code])) if code in sizes else (code, kind, count, raw)
        for code, kind, count, raw in fields
    )
    return kept, below


def _photoshop(tags: TiffTags, directory: Directory, raw: bytes, said: _SaidLines) -> bytes:
    """The image resources without those that restate size, colour or metadata of the master.

    They are big-endian in every file. What they say of the IPTC is kept, and compared with it.
    """
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
            said.left.append(
                f"Photoshop resource {number:#06x}: the master's {STALE_RESOURCES[number]}"
            )
        else:
            kept += raw[at:end]
        at = end
    if raw[at:].strip(b"\0"):
        said.left.append("Photoshop resources: damaged")
        return b""
    said.notes += _iptc_notes(tags, directory, kept)
    return kept


def _iptc_notes(tags: TiffTags, directory: Directory, resources: bytes) -> list[str]:
    """Where the master's IPTC contradicts what its Photoshop resources say of it."""
    within, digest = (photoshop_resource(resources, n) for n in (IPTC_RESOURCE, IPTC_DIGEST))
    entry = directory.entries.get(IPTC)
    own = within if entry is None else straightened_iptc(tags.raw(entry))
    notes = []
    if within and own.rstrip(b"\0") != within.rstrip(b"\0"):
        notes.append(
            "IPTC: the master has two that differ, in tag 33723 and in the Photoshop resources; "
            "both are handed on"
        )
    digests = {hashlib.md5(one, usedforsecurity=False).digest() for one in _with_padding(own)}
    if own and len(digest) == 16 and digest.strip(b"\0") and digest not in digests:
        notes.append(
            "IPTC: was changed after the master's XMP, says its digest; handed on, so that readers "
            "may prefer it to the XMP"
        )
    return notes


def _with_padding(raw: bytes) -> tuple[bytes, bytes]:
    return raw, raw.rstrip(b"\0")
