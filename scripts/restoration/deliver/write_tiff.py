"""Writing deliverables: what every TIFF reader opens, with everything that the master said.

Strips, not tiles: strips are baseline TIFF 6.0, tiles an extension that photo kiosks, old layout
programs and some web services do not read; with strips of 256 KiB a viewer still decodes little
for a window. LZW with predictor or no compression, both TIFF 6.0; classic TIFF as long as it fits,
since no common tool writes metadata into BigTIFF (Exiv2, ExifTool, JHOVE).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import imagecodecs
import numpy as np
import tifffile

from restoration.deliver.carried_tags import XMP, Carried
from restoration.deliver.directories import finish_directories, stand_ins
from restoration.raster.base import UInt16Image
from restoration.raster.tiff.write_intermediate import CLASSIC_LIMIT, WORKERS, Rational, differenced
from restoration.storage.journal import note_written
from restoration.storage.publish import published, sha256_of

STRIP_BYTES = 256 * 1024
BAND_ROWS = 256
"""Rows that are read at a time: a whole number of strips and of an intermediate's tiles."""

EXTRA_SAMPLES = {"unspecified": 0, "infrared": 0, "associated_alpha": 1, "alpha": 2}
"""Values of the ExtraSamples tag. Infrared is no alpha; TIFF has no code of its own for it."""

_MASK = 4
"""Bit of NewSubfileType."""

Compression = Literal["none", "lzw"]


