"""Pictures that are delivered as they were: infrared goes with its page, and no stage sees it."""

from __future__ import annotations

from fractions import Fraction

from restoration.raster.base import UInt16Image
from restoration.raster.deliverable import DeliverablePage
from restoration.raster.metadata import carry_over
from restoration.raster.tiff import TiffPage
from restoration.raster.write import Rational


def page_as_it_was(original: TiffPage) -> DeliverablePage:
    """A picture of one channel with its samples, size, depth, profile, tags and XMP; no history."""

    def codes(top: int, rows: int) -> UInt16Image:
        return original.read_codes(top, 0, rows, original.width)

    resolution, unit = stated_resolution(original)
    carried = carry_over(original, original.height, original.width)
    return DeliverablePage(
        height=original.height,
        width=original.width,
        channels=original.channels,
        bits=original.bits,
        codes=codes,
        extra=(),
        extra_codes=None,
        profile=original.profile,
        resolution=resolution,
        resolution_unit=unit,
        orientation=original.orientation if 274 in original.directory.entries else None,
        carried=carried,
        xmp=carried.xmp or b"",
        kind=original.tags.number(original.directory, 254, 0),
    )


def stated_resolution(original: TiffPage) -> tuple[tuple[Rational, Rational] | None, int]:
    """The numbers and the unit that a page states of its resolution; no numbers, and no unit,
    where it states none."""
    found = []
    for code in (282, 283):
        entry = original.directory.entries.get(code)
        pair = original.tags.values(entry)[0] if entry and entry.kind == 5 and entry.count else None
        if pair is None or not pair[0] or not pair[1]:
            return None, 1
        # In lowest terms, as the file will hold it and the reading back expect it.
        found.append(Fraction(*pair).as_integer_ratio())
    unit = original.tags.number(original.directory, 296, 2) or 2
    return (found[0], found[1]), unit if unit in (1, 2, 3) else 1
