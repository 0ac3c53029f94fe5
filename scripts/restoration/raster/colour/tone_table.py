"""A tone table: what a stage that only maps values hands to delivery instead of a second image.

The table is the definition. Between its nodes values lie on straight lines, so that its inverse is
exact too, and a person with the record alone can take the mapping back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from restoration.raster.base import UInt16Image
from restoration.storage.keys import digest

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
F = TypeVar("F", np.float32, np.float64)

NODES = 257
"""Equal steps of the encoded value in [0, 1] at which a table is given: 0, 1/256, ... 1."""

LEAST_SLOPE = 0.34
"""Encoded per encoded. The rounding of a code (half a code) is then undone to within 1.5 codes,
which rounds to within 1: 0.5 / 0.34 = 1.47."""

DECIMALS = 7
"""To which nodes and coefficients are rounded before use: 1/150 of a 16-bit code."""

WORKERS = 2
"""Threads that map; the values do not depend on their number."""

_BLOCK = 2**15
"""Pixels that a thread takes at a time: its arrays stay in the cache (measured: 2^14 to 2^17 are
alike)."""

_CELLS = 2**14
"""Equal cells into which the range of densities is cut to find a value's segment."""

_STEPS = NODES - 1
_GRID: Floats = np.arange(NODES) / _STEPS
_CODES: Floats = np.arange(65536) / 65535.0


def _rounded(values: Any, shape: tuple[int, int], name: str) -> Floats:
    """float64 of the shape (channels, columns), rounded, not to be written to."""
    try:
        array = np.array(values, np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name}: expected rows of numbers") from None
    if array.ndim != 2 or array.shape != shape or shape[0] not in (1, 3):
        expected = f"1 or 3 rows of {shape[1]} numbers, as many as there are channels"
        raise ValueError(f"{name}: expected {expected}, found the shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: expected finite numbers")
    # Plus 0: the record of -0.0 would be another text for the same table.
    rounded: Floats = np.round(array, DECIMALS) + 0.0
    rounded.setflags(write=False)
    return rounded


def _channels_of(values: Any) -> int:
    try:
        return len(values)
    except TypeError:
        return 0


@dataclass(frozen=True, eq=False)
class UnevenStain:
    """A stain that is stronger here than there, taken away in density before the curves.

    x1 = E(L(x) + sigma(u, v)): L is ``log_light`` by straight lines, going on beyond its ends with
    the slope there, E its inverse. sigma is what ``coefficients`` say of the place.
    """

    coefficients: Floats
    """float64 (channels, 6), density (log10 of light): of 1, u, v, u², uv, v². u and v run from -1
    to 1 across the page's columns and rows as stored, taken at pixel centres."""
    log_light: Floats
    """float64 (channels, 257): log10 of the channel's linear light at equal steps of its encoded
    value, strictly rising, finite: the maker floors it. A floor that rises by less than 1/16384 of
    the whole range from node to node is mapped as exactly, at half the speed."""

    def __post_init__(self) -> None:
        """Raises ValueError, one line, for what is no stain."""
        channels = _channels_of(self.coefficients)
        coefficients = _rounded(self.coefficients, (channels, 6), "stain.coefficients")
        log_light = _rounded(self.log_light, (channels, NODES), "stain.log_light")
        if (np.diff(log_light) <= 0).any():
            raise ValueError(f"stain.log_light: expected strictly rising, at {DECIMALS} decimals")
        object.__setattr__(self, "coefficients", coefficients)
        object.__setattr__(self, "log_light", log_light)

    def density(self, channel: int, place: Place, rows: slice) -> Floats:
        """sigma, float64 (rows, columns), of some rows of a window."""
        c = self.coefficients[channel]
        u, v = place.u, place.v[rows, None]
        # One order of sums for every window: a pixel's value is the same in each.
        sigma: Floats = ((c[0] + c[2] * v + c[5] * v * v) + (c[1] + c[4] * v) * u) + c[3] * u * u
        return sigma


