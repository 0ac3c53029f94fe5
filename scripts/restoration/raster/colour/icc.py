"""Reading ICC profiles: header, tags and tone curves, as far as exact colour math needs them.

Source: ICC.1:2001-04 (version 2) and ICC.1:2022 (version 4). A profile comes out of somebody's
file, so every count and offset is checked against the bytes that are there.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from restoration.raster.base import Floats

Curve = Callable[[Floats], Floats]
"""Encoded values in [0, 1] to linear ones, both float64."""

MAX_TAGS = 256
MAX_CURVE_NODES = 65_536
"""A curve of uint16 nodes gains nothing beyond one node per 16-bit code."""

MAX_OVERLAP = 4
"""Tags may share their bytes, as three equal curves do; where those that begin or end at places
of their own hold more than this many times the profile, it is made to fill the memory."""

DEVICE_CLASSES = frozenset({"scnr", "mntr", "prtr", "spac"})
"""Profiles that say what the values of a picture mean. Device links, abstract and named-colour
profiles do not (ICC.1:2022, 7.2.8)."""


class ProfileError(ValueError):
    """The profile cannot be used; the text says why."""


@dataclass(frozen=True)
class IccProfile:
    """Header fields and the raw tags of a profile."""

    space: str
    """Colour space of the device values: 'RGB', 'GRAY', 'CMYK', ..."""
    pcs: str
    """Profile connection space: 'XYZ' or 'Lab'."""
    device_class: str
    """'scnr', 'mntr', 'prtr', 'spac', 'link', ..."""
    version: int
    tags: dict[str, bytes]

    @property
    def description(self) -> str:
        """The profile's own name, or '' where it states none that can be read."""
        return _text(self.tags.get("desc", b""))

    def require_space(self, channels: int) -> None:
        """Raises ProfileError unless it describes the values of pictures of 1 or 3 channels."""
        expected = "GRAY" if channels == 1 else "RGB"
        if self.space != expected:
            raise ProfileError(f"it is for {self.space or 'nothing'}, the image is {expected}")
        if self.device_class not in DEVICE_CLASSES:
            kind = {"link": "a device link", "abst": "abstract", "nmcl": "of named colours"}
            raise ProfileError(f"it is {kind.get(self.device_class, 'of no class of devices')}")
        if self.pcs not in ("XYZ", "Lab"):
            raise ProfileError(f"connection space {self.pcs!r}")

    @property
    def has_matrix(self) -> bool:
        """True where three colourants and three tone curves define the profile."""
        return all(f"{c}{kind}" in self.tags for c in "rgb" for kind in ("XYZ", "TRC"))

    @property
    def has_lut(self) -> bool:
        """True where a multidimensional table towards the connection space is present."""
        return any(name in self.tags for name in ("A2B0", "A2B1", "A2B2", "D2B0", "D2B1"))

    def colourants(self) -> Floats:
        """float64 (3, 3): columns are the D50 XYZ of red, green and blue. Raises ProfileError."""
        return np.array([_xyz(self.tags[f"{c}XYZ"]) for c in "rgb"], np.float64).T

    def curve(self, name: str) -> Curve:
        """The tone curve in tag ``name``. Raises ProfileError."""
        return _curve(self.tags[name])


def parse_profile(data: bytes) -> IccProfile:
    """The profile in ``data``. Raises ProfileError where it is truncated or not a profile."""
    if len(data) < 132 or data[36:40] != b"acsp":
        raise ProfileError("no ICC header")
    declared, count = struct.unpack(">I", data[:4])[0], struct.unpack(">I", data[128:132])[0]
    if declared > len(data):
        raise ProfileError(f"truncated: {declared} bytes declared, {len(data)} present")
    if not 0 < count <= MAX_TAGS or 132 + 12 * count > len(data):
        raise ProfileError(f"tag table of {count} entries")
    tags = _tags(data, count)
    return IccProfile(
        space=_signature(data[16:20]),
        pcs=_signature(data[20:24]),
        device_class=_signature(data[12:16]),
        version=data[8],
        tags=tags,
    )


