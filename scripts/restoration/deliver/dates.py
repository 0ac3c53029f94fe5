"""Dates in tags: whether a text is one (TIFF 6.0, DateTime; EXIF 2.32, 4.6.5 and 4.6.6)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from restoration.raster.tiff.tags import decode_text

DATE_TAGS: Mapping[tuple[str, int], str] = {
    ("Image", 306): "DateTime",
    ("Image", 36867): "DateTimeOriginal",
    ("Image", 36868): "DateTimeDigitized",
    ("EXIF", 36867): "DateTimeOriginal",
    ("EXIF", 36868): "DateTimeDigitized",
    ("GPS", 29): "GPSDateStamp",
}
"""Name of each tag that holds a date, by directory and code."""

_FORMS = {
    True: (re.compile(r"\d{4}:\d\d:\d\d"), "%Y:%m:%d", "YYYY:MM:DD"),
    False: (
        re.compile(r"\d{4}:\d\d:\d\d \d\d:\d\d:\d\d"),
        "%Y:%m:%d %H:%M:%S",
        "YYYY:MM:DD HH:MM:SS",
    ),
}
_MOST_SHOWN = 40


def malformed_date(where: str, code: int, raw: bytes) -> str | None:
    """What is wrong with the date of a tag, in one line; None where it is one, or no date tag."""
    name = DATE_TAGS.get((where, code))
    if name is None:
        return None
    pattern, form, expected = _FORMS[name == "GPSDateStamp"]
    found = decode_text(raw)
    if pattern.fullmatch(found) and _exists(found, form):
        return None
    shown = repr(found if len(found) <= _MOST_SHOWN else found[:_MOST_SHOWN] + "…")
    return (
        f"expected a date {expected!r}, found {shown}; handed on as it is, no date is made from it"
    )


def _exists(found: str, form: str) -> bool:
    try:
        datetime.strptime(found, form)
    except ValueError:
        return False
    return True