@dataclass(frozen=True)
class Place:
    """Where the pixels of a window lie on their page."""

    u: Floats
    """Of each column, -1 to 1."""
    v: Floats
    """Of each row, -1 to 1."""

    @classmethod
    def of(cls, window: tuple[int, int, int, int], page: tuple[int, int]) -> Place:
        """window: top, left, height, width; page: height and width."""
        (top, left, height, width), (rows, columns) = window, page
        if not (0 <= top <= top + height <= rows and 0 <= left <= left + width <= columns):
            raise ValueError(f"window {height} x {width} at ({top}, {left}) is not inside {page}")
        return cls(
            (2 * np.arange(left, left + width) + 1) / columns - 1.0,
            (2 * np.arange(top, top + height) + 1) / rows - 1.0,
        )


class _Lines:
    """Straight lines through nodes, going on beyond both ends; both lists strictly rising."""

    def __init__(self, nodes: Floats, values: Floats) -> None:
        self.slope = np.diff(values) / np.diff(nodes)
        self._nodes, self._values = nodes, values
        self._inner = nodes[1:-1]
        cells = nodes[0] + (nodes[-1] - nodes[0]) / _CELLS * np.arange(_CELLS)
        self._scale = _CELLS / (nodes[-1] - nodes[0])
        self._first: Indices = np.searchsorted(self._inner, cells, "right")
        self._counted = bool(nodes[0] == 0.0 and nodes[-1] == _CELLS)
        # In a cell with at most one node one comparison finds the segment.
        self._close = bool(np.diff(nodes).min() * self._scale <= 1.0)
        self._ends = np.append(self._inner, np.inf)

    def segment(self, x: Floats) -> Indices:
        """The number of the segment in which each value lies."""
        if self._close:
            found: Indices = np.searchsorted(self._inner, x, "right")
            return found
        cell = x if self._counted else (x - self._nodes[0]) * self._scale
        segment: Indices = self._first.take(cell.astype(np.intp), mode="clip")
        # A cell's edge is rounded: a value beside a node may be found in the segment next door,
        # whose line has the same value there.
        segment += x >= self._ends.take(segment)
        return segment

    def __call__(self, x: Floats) -> Floats:
        segment = self.segment(x)
        y: Floats = x - self._nodes.take(segment)
        y *= self.slope.take(segment)
        y += self._values.take(segment)
        return y


class _ThroughDensity:
    """Codes to densities, a stain added or taken away, densities to codes: `_Lines`, with as few
    passes over the pixels as can be. Densities are counted in cells from the first node on."""

    def __init__(self, before: _Lines, light: Floats, values: Floats, sign: float) -> None:
        """before: from encoded values to ``light``; values: what becomes of each node of it."""
        cells = _CELLS / (light[-1] - light[0])
        nodes = (light - light[0]) * cells
        # Rounding must not move the last node off the last cell's end.
        nodes[-1] = _CELLS
        codes = values * 65535.0
        self._places: Floats = (before(_CODES) - light[0]) * cells
        self._per_density = sign * cells
        self._lines = _Lines(nodes, codes)
        self._slope = self._lines.slope
        # Half a code more: casting cuts what lies behind the point.
        self._at_zero: Floats = codes[:-1] - self._slope * nodes[:-1] + 0.5

    def __call__(self, codes: UInt16Image, sigma: Floats) -> UInt16Image:
        place: Floats = self._places.take(codes)
        sigma *= self._per_density
        place += sigma
        segment = self._lines.segment(place)
        place *= self._slope.take(segment)
        place += self._at_zero.take(segment)
        np.clip(place, 0.0, 65535.5, out=place)
        return place.astype(np.uint16)


