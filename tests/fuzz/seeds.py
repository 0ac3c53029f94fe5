"""Sound files that the mutations start from, made on the spot: every kind of TIFF that we take."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import imagecodecs
import numpy as np
import tifffile

import metadata_tools
from support import corpus
from support.profile_samples import lut_profile

IPTC = corpus.iptc_block({(2, 5): "Marktplatz", (2, 25): ["market", "1934"], (2, 80): "Unbekannt"})
HEIGHT, WIDTH = 40, 56

Maker = Callable[[Path], Path]


def _plain(**options: object) -> Maker:
    channels, bits = int(str(options.pop("channels", 3))), int(str(options.pop("bits", 16)))
    pixels = corpus.codes(HEIGHT, WIDTH, channels, bits)
    return lambda path: corpus.write_tiff(path, pixels, **options)


def _smooth(**options: object) -> Maker:
    channels = int(str(options.pop("channels", 3)))
    pixels = corpus.smooth(64, 96, channels, 8)
    return lambda path: corpus.write_tiff(path, pixels, **options)


def _described(path: Path) -> Path:
    return corpus.write_tiff(
        path,
        corpus.codes(HEIGHT, WIDTH),
        icc=corpus.adobe_rgb_profile(),
        orientation=3,
        software="VueScan 9 x64 (9.8.32)",
        description="Box 12, 0034",
        exif={**corpus.EXIF, 37500: b"maker's own notes" * 4},
        xmp=corpus.XMP,
        iptc=IPTC,
        rows=8,
    )


def _big_described(path: Path) -> Path:
    options = {"exif": corpus.EXIF, "xmp": corpus.XMP, "iptc": IPTC, "icc": lut_profile(4)}
    return corpus.write_tiff(
        path, corpus.codes(HEIGHT, WIDTH), big=True, byteorder=">", tile=(16, 16), **options
    )


def _metadata(order: str, *, big: bool = False) -> Maker:
    page = metadata_tools.full_page(order)
    return lambda path: metadata_tools.write_master(path, order, [page, page], big=big)


def _pages(path: Path) -> Path:
    corpus.write_tiff(path, corpus.codes(HEIGHT, WIDTH), icc=corpus.srgb_profile())
    corpus.append_page(path, corpus.codes(10, 12, 1, 8), subfiletype=1)
    corpus.append_page(path, corpus.codes(30, 20, 1, 8), icc=corpus.grey_gamma_profile())
    return corpus.append_page(path, corpus.codes(24, 30), compression="deflate", rows=8)


def _sub_directories(path: Path) -> Path:
    pixels = corpus.codes(HEIGHT, WIDTH)
    with tifffile.TiffWriter(path) as writer:
        writer.write(pixels, photometric="rgb", subifds=2, metadata=None, resolution=(600, 600))
        writer.write(pixels[::2, ::2], photometric="rgb", subfiletype=1, metadata=None)
        writer.write(pixels[::4, ::4], photometric="rgb", subfiletype=1, metadata=None)
    return path


def _palette(path: Path) -> Path:
    colours = np.random.default_rng(3).integers(0, 65536, (256, 3)).astype(np.uint16)
    pixels = corpus.codes(HEIGHT, WIDTH, 1, 8)
    return corpus.write_tiff(path, pixels, photometric="palette", colours=colours)


def _photograph(path: Path) -> Path:
    pixels = corpus.photo("astronaut", 0, 128, 256, 256)
    return corpus.write_tiff(path, pixels, icc=corpus.srgb_profile(), ppi=600.0, rows=64)


def _ccitt(path: Path) -> Path:
    return corpus.write_raw(
        path,
        {256: [16], 257: [16], 258: [1], 259: [4], 262: [0], 277: [1], 278: [16]},
        b"\x26\xa0\x80\x08\x00\x10\x01" * 4,
    )


def _packed(path: Path) -> Path:
    """Grey of 4 bits, the last strip filled up."""
    pieces = [zlib.compress(np.random.default_rng(k).bytes(16 * 10)) for k in range(3)]
    fields = {256: [20], 257: [40], 258: [4], 259: [8], 262: [0], 278: [16]}
    return corpus.write_pieces(path, fields, pieces, order=">")


def _chroma(path: Path) -> Path:
    """YCbCr of blocks of 2 x 2, outside JPEG, with its own ranges."""
    pieces = [bytes(imagecodecs.lzw_encode(bytes(range(240)))) for _ in range(3)]
    fields = {
        256: [20], 257: [40], 258: [8] * 3, 259: [5], 262: [6], 277: [3], 278: [16],
        529: [(299, 1000), (587, 1000), (114, 1000)], 530: [2, 2],
        532: [(16, 1), (235, 1), (128, 1), (240, 1), (128, 1), (240, 1)],
    }  # fmt: skip
    return corpus.write_pieces(path, fields, pieces)


def _infrared_page(path: Path) -> Path:
    corpus.write_tiff(path, corpus.codes(40, 48), software="SilverFast 8.8", rows=8)
    corpus.append_page(path, corpus.codes(40, 48, 1), subfiletype=1, software="SilverFast 8.8")
    corpus.append_page(path, np.eye(16, dtype=bool))
    return corpus.patch_tag(path, 254, [4], page=1)


MAKERS: Mapping[str, Maker] = {
    "metadata": _metadata("<"),
    "metadata-big-endian": _metadata(">"),
    "metadata-bigtiff": _metadata(">", big=True),
    "rgb16": _plain(icc=corpus.adobe_rgb_profile()),
    "rgb8-big-endian": _plain(bits=8, byteorder=">", rows=7),
    "grey16": _plain(channels=1, icc=corpus.grey_gamma_profile(), rows=9),
    "grey8-white": _plain(channels=1, bits=8, photometric="miniswhite"),
    "lzw": _plain(compression="lzw", predictor=True, rows=8),
    "deflate-tiled": _plain(compression="deflate", predictor=True, tile=(16, 32)),
    "zstd-tiled": _plain(compression="zstd", tile=(32, 16)),
    "lzma": _plain(compression="lzma", rows=16),
    "packbits": _plain(bits=8, compression="packbits", rows=8),
    "planar": _plain(planar=True, compression="lzw", rows=8),
    "planar-big": _plain(planar=True, big=True),
    "alpha": _plain(channels=4, extra=["alpha"]),
    "infrared": _plain(channels=4, extra=["unspecified"], software="SilverFast HDRi", rows=8),
    "jpeg": _smooth(compression="jpeg", level={"level": 90}, rows=16),
    "jpeg-tiled": _smooth(compression="jpeg", level={"level": 80}, tile=(32, 32)),
    "jpeg-grey": _smooth(channels=1, compression="jpeg", level={"level": 80}, rows=16),
    "jpeg2000": _smooth(compression="jpeg2000", level={"level": 0}, tile=(32, 32)),
    "webp": _smooth(compression="webp", level={"lossless": True}, tile=(32, 32)),
    "png": _smooth(compression="png", tile=(32, 32)),
    "jpegxl": _smooth(compression="jpegxl", level={"lossless": True}, tile=(32, 32)),
    "lerc": _smooth(compression="lerc", tile=(32, 32)),
    "jpegxr": _smooth(compression="jpegxr", tile=(32, 32)),
    "ccitt": _ccitt,
    "palette": _palette,
    "pages": _pages,
    "packed": _packed,
    "chroma": _chroma,
    "infrared-page": _infrared_page,
    "subdirectories": _sub_directories,
    "described": _described,
    "big-described": _big_described,
    "photograph": _photograph,
}


@cache
def tiffs() -> Mapping[str, bytes]:
    """Every seed by name; where a codec is missing on this machine, without it."""
    found = {}
    with TemporaryDirectory() as folder:
        for name, make in MAKERS.items():
            try:
                found[name] = make(Path(folder) / f"{name}.tif").read_bytes()
            except (ImportError, ValueError, RuntimeError):
                continue
    return found
