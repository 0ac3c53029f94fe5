"""Every TIFF that the tests use, made on the spot from small arrays; no binaries in git.

Pixels are (h, w), (h, w, c) uint8 or uint16, or floats in [0, 1] (stored as 16 bit).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile

from restoration.raster.colour.built_in_profiles import (
    adobe_rgb_profile,
    grey_gamma_profile,
    srgb_profile,
    wide_gamut_profile,
)
from restoration.raster.tiff.tags import Field, pack_tiff

PROFILES: Mapping[str, Callable[[], bytes]] = {
    "sRGB": srgb_profile,
    "Adobe RGB": adobe_rgb_profile,
    "wide gamut": wide_gamut_profile,
    "grey": grey_gamma_profile,
}
"""The makers of ICC profiles, which tests may also import from here by name."""

EXIF = {33434: (1, 125), 36867: "1998:05:17 10:20:30", 37386: (50, 1), 40961: 1}
"""ExposureTime, DateTimeOriginal, FocalLength, ColorSpace, as a repro camera writes them."""

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf='
    b'"http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    b'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:source>Box 12, 0034</dc:source>'
    b"</rdf:Description></rdf:RDF></x:xmpmeta>"
)


def photo(
    name: str,
    top: int = 0,
    left: int = 0,
    height: int | None = None,
    width: int | None = None,
    *,
    grey: bool = False,
) -> npt.NDArray[np.float32]:
    """A crop of a photograph that scikit-image carries in its wheel: no network is asked.

    float32 (h, w, 1|3) in [0, 1], sRGB-encoded. Names: astronaut, camera, chelsea, coffee,
    rocket, brick, grass, gravel, coins, moon, page, text, and the others of skimage.data that
    are packaged. ``grey`` gives Rec. 709 luma.
    """
    from skimage import data

    pixels = np.asarray(getattr(data, name)())
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels[..., :3]
    full_height, full_width = pixels.shape[:2]
    bottom = full_height if height is None else top + height
    right = full_width if width is None else left + width
    if bottom > full_height or right > full_width:
        raise ValueError(f"{name} is {full_height} x {full_width}; the crop leaves it")
    crop = pixels[top:bottom, left:right].astype(np.float32) / np.float32(255)
    if grey and crop.shape[2] == 3:
        crop = crop @ np.array([[0.2126], [0.7152], [0.0722]], np.float32)
    return crop


def codes(
    height: int, width: int, channels: int = 3, bits: int = 16, seed: int = 1
) -> npt.NDArray[Any]:
    """Reproducible codes over the whole range, uint8 or uint16 (h, w, channels)."""
    generator = np.random.default_rng(seed)
    top = 2**bits
    kind = np.uint8 if bits == 8 else np.uint16
    pixels = generator.integers(0, top, (height, width, channels), dtype=kind)
    pixels[0, 0], pixels[-1, -1] = 0, top - 1
    return pixels


def smooth(height: int, width: int, channels: int = 3, bits: int = 8) -> npt.NDArray[Any]:
    """A gradient that lossy codecs keep within a few codes."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    planes = [np.cos(x / 40 + k) * 0.3 + np.sin(y / 50 - k) * 0.15 + 0.5 for k in range(channels)]
    pixels = np.stack(planes, -1) * (2**bits - 1)
    return np.rint(pixels).astype(np.uint8 if bits == 8 else np.uint16)


