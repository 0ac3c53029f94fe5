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

from restoration.raster.base import Floats, UInt16Image
from restoration.raster.colour.node_lines import (
    CODES,
    DECIMALS,
    GRID,
    NODES,
    NodeLines,
    ThroughDensity,
    rounded_rows,
)
from restoration.raster.colour.uneven_stain import StainPlace, UnevenStain, channels_of
from restoration.storage.keys import digest

F = TypeVar("F", np.float32, np.float64)

LEAST_SLOPE = 0.34
"""Encoded per encoded. The rounding of a code (half a code) is then undone to within 1.5 codes,
which rounds to within 1: 0.5 / 0.34 = 1.47."""

WORKERS = 2
"""Threads that map; the values do not depend on their number."""

_BLOCK = 2**15
"""Pixels that a thread takes at a time: its arrays stay in the cache (measured: 2^14 to 2^17 are
alike)."""

_STEPS = NODES - 1


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
        channels = channels_of(self.curves)
        curves = rounded_rows(self.curves, (channels, NODES), "curves")
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
        mapped = [_nearest(there(CODES)) for there, _ in self._lines]
        undone = [_nearest(back(CODES)) for _, back in self._lines]
        return mapped, undone

    @cached_property
    def _through_density(self) -> tuple[list[ThroughDensity], list[ThroughDensity]]:
        """To map and to undo, of each channel."""
        assert self.stain is not None
        mapped, undone = [], []
        for curve, light in zip(self.curves, self.stain.log_light, strict=True):
            # Curves and log_light share their nodes, so both steps are one: E, then the curve.
            mapped.append(ThroughDensity(NodeLines(GRID, light), light, curve, 1.0))
            undone.append(ThroughDensity(NodeLines(curve, light), light, GRID, -1.0))
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
        self, x: Floats, channel: int, place: StainPlace | None, rows: slice, *, undo: bool
    ) -> Floats:
        there, back = self._lines[channel]
        if place is None or self.stain is None:
            return back(x) if undo else there(x)
        sigma = self.stain.density(channel, place, rows)
        light, encoded = self._light[channel]
        return encoded(light(back(x)) - sigma) if undo else there(encoded(light(x) + sigma))

    @cached_property
    def _lines(self) -> list[tuple[NodeLines, NodeLines]]:
        """The curve of each channel and its inverse."""
        return [(NodeLines(GRID, curve), NodeLines(curve, GRID)) for curve in self.curves]

    @cached_property
    def _light(self) -> list[tuple[NodeLines, NodeLines]]:
        """L and E of each channel."""
        assert self.stain is not None
        return [(NodeLines(GRID, light), NodeLines(light, GRID)) for light in self.stain.log_light]

    def _check(self, pixels: npt.NDArray[Any]) -> None:
        if pixels.ndim != 3 or pixels.shape[2] != self.channels:
            raise ValueError(f"expected (rows, width, {self.channels}), found {pixels.shape}")

    def _place(
        self, shape: tuple[int, ...], corner: tuple[int, int], page: tuple[int, int | None]
    ) -> StainPlace | None:
        """None where the place of a pixel does not matter."""
        if self.stain is None:
            return None
        width = shape[1] if page[1] is None else page[1]
        return StainPlace.of((*corner, shape[0], shape[1]), (page[0], width))


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
