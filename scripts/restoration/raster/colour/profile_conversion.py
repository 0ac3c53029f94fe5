"""Converting the rows of a page from one ICC profile to another, exactly and once.

LittleCMS does it, in float32, by imagecodecs. Two things keep it exact. It must not resample the
way into a table of 16-bit codes, as it does for 16-bit values by default (errors of 5,400 of 65535
there and back between sRGB and Adobe RGB). And it reads tone curves of 16-bit nodes in 16-bit
arithmetic, in float as well (errors of 15 to 30 codes in the darks); so the curves of matrix and
grey profiles are computed here, in float64, and LittleCMS gets the same profile with straight
curves: matrices, adaptation, intent and black points are its work. Straight curves have no ends
either, so that what lies outside the new space can be counted before it is clipped.
"""

from __future__ import annotations

import struct
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import imagecodecs
import numpy as np
import numpy.typing as npt

from restoration.raster.base import UInt16Image
from restoration.raster.colour.icc import IccProfile, ProfileError, parse_profile
from restoration.raster.colour.tone_curve import STEPS, ToneCurve

Intent = Literal["perceptual", "relative", "saturation", "absolute"]

INTENTS: dict[Intent, int] = {"perceptual": 0, "relative": 1, "saturation": 2, "absolute": 3}
"""ICC.1:2022, 7.2.15."""

EXACT = 0x0100 | 0x0040
"""cmsFLAGS_NOOPTIMIZE: no resampling. NOCACHE: each pixel for itself, whatever its neighbours."""

BLACK_POINT_COMPENSATION = 0x2000

PIECE = 1 << 16
"""Pixels that one thread converts at a time; what a pixel becomes does not depend on it."""

CHUNK = 1 << 13
"""Pixels whose tone curve is computed at a time, so that they stay in the processor's cache."""

WORKERS = 2
"""LittleCMS works without Python's interpreter lock."""

RISING = 1e-9
"""Least slope of a tone curve: next to nothing, so that flat parts have an inverse, too."""

OUTSIDE = 1.0 / 4096.0
"""Linear light beyond black or white that counts as clipped. Less is the rounding of a profile's
numbers; it is below one 8-bit code of sRGB even in the darks."""


def compensates(intent: Intent) -> bool:
    """Whether black points are mapped to each other; the absolute intent keeps them apart."""
    return intent != "absolute"


@dataclass(frozen=True)
class _Side:
    """A profile as LittleCMS is given it, with the tone curves that are computed here."""

    data: bytes
    curves: tuple[ToneCurve, ...] | None
    """One for each channel; None where the profile is left to LittleCMS altogether."""


