"""Pages of TIFF files, read by windows; masters and intermediates alike."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import numpy as np

from restoration.config.settings import IngestSettings
from restoration.raster.base import FloatImage, UInt16Image, to_float
from restoration.raster.tiff.codestream import jpeg_colours
from restoration.raster.tiff.contents import Contents, nth, place_of, read_contents
from restoration.raster.tiff.kinds import JPEG, PHOTOMETRIC, SCALES, compression_name
from restoration.raster.tiff.layout import PageLayout, read_layout
from restoration.raster.tiff.segments import SegmentReader
from restoration.raster.tiff.tags import Directory, MasterFile, TiffTags, expected_found
from restoration.raster.tiff.ycbcr import YCbCr, read_ycbcr

JPEG_HEAD = 128 * 1024
"""Bytes of a page's first JPEG segment in which its own word on its colours is looked for: what a
writer puts before it (an ICC profile, a thumbnail) is split into pieces of 64 KiB."""


class TiffPage:
    """One page of a TIFF file as a `Raster`; opened by `open_page`, a context manager.

    The picture alone: samples beside it (alpha, infrared) come from `read_extra`; min-is-white
    is inverted, so that 0 is black; 2 and 4 bits are scaled to 8; a palette is expanded to RGB;
    YCbCr is converted to RGB (see `ycbcr`), inside JPEG by libjpeg. The stored orientation is not
    applied. Memory is bounded by the window that is asked for, one strip or tile, and a cache of
    decoded segments (see `segments`).
    """

    height: int
    width: int
    channels: int
    """1 (grey) or 3 (RGB)."""
    bits: int
    """8 or 16, the depth that the file states; 8 where that is 2 or 4. Of a palette, the depth of
    its colours: 16, or 8 where none of its numbers is above 255."""
    ppi: tuple[float, float] | None
    """Pixels per inch along the stored width and height; None where the file states none."""
    profile: bytes | None
    """ICC profile, byte for byte."""
    orientation: int
    """Value of the orientation tag, 1 to 8."""
    extra: tuple[str, ...]
    """Samples beside the picture: alpha, associated_alpha, infrared or unspecified, in order."""
    compression: str
    tiled: bool
    bigtiff: bool
    number: int
    """1 for the first page of the scan; what is no page of it (see `contents`) is not counted."""
    pages: int
    """Pages of the scan in this file."""
    path: Path
    """The file, opened for reading only."""
    infrared: str | None
    """Where the page's infrared is, in words; None where the file holds none."""
    notes: tuple[str, ...]
    """Oddities of the file that change no pixel, one line each."""

    def __init__(
        self,
        file: MasterFile,
        tags: TiffTags,
        directory: Directory,
        number: int,
        pages: int,
        infrared: Directory | None = None,
        where: str | None = None,
    ) -> None:
        """infrared: the directory that holds the page's infrared picture, if one does; where: file
        and picture, for messages, if it is not the page itself."""
        self.tags, self.directory, self.path = tags, directory, file.path
        self.number, self.pages = number, pages
        where = where or (file.name if pages == 1 else f"{file.name}, page {number}")
        layout = read_layout(tags, directory, where)
        self.layout = layout
        self.height, self.width = layout.height, layout.width
        self.orientation, self.ppi, self.extra = layout.orientation, layout.ppi, layout.extra
        self.infrared = _infrared_place(tags, layout, infrared)
        self.compression = compression_name(layout.compression)
        self.tiled, self.bigtiff = layout.tiled, tags.big
        notes = list(layout.notes)
        self._palette, self.bits = _palette(tags, directory, layout, where, notes)
        self._ycbcr = _ycbcr(tags, directory, layout, where)
        self.channels = 1 if layout.colours == 1 and self._palette is None else 3
        self.profile = self.tag_bytes(34675) or None
        self._file = file
        tables = self.tag_bytes(347)
        self._segments = SegmentReader(file, tags.order, layout, tables, where)
        notes += _contradictions(file, layout, where)
        self.notes = tuple(notes)

    def read(self, top: int, left: int, height: int, width: int) -> FloatImage:
        """The window as float32 (height, width, channels) in [0, 1]: codes over 65535.

        Raises ValueError for a window outside the page, ScanError for damaged data.
        """
        return to_float(self.read_codes(top, left, height, width))

    def read_codes(self, top: int, left: int, height: int, width: int) -> UInt16Image:
        """The window as uint16 (height, width, channels); 8-bit codes times 257, exactly, and 2-
        and 4-bit ones as the 8-bit codes that they stand for.

        Raises ValueError for a window outside the page, ScanError for damaged data.
        """
        self._check(top, left, height, width)
        colours = self.layout.colours
        stored = self._segments.window(top, left, height, width, 0, colours)
        if self._palette is not None:
            return self._palette[stored[..., 0]]
        if self._ycbcr is not None:
            stored = self._ycbcr.rgb(np.asarray(stored, np.uint8))
        codes = self._widened(stored)
        if self.layout.photometric == 0:
            np.subtract(np.uint16(65535), codes, out=codes)
        return codes

    def read_extra(self, top: int, left: int, height: int, width: int) -> UInt16Image | None:
        """The samples beside the picture, uint16 (height, width, len(extra)); None without any.

        Raises ValueError for a window outside the page, ScanError for damaged data.
        """
        self._check(top, left, height, width)
        if not self.extra:
            return None
        first, number = self.layout.colours, len(self.extra)
        return self._widened(self._segments.window(top, left, height, width, first, number))

    def tag_bytes(self, code: int) -> bytes | None:
        """The stored bytes of a tag of this page; None where it has none.

        Raises ScanError where the tag is larger than ``max_tag_bytes``.
        """
        entry = self.directory.entries.get(code)
        return None if entry is None else self.tags.raw(entry)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def __enter__(self) -> TiffPage:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _widened(self, stored: np.ndarray) -> UInt16Image:
        if stored.dtype == np.uint16:
            return stored
        codes: UInt16Image = stored.astype(np.uint16)
        codes *= 257 * SCALES[self.layout.bits]
        return codes

    def _check(self, top: int, left: int, height: int, width: int) -> None:
        inside = 0 <= top <= top + height <= self.height and 0 <= left <= left + width <= self.width
        if not (inside and height > 0 and width > 0):
            raise ValueError(
                f"window {height} x {width} at ({top}, {left}) is not inside "
                f"{self.height} x {self.width}"
            )


