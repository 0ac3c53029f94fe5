"""How likely a mark is damage: odds, their codes, and how sure a person asks to be."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from restoration.examine.damage.pieces import Figures

LOWEST = -4.0
STEP = 0.05
CODES = 255
"""Odds are tallied by codes 1 to 255 of LOWEST + STEP x code; 0 is what lies below."""

SUREST = 9801.0
"""Odds, to one, that a mark needs at a sensitivity of 0. High: on pages that the detector was not
trained on, of marks from 0.97 to 0.99 only half were damage, above 0.99 nine in ten."""

SUSPECTED = -math.log(4.0)
"""Logarithm of the odds from which a mark is worth a person's look: one in five is damage."""

Counts = npt.NDArray[np.int64]
"""int64 (256,): marks by the code of their odds."""


def coded(odds: Figures) -> npt.NDArray[np.uint8]:
    """Codes of logarithmic odds."""
    codes = np.rint((odds - LOWEST) / STEP)
    return np.clip(codes, 0, CODES).astype(np.uint8)


def decoded(codes: npt.NDArray[np.uint8] | npt.NDArray[np.int64]) -> Figures:
    """Logarithmic odds of codes."""
    return LOWEST + STEP * np.asarray(codes, np.float64)


def tally(odds: Figures) -> Counts:
    """Marks by the code of their odds."""
    return np.bincount(coded(odds), minlength=CODES + 1).astype(np.int64)


def threshold(sensitivity: float) -> float:
    """Logarithm of the odds above which a mark is damage.

    sensitivity: from 0 (odds of 9801 to 1) over 0.5 (99 to 1, a probability of 0.99) to 1 (1 to 1).
    """
    return (1.0 - sensitivity) * math.log(SUREST)


def probability(odds: Figures) -> Figures:
    """Of logarithmic odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.asarray(odds, np.float64))))