class ProfileConversion:
    """From the values of one profile to those of another, for pictures of 1 or 3 channels."""

    def __init__(self, source: bytes, target: bytes, channels: int, intent: Intent) -> None:
        """Raises ProfileError where one of the two cannot be used for such a picture."""
        self._source = _side(source, channels, intent, "A2B", "D2B")
        self._target = _side(target, channels, intent, "B2A", "B2D")
        self._space = "gray" if channels == 1 else "rgb"
        self._intent = INTENTS[intent]
        self._flags = EXACT | (BLACK_POINT_COMPENSATION if compensates(intent) else 0)
        self._tables = None if self._source.curves is None else _tables(self._source.curves)
        ends = self._littlecms(np.array([[0.0], [1.0]], np.float32).repeat(channels, axis=1))
        if not np.isfinite(ends).all():
            raise ProfileError("the conversion gives values that are no numbers")

    @property
    def counts_clipping(self) -> bool:
        """False where a table makes the values fit in a way of its own, which nobody can count."""
        return self._target.curves is not None

    def convert(self, codes: UInt16Image, bits: int) -> tuple[UInt16Image, int]:
        """The codes of these rows, and how many of their pixels lay outside the new space.

        codes: uint16 (rows, width, channels). The result, likewise, is rounded once: to 16 bits, or
        where bits is 8 to 8-bit codes times 257. Memory: some 40 bytes a pixel for a few pieces.
        """
        flat = codes.reshape(-1, codes.shape[2])
        out = np.empty_like(flat)

        def piece(start: int) -> int:
            part = slice(start, start + PIECE)
            values, outside = self._values(flat[part])
            out[part] = _rounded(values, bits)
            return outside

        starts = range(0, len(flat), PIECE)
        if len(starts) == 1:
            return out.reshape(codes.shape), piece(0)
        with ThreadPoolExecutor(WORKERS) as pool:
            outside = sum(pool.map(piece, starts))
        return out.reshape(codes.shape), outside

    def _values(self, codes: UInt16Image) -> tuple[npt.NDArray[np.float32], int]:
        """float32 (n, channels), not clipped where the target is a matrix; pixels outside."""
        if self._tables is None:
            linear = codes * np.float32(1.0 / STEPS)
        else:
            linear = np.empty(codes.shape, np.float32)
            for channel, table in enumerate(self._tables):
                linear[:, channel] = table.take(codes[:, channel])
        found = self._littlecms(linear)
        curves = self._target.curves
        if curves is None:
            return found, 0
        outside = 0
        one = all(curve is curves[0] for curve in curves)
        white = np.array([float(curve.decode(np.ones(1))[0]) for curve in curves])
        for start in range(0, len(found), CHUNK):
            chunk = found[start : start + CHUNK].astype(np.float64)
            beyond = (chunk < -OUTSIDE) | (chunk > white + OUTSIDE)
            outside += int(np.count_nonzero(beyond.any(axis=1)))
            if one:
                found[start : start + CHUNK] = curves[0].encode(chunk)
                continue
            for channel, curve in enumerate(curves):
                encoded = curve.encode(np.ascontiguousarray(chunk[:, channel]))
                found[start : start + CHUNK, channel] = encoded
        return found, outside

    def _littlecms(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """float32 (n, channels) to the same of the target."""
        try:
            found = imagecodecs.cms_transform(
                values[None],
                self._source.data,
                self._target.data,
                colorspace=self._space,
                outcolorspace=self._space,
                outdtype="float32",
                intent=self._intent,
                flags=self._flags,
            )
        except (RuntimeError, ValueError) as error:
            raise ProfileError(f"LittleCMS rejects the conversion: {error}") from None
        return np.asarray(found, np.float32).reshape(values.shape)


def _rounded(values: npt.NDArray[np.float32], bits: int) -> UInt16Image:
    """uint16 codes; a value that is no number, which a damaged table may give, becomes 0."""
    most, unit = (255.0, 257) if bits == 8 else (65535.0, 1)
    scaled = np.nan_to_num(values).clip(0.0, 1.0).astype(np.float64) * most
    return np.asarray(np.rint(scaled, out=scaled).astype(np.uint16) * np.uint16(unit))


def _tables(curves: tuple[ToneCurve, ...]) -> list[npt.NDArray[np.float32]]:
    """The linear light of every 16-bit code, float32 (65536,), for each channel."""
    codes = np.arange(STEPS + 1) / STEPS
    made = {id(curve): curve.decode(codes.copy()).astype(np.float32) for curve in curves}
    return [made[id(curve)] for curve in curves]


def _side(data: bytes, channels: int, intent: Intent, *tables: str) -> _Side:
    """tables: how the names of the tags begin that hold tables in the direction asked for."""
    profile = parse_profile(data)
    profile.require_space(channels)
    if any(name.startswith(tables) for name in profile.tags):
        return _Side(_with_table(data, profile.tags, tables[0], intent), None)
    names = ("kTRC",) if channels == 1 else ("rTRC", "gTRC", "bTRC")
    if not all(name in profile.tags for name in names):
        raise ProfileError("it has neither tone curves nor a table for this direction")
    curves = _curves(profile, names)
    if any(curve.black for curve in curves):
        # LittleCMS finds the black point by the curves, so it has to see them.
        return _Side(data, None)
    straight = dict.fromkeys(names, b"curv" + bytes(8))
    return _Side(_rebuilt(data, {**profile.tags, **straight}), curves)


def _with_table(data: bytes, tags: dict[str, bytes], table: str, intent: Intent) -> bytes:
    """The profile with the table of the intent under its own name.

    Where it has none, that of the perceptual intent serves (ICC.1:2022, 9.2). LittleCMS converts
    with that one, too, but finds no black point then and would not compensate for it.
    """
    name, first = f"{table}{INTENTS[intent]}", f"{table}0"
    if name in tags or first not in tags or not compensates(intent):
        return data
    return _rebuilt(data, {**tags, name: tags[first]})


def _curves(profile: IccProfile, names: tuple[str, ...]) -> tuple[ToneCurve, ...]:
    made = {}
    for name in names:
        raw = profile.tags[name]
        if raw not in made:
            made[raw] = ToneCurve.sampled(profile.curve(name), RISING)
    return tuple(made[profile.tags[name]] for name in names)


def _rebuilt(data: bytes, tags: dict[str, bytes]) -> bytes:
    """The profile with other tags; those of one content share it, as large tables often do.

    A curve of no entries is the identity (ICC.1:2022, 10.6).
    """
    table, body = struct.pack(">I", len(tags)), bytearray()
    start = 132 + 12 * len(tags)
    places: dict[bytes, int] = {}
    for name, content in tags.items():
        if content not in places:
            places[content] = start + len(body)
            body += content + bytes(-len(content) % 4)
        signature = name.encode("latin-1").ljust(4)
        table += struct.pack(">4sII", signature, places[content], len(content))
    return struct.pack(">I", start + len(body)) + data[4:128] + table + bytes(body)
