"""What kind of picture a TIFF page is, and which kinds are carried.

Everything is read from tags: depth, photometric interpretation, compression. A kind that cannot be
carried exactly is refused here, before anybody asks where its pixels lie.
Sources: TIFF 6.0 (Adobe, 1992); TIFF Technical Notes 1 and 2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import tifffile

from restoration.errors import ScanError
from restoration.raster.colour.icc import profile_description
from restoration.raster.tiff.bytestreams import STREAMS
from restoration.raster.tiff.tags import Directory, TiffTags, expected_found
from restoration.raster.tiff.ycbcr import read_subsampling, read_ycbcr

PHOTOMETRIC = {
    0: "grey, min-is-white",
    1: "grey",
    2: "RGB",
    3: "palette",
    4: "a transparency mask",
    5: "CMYK",
    6: "YCbCr",
    8: "CIE L*a*b*",
    9: "ICC L*a*b*",
    10: "ITU L*a*b*",
    32803: "a colour filter array",
    32844: "LogL",
    32845: "LogLuv",
    34892: "linear raw",
}
SAMPLE_FORMAT = {1: "unsigned", 2: "signed", 3: "float", 4: "unsigned", 5: "complex", 6: "complex"}
PREDICTED = frozenset({5, 8, 32946, 34925, 34926, 50000})
"""Compressions with which readers agree on the predictor tag: LZW, Deflate, LZMA, ZSTD."""

JPEG = frozenset({7, 33007})
JPEG2000 = frozenset({33003, 33004, 33005, 34712})
REFUSED = {
    2: "CCITT", 3: "CCITT", 4: "CCITT", 6: "old-style JPEG", 34661: "JBIG", 34892: "lossy DNG",
    48124: "Jetraw", 65000: "EER", 65001: "EER", 65002: "EER",
}  # fmt: skip
"""Compressions of bilevel pictures and other instruments, or without a sound definition."""

SCALES = {2: 85, 4: 17, 8: 1, 16: 1}
"""Bits of a stored sample -> the factor that brings it to 8 bits, or leaves it at 16: exact."""

CONVERT = "convert it to 8- or 16-bit grey or RGB with its profile, and name that file instead"


class UnsupportedPageError(ScanError):
    """A kind of picture that is not carried, however sound its file is."""


def unsupported(
    where: str, expected: str, found: str, remedy: str = CONVERT
) -> UnsupportedPageError:
    """The refusal of a kind of picture, in one line."""
    return UnsupportedPageError(str(expected_found(where, expected, found, remedy)))


def compression_name(code: int) -> str:
    """Name of a compression in lower case, or its number where it is not known."""
    try:
        return str(tifffile.COMPRESSION(code).name).lower()
    except ValueError:
        return str(code)


@dataclass(frozen=True)
class PictureKind:
    """What kind of picture a page is, before anybody asks where its pixels lie."""

    photometric: int
    compression: int
    bits: int
    samples: int
    colours: int
    predictor: int
    fill_order: int
    separate: bool
    subsampling: tuple[int, int]
    notes: tuple[str, ...]


def read_kind(tags: TiffTags, directory: Directory, where: str) -> PictureKind:
    """The kind of one page; raises UnsupportedPageError for those that cannot be carried exactly.

    ``where`` names file and page in the messages.
    """
    if 256 not in directory.entries and 257 not in directory.entries:
        remedy = "restore it from a copy"
        raise unsupported(where, "a width and a height", "a directory without a picture", remedy)
    photometric, compression = _photometric(tags, directory, where)
    bits = _bits(tags, directory, where, compression)
    samples = tags.number(directory, 277, 1) or 1
    colours = 3 if photometric in (2, 6) else 1
    if samples < colours or samples > 64:
        raise unsupported(where, f"{colours} to 64 samples per pixel", str(samples))
    notes: list[str] = []
    predictor, fill_order = _predictor(tags, directory, where, compression, bits, notes)
    planar = tags.number(directory, 284, 1)
    if planar not in (1, 2):
        raise unsupported(where, "PlanarConfiguration 1 or 2", str(planar))
    kind = PictureKind(
        photometric=photometric,
        compression=compression,
        bits=bits,
        samples=samples,
        colours=colours,
        predictor=predictor,
        fill_order=fill_order,
        separate=planar == 2 and samples > 1,
        subsampling=(1, 1),
        notes=tuple(notes),
    )
    return kind if photometric != 6 else _chroma(kind, tags, directory, where)


def _chroma(kind: PictureKind, tags: TiffTags, directory: Directory, where: str) -> PictureKind:
    """The kind of a YCbCr page, whose samples may be fewer than its pixels."""
    if kind.samples != 3:
        raise unsupported(where, "YCbCr with 3 samples", str(kind.samples))
    if kind.compression in JPEG:
        return kind  # its data says it
    if kind.bits != 8:
        raise unsupported(where, "YCbCr of 8 bits", f"{kind.bits} bits")
    subsampling = read_subsampling(tags, directory, where)
    if subsampling != (1, 1) and (kind.separate or kind.predictor != 1):
        found = "planes of their own" if kind.separate else "a predictor"
        raise unsupported(where, "subsampled YCbCr as plain blocks", f"it with {found}")
    read_ycbcr(tags, directory, where)
    return replace(kind, subsampling=subsampling)


def _photometric(tags: TiffTags, directory: Directory, where: str) -> tuple[int, int]:
    photometric = tags.number(directory, 262)
    compression = tags.number(directory, 259, 1) or 1
    if photometric is None:
        raise unsupported(where, "a PhotometricInterpretation tag", "none")
    if photometric not in (0, 1, 2, 3, 6):
        name = PHOTOMETRIC.get(photometric, "an unknown photometric")
        found = f"{name} (photometric {photometric}{_profile_name(tags, directory)})"
        raise unsupported(where, "grey or RGB", found)
    if compression in JPEG and photometric == 3:
        raise unsupported(where, "palette indices without loss", "JPEG")
    if photometric == 6 and compression not in JPEG and compression not in STREAMS:
        found = f"YCbCr with compression {compression}"
        raise unsupported(where, "grey or RGB, or YCbCr inside JPEG", found)
    return photometric, compression


def _profile_name(tags: TiffTags, directory: Directory) -> str:
    """The name of the profile, for a refusal: whoever converts the file needs it."""
    entry = directory.entries.get(34675)
    if entry is None or entry.size > tags.limits.max_tag_bytes:
        return ", no ICC profile"
    return f", ICC profile '{profile_description(tags.raw(entry))}'"


def _bits(tags: TiffTags, directory: Directory, where: str, compression: int) -> int:
    entry = directory.entries.get(258)
    depths = sorted({int(b) for b in tags.integers(entry)}) if entry and entry.count else [1]
    formats = directory.entries.get(339)
    kinds = {int(f) for f in tags.integers(formats)} if formats and formats.count else {1}
    names = {SAMPLE_FORMAT.get(kind, f"unknown (SampleFormat {kind})") for kind in kinds}
    found = " and ".join(str(depth) for depth in depths)
    if names != {"unsigned"}:
        found = f"{found}-bit {' and '.join(sorted(names))} samples"
        raise unsupported(where, "unsigned 8- or 16-bit samples", found)
    if depths not in ([2], [4], [8], [16]):
        found = "bilevel (1 bit)" if depths == [1] else f"{found} bits"
        raise unsupported(where, "2, 4, 8 or 16 bits per sample", found)
    known = compression in STREAMS or compression in tifffile.TIFF.DECOMPRESSORS
    if compression in REFUSED or not known:
        remedy = "save it without compression, or with LZW or Deflate"
        expected = "a compression that is defined for grey and RGB pictures"
        found = REFUSED.get(compression, compression_name(compression))
        raise unsupported(where, expected, found, remedy)
    if depths[0] < 8 and compression not in STREAMS:
        found = f"{depths[0]} bits with compression {compression}"
        raise unsupported(where, "8 or 16 bits per sample", found)
    return depths[0]


def _predictor(
    tags: TiffTags,
    directory: Directory,
    where: str,
    compression: int,
    bits: int,
    notes: list[str],
) -> tuple[int, int]:
    predictor = tags.number(directory, 317, 1)
    fill_order = tags.number(directory, 266, 1)
    if fill_order not in (1, 2):
        raise unsupported(where, "FillOrder 1 or 2", str(fill_order))
    if predictor != 1 and compression == 1:
        # As libtiff does: without compression the predictor means nothing.
        notes.append("a predictor is declared without compression; it is ignored")
        return 1, fill_order
    known = predictor == 1 or (predictor == 2 and compression in PREDICTED and bits >= 8)
    if not known:
        found = f"predictor {predictor} with compression {compression} at {bits} bits"
        raise unsupported(where, "no predictor or the horizontal one", found)
    assert predictor is not None
    return predictor, fill_order
