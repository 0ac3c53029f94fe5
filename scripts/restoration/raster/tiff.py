"""Pages of TIFF files, read by windows; masters and intermediates alike."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import numpy as np

from restoration.raster.base import FloatImage, UInt16Image, to_float
from restoration.raster.layout import Layout, read_layout, set_aside
from restoration.raster.segments import SegmentReader, compression_name
from restoration.raster.tags import Directory, MasterFile, TiffTags, expected_found
from restoration.settings import IngestSettings


class TiffPage:
    """One page of a TIFF file as a `Raster`; opened by `open_page`, a context manager.

    The picture alone: samples beside it (alpha, infrared) come from `read_extra`; min-is-white
    is inverted, so that 0 is black; a palette is expanded to RGB; YCbCr inside JPEG is decoded
    to RGB. The stored orientation is not applied. Memory is bounded by the window that is asked
    for, one strip or tile, and a cache of decoded segments (see `segments`).
    """

    height: int
    width: int
    channels: int
    """1 (grey) or 3 (RGB)."""
    bits: int
    """Depth that the file states, 8 or 16. A palette counts as 16: its colours are 16-bit."""
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
    """1 for the first page of the scan; thumbnails and masks are not counted."""
    pages: int
    """Pages of the scan in this file."""
    notes: tuple[str, ...]
    """Oddities of the file that change no pixel, one line each."""

    def __init__(
        self, file: MasterFile, tags: TiffTags, directories: tuple[Directory, ...], number: int
    ) -> None:
        if not 1 <= number <= len(directories):
            found = f"{len(directories)} page(s)"
            remedy = "check the page number"
            raise expected_found(file.name, f"a page {number}", found, remedy)
        directory = directories[number - 1]
        where = file.name if len(directories) == 1 else f"{file.name}, page {number}"
        layout = read_layout(tags, directory, where)
        self.tags, self.directory, self.layout = tags, directory, layout
        self.number, self.pages = number, len(directories)
        self.height, self.width = layout.height, layout.width
        self.orientation, self.ppi, self.extra = layout.orientation, layout.ppi, layout.extra
        self.compression = compression_name(layout.compression)
        self.tiled, self.bigtiff, self.notes = layout.tiled, tags.big, layout.notes
        self._palette = _palette(tags, directory, layout, where)
        self.channels = 1 if layout.colours == 1 and self._palette is None else 3
        self.bits = layout.bits if self._palette is None else 16
        self.profile = self.tag_bytes(34675) or None
        self._file = file
        tables = self.tag_bytes(347)
        self._segments = SegmentReader(file, tags.order, layout, tables, where)

    def read(self, top: int, left: int, height: int, width: int) -> FloatImage:
        """The window as float32 (height, width, channels) in [0, 1]: codes over 65535.

        Raises ValueError for a window outside the page, ScanError for damaged data.
        """
        return to_float(self.read_codes(top, left, height, width))

    def read_codes(self, top: int, left: int, height: int, width: int) -> UInt16Image:
        """The window as uint16 (height, width, channels); 8-bit codes times 257, exactly.

        Raises ValueError for a window outside the page, ScanError for damaged data.
        """
        self._check(top, left, height, width)
        colours = self.layout.colours
        stored = self._segments.window(top, left, height, width, 0, colours)
        if self._palette is not None:
            return self._palette[stored[..., 0]]
        codes = _widen(stored)
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
        return _widen(self._segments.window(top, left, height, width, first, number))

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
        return TiffPage(file, tags, real_pages(tags), number)
    except BaseException:
        file.close()
        raise


def default_limits() -> IngestSettings:
    """The limits of a config that states none."""
    return IngestSettings.model_validate({})


def real_pages(tags: TiffTags) -> tuple[Directory, ...]:
    """The directories that are pages of the scan; raises ScanError where none is."""
    pages = tuple(d for d in tags.directories if set_aside(tags, d) is None)
    if not pages:
        reasons = sorted({str(set_aside(tags, d)) for d in tags.directories})
        found = "only " + ", ".join(reasons)
        remedy = "export the scan as a plain TIFF (a raw DNG keeps its picture elsewhere)"
        raise expected_found(tags.file.name, "a full-resolution page", found, remedy)
    return pages


def _widen(stored: np.ndarray) -> UInt16Image:
    if stored.dtype == np.uint16:
        return stored
    codes: UInt16Image = stored.astype(np.uint16)
    codes *= 257
    return codes


def _palette(
    tags: TiffTags, directory: Directory, layout: Layout, where: str
) -> UInt16Image | None:
    """The colour map as uint16 (entries, 3), of a palette page."""
    if layout.photometric != 3:
        return None
    entry = directory.entries.get(320)
    entries = 2**layout.bits
    remedy = "save it as RGB from an image editor, and name that file instead"
    if entry is None or entry.kind != 3 or entry.count != 3 * entries:
        found = f"{entry.count if entry else 0}"
        raise expected_found(where, f"{3 * entries} values in the colour map", found, remedy)
    colours = tags.integers(entry).astype(np.uint16).reshape(3, entries).T.copy()
    if 0 < int(colours.max()) < 256:
        # Old writers stored 8-bit values here; to scale them would be to guess from values.
        found = f"none above {int(colours.max())}"
        raise expected_found(where, "16-bit values in the colour map", found, remedy)
    return colours
