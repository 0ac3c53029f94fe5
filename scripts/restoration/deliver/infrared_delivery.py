"""Pictures that are delivered as they were: infrared goes with its page, and no stage sees it."""

from __future__ import annotations

from restoration.deliver.carried_tags import carry_over
from restoration.deliver.resolution import resolution_of
from restoration.deliver.write_tiff import DeliverablePage
from restoration.raster.base import UInt16Image
from restoration.raster.tiff.page import TiffPage


def page_as_it_was(original: TiffPage) -> DeliverablePage:
    """A picture of one channel with its samples, size, depth, profile, tags and XMP; no history."""

    def codes(top: int, rows: int) -> UInt16Image:
        return original.read_codes(top, 0, rows, original.width)

    resolution, unit = resolution_of(original, None, resized=False)
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