def open_page(
    path: str | Path, number: int = 1, *, limits: IngestSettings | None = None
) -> TiffPage:
    """Opens page ``number`` (from 1) of a TIFF file, for reading only.

    Raises ScanError, one line, where the file or the page is not one that we can carry exactly;
    CircumstanceError where the disk or the mount fails.
    """
    file = MasterFile(Path(path))
    try:
        tags = TiffTags(file, limits or default_limits())
        return page_of(file, tags, read_contents(tags), number)
    except BaseException:
        file.close()
        raise


def open_infrared(
    path: str | Path, number: int, *, limits: IngestSettings | None = None
) -> TiffPage | None:
    """The infrared picture that page ``number`` has in a directory of its own, as a page of that
    number; None where it has none. Raises as `open_page`."""
    file = MasterFile(Path(path))
    try:
        tags = TiffTags(file, limits or default_limits())
        found = infrared_page(file, tags, read_contents(tags), number)
        if found is not None:
            return found
    except BaseException:
        file.close()
        raise
    file.close()
    return None


def open_directory(
    path: str | Path, index: int, *, limits: IngestSettings | None = None
) -> TiffPage:
    """The picture in directory ``index`` (from 0), whatever it is to the scan: for what we wrote
    ourselves. It counts as page ``index + 1`` of as many as there are directories. Raises as
    `open_page`."""
    file = MasterFile(Path(path))
    try:
        tags = TiffTags(file, limits or default_limits())
        return page_of(file, tags, Contents(pages=list(tags.directories)), index + 1)
    except BaseException:
        file.close()
        raise


