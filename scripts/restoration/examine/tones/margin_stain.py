"""The stain of a sheet, from its empty margin: how dense it is, and whether it is even."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from restoration.examine.tones.dye_fit import Densities
from restoration.findings.dyes import Uneven

NEAR = 0.2
"""Cells whose density differs by more from the margin's are no margin: writing, tape, a torn edge,
the bed of the scanner."""

SIDES = 3
"""Sides of the sheet that must show a margin: a curved surface follows from no fewer."""

LEAST_CELLS = 60
LEAST_SHARE = 0.02
"""Of the cells of a side's margin that must be left, for the side to count."""

EVEN = 0.03
"""Differences of density over the sheet that are no stain: paper and light are not more even."""

TERMS = 6
"""1, u, v, u squared, u v, v squared."""


@dataclass(frozen=True)
class MarginStain:
    """A density that the sheet gained, smooth and of low order, different from place to place."""

    coefficients: Densities
    """(channels, 6) of `terms`; u and v in [-1, 1] across the columns and rows of the page."""
    residual: float
    """Root mean square, in density, of what the surface does not follow."""

    @property
    def span(self) -> float:
        """Largest difference over the page."""
        surface = self.over_page()
        return float(np.ptp(surface, axis=0).max())

    def over_page(self) -> Densities:
        """(n, channels) on a coarse grid over the whole page."""
        axis = np.linspace(-1.0, 1.0, 17)
        v, u = np.meshgrid(axis, axis, indexing="ij")
        return self.at(u.ravel(), v.ravel())

    def at(self, u: Densities, v: Densities) -> Densities:
        """(n, channels) at places (n,)."""
        return np.asarray(terms(u, v) @ self.coefficients.T)

    def record(self) -> dict[str, Any]:
        """As records repeat it."""
        return {
            "coefficients": [[round(float(c), 6) for c in row] for row in self.coefficients],
            "residual": round(self.residual, 4),
            "span": round(self.span, 4),
        }

    @classmethod
    def of(cls, said: Uneven) -> MarginStain:
        """As the condition report says it."""
        return cls(np.array(said.coefficients, np.float64), said.residual)


def terms(u: Densities, v: Densities) -> Densities:
    """(n, 6): the low orders at places (n,)."""
    return np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=1)


def uneven_stain(
    density: Densities, box: tuple[int, int, int, int], margin: Densities
) -> MarginStain | None:
    """The surface through the margin; None where it is even, or too little of it is seen.

    density: (rows, columns, channels) of the whole page's cells; box: the picture's top, left,
    height and width in cells; margin: (channels,) its density on the whole.
    """
    rows, columns = density.shape[:2]
    inside = np.zeros((rows, columns), bool)
    top, left, height, width = box
    # A cell's breadth beside the picture belongs to neither.
    inside[max(top - 1, 0) : top + height + 1, max(left - 1, 0) : left + width + 1] = True
    near = ~inside & (np.abs(density - margin).max(axis=2) < NEAR)
    if int(near.sum()) < LEAST_CELLS or _sides(near, inside, box) < SIDES:
        return None
    v, u = np.nonzero(near)
    across, down = _place(u, columns), _place(v, rows)
    seen = density[near]
    design = terms(across, down)
    weight = np.ones(len(seen))
    for _ in range(3):
        # What departs from the surface is weighed down: smudges, pencil, the edge's own shade.
        root = np.sqrt(weight)[:, None]
        found, *_ = np.linalg.lstsq(design * root, seen * root, rcond=None)
        rest = np.abs(seen - design @ found).max(axis=1)
        weight = 1.0 / (1.0 + (rest / max(2.0 * float(np.median(rest)), 0.004)) ** 2)
    residual = float(np.sqrt(np.average(rest**2, weights=weight)))
    stain = MarginStain(np.asarray(found.T), residual)
    return stain if EVEN < stain.span < 1.0 and residual < 0.5 * stain.span else None


def _place(cell: npt.NDArray[np.intp], count: int) -> Densities:
    return (2.0 * cell + 1.0) / count - 1.0


def _sides(
    near: npt.NDArray[np.bool_], inside: npt.NDArray[np.bool_], box: tuple[int, int, int, int]
) -> int:
    top, left, height, width = box
    parts = (near[:top], near[top + height :], near[:, :left], near[:, left + width :])
    return sum(part.size > 0 and float(part.mean()) > LEAST_SHARE for part in parts)
