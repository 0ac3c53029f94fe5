"""From the evidence of pixels to marks: connected pieces, each with its odds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restoration.examine.damage.detector import Evidence
from restoration.examine.damage.judgement import own_odds
from restoration.examine.damage.pieces import Figures, Labels, Pieces
from restoration.findings.damage import KINDS
from restoration.raster.base import Plane

LEAST = 0.3
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


FIGURES = ("upper", "mean", "area", "contrast", "busy", "long", "rim")
"""What a mark is judged by: see ``figures_of``."""


def marks(evidence: Evidence, plane: Plane) -> Marks:
    """The connected marks of a window; plane: what the evidence was found in."""
    pieces = pieces_of(evidence)
    inside, kind = pieces.inside, kinds_of(pieces, evidence.kind)
    return Marks(
        labels=pieces.labels,
        kind=kind,
        own_odds=own_odds(figures_of(pieces, evidence.probability, plane), kind),
        area=pieces.area,
        length=np.hypot(pieces.tall, pieces.wide),
        row=pieces.row,
        column=pieces.column,
        top=pieces.top,
        left=pieces.left,
        height=pieces.tall,
        width=pieces.wide,
        light=inside.mean(plane) > pieces.ring(1, 4).mean(plane),
    )


def pieces_of(evidence: Evidence) -> Pieces:
    """The connected pieces of what may be damage."""
    return Pieces.of(evidence.probability >= LEAST)


def kinds_of(pieces: Pieces, kind: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The kind that most pixels of each piece have, uint8 (n,); kind: of each pixel, (h, w)."""
    if pieces.count == 0:
        return np.zeros(0, np.uint8)
    inside = pieces.inside
    votes = np.zeros((len(KINDS), pieces.count))
    for number in range(len(KINDS)):
        chosen = kind.ravel()[inside.index] == number
        votes[number] = np.bincount(inside.piece[chosen], minlength=pieces.count)
    return np.asarray(votes.argmax(axis=0), np.uint8)


def figures_of(pieces: Pieces, probability: Plane, plane: Plane) -> Figures:
    """What each piece is judged by, float64 (FIGURES, n).

    upper, mean: log odds of the network below which four fifths of its pixels lie, and their mean;
    area: logarithm of its pixels; contrast: logarithm of how far it stands out; busy: how much the
    picture varies around it, in relation to that; long: logarithm of its diagonal over the root of
    its area; rim: mean log odds just around it, which are low where the network is sure of its
    outline.
    """
    if pieces.count == 0:
        return np.zeros((len(FIGURES), 0))
    chance = np.clip(probability, 1e-4, 1.0 - 1e-4)
    odds = np.log(chance / (1.0 - chance)).astype(np.float32)
    inside, ring = pieces.inside, pieces.ring(1, 5)
    (upper,) = inside.quantiles(chance, 0.8)
    middle, low, high = ring.quantiles(plane, 0.5, 0.1, 0.9)
    contrast = np.abs(inside.mean(plane) - middle) + 0.01
    return np.stack(
        [
            np.log(upper / (1.0 - upper)),
            inside.mean(odds),
            np.log(pieces.area),
            np.log(contrast),
            np.minimum((high - low) / contrast, 5.0),
            np.log(np.hypot(pieces.tall, pieces.wide) / np.sqrt(pieces.area)),
            pieces.ring(0, 2).mean(odds),
        ]
    )