def _tags(data: bytes, count: int) -> dict[str, bytes]:
    tags: dict[str, bytes] = {}
    places: dict[tuple[int, int], bytes] = {}
    held = 0
    for index in range(count):
        raw, offset, size = struct.unpack_from(">4sII", data, 132 + 12 * index)
        name, place = _signature(raw), (offset, size)
        if offset + size > len(data):
            raise ProfileError(f"tag {name} lies outside the profile")
        if name in tags:
            raise ProfileError(f"tag {name} occurs twice")
        if place not in places:
            held += size
            if held > MAX_OVERLAP * len(data):
                raise ProfileError("its tags overlap")
            places[place] = data[offset : offset + size]
        tags[name] = places[place]
    return tags


def profile_description(data: bytes | None) -> str:
    """The profile's own name for people; 'unnamed' or 'unreadable' where it has none."""
    if not data:
        return "none"
    try:
        return parse_profile(data).description or "unnamed"
    except ProfileError:
        return "unreadable"


def _signature(raw: bytes) -> str:
    return raw.decode("latin-1").strip(" \0")


def _text(tag: bytes) -> str:
    """Text of a version 2 'desc' or a version 4 'mluc' tag (its first record)."""
    if len(tag) < 12:
        return ""
    if tag[:4] == b"desc":
        length = struct.unpack(">I", tag[8:12])[0]
        return _printable(tag[12 : 12 + min(length, 1024)].decode("latin-1"))
    if tag[:4] == b"mluc" and len(tag) >= 28:
        length, offset = struct.unpack(">II", tag[20:28])
        return _printable(tag[offset : offset + min(length, 2048)].decode("utf-16-be", "replace"))
    return ""


def _printable(text: str) -> str:
    return "".join(c for c in text.split("\0", maxsplit=1)[0] if c.isprintable()).strip()


def _s15fixed16(raw: bytes, count: int) -> Floats:
    if len(raw) < 4 * count:
        raise ProfileError("a number array is cut short")
    return np.frombuffer(raw[: 4 * count], ">i4").astype(np.float64) / 65536.0


def _xyz(tag: bytes) -> Floats:
    if tag[:4] != b"XYZ ":
        raise ProfileError("a colourant is not of type XYZ")
    return _s15fixed16(tag[8:], 3)


def _curve(tag: bytes) -> Curve:
    kind = tag[:4]
    if len(tag) < 12:
        raise ProfileError("a tone curve is cut short")
    if kind == b"curv":
        return _sampled_curve(tag)
    if kind == b"para":
        return _parametric_curve(tag)
    raise ProfileError(f"tone curve of unknown type {_signature(kind)!r}")


def _sampled_curve(tag: bytes) -> Curve:
    count = struct.unpack(">I", tag[8:12])[0]
    if count == 0:
        return lambda x: x
    if count > MAX_CURVE_NODES or len(tag) < 12 + 2 * count:
        raise ProfileError(f"tone curve of {count} nodes in {len(tag)} bytes")
    raw = np.frombuffer(tag[12 : 12 + 2 * count], ">u2").astype(np.float64)
    if count == 1:
        return _power(float(raw[0]) / 256.0)
    nodes = np.linspace(0.0, 1.0, count)
    return lambda x: np.interp(x, nodes, raw / 65535.0)


def _power(gamma: float) -> Curve:
    if not 0.05 <= gamma <= 20.0:
        raise ProfileError(f"tone curve with exponent {gamma:g}")
    return lambda x: np.power(x, gamma)


def _parametric_curve(tag: bytes) -> Curve:
    """Parametric curve types 0 to 4 (ICC.1:2022, table 68)."""
    kind = struct.unpack(">H", tag[8:10])[0]
    if kind > 4:
        raise ProfileError(f"parametric tone curve of type {kind}")
    values = _s15fixed16(tag[12:], (1, 3, 4, 5, 7)[kind]).tolist()
    g = values[0]
    power = _power(g)
    if kind == 0:
        return power
    a, b = values[1:3]
    if a <= 0:
        raise ProfileError(f"parametric tone curve with a = {a:g}")
    # In types 1 and 2 the lower part is the constant c; in 3 and 4 it is the line c x + f.
    c = values[3] if kind > 1 else 0.0
    start = values[4] if kind > 2 else -b / a
    slope, low = (c, values[6] if kind == 4 else 0.0) if kind > 2 else (0.0, c)
    high = values[5] if kind == 4 else (c if kind == 2 else 0.0)

    def curve(x: Floats) -> Floats:
        upper = power(np.maximum(a * x + b, 0.0)) + high
        return np.where(x >= start, upper, slope * x + low)

    return curve