@dataclass(frozen=True, eq=False)
class ToneTable:
    """New encoded values for old ones, channel by channel, in the file's own encoding.

    Strictly rising, so that the mapping can be undone; a faded or darkened channel is brought back
    without a second image of the page.
    """

    curves: Floats
    """float64 (channels, 257): the new value at equal steps of the old one. Not below 0; above 1
    is clipped. No slope lies below `LEAST_SLOPE`."""
    stain: UnevenStain | None = None
    """Taken away before the curves; None where there is none. The slopes of the whole are then
    those of the curves times E'(L + sigma) L'(x), so that a code is undone to within 1 only where
    that product stays above 1/3."""

    def __post_init__(self) -> None:
        """Raises ValueError, one line, for what is no tone table."""
        channels = _channels_of(self.curves)
        curves = _rounded(self.curves, (channels, NODES), "curves")
        if (curves < 0).any():
            raise ValueError(f"curves: expected no value below 0, found {curves.min():.7g}")
        slope = float(np.diff(curves).min()) * _STEPS
        # Rounding may have moved two neighbours towards each other.
        if slope < LEAST_SLOPE - _STEPS * 10.0**-DECIMALS:
            raise ValueError(
                f"curves: expected slopes of at least {LEAST_SLOPE}, found {slope:.4f}: 16-bit "
                "codes could not be brought back"
            )
        if self.stain is not None and len(self.stain.coefficients) != channels:
            raise ValueError(
                f"stain: expected {channels} channels as in curves, found "
                f"{len(self.stain.coefficients)}"
            )
        object.__setattr__(self, "curves", curves)

    # -- as a record -----------------------------------------------------------------------

    @classmethod
    def from_record(cls, record: Any) -> ToneTable:
        """The table that ``record`` described, bit for bit. Raises ValueError, one line."""
        fields = _fields(record, "the table", ("curves", "stain"))
        stain = None
        if fields["stain"] is not None:
            given = _fields(fields["stain"], "stain", ("coefficients", "log_light"))
            stain = UnevenStain(**given)
        return cls(fields["curves"], stain)

    def record(self) -> dict[str, Any]:
        """The whole table, for JSON."""
        stain = None
        if self.stain is not None:
            stain = {
                "coefficients": self.stain.coefficients.tolist(),
                "log_light": self.stain.log_light.tolist(),
            }
        return {"curves": self.curves.tolist(), "stain": stain}

    @property
    def sha256(self) -> str:
        """SHA-256, hexadecimal, of the record as canonical JSON."""
        return digest(self.record())

    @property
    def channels(self) -> int:
        """1 or 3."""
        return len(self.curves)

    # -- codes -----------------------------------------------------------------------------

    def mapped(
        self,
        codes: UInt16Image,
        top: int,
        page_height: int,
        *,
        left: int = 0,
        page_width: int | None = None,
    ) -> UInt16Image:
        """New codes for uint16 (rows, width, channels), clipped and rounded to the nearest.

        top, left: where on the page the first pixel lies; page_width: that of the codes where None.
        """
        return self._codes(codes, (top, left), (page_height, page_width), undo=False)

    def undone(
        self,
        codes: UInt16Image,
        top: int,
        page_height: int,
        *,
        left: int = 0,
        page_width: int | None = None,
    ) -> UInt16Image:
        """What ``mapped`` was given, within 1, where it did not clip."""
        return self._codes(codes, (top, left), (page_height, page_width), undo=True)

    def _codes(
        self,
        codes: UInt16Image,
        corner: tuple[int, int],
        page: tuple[int, int | None],
        *,
        undo: bool,
    ) -> UInt16Image:
        self._check(codes)
        place = self._place(codes.shape, corner, page)
        out = np.empty_like(codes)
        rows = max(1, _BLOCK // max(codes.shape[1], 1))

        def work(start: int) -> None:
            block = slice(start, start + rows)
            for channel in range(self.channels):
                old, new = codes[block, :, channel], out[block, :, channel]
                if place is None or self.stain is None:
                    new[...] = self._table_of_codes[undo][channel].take(old)
                    continue
                sigma = self.stain.density(channel, place, block)
                new[...] = self._through_density[undo][channel](old, sigma)

        # Blocks are written apart from each other, each with the same sums whoever does it.
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(work, range(0, len(codes), rows)))
        return out

    @cached_property
    def _table_of_codes(self) -> tuple[list[UInt16Image], list[UInt16Image]]:
        """The new code of each code, to map and to undo; of each channel."""
        mapped = [_nearest(there(_CODES)) for there, _ in self._lines]
        undone = [_nearest(back(_CODES)) for _, back in self._lines]
        return mapped, undone

    @cached_property
    def _through_density(self) -> tuple[list[_ThroughDensity], list[_ThroughDensity]]:
        """To map and to undo, of each channel."""
        assert self.stain is not None
        mapped, undone = [], []
        for curve, light in zip(self.curves, self.stain.log_light, strict=True):
            # Curves and log_light share their nodes, so both steps are one: E, then the curve.
            mapped.append(_ThroughDensity(_Lines(_GRID, light), light, curve, 1.0))
            undone.append(_ThroughDensity(_Lines(curve, light), light, _GRID, -1.0))
        return mapped, undone

    # -- values ----------------------------------------------------------------------------

    def mapped_values(
        self,
        values: npt.NDArray[F],
        top: int = 0,
        page_height: int | None = None,
        *,
        left: int = 0,
        page_width: int | None = None,
    ) -> npt.NDArray[F]:
        """New values for float (rows, width, channels), not clipped, in float64 arithmetic.

        Beyond [0, 1] the lines go on with the slopes at their ends. The page is the array where
        its size is None.
        """
        return self._values(values, (top, left), (page_height, page_width), undo=False)

    def undone_values(
        self,
        values: npt.NDArray[F],
        top: int = 0,
        page_height: int | None = None,
        *,
        left: int = 0,
        page_width: int | None = None,
    ) -> npt.NDArray[F]:
        """The inverse of ``mapped_values``, exact to the rounding of float64."""
        return self._values(values, (top, left), (page_height, page_width), undo=True)

    def _values(
        self,
        values: npt.NDArray[F],
        corner: tuple[int, int],
        page: tuple[int | None, int | None],
        *,
        undo: bool,
    ) -> npt.NDArray[F]:
        self._check(values)
        height = values.shape[0] if page[0] is None else page[0]
        place = self._place(values.shape, corner, (height, page[1]))
        out = np.empty_like(values)
        rows = max(1, _BLOCK // max(values.shape[1], 1))
        for start in range(0, len(values), rows):
            block = slice(start, start + rows)
            for channel in range(self.channels):
                x = values[block, :, channel].astype(np.float64)
                out[block, :, channel] = self._one(x, channel, place, block, undo=undo)
        return out

    def _one(
        self, x: Floats, channel: int, place: Place | None, rows: slice, *, undo: bool
    ) -> Floats:
        there, back = self._lines[channel]
        if place is None or self.stain is None:
            return back(x) if undo else there(x)
        sigma = self.stain.density(channel, place, rows)
        light, encoded = self._light[channel]
        return encoded(light(back(x)) - sigma) if undo else there(encoded(light(x) + sigma))

    @cached_property
    def _lines(self) -> list[tuple[_Lines, _Lines]]:
        """The curve of each channel and its inverse."""
        return [(_Lines(_GRID, curve), _Lines(curve, _GRID)) for curve in self.curves]

    @cached_property
    def _light(self) -> list[tuple[_Lines, _Lines]]:
        """L and E of each channel."""
        assert self.stain is not None
        return [(_Lines(_GRID, light), _Lines(light, _GRID)) for light in self.stain.log_light]

    def _check(self, pixels: npt.NDArray[Any]) -> None:
        if pixels.ndim != 3 or pixels.shape[2] != self.channels:
            raise ValueError(f"expected (rows, width, {self.channels}), found {pixels.shape}")

    def _place(
        self, shape: tuple[int, ...], corner: tuple[int, int], page: tuple[int, int | None]
    ) -> Place | None:
        """None where the place of a pixel does not matter."""
        if self.stain is None:
            return None
        width = shape[1] if page[1] is None else page[1]
        return Place.of((*corner, shape[0], shape[1]), (page[0], width))


def _nearest(values: Floats) -> UInt16Image:
    scaled = values * 65535.0
    np.rint(scaled, out=scaled)
    np.clip(scaled, 0.0, 65535.0, out=scaled)
    codes: UInt16Image = scaled.astype(np.uint16)
    return codes


def _fields(record: Any, what: str, names: Sequence[str]) -> dict[str, Any]:
    if not isinstance(record, Mapping) or set(record) != set(names):
        found = ", ".join(map(str, record)) if isinstance(record, Mapping) else repr(record)[:40]
        raise ValueError(f"{what}: expected {' and '.join(names)}, found {found or 'nothing'}")
    return dict(record)