def write_tiff(
    path: Path,
    pixels: npt.NDArray[Any],
    *,
    ppi: float | tuple[float, float] | None = 1200.0,
    unit: str = "inch",
    icc: bytes | None = None,
    orientation: int | None = None,
    extra: Sequence[str | int] = (),
    compression: Any = None,
    level: Any = None,
    predictor: bool = False,
    tile: tuple[int, int] | None = None,
    rows: int | None = None,
    planar: bool = False,
    big: bool = False,
    byteorder: str = "<",
    photometric: str | None = None,
    colours: npt.NDArray[np.uint16] | None = None,
    software: str | None = None,
    description: str | None = None,
    exif: Mapping[int, Any] | None = None,
    xmp: bytes | None = None,
    iptc: bytes | None = None,
    tags: Sequence[tuple[Any, ...]] = (),
    append: bool = False,
    **options: Any,
) -> Path:
    """Writes one page and returns ``path``.

    ``extra`` names the samples after the picture's own (alpha, associated_alpha, unspecified);
    ``rows`` is RowsPerStrip; ``colours`` a palette (256, 3); ``tags`` are further extratags of
    tifffile; ``append`` adds a page to a file that is there.
    """
    if pixels.dtype.kind == "f" and photometric != "float":
        pixels = np.rint(np.clip(pixels, 0, 1) * 65535).astype(np.uint16)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    samples = 1 if pixels.ndim == 2 else pixels.shape[2]
    if photometric in (None, "float"):
        photometric = "rgb" if samples - len(extra) == 3 else "minisblack"
    kinds = {"alpha": 2, "associated_alpha": 1, "unspecified": 0}
    further = [*tags]
    if orientation is not None:
        further.append((274, 3, 1, orientation, True))
    if xmp is not None:
        further.append((700, 1, len(xmp), xmp, True))
    if iptc is not None:
        further.append((33723, 7, len(iptc), iptc, True))
    if samples > 1:
        options["planarconfig"] = "separate" if planar else "contig"
        pixels = np.moveaxis(pixels, -1, 0) if planar else pixels
    if extra:
        options["extrasamples"] = [kinds.get(str(kind), kind) for kind in extra]
    if ppi is not None:
        options["resolution"] = ppi if isinstance(ppi, tuple) else (ppi, ppi)
        options["resolutionunit"] = unit
    if colours is not None:
        options["colormap"] = np.ascontiguousarray(colours.T)
    if level is not None:
        options["compressionargs"] = level
    writer = tifffile.TiffWriter(path, bigtiff=big, byteorder=None if append else byteorder,
                                 append=append)  # fmt: skip
    with writer:
        writer.write(
            pixels,
            photometric=photometric,
            compression=compression,
            predictor=predictor,
            tile=tile,
            rowsperstrip=rows,
            software=software if software is not None else False,
            description=description,
            iccprofile=icc,
            extratags=further,
            metadata=None,
            **options,
        )
    if exif is not None:
        link_exif(path, exif)
    return path


def append_page(path: Path, pixels: npt.NDArray[Any], **options: Any) -> Path:
    """Adds a page, with the options of `write_tiff` (``subfiletype=1`` for a thumbnail)."""
    return write_tiff(path, pixels, append=True, **options)


