"""Reading a deliverable back and comparing it with what was meant, before it gets its name.

The reader is the one that reads masters: it parses tags and decodes strips by code of its own. What
was meant is asked from the pages anew, so that nothing has to be held from the writing. That the
right bytes were meant is another question: what the tags say is compared with what the master says
(see ``metadata_meaning``).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from restoration.config.settings import IngestSettings
from restoration.deliver.carried_tags import EXIF, GPS, INTEROPERABILITY, XMP
from restoration.deliver.metadata_meaning import meaning
from restoration.deliver.write_tiff import BAND_ROWS, DeliverablePage, output_codes
from restoration.errors import CircumstanceError, ScanError
from restoration.raster.tiff.page import TiffPage, open_directory
from restoration.raster.tiff.tags import Directory, Field


class ChangedMeaningError(ScanError):
    """The file is what was to be written, and says something else than the master."""


def compare(
    path: Path, pages: Sequence[DeliverablePage], name: str, *, big_allowed: IngestSettings
) -> None:
    """Compares the finished file, page by page and tag by tag, with what was to be written.

    Raises CircumstanceError at the first difference: what was written is not what the disk
    holds, so the disk or the memory is at fault, and the next run tries again. Raises
    ChangedMeaningError where a tag, read as any reader would, does not say what the master's says.
    """
    # The deliverable may be larger than any master may: its size is ours.
    limits = big_allowed.model_copy(
        update={"max_pixels": 2**62, "max_side": 2**31 - 1, "max_ratio": 1e9}
    )
    try:
        for number, meant in enumerate(pages, 1):
            with open_directory(path, number - 1, limits=limits) as found:
                where = name if len(pages) == 1 else f"{name}, page {number}"
                _expect(found.pages == len(pages), where, "the number of pages")
                _compare_page(found, meant, where)
    except ChangedMeaningError:
        raise
    except ScanError as error:
        raise _different(name, f"a readable file ({error})") from error


def _different(where: str, what: str) -> CircumstanceError:
    return CircumstanceError(
        f"{where}: expected what was written, read back something else: {what}; check the disk "
        "and the memory and start the run again"
    )


def _expect(condition: bool, where: str, what: str) -> None:
    if not condition:
        raise _different(where, what)


def _compare_page(found: TiffPage, meant: DeliverablePage, where: str) -> None:
    _expect((found.height, found.width) == (meant.height, meant.width), where, "the size")
    _expect(found.channels == meant.channels, where, "the channels")
    _expect(found.bits == meant.bits, where, "the depth")
    if meant.kind is not None:
        kind = found.tags.number(found.directory, 254, 0)
        _expect(kind == meant.kind, where, "what kind of page it says it is")
    _expect(len(found.extra) == len(meant.extra), where, "the extra samples")
    _expect(found.profile == meant.profile, where, "the ICC profile")
    _expect(found.orientation == (meant.orientation or 1), where, "the orientation")
    _expect((found.tag_bytes(XMP) or b"") == meant.xmp, where, "the XMP packet")
    _compare_resolution(found, meant, where)
    for field in meant.carried.fields:
        _compare_field(found, found.directory, field, where)
    _compare_directory(found, found.directory, EXIF, meant.carried.exif, where)
    _compare_directory(found, found.directory, GPS, meant.carried.gps, where)
    if meant.carried.exif and meant.carried.interoperability:
        exif = found.tags.subdirectory(found.tags.number(found.directory, EXIF) or 0)
        below = meant.carried.interoperability
        _compare_directory(found, exif, INTEROPERABILITY, below, where)
    _compare_meaning(found, meant, where)
    _compare_pixels(found, meant, where)


def _compare_meaning(found: TiffPage, meant: DeliverablePage, where: str) -> None:
    said = meant.carried.meaning
    if not said:
        return
    try:
        says = meaning(found.tags, found.directory, forgiving=False)
    except Exception as error:
        raise ChangedMeaningError(
            f"{where}: expected EXIF that can be read as in the master, found that it cannot "
            f"({type(error).__name__}: {error}); report this scan"
        ) from error
    # That each tag is there has been seen; exifread shows one of two that it calls by one name.
    both = said.keys() & says.keys()
    for directory, code in sorted(both):
        expected, read = said[directory, code], says[directory, code]
        if read != expected:
            raise ChangedMeaningError(
                f"{where}: expected tag {code} ({directory}) to say as in the master "
                f"{_shortened(expected)}, found {_shortened(read)}; nothing was delivered: report "
                "this scan"
            )
    if not both:
        raise ChangedMeaningError(
            f"{where}: expected the metadata of the master, exifread finds none of it; nothing was "
            "delivered: report this scan"
        )


def _shortened(value: str) -> str:
    return repr(value if len(value) <= 60 else value[:60] + "…")


def _compare_resolution(found: TiffPage, meant: DeliverablePage, where: str) -> None:
    for axis, code in enumerate((282, 283)):
        entry = found.directory.entries.get(code)
        if meant.resolution is None:
            _expect(entry is None, where, "a resolution that nobody stated")
            continue
        pair = found.tags.values(entry)[0] if entry is not None else (0, 1)
        same = Fraction(*pair) == Fraction(*meant.resolution[axis])
        _expect(same, where, "the resolution")
    unit = found.tags.number(found.directory, 296)
    stated = None if meant.resolution is None else meant.resolution_unit
    _expect(unit == stated, where, "the unit of the resolution")


def _compare_directory(
    found: TiffPage,
    parent: Directory,
    code: int,
    meant: Sequence[Field] | None,
    where: str,
) -> None:
    if not meant:
        _expect(code not in parent.entries, where, f"tag {code}")
        return
    directory = found.tags.subdirectory(found.tags.number(parent, code) or 0)
    for field in meant:
        _compare_field(found, directory, field, where)


def _compare_field(found: TiffPage, directory: Directory, field: Field, where: str) -> None:
    code, kind, count, raw = field
    entry = directory.entries.get(code)
    same = (
        entry is not None
        and (entry.kind, entry.count) == (kind, count)
        and found.tags.raw(entry) == raw
    )
    _expect(same, where, f"tag {code}")


def _compare_pixels(found: TiffPage, meant: DeliverablePage, where: str) -> None:
    for top in range(0, meant.height, BAND_ROWS):
        rows = min(BAND_ROWS, meant.height - top)
        stored = found.read_codes(top, 0, rows, meant.width)
        extra = found.read_extra(top, 0, rows, meant.width)
        if extra is not None:
            stored = np.concatenate([stored, extra], axis=2)
        expected = output_codes(meant, top, rows).astype(np.uint16)
        if meant.bits == 8:
            expected *= 257
        _expect(np.array_equal(stored, expected), where, f"pixels of rows {top} to {top + rows}")