@dataclass(frozen=True)
class DeliverablePage:
    """One page that is to be written."""

    height: int
    width: int
    channels: int
    """1 or 3."""
    bits: int
    """8 or 16. At 8 the codes, which are 8-bit times 257, are brought back by rounding."""
    codes: Callable[[int, int], UInt16Image]
    """(top, rows) -> uint16 (rows, width, channels); asked again where a file is begun anew."""
    extra: tuple[str, ...]
    """Kinds of the samples beside the picture, keys of `EXTRA_SAMPLES`."""
    extra_codes: Callable[[int, int], UInt16Image] | None
    """(top, rows) -> uint16 (rows, width, len(extra)), of the size of the picture."""
    profile: bytes | None
    resolution: tuple[Rational, Rational] | None
    """Along the width and along the height; None writes none."""
    resolution_unit: int
    """Value of the ResolutionUnit tag: 1 none, 2 inch, 3 centimetre."""
    orientation: int | None
    """Value of the orientation tag; None writes none."""
    carried: Carried
    xmp: bytes
    """The XMP packet; empty writes none."""
    kind: int | None = None
    """Value of the NewSubfileType tag; None: one page, or one of several."""

    @property
    def samples(self) -> int:
        """Samples per pixel as stored."""
        return self.channels + len(self.extra)

    @property
    def pixel_bytes(self) -> int:
        """Bytes of the uncompressed pixels."""
        return self.height * self.width * self.samples * self.bits // 8

    @property
    def strip_rows(self) -> int:
        """Rows of a strip: a power of two up to `BAND_ROWS`, about `STRIP_BYTES`."""
        row = max(self.width * self.samples * self.bits // 8, 1)
        return 1 << min(max(STRIP_BYTES // row, 1).bit_length() - 1, 8)


@dataclass(frozen=True)
class WrittenDeliverable:
    """What was written, as it was decided on the way."""

    sha256: str
    bigtiff: bool
    compression: Compression


class OtherBytesError(Exception):
    """A deliverable that was made again is not what it was; carries the SHA-256 that it has."""


class _TooLargeError(Exception):
    """LZW made the file larger than a classic TIFF can be."""


def write_deliverable(
    path: Path,
    pages: Sequence[DeliverablePage],
    compression: Compression,
    *,
    classic_limit: int = CLASSIC_LIMIT,
    check: Callable[[Path], None] = lambda part: None,
    expected: str | None = None,
) -> WrittenDeliverable:
    """Writes all pages; ``path`` appears only after ``check`` has accepted the finished file.

    BigTIFF where the uncompressed pixels reach ``classic_limit`` bytes. LZW can make a noisy
    16-bit scan larger than it was; where that would exceed the classic limit, the pages are
    written uncompressed, which fits.

    expected: the SHA-256 that the file must have, where it is made again; OtherBytesError where it
    has another, and no file. Raises CircumstanceError where the disk fails.
    """
    size = sum(page.pixel_bytes for page in pages)
    big = size >= classic_limit
    # LZW takes up to 12 bits for a byte.
    with published(path, size * 3 // 2 + 2**20) as part:
        chosen = compression
        try:
            _write(part, pages, chosen, big, None if big else classic_limit)
        except _TooLargeError:
            chosen = "none"
            _write(part, pages, chosen, big, None)
        _mark_masks(part, pages)
        finish_directories(part, [(page.carried, page.resolution is not None) for page in pages])
        check(part)
        sha256 = sha256_of(part)
        if expected not in (None, sha256):
            raise OtherBytesError(sha256)
        note_written(path, sha256)
        return WrittenDeliverable(sha256, big, chosen)


def output_codes(page: DeliverablePage, top: int, rows: int) -> np.ndarray[Any, np.dtype[Any]]:
    """What is stored for these rows: uint8 or uint16 (rows, width, samples)."""
    codes = page.codes(top, rows)
    if page.extra_codes is not None:
        codes = np.concatenate([codes, page.extra_codes(top, rows)], axis=2)
    if page.bits == 16:
        return codes
    # Exact for codes that came from 8 bits, nearest for all others: 65535 = 255 * 257.
    return ((codes.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _write(
    part: Path, pages: Sequence[DeliverablePage], compression: Compression, big: bool,
    limit: int | None,
) -> None:  # fmt: skip
    budget = _Budget(limit)
    several = sum(page.kind is None or not page.kind & _MASK for page in pages) > 1
    with tifffile.TiffWriter(part, bigtiff=big, byteorder="<") as writer:
        for page in pages:
            _write_page(writer, page, compression, budget, several)


@dataclass
class _Budget:
    limit: int | None
    used: int = 0

    def spend(self, number: int) -> None:
        self.used += number
        if self.limit is not None and self.used >= self.limit:
            raise _TooLargeError


def _write_page(
    writer: tifffile.TiffWriter,
    page: DeliverablePage,
    compression: Compression,
    budget: _Budget,
    several: bool,
) -> None:
    shape = (page.height, page.width, page.samples)
    writer.write(
        _strips(page, compression, budget),
        shape=shape if page.samples > 1 else shape[:2],
        dtype=np.uint8 if page.bits == 8 else np.uint16,
        photometric="minisblack" if page.channels == 1 else "rgb",
        planarconfig=None if page.samples == 1 else "contig",
        extrasamples=[EXTRA_SAMPLES[kind] for kind in page.extra] or None,
        rowsperstrip=page.strip_rows,
        compression="lzw" if compression == "lzw" else None,
        predictor=2 if compression == "lzw" else None,
        # Bit 1 of NewSubfileType: one page of several.
        subfiletype=_writable(page.kind if page.kind is not None else 2 * several),
        resolution=page.resolution,
        resolutionunit=None if page.resolution is None else page.resolution_unit,
        iccprofile=page.profile,
        software=False,
        metadata=None,
        extratags=_extra_tags(page),
    )


def _writable(kind: int) -> int:
    """tifffile refuses masks of more than one bit, which is what scanners call their infrared; the
    tag is written with another bit instead and put right by `_mark_masks`."""
    return 1 if kind & _MASK else kind


def _mark_masks(part: Path, pages: Sequence[DeliverablePage]) -> None:
    if not any(page.kind is not None and page.kind & _MASK for page in pages):
        return
    with tifffile.TiffFile(part) as tif:
        places = [page.tags[254].valueoffset if 254 in page.tags else None for page in tif.pages]
    with part.open("r+b") as file:
        for page, place in zip(pages, places, strict=True):
            if page.kind is not None and page.kind & _MASK and place is not None:
                file.seek(place)
                file.write(struct.pack("<I", page.kind))


def _strips(page: DeliverablePage, compression: Compression, budget: _Budget) -> Iterator[bytes]:
    encode = _lzw if compression == "lzw" else _plain
    with ThreadPoolExecutor(WORKERS) as pool:
        for top in range(0, page.height, BAND_ROWS):
            band = output_codes(page, top, min(BAND_ROWS, page.height - top))
            rows = page.strip_rows
            strips = [band[start : start + rows] for start in range(0, len(band), rows)]
            for segment in pool.map(encode, strips):
                budget.spend(len(segment))
                yield segment


def _lzw(strip: np.ndarray[Any, np.dtype[Any]]) -> bytes:
    return bytes(imagecodecs.lzw_encode(differenced(strip)))


def _plain(strip: np.ndarray[Any, np.dtype[Any]]) -> bytes:
    return strip.astype(strip.dtype.newbyteorder("<"), copy=False).tobytes()


_PAIRS = {5: "<u4", 10: "<i4"}
"""Field types of two numbers a value, RATIONAL and SRATIONAL."""


def _extra_tags(page: DeliverablePage) -> list[tuple[int, int, int, Any, bool]]:
    tags: list[tuple[int, int, int, Any, bool]] = [
        # tifffile takes a rational's bytes for so many bytes, and its numbers for what they are.
        (
            code,
            kind,
            count,
            np.frombuffer(raw, _PAIRS[kind]).tolist() if kind in _PAIRS else raw,
            True,
        )
        for code, kind, count, raw in page.carried.fields
    ]
    if page.orientation is not None:
        tags.append((274, 3, 1, page.orientation.to_bytes(2, "little"), True))
    if page.xmp:
        tags.append((XMP, 1, len(page.xmp), page.xmp, True))
    return tags + stand_ins(page.carried)