def write_large(path: Path, height: int, width: int, tile: int = 512, **options: Any) -> Path:
    """A tiled RGB16 file of any size, written tile by tile; each tile has a code of its own."""
    across, down = -(-width // tile), -(-height // tile)

    def tiles() -> Iterator[npt.NDArray[np.uint16]]:
        for number in range(across * down):
            flat = np.full((tile, tile, 3), large_code(number), np.uint16)
            flat[0, 0] = 65535 - number
            yield flat

    with tifffile.TiffWriter(path, bigtiff=options.pop("big", False)) as writer:
        writer.write(
            tiles(),
            shape=(height, width, 3),
            dtype=np.uint16,
            photometric="rgb",
            tile=(tile, tile),
            compression=options.pop("compression", "zstd"),
            predictor=True,
            resolution=(1200, 1200),
            resolutionunit="inch",
            metadata=None,
            **options,
        )
    return path


def large_code(tile: int) -> int:
    """The code that fills tile ``tile`` of `write_large`."""
    return (tile * 37) % 65536


def write_raw(path: Path, fields: Mapping[int, Sequence[int]], strip: bytes) -> Path:
    """A little-endian file of exactly these tags (as LONG) and one strip, for odd structures."""
    numbers = {279: [len(strip)], **fields}

    def packed(offset: int) -> bytes:
        tags = sorted({**numbers, 273: [offset]}.items())
        return pack_tiff(
            "<", [(code, 4, len(v), struct.pack(f"<{len(v)}I", *v)) for code, v in tags]
        )

    path.write_bytes(packed(len(packed(0))) + strip)
    return path


def write_pieces(
    path: Path,
    fields: Mapping[int, Sequence[int] | Sequence[tuple[int, int]]],
    pieces: Sequence[bytes],
    *,
    order: str = "<",
    counts: Sequence[int] | None = None,
) -> Path:
    """A file of exactly these tags and these strips, or tiles where ``fields`` gives tiles a size.

    Pairs are rationals; numbers are SHORT where they fit. ``counts`` are written instead of the
    true sizes of the pieces, right or wrong.
    """
    at, sizes = (324, 325) if 322 in fields else (273, 279)
    stated = list(counts or [len(piece) for piece in pieces])

    def packed(offsets: Sequence[int]) -> bytes:
        every: dict[int, Any] = {**fields, at: offsets, sizes: stated}
        return pack_tiff(order, [_field_of(code, every[code], order) for code in sorted(every)])

    place = len(packed([2**20] * len(pieces)))
    offsets = [place + sum(map(len, pieces[:number])) for number in range(len(pieces))]
    path.write_bytes(packed(offsets) + b"".join(pieces))
    return path


def _field_of(code: int, values: Sequence[Any], order: str) -> Field:
    if values and isinstance(values[0], tuple):
        flat = [number for pair in values for number in pair]
        return code, 5, len(values), struct.pack(f"{order}{len(flat)}I", *flat)
    short = max(values) < 65536 and code not in (273, 279, 324, 325)
    kind, letter = (3, "H") if short else (4, "I")
    return code, kind, len(values), struct.pack(f"{order}{len(values)}{letter}", *values)


def iptc_block(values: Mapping[tuple[int, int], str | Sequence[str]]) -> bytes:
    """IPTC-IIM data sets, (record, data set) -> text, in UTF-8 and saying so."""
    block = b"\x1c\x01\x5a\x00\x03\x1b%G"
    for (record, number), texts in values.items():
        for text in [texts] if isinstance(texts, str) else texts:
            raw = text.encode()
            block += struct.pack(">BBBH", 0x1C, record, number, len(raw)) + raw
    return block


def exif_of(values: Mapping[int, Any], order: str) -> list[Field]:
    """Fields of an EXIF directory: text, whole numbers, (numerator, denominator), bytes."""
    fields: list[Field] = []
    for code, value in sorted(values.items()):
        if isinstance(value, str):
            raw = value.encode() + b"\0"
            fields.append((code, 2, len(raw), raw))
        elif isinstance(value, bytes):
            fields.append((code, 7, len(value), value))
        elif isinstance(value, tuple):
            fields.append((code, 5, 1, struct.pack(f"{order}II", *value)))
        else:
            fields.append((code, 3, 1, struct.pack(f"{order}H", value)))
    return fields


def link_exif(path: Path, values: Mapping[int, Any]) -> None:
    """Appends an EXIF directory and a copy of the first one that points to it."""
    content = bytearray(path.read_bytes())
    order = "<" if content[:2] == b"II" else ">"
    big = struct.unpack(f"{order}H", content[2:4])[0] == 43
    at, word, head, size = (8, "Q", 8, 20) if big else (4, "I", 2, 12)
    count_code = "Q" if big else "H"
    (first,) = struct.unpack_from(order + word, content, at)
    (count,) = struct.unpack_from(order + count_code, content, first)
    body = bytes(content[first + head : first + head + count * size])
    entries = [body[i * size : (i + 1) * size] for i in range(count)]
    (following,) = struct.unpack_from(order + word, content, first + head + count * size)
    exif = len(content) + len(content) % 2
    content += bytes(len(content) % 2) + _directory(exif_of(values, order), order, big, exif)
    entries.append(struct.pack(f"{order}HH{word}{word}", 34665, 18 if big else 4, 1, exif))
    entries.sort(key=lambda entry: struct.unpack(f"{order}H", entry[:2]))
    content += bytes(len(content) % 2)
    struct.pack_into(order + word, content, at, len(content))
    content += struct.pack(order + count_code, len(entries)) + b"".join(entries)
    content += struct.pack(order + word, following)
    path.write_bytes(content)


def _directory(fields: list[Field], order: str, big: bool, start: int) -> bytes:
    """A directory that will lie at ``start``, its values behind it."""
    word, width, head = ("Q", 8, 8) if big else ("I", 4, 2)
    table = struct.pack(order + ("Q" if big else "H"), len(fields))
    behind = start + head + len(fields) * (12 + 8 * big) + width
    values = b""
    for code, kind, count, raw in fields:
        table += struct.pack(f"{order}HH{word}", code, kind, count)
        if len(raw) <= width:
            table += raw.ljust(width, b"\0")
        else:
            table += struct.pack(order + word, behind + len(values))
            values += raw + bytes(len(raw) % 2)
    return table + bytes(width) + values


def patch_tag(path: Path, code: int, values: Iterable[int], page: int = 0) -> Path:
    """Overwrites the leading values of a tag in place, whatever they mean afterwards."""
    with tifffile.TiffFile(path) as tif:
        tag = tif.pages[page].tags[code]
        order, offset, kind = tif.byteorder, tag.valueoffset, int(tag.dtype)
    pattern = {1: "B", 3: "H", 4: "I", 16: "Q"}[kind]
    raw = struct.pack(f"{order}{len(list(values))}{pattern}", *values)
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(raw)
    return path


# Hostile files: each maker takes a path, writes there, and returns it.


def truncated(path: Path) -> Path:
    """A sound scan that lost its last third in a copy; its directory survived."""
    write_tiff(path, codes(60, 50), rows=8)
    raw = path.read_bytes()
    path.write_bytes(raw[: 2 * len(raw) // 3])
    return path


def ifd_loop(path: Path) -> Path:
    """Two pages, the second of which points back to the first."""
    write_tiff(path, codes(8, 8))
    append_page(path, codes(8, 8, seed=2))
    with tifffile.TiffFile(path) as tif:
        first, second = (page.offset for page in tif.pages)
    raw = bytearray(path.read_bytes())
    (count,) = struct.unpack_from("<H", raw, second)
    struct.pack_into("<I", raw, second + 2 + 12 * count, first)
    path.write_bytes(raw)
    return path


def huge_declared(path: Path) -> Path:
    """A few bytes that claim to be 200,000 x 200,000 pixels."""
    write_tiff(path, codes(8, 8))
    patch_tag(path, 256, [200_000])
    return patch_tag(path, 257, [200_000])


def wrong_magic(path: Path) -> Path:
    """A text file with the wrong name."""
    path.write_bytes(b"This is not a scan, but a note about one.\n")
    return path


def zero_bytes(path: Path) -> Path:
    """What a full disk leaves behind."""
    path.write_bytes(b"")
    return path


def cmyk(path: Path) -> Path:
    """A prepress file."""
    return write_tiff(path, codes(8, 8, 4, 8), photometric="separated")


def lab(path: Path) -> Path:
    """CIE L*a*b* from an image editor."""
    return write_tiff(path, codes(8, 8, 3, 8), photometric="cielab")


def floating(path: Path) -> Path:
    """32-bit floating point."""
    return write_tiff(path, np.zeros((8, 8, 3), np.float32), photometric="float")


def bilevel(path: Path) -> Path:
    """A line-art scan of one bit."""
    return write_tiff(path, np.eye(16, dtype=bool), photometric="minisblack")


def integers32(path: Path) -> Path:
    """32-bit whole numbers."""
    return write_tiff(path, np.zeros((8, 8), np.uint32))


def signed16(path: Path) -> Path:
    """Signed 16-bit samples."""
    return write_tiff(path, np.zeros((8, 8), np.int16))


def twelve_bit(path: Path) -> Path:
    """A 12-bit scan, packed."""
    return write_tiff(path, codes(8, 8, 1) >> 4, bitspersample=12)


def ycbcr16(path: Path) -> Path:
    """YCbCr of 16 bits, for which TIFF 6.0 gives no ranges."""
    return write_tiff(path, codes(8, 8, 3, 16), photometric="ycbcr")


def no_pixels(path: Path) -> Path:
    """A directory without an image."""
    path.write_bytes(pack_tiff("<", [(305, 2, 5, b"none\0")]))
    return path


def only_thumbnail(path: Path) -> Path:
    """A file whose only picture says that it is a reduced version."""
    return write_tiff(path, codes(8, 8), subfiletype=1)


def overlapping_tags(path: Path) -> Path:
    """Two thousand tags whose values are all the same 60,000 bytes."""
    write_tiff(path, codes(8, 8))
    content = bytearray(path.read_bytes())
    (first,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, first)
    entries = bytes(content[first + 2 : first + 2 + 12 * count])
    content += bytes(60_000 + len(content) % 2)
    struct.pack_into("<I", content, 4, len(content))
    content += struct.pack("<H", count + 2000) + entries
    for code in range(40_000, 42_000):
        content += struct.pack("<HHII", code, 1, 60_000, 8)
    path.write_bytes(content + bytes(4))
    return path


def one_strip_for_all(path: Path) -> Path:
    """A thousand strips, each of which is the first one: 8 KiB of pixels in a file of 12."""
    write_tiff(path, codes(1000, 100, 1), rows=1)
    with tifffile.TiffFile(path) as tif:
        offsets = tif.pages[0].tags[273].value
    patch_tag(path, 273, [offsets[0]] * 1000)
    raw = path.read_bytes()
    with tifffile.TiffFile(path) as tif:
        last = max(tag.valueoffset + 4 * tag.count for tag in tif.pages[0].tags.values())
    path.write_bytes(raw[: max(last, offsets[0] + 200)])
    return path


HOSTILE: Mapping[str, tuple[Callable[[Path], Path], str]] = {
    "truncated": (truncated, "truncated"),
    "ifd_loop": (ifd_loop, "loop"),
    "huge_declared": (huge_declared, "at most 4000000000 pixels"),
    "overlapping_tags": (overlapping_tags, "tags that lie beside each other"),
    "wrong_magic": (wrong_magic, "expected a TIFF file"),
    "zero_bytes": (zero_bytes, "0 bytes"),
    "cmyk": (cmyk, "CMYK"),
    "lab": (lab, r"L\*a\*b\*"),
    "float": (floating, "float"),
    "bilevel": (bilevel, "bilevel"),
    "integers32": (integers32, "32 bits"),
    "signed16": (signed16, "signed"),
    "twelve_bit": (twelve_bit, "12 bits"),
    "ycbcr16": (ycbcr16, "YCbCr of 8 bits"),
    "no_pixels": (no_pixels, "a width and a height"),
    "only_thumbnail": (only_thumbnail, "reduced version"),
}
"""Name -> maker, and what the refusal must say (a regular expression)."""
