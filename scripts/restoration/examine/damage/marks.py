"""From the evidence of pixels to marks: connected pieces, each with its odds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restoration.examine.damage.detector import Evidence
from restoration.examine.damage.pieces import Figures, Labels, Pieces
from restoration.findings.damage import KINDS
from restoration.raster.base import Plane

LEAST = 0.2
"""Probability from which a pixel belongs to a mark."""


@dataclass(frozen=True)
class Marks:
    """The marks of one window, figures float64 (n,) in its pixels."""

    labels: Labels
    """int32 (h, w): 0 outside, 1 and up the number of the mark."""
    kind: npt.NDArray[np.uint8]
    """uint8 (n,): index into ``findings.damage.KINDS``."""
    own_odds: Figures
    """Logarithm of the odds that it is damage, before the page is heard."""
    area: Figures
    length: Figures
    row: Figures
    """Centre of gravity."""
    column: Figures
    top: Figures
    left: Figures
    height: Figures
    width: Figures
    light: npt.NDArray[np.bool_]
    """Whether it is lighter than what lies around."""


def marks(evidence: Evidence, plane: Plane) -> Marks:
    """The connected marks of a window; plane: what the evidence was found in."""
    mask = evidence.probability >= LEAST
    pieces = Pieces.of(mask)
    inside = pieces.inside
    chance = np.clip(evidence.probability, 1e-4, 1.0 - 1e-4)
    (upper,) = inside.quantiles(chance, 0.8)
    votes = np.zeros((len(KINDS), pieces.count))
    for number in range(len(KINDS)):
        chosen = evidence.kind.ravel()[inside.index] == number
        votes[number] = np.bincount(inside.piece[chosen], minlength=pieces.count)
    around = pieces.ring(1, 4).mean(plane)
    odds = np.log(np.maximum(upper, 1e-4) / (1.0 - np.minimum(upper, 1.0 - 1e-4)))
    return Marks(
        labels=pieces.labels,
        kind=votes.argmax(axis=0).astype(np.uint8) if pieces.count else np.zeros(0, np.uint8),
        own_odds=odds,
        area=pieces.area,
        length=np.hypot(pieces.tall, pieces.wide),
        row=pieces.row,
        column=pieces.column,
        top=pieces.top,
        left=pieces.left,
        height=pieces.tall,
        width=pieces.wide,
        light=inside.mean(plane) > around,
    )