def page_of(file: MasterFile, tags: TiffTags, contents: Contents, number: int) -> TiffPage:
    """Page ``number`` (from 1) of an opened file. Raises as `open_page`."""
    pages = contents.pages
    if not 1 <= number <= len(pages):
        remedy = "check the page number"
        found = f"{len(pages)} page(s)"
        raise expected_found(file.name, f"a page {number}", found, remedy)
    infrared = contents.infrared_of(number)
    return TiffPage(file, tags, pages[number - 1], number, len(pages), infrared)


def infrared_page(
    file: MasterFile, tags: TiffTags, contents: Contents, number: int
) -> TiffPage | None:
    """As `open_infrared`, of an opened file."""
    directory = contents.infrared_of(number)
    if directory is None:
        return None
    where = place_of(tags, directory)
    return TiffPage(file, tags, directory, number, len(contents.pages), where=where)


def default_limits() -> IngestSettings:
    """The limits of a config that states none."""
    return IngestSettings.model_validate({})


def _palette(
    tags: TiffTags, directory: Directory, layout: PageLayout, where: str, notes: list[str]
) -> tuple[UInt16Image | None, int]:
    """The colour map as uint16 (entries, 3), of a palette page, and the depth of the page."""
    if layout.photometric != 3:
        return None, max(layout.bits, 8)
    entry = directory.entries.get(320)
    entries = 2**layout.bits
    remedy = "save it as RGB from an image editor, and name that file instead"
    if entry is None or entry.kind != 3 or entry.count != 3 * entries:
        found = f"{entry.count if entry else 0}"
        raise expected_found(where, f"{3 * entries} values in the colour map", found, remedy)
    colours = tags.integers(entry).astype(np.uint16).reshape(3, entries).T.copy()
    if int(colours.max()) > 255:
        return colours, 16
    # As libtiff's tools do (checkcmap): a map of 16 bits that nowhere passes 8 is one of 8.
    notes.append("the colour map holds 8-bit values (none above 255); taken times 257")
    colours *= 257
    return colours, 8


def _infrared_place(tags: TiffTags, layout: PageLayout, infrared: Directory | None) -> str | None:
    if "infrared" in layout.extra:
        return "a channel of the page"
    return None if infrared is None else f"a page of its own, {nth(tags, infrared)}"


def _ycbcr(tags: TiffTags, directory: Directory, layout: PageLayout, where: str) -> YCbCr | None:
    """How the samples become RGB; None where they are it, or libjpeg does it."""
    if layout.photometric != 6 or layout.compression in JPEG:
        return None
    return read_ycbcr(tags, directory, where)


def _contradictions(file: MasterFile, layout: PageLayout, where: str) -> list[str]:
    """Where JPEG data says other colours of itself than the page's tag, whose word holds.

    Raises ScanError where it cannot: nobody subsamples green and blue.
    """
    if layout.compression not in JPEG or layout.photometric not in (2, 6) or layout.separate:
        return []
    count = min(JPEG_HEAD, int(layout.counts[0]))
    said, subsampled = jpeg_colours(file.read(int(layout.offsets[0]), count))
    tag = PHOTOMETRIC[layout.photometric]
    if tag == "RGB" and subsampled:
        remedy = "save it as RGB from an image editor that shows it right, and name that file"
        raise expected_found(where, "JPEG data of RGB", "subsampled colours in it", remedy)
    if said is None or said == tag:
        return []
    return [
        f"the page's tag says {tag} and the JPEG data inside it says {said}; read by the tag, as "
        "other TIFF readers do: look whether the colours are right"
    ]
