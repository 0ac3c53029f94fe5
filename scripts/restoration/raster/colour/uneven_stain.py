"""A stain that is stronger here than there, as a density over the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from restoration.raster.base import Floats
from restoration.raster.colour.node_lines import DECIMALS, NODES, rounded_rows


def channels_of(values: Any) -> int:
    """How many rows were given; 0 for what has no length."""
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
        channels = channels_of(self.coefficients)
        coefficients = rounded_rows(self.coefficients, (channels, 6), "stain.coefficients")
        log_light = rounded_rows(self.log_light, (channels, NODES), "stain.log_light")
        if (np.diff(log_light) <= 0).any():
            raise ValueError(f"stain.log_light: expected strictly rising, at {DECIMALS} decimals")
        object.__setattr__(self, "coefficients", coefficients)
        object.__setattr__(self, "log_light", log_light)

    def density(self, channel: int, place: StainPlace, rows: slice) -> Floats:
        """sigma, float64 (rows, columns), of some rows of a window."""
        c = self.coefficients[channel]
        u, v = place.u, place.v[rows, None]
        # One order of sums for every window: a pixel's value is the same in each.
        sigma: Floats = ((c[0] + c[2] * v + c[5] * v * v) + (c[1] + c[4] * v) * u) + c[3] * u * u
        return sigma


@dataclass(frozen=True)
class StainPlace:
    """Where the pixels of a window lie on their page."""

    u: Floats
    """Of each column, -1 to 1."""
    v: Floats
    """Of each row, -1 to 1."""

    @classmethod
    def of(cls, window: tuple[int, int, int, int], page: tuple[int, int]) -> StainPlace:
        """window: top, left, height, width; page: height and width."""
        (top, left, height, width), (rows, columns) = window, page
        if not (0 <= top <= top + height <= rows and 0 <= left <= left + width <= columns):
            raise ValueError(f"window {height} x {width} at ({top}, {left}) is not inside {page}")
        return cls(
            (2 * np.arange(left, left + width) + 1) / columns - 1.0,
            (2 * np.arange(top, top + height) + 1) / rows - 1.0,
        )
