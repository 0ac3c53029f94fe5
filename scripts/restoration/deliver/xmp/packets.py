"""The XMP packets of a TIFF, one for each of its directories, without looking at any picture."""

from __future__ import annotations

from pathlib import Path

from restoration.deliver.carried_tags import XMP
from restoration.raster.tiff.page import default_limits
from restoration.raster.tiff.tags import MasterFile, TiffTags


def xmp_packets(path: Path) -> list[bytes | None]:
    """The packet of each directory in the file's order; None where one has none.

    Raises ScanError where the file is no whole TIFF, CircumstanceError where the disk fails.
    """
    file = MasterFile(path)
    try:
        tags = TiffTags(file, default_limits())
        found = [directory.entries.get(XMP) for directory in tags.directories]
        return [None if entry is None else tags.raw(entry) for entry in found]
    finally:
        file.close()
