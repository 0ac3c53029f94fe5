"""ICC profiles that we make ourselves: matrix and grey profiles, byte for byte reproducible.

Version 2.4 (ICC.1:2001-04), which every reader knows. White and primaries are adapted to D50
with the linear Bradford transform, as the specification recommends.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cache

import numpy as np

from restoration.raster.base import Floats

D65 = (0.3127, 0.3290)
"""Chromaticity of the white of sRGB and Adobe RGB (1998)."""

D50 = (63190 / 65536, 1.0, 54061 / 65536)
"""The profile connection space's white, in the s15Fixed16 numbers of the specification."""

SRGB_PRIMARIES = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
"""IEC 61966-2-1."""

ADOBE_RGB_PRIMARIES = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
"""Adobe RGB (1998) Color Image Encoding, version 2005-05, section 4.3.1."""

WIDE_GAMUT_PRIMARIES = ((0.7347, 0.2653), (0.1152, 0.8264), (0.1566, 0.0177))
"""Adobe Wide Gamut RGB: the spectral colours of 700, 525 and 450 nm, under D50."""

ADOBE_GAMMA = 563 / 256
"""Adobe RGB (1998) section 4.3.4; exact in the u8Fixed8 number of a curve tag."""

_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)

Chromaticity = tuple[float, float]


@cache
def srgb_profile() -> bytes:
    """sRGB (IEC 61966-2-1), its tone curve sampled at 4096 nodes."""
    return _matrix_profile("sRGB IEC61966-2.1 compatible", SRGB_PRIMARIES, D65, _srgb_curve())


@cache
def grey_srgb_profile() -> bytes:
    """Grey with the tone curve of sRGB."""
    return _grey_profile("Grey with the sRGB tone curve", _srgb_curve())


@cache
def adobe_rgb_profile() -> bytes:
    """Adobe RGB (1998): its primaries, D65, gamma 563/256."""
    name = "Adobe RGB (1998) compatible"
    return _matrix_profile(name, ADOBE_RGB_PRIMARIES, D65, _gamma_curve(ADOBE_GAMMA))


@cache
def wide_gamut_profile() -> bytes:
    """Adobe Wide Gamut RGB: spectral primaries, D50, gamma 563/256."""
    white = (0.3457, 0.3585)
    name = "Wide Gamut RGB compatible"
    return _matrix_profile(name, WIDE_GAMUT_PRIMARIES, white, _gamma_curve(ADOBE_GAMMA))


@cache
def grey_gamma_profile(gamma: float = 2.2) -> bytes:
    """Grey with a power curve; the exponent is rounded to 1/256."""
    return _grey_profile(f"Grey gamma {gamma:g}", _gamma_curve(gamma))


def _grey_profile(name: str, curve: bytes) -> bytes:
    tags = {
        "desc": _description(name),
        "cprt": _text("No copyright, use freely"),
        "wtpt": _xyz(D50),
        "kTRC": curve,
    }
    return _profile(b"GRAY", tags)


def _matrix_profile(
    name: str, primaries: Sequence[Chromaticity], white: Chromaticity, curve: bytes
) -> bytes:
    colorants = _colorants(primaries, white)
    tags = {
        "desc": _description(name),
        "cprt": _text("No copyright, use freely"),
        "wtpt": _xyz(D50),
        "rXYZ": _xyz(colorants[:, 0]),
        "gXYZ": _xyz(colorants[:, 1]),
        "bXYZ": _xyz(colorants[:, 2]),
        "rTRC": curve,
        "gTRC": curve,
        "bTRC": curve,
    }
    return _profile(b"RGB ", tags)


def _colorants(primaries: Sequence[Chromaticity], white: Chromaticity) -> Floats:
    """float64 (3, 3): XYZ under D50 of red, green and blue, one a column.

    Rounded to s15Fixed16 so that the three add up to D50 exactly: neutral stays neutral.
    """
    xyz = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in primaries]).T
    source = np.array([white[0] / white[1], 1.0, (1 - white[0] - white[1]) / white[1]])
    matrix = xyz * np.linalg.solve(xyz, source)
    cones = (_BRADFORD @ np.array(D50)) / (_BRADFORD @ source)
    adapted = np.linalg.inv(_BRADFORD) @ np.diag(cones) @ _BRADFORD @ matrix
    fixed: Floats = np.rint(adapted * 65536) / 65536
    for row in range(3):
        # The rounding error, at most 1.5/65536, goes where it is smallest in proportion.
        largest = int(np.argmax(fixed[row]))
        fixed[row, largest] += D50[row] - fixed[row].sum()
    return fixed


def _profile(space: bytes, tags: dict[str, bytes]) -> bytes:
    """Header (128 bytes), tag table and tag data; equal data is stored once."""
    start = 128 + 4 + 12 * len(tags)
    table, data = struct.pack(">I", len(tags)), b""
    places: dict[bytes, int] = {}
    for name, content in tags.items():
        if content not in places:
            places[content] = start + len(data)
            data += content + bytes(-len(content) % 4)
        table += struct.pack(">4sII", name.encode(), places[content], len(content))
    header = struct.pack(
        ">I4sI4s4s4s6H4s4sI4s4sQI3i4s44x",
        start + len(data),
        b"\0\0\0\0",
        0x02400000,
        b"mntr",
        space,
        b"XYZ ",
        *(2024, 1, 1, 0, 0, 0),  # a fixed date: the same bytes every time
        b"acsp",
        b"\0\0\0\0",
        0,
        b"\0\0\0\0",
        b"\0\0\0\0",
        0,
        0,
        *(_fixed(value) for value in D50),
        b"\0\0\0\0",
    )
    return header + table + data


def _fixed(value: float) -> int:
    return round(value * 65536)


def _xyz(values: Sequence[float] | Floats) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(_fixed(float(value)) for value in values))


def _curve(nodes: Sequence[int]) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(f">I{len(nodes)}H", len(nodes), *nodes)


def _gamma_curve(gamma: float) -> bytes:
    """A curve of one entry is an exponent in u8Fixed8 (ICC.1:2001-04 section 6.5.3)."""
    return _curve([round(gamma * 256)])


def _srgb_curve() -> bytes:
    encoded = np.linspace(0.0, 1.0, 4096)
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return _curve(np.rint(linear * 65535).astype(int).tolist())


def _text(text: str) -> bytes:
    return b"text\0\0\0\0" + text.encode("ascii") + b"\0"


def _description(text: str) -> bytes:
    """textDescriptionType: ASCII, then an empty Unicode and an empty Macintosh name."""
    plain = text.encode("ascii") + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(plain)) + plain + bytes(4 + 4 + 2 + 1 + 67)
