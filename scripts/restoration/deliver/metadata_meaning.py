"""What the metadata of a page says, for comparing a master with its deliverable.

Two files in two byte orders hold other bytes for the same value. So the values are compared, as
exifread and our reader of IPTC understand them: neither has a part in the writing, and an error of
the writing does not meet itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from restoration.raster.tiff.embedded_metadata import (
    IPTC,
    data_sets,
    exif_values,
    straightened_iptc,
)
from restoration.raster.tiff.tags import Directory, TiffTags

Meaning = Mapping[tuple[str, int], str]
"""Directory ("Image", "EXIF", "GPS", "Interoperability") and tag code -> value in words."""

# Numbers of mixed sizes in one value: exifread shows their bytes, which follow the byte order.
_BYTES_IN_FILE_ORDER = frozenset({34856, 41484, 41730, 41995, 42082})


def meaning(tags: TiffTags, directory: Directory, *, forgiving: bool) -> dict[tuple[str, int], str]:
    """The values of a page's descriptive tags, its EXIF and GPS directories and its IPTC.

    ``forgiving`` reads a master, whose texts and IPTC may be in the wrong byte order; a
    deliverable has to be right. Raises whatever exifread raises at a damaged block.
    """
    # A deliverable has tags of its own beside the master's: they must not crowd those out.
    room = 1 if forgiving else 2
    stated = exif_values(tags, directory, [], forgiving=forgiving, room=room)
    said = {
        (value.where, value.code): value.value
        for value in stated.values()
        if value.code not in _BYTES_IN_FILE_ORDER
    }
    entry = directory.entries.get(IPTC)
    if entry is not None:
        raw = tags.raw(entry)
        sets, rest = data_sets(straightened_iptc(raw) if forgiving else raw)
        said["Image", IPTC] = str((sets, rest))
    return said
