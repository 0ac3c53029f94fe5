"""Writing intermediates: uint16, tiled, ZSTD, drawn from bands of any height.

The next band is made while one is compressed and written. The same pixels give the same bytes: no
date, no software name, no dependence on threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import imagecodecs
import numpy as np
import tifffile

from restoration.errors import ScanError
from restoration.raster.base import FloatImage, UInt16Image, to_uint16
from restoration.raster.prefetch import ahead, closing
from restoration.storage.journal import note_written
from restoration.storage.publish import published, sha256_of

TILE = 256
ZSTD_LEVEL = 1
WORKERS = 2
"""Threads that compress; the bytes do not depend on their number."""

CLASSIC_LIMIT = 4 * 2**30 - 64 * 2**20
"""Bytes of uncompressed pixels from which a file is BigTIFF: room is left for the tags."""

Rational = tuple[int, int]


@dataclass
class Clipping:
    """Samples that lay outside [0, 1] and were clipped, counted while writing."""

    below: int = 0
    above: int = 0


def write_intermediate(
    path: Path,
    bands: Iterable[FloatImage | UInt16Image],
    *,
    height: int,
    width: int,
    channels: int,
    ppi: tuple[float, float] | None,
    profile: bytes | None,
    clipping: Clipping | None = None,
) -> str:
    """Writes a page top to bottom and returns the SHA-256 of the file.

    ``bands`` are (rows, width, channels), rows as they come: float32, clipped to [0, 1] and
    rounded to the nearest code, or uint16 codes, taken as they are. They are drawn in a thread of
    their own, and closed when this function ends, however it does. One row of tiles and one band
    of codes are in memory. ``clipping`` counts what was clipped.

    Raises ScanError for a value that is not a number, CircumstanceError where the disk fails,
    ValueError where the bands do not make up the page. Nothing partial stays at ``path``.
    """
    codes = checked_codes(bands, height, width, channels, path.name, clipping or Clipping())
    bytes_of_pixels = height * width * channels * 2
    # Tiles are filled up at the far edges, and what cannot be packed grows by its headers.
    most = bytes_of_pixels + (height + width) * TILE * channels * 2 + 2**20
    with published(path, most) as part, closing(ahead(codes)) as drawn:
        with tifffile.TiffWriter(
            part, bigtiff=bytes_of_pixels >= CLASSIC_LIMIT, byteorder="<"
        ) as t:
            t.write(
                _compressed(_tiles(gathered(drawn, TILE)), _zstd),
                shape=(height, width) if channels == 1 else (height, width, channels),
                dtype=np.uint16,
                photometric="minisblack" if channels == 1 else "rgb",
                planarconfig=None if channels == 1 else "contig",
                tile=(TILE, TILE),
                compression="zstd",
                predictor=2,
                resolution=None if ppi is None else (rational(ppi[0]), rational(ppi[1])),
                resolutionunit=None if ppi is None else 2,
                iccprofile=profile,
                software=False,
                metadata=None,
            )
        # Hashed before the rename: what bears the final name is known in full.
        sha256 = sha256_of(part)
        note_written(path, sha256)
        return sha256


def checked_codes(
    bands: Iterable[FloatImage | UInt16Image],
    height: int,
    width: int,
    channels: int,
    name: str,
    clipping: Clipping,
) -> Iterator[UInt16Image]:
    """The bands as uint16 codes; their shapes and their number of rows are checked."""
    rows = 0
    with closing(bands):
        for band in bands:
            if band.ndim != 3 or band.shape[1:] != (width, channels):
                found = band.shape
                raise ValueError(f"{name}: expected bands (rows, {width}, {channels}), {found}")
            if rows + band.shape[0] > height:
                raise ValueError(f"{name}: expected {height} rows, found more")
            yield _codes(band, rows, name, clipping)
            rows += band.shape[0]
    if rows != height:
        raise ValueError(f"{name}: expected {height} rows, found {rows}")


def _codes(band: FloatImage | UInt16Image, top: int, name: str, clipping: Clipping) -> UInt16Image:
    if band.dtype == np.uint16:
        return np.asarray(band, np.uint16)
    if np.isnan(band).any():
        row = top + int(np.isnan(band).any(axis=(1, 2)).argmax())
        raise ScanError(f"{name}: expected numbers, found none in row {row}; report this scan")
    clipping.below += int(np.count_nonzero(band < 0.0))
    clipping.above += int(np.count_nonzero(band > 1.0))
    return to_uint16(np.asarray(band, np.float32))


def gathered(bands: Iterable[UInt16Image], rows: int) -> Iterator[UInt16Image]:
    """The same rows in pieces of ``rows``; only the last piece may be shorter."""
    held: list[UInt16Image] = []
    count = 0
    for band in bands:
        start = 0
        while start < len(band):
            piece = band[start : start + rows - count]
            held.append(piece)
            count += len(piece)
            start += len(piece)
            if count == rows:
                yield held[0] if len(held) == 1 else np.concatenate(held)
                held, count = [], 0
        # A view would keep the whole of its band alive, and may be overwritten by its maker.
        held = [piece.copy() for piece in held]
    if held:
        yield np.concatenate(held)


def _tiles(rows: Iterable[UInt16Image]) -> Iterator[list[UInt16Image]]:
    """Rows of tiles; the last row and column are filled up with 0, as TIFF asks for."""
    for row in rows:
        height, width, channels = row.shape
        across = -(-width // TILE)
        full = np.zeros((TILE, across * TILE, channels), np.uint16)
        full[:height, :width] = row
        yield [full[:, left : left + TILE] for left in range(0, across * TILE, TILE)]


def _zstd(tile: UInt16Image) -> bytes:
    return bytes(imagecodecs.zstd_encode(differenced(tile), level=ZSTD_LEVEL))


def differenced(pixels: UInt16Image) -> bytes:
    """Horizontal differences, modulo the range (TIFF 6.0 section 14), little-endian."""
    out = pixels.copy()
    np.subtract(pixels[:, 1:], pixels[:, :-1], out=out[:, 1:])
    return out.astype(out.dtype.newbyteorder("<"), copy=False).tobytes()


def _compressed(
    groups: Iterable[list[UInt16Image]], encode: Callable[[UInt16Image], bytes]
) -> Iterator[bytes]:
    """The segments in order, compressed by a few threads."""
    with ThreadPoolExecutor(WORKERS) as pool:
        for group in groups:
            yield from pool.map(encode, group)


def rational(value: float) -> Rational:
    """The nearest fraction that TIFF can hold, with a denominator of at most 10,000."""
    fraction = Fraction(value).limit_denominator(10_000)
    if not 0 < fraction.numerator < 2**32:
        raise ValueError(f"expected a resolution above 0 and below 2^32, found {value!r}")
    return fraction.numerator, fraction.denominator
