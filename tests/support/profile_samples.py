"""Profiles that the tests make beside the package's own, and colour differences between codes."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

import imagecodecs
import numpy as np
import numpy.typing as npt
from skimage.color import deltaE_ciede2000

from restoration.raster.colour.built_in_profiles import (
    adobe_rgb_profile,
    grey_gamma_profile,
    srgb_profile,
    wide_gamut_profile,
)
from restoration.raster.colour.icc import parse_profile
from restoration.raster.colour.matrix_profile import D50


def lut_profile(grid: int = 9, black: float = 0.0, crosstalk: float = 1.0) -> bytes:
    """A scanner profile that is a table towards Lab (lut16Type), with cross-talk of its filters.

    black: linear light of the darkest colour it knows; crosstalk: share of the usual one.
    """
    axis = np.linspace(0, 1, grid)
    linear = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1) ** 2.0
    bend = 0.06 * np.sin(np.pi * linear) * np.roll(linear, 1, -1) * (1 - linear)
    linear = linear + crosstalk * bend
    linear = black + (1.0 - black) * linear
    mix = np.array([[0.9, 0.06, 0.04], [0.05, 0.9, 0.05], [0.03, 0.07, 0.9]])
    mix = np.eye(3) + crosstalk * (mix - np.eye(3))
    primaries = np.array(
        [[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]]
    )
    to_xyz = primaries @ mix
    ratio = linear @ (to_xyz / to_xyz.sum(axis=1, keepdims=True)).T
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    lab = [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])]
    codes = np.stack([lab[0] / 100 * 65280, (lab[1] + 128) * 256, (lab[2] + 128) * 256], -1)
    table = np.clip(np.rint(codes), 0, 65535).astype(">u2").tobytes()
    ends = np.array([0, 65535], ">u2").tobytes()
    unit = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    lut = b"mft2" + bytes(4) + bytes([3, 3, grid, 0]) + unit + struct.pack(">HH", 2, 2)
    lut += ends * 3 + table + ends * 3
    tags = {b"A2B0": lut, b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)}
    head, body = struct.pack(">I", len(tags)), b""
    start = 132 + 12 * len(tags)
    for name, content in tags.items():
        head += struct.pack(">4sII", name, start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    white = struct.pack(">3i", 63190, 65536, 54061)
    kinds = struct.pack(">4sI4s4s4s", bytes(4), 0x02400000, b"scnr", b"RGB ", b"Lab ")
    header = struct.pack(">I", start + len(body)) + kinds + bytes(12) + b"acsp" + bytes(28) + white
    return header.ljust(128, b"\0") + head + body


def retagged(profile: bytes, at: int, raw: bytes) -> bytes:
    """The profile with other bytes at one place."""
    return profile[:at] + raw + profile[at + len(raw) :]


KINDS: Mapping[str, tuple[Callable[[], bytes | None], int]] = {
    "sRGB": (srgb_profile, 3),
    "Adobe RGB": (adobe_rgb_profile, 3),
    "wide gamut matrix": (wide_gamut_profile, 3),
    "table": (lut_profile, 3),
    "grey gamma 2.2": (grey_gamma_profile, 1),
    "none, RGB": (lambda: None, 3),
    "none, grey": (lambda: None, 1),
}
"""What a scan may carry: the profile's maker, and channels."""


def colour_cube(channels: int, steps: int = 25) -> npt.NDArray[np.uint16]:
    """16-bit codes (rows, columns, channels) over the whole device space; every code of grey."""
    if channels == 1:
        return np.arange(65536, dtype=np.uint16).reshape(256, 256, 1)
    axis = np.rint(np.linspace(0, 65535, steps)).astype(np.uint16)
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(steps, -1, 3)


def by_the_book(
    source: bytes, target: bytes, codes: npt.NDArray[np.uint16]
) -> npt.NDArray[np.float64]:
    """float64 codes between two matrix profiles: curve, matrices, inverse curve by bisection."""
    one, other = parse_profile(source), parse_profile(target)
    linear = one.curve("rTRC")(codes.reshape(-1, 3) / 65535.0)
    wanted = linear @ one.colourants().T @ np.linalg.inv(other.colourants()).T
    low, high = np.zeros_like(wanted), np.ones_like(wanted)
    curve = other.curve("rTRC")
    for _ in range(40):
        middle = (low + high) / 2.0
        above = curve(middle) > wanted
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return ((low + high) / 2.0 * 65535.0).reshape(codes.shape)


def lab(profile: bytes | None, codes: npt.NDArray[np.uint16]) -> npt.NDArray[np.float64]:
    """CIE L*a*b* (D50) of codes, by LittleCMS in float: none of our own code is asked."""
    channels = codes.shape[-1]
    if profile is None:
        profile, codes = srgb_profile(), np.repeat(codes, 4 - channels, -1)[..., :3]
        channels = 3
    values = (codes.reshape(1, -1, channels) / 65535).astype(np.float32)
    xyz = imagecodecs.cms_transform(
        values if channels == 3 else values[..., 0],
        profile,
        imagecodecs.cms_profile("xyz"),
        colorspace="RGB" if channels == 3 else "gray",
        outcolorspace="XYZ",
        outdtype="float32",
        intent=1,
        flags=0x0100 | 0x0040,
    )[0]
    ratio = np.asarray(xyz, np.float64) / np.array(D50)
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.stack(
        [116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=-1
    )


def differences(
    profile: bytes | None, before: npt.NDArray[np.uint16], after: npt.NDArray[np.uint16]
) -> npt.NDArray[np.float64]:
    """CIEDE2000 of each pixel between two arrays of codes of one profile."""
    return np.asarray(deltaE_ciede2000(lab(profile, before), lab(profile, after)), np.float64)
