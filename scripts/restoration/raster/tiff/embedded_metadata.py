"""What a TIFF page says about itself besides its pixels, as values that JSON can hold.

Tags (TIFF 6.0), EXIF (by exifread), XMP packets, IPTC-IIM 4.2 data sets, the ICC profile's name.
"""

from __future__ import annotations

import hashlib
import io
import logging
import math
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import exifread
import numpy as np
import tifffile

from restoration.raster.colour.icc import ProfileError, parse_profile, profile_description
from restoration.raster.tiff.encoded_text import (
    WINDOWS,
    WITH_CHARACTER_CODE,
    text_with_code,
    utf16_text,
)
from restoration.raster.tiff.tags import (
    FIELD_TYPES,
    Directory,
    Field,
    Tag,
    TiffTags,
    decode_text,
    pack_tiff,
)
from restoration.storage.keys import Facts

MOST_VALUES = 64
"""A tag of more numbers is recorded by its hash; so are the offsets of strips and tiles."""

MOST_TEXT = 4096
"""A longer text tag is recorded by its hash, in bytes."""

MOST_XMP_TEXT = 256 * 1024
"""Of a longer XMP packet the text is cut off here, in characters; its hash covers all of it."""

MOST_EXIF_VALUE = 64 * 1024
"""A longer value (MakerNote, print image matching) is not shown to exifread, in bytes."""

XMP, IPTC, PHOTOSHOP, ICC, EXIF, GPS, INTEROPERABILITY = (
    700, 33723, 34377, 34675, 34665, 34853, 40965,
)  # fmt: skip
MOST_EXIF = 1024 * 1024
"""Of more bytes in one directory the rest is not shown to exifread: it makes an object of each."""

MOST_DATA_SETS = 4096
"""Of more IPTC data sets the rest is not listed."""

_STRUCTURE = frozenset({273, 279, 288, 289, 324, 325, 330, 347, 513, 514, 37500, 37724})
"""Where pixels, previews and maker notes lie: positions mean nothing outside the file."""


IIM_NAMES: Mapping[tuple[int, int], str] = {
    (1, 0): "Model Version", (1, 90): "Coded Character Set",
    (2, 0): "Record Version", (2, 5): "Object Name", (2, 10): "Urgency",
    (2, 12): "Subject Reference", (2, 15): "Category", (2, 20): "Supplemental Category",
    (2, 25): "Keywords", (2, 40): "Special Instructions", (2, 55): "Date Created",
    (2, 60): "Time Created", (2, 62): "Digital Creation Date", (2, 63): "Digital Creation Time",
    (2, 65): "Originating Program", (2, 70): "Program Version", (2, 80): "By-line",
    (2, 85): "By-line Title", (2, 90): "City", (2, 92): "Sub-location",
    (2, 95): "Province or State", (2, 100): "Country Code", (2, 101): "Country Name",
    (2, 103): "Original Transmission Reference", (2, 105): "Headline", (2, 110): "Credit",
    (2, 115): "Source", (2, 116): "Copyright Notice", (2, 118): "Contact",
    (2, 120): "Caption", (2, 122): "Writer",
}  # fmt: skip
"""IPTC-IIM 4.2, record 1 and 2."""


def tags_record(tags: TiffTags, directory: Directory) -> Facts:
    """Every tag of a directory by name: values, text, or size and SHA-256 of what is large."""
    record: Facts = {}
    for code, entry in sorted(directory.entries.items()):
        name = tag_name(code)
        record[name if name not in record else f"{name} ({code})"] = _tag_value(tags, entry)
    return record


def tag_name(code: int) -> str:
    """The name of a tag as TIFF specifications give it, or its number."""
    return str(tifffile.TIFF.TAGS.get(code, code))


def _tag_value(tags: TiffTags, entry: Tag) -> Any:
    kind, _ = FIELD_TYPES[entry.kind]
    if entry.size > MOST_TEXT or (entry.count > MOST_VALUES and kind not in ("s", "B")):
        return {"count": entry.count, "bytes": entry.size, "sha256": tags.sha256(entry)}
    values = tags.values(entry)
    if entry.kind in (2, 129):
        return decode_text(values[0])
    if kind == "s" or (kind == "B" and entry.count > MOST_VALUES):
        raw = tags.raw(entry)
        if len(raw) <= MOST_VALUES:
            return {"hex": raw.hex()}
        return {"count": entry.count, "bytes": entry.size, "sha256": tags.sha256(entry)}
    plain = [_number(value) for value in values]
    return plain[0] if len(plain) == 1 else plain


def _number(value: Any) -> Any:
    if isinstance(value, tuple):
        return f"{value[0]}/{value[1]}"
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    return value


def icc_record(profile: bytes | None, channels: int) -> tuple[Facts | None, list[str]]:
    """Hash, size and name of a profile, and warnings where it does not fit the picture."""
    if profile is None:
        return None, ["no ICC profile: the colours of the scan are not defined"]
    record = {
        "sha256": hashlib.sha256(profile).hexdigest(),
        "bytes": len(profile),
        "description": profile_description(profile),
    }
    try:
        parsed = parse_profile(profile)
    except ProfileError as error:
        return record, [f"the ICC profile cannot be read ({error})"]
    expected = "GRAY" if channels == 1 else "RGB"
    if parsed.space != expected:
        return record, [f"the ICC profile is for {parsed.space} and the picture is {expected}"]
    try:
        parsed.require_space(channels)
    except ProfileError as error:
        return record, [f"the ICC profile cannot be used ({error})"]
    return record, []


def xmp_record(tags: TiffTags, directory: Directory) -> Facts | None:
    """Hash, size and text of the XMP packet; None where there is none."""
    entry = directory.entries.get(XMP)
    if entry is None or entry.size == 0:
        return None
    raw = tags.raw(entry)
    text = _packet_text(raw)
    return {
        "sha256": hashlib.sha256(raw).hexdigest(),
        "bytes": len(raw),
        "text": text[:MOST_XMP_TEXT],
        "complete": len(text) <= MOST_XMP_TEXT,
    }


def _packet_text(raw: bytes) -> str:
    """XMP is UTF-8 in TIFF; the packet header of others is recognised by its zero bytes."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace")
    return raw.rstrip(b"\0").decode("utf-8", "replace")


class Stated(NamedTuple):
    """One value of EXIF or of the tags beside it."""

    where: str
    """Directory, as exifread names it: Image, EXIF, GPS, Interoperability."""
    code: int
    printable: str
    value: str
    """In full, for comparing two files."""


def exif_record(tags: TiffTags, directory: Directory) -> tuple[dict[str, str], list[str]]:
    """EXIF by exifread's names ("EXIF DateTimeOriginal"), printable, and what it complained of."""
    warnings: list[str] = []
    try:
        found = exif_values(tags, directory, warnings, forgiving=True)
    except Exception as error:  # a damaged EXIF block must not lose the scan
        return {}, [*warnings, f"EXIF cannot be read ({type(error).__name__}: {error})"]
    return {name: stated.printable for name, stated in found.items()}, warnings


def exif_values(
    tags: TiffTags, directory: Directory, warnings: list[str], *, forgiving: bool, room: int = 1
) -> dict[str, Stated]:
    """What exifread finds, by its names; its complaints go to ``warnings``.

    exifread takes BigTIFF for classic TIFF, follows loops and may read a file whole; so it is
    given a small classic TIFF in memory that holds the descriptive tags and the EXIF and GPS
    directories of this page, of each at most ``room`` times `MOST_EXIF` bytes. Of UTF-16 it makes
    nothing: that is decoded here, ``forgiving`` or in the order that the standard asks for.

    Raises whatever exifread raises at a damaged block.
    """
    below: dict[int, list[Field]] = {}
    fields = _fields(tags, directory, room * MOST_EXIF)
    _link(tags, directory, fields, below, warnings, {EXIF, GPS}, room * MOST_EXIF)
    texts = {
        (where, code): text
        for where, inside in (("Image", fields), *((_NAMES[code], f) for code, f in below.items()))
        for code, kind, _, raw in inside
        if (text := _encoded_text(where, code, kind, raw, tags.order, forgiving)) is not None
    }
    packed = io.BytesIO(pack_tiff(tags.order, fields, below))
    with _complaints(warnings):
        # In detail: UserComment is one. There is no MakerNote among the fields.
        found = exifread.process_file(packed, details=True, extract_thumbnail=False)
    values: dict[str, Stated] = {}
    for name, tag in found.items():
        where = name.partition(" ")[0]
        text = texts.get((where, tag.tag))
        printable, value = str(tag.printable), str(tag.values)
        values[name] = Stated(
            where, tag.tag, printable if text is None else text, value if text is None else text
        )
    return values


_NAMES = {EXIF: "EXIF", GPS: "GPS", INTEROPERABILITY: "Interoperability"}


def _encoded_text(
    where: str, code: int, kind: int, raw: bytes, order: str, forgiving: bool
) -> str | None:
    """The text of a tag that says or implies its encoding; None of all others."""
    if (where, code) in WITH_CHARACTER_CODE:
        return text_with_code(raw, order, forgiving=forgiving)
    if code in WINDOWS:
        return utf16_text(raw, order if kind == 3 else "<", forgiving=forgiving)
    return None


def _link(
    tags: TiffTags,
    directory: Directory,
    fields: list[Field],
    below: dict[int, list[Field]],
    warnings: list[str],
    pointers: set[int],
    room: int,
) -> None:
    """Adds the directories that ``directory`` points to, one level of each kind."""
    for code in sorted(pointers & directory.entries.keys()):
        offset = tags.number(directory, code) or 0
        try:
            inner = tags.subdirectory(offset)
        except Exception as error:  # the same: the picture may still be sound
            warnings.append(f"the {tag_name(code)} directory cannot be read ({error})")
            continue
        below[code] = _fields(tags, inner, room)
        fields.append((code, 4, 1, bytes(4)))
        if code == EXIF:
            _link(tags, inner, below[code], below, warnings, {INTEROPERABILITY}, room)


def _fields(tags: TiffTags, directory: Directory, room: int) -> list[Field]:
    """The descriptive fields as stored, in the classic types, up to ``room`` bytes."""
    fields: list[Field] = []
    skipped = _STRUCTURE | {XMP, IPTC, PHOTOSHOP, ICC, EXIF, GPS, INTEROPERABILITY}
    for code, entry in directory.entries.items():
        if code in skipped or entry.size > min(room, MOST_EXIF_VALUE) or entry.kind >= 16:
            continue
        room -= entry.size
        fields.append((code, entry.kind, entry.count, tags.raw(entry)))
    return fields


class _Collector(logging.Handler):
    def __init__(self, into: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._into = into

    def emit(self, record: logging.LogRecord) -> None:
        self._into.append(f"EXIF: {record.getMessage()}")


@contextmanager
def _complaints(into: list[str]) -> Iterator[None]:
    """Collects what exifread logs, which would otherwise go to a terminal and be lost."""
    logger = logging.getLogger("exifread")
    collector, passed_on = _Collector(into), logger.propagate
    logger.addHandler(collector)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(collector)
        logger.propagate = passed_on


def iptc_record(tags: TiffTags, directory: Directory) -> tuple[Facts | None, list[str]]:
    """IPTC-IIM data sets of tag 33723, or of the Photoshop resources where that is missing."""
    raw = _iptc_bytes(tags, directory)
    if not raw.strip(b"\0"):
        return None, []
    sets, warnings = data_sets(raw)
    utf8 = b"\x1b%G" in sets.get((1, 90), [])
    fields: Facts = {}
    for key, values in sets.items():
        if key == (1, 90):
            continue
        name = f"{key[0]}:{key[1]:02d} {IIM_NAMES.get(key, '')}".strip()
        # The version numbers are binary; without a declared character set bytes may be anything.
        binary = key in ((1, 0), (2, 0))
        texts = [v.hex() if binary else _iim_text(v, utf8) for v in values]
        fields[name] = texts[0] if len(texts) == 1 else texts
    stored = raw.rstrip(b"\0")
    record = {
        "sha256": hashlib.sha256(stored).hexdigest(), "bytes": len(stored), "fields": fields
    }  # fmt: skip
    return record, warnings


def _iim_text(raw: bytes, utf8: bool) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("utf-8", "replace") if utf8 else raw.decode("latin-1")


def _iptc_bytes(tags: TiffTags, directory: Directory) -> bytes:
    entry = directory.entries.get(IPTC)
    if entry is not None:
        return straightened_iptc(tags.raw(entry))
    entry = directory.entries.get(PHOTOSHOP)
    if entry is None or entry.size > tags.limits.max_tag_bytes:
        return b""
    return photoshop_resource(tags.raw(entry), 0x0404)


def straightened_iptc(raw: bytes) -> bytes:
    """IPTC data sets with their bytes in order; what is in order, or no data sets, stays as it is.

    libtiff wrote them as LONGs for long, and swapped them with the rest of the file.
    """
    if raw[:1] == b"\x1c" or raw[3:4] != b"\x1c" or len(raw) % 4:
        return raw
    straight = np.frombuffer(raw, ">u4").astype("<u4").tobytes()
    _, warnings = data_sets(straight)
    return raw if warnings else straight


def photoshop_resource(raw: bytes, wanted: int) -> bytes:
    """One image resource, empty where there is none (Adobe Photoshop File Formats, 2019)."""
    at = 0
    while raw[at : at + 4] == b"8BIM" and at + 12 <= len(raw):
        number, name = struct.unpack(">HB", raw[at + 4 : at + 7])
        at += 6 + (name + 2 & ~1)
        if at + 4 > len(raw):
            break
        (size,) = struct.unpack(">I", raw[at : at + 4])
        if number == wanted:
            return raw[at + 4 : at + 4 + size]
        at += 4 + (size + 1 & ~1)
    return b""


def data_sets(raw: bytes) -> tuple[dict[tuple[int, int], list[bytes]], list[str]]:
    """Data sets by record and number, and what is no data set (IPTC-IIM 4.2, section 1.5)."""
    sets: dict[tuple[int, int], list[bytes]] = {}
    at = found = 0
    while at + 5 <= len(raw) and raw[at] == 0x1C and found < MOST_DATA_SETS:
        found += 1
        record, number, size = struct.unpack(">BBH", raw[at + 1 : at + 5])
        at += 5
        if size & 0x8000:  # an extended data set: the length itself follows
            width = size & 0x7FFF
            size = int.from_bytes(raw[at : at + width], "big")
            at += width
        if at + size > len(raw):
            break
        sets.setdefault((record, number), []).append(raw[at : at + size])
        at += size
    if not raw[at:].strip(b"\0"):  # filled up to whole words
        return sets, []
    more = (
        f"come after {MOST_DATA_SETS} data sets" if found == MOST_DATA_SETS else "are not data sets"
    )
    return sets, [f"IPTC: {len(raw) - at} bytes {more}"]
