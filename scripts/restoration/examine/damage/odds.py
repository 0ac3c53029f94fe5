"""How likely a mark is damage: how sure a person asks to be, in odds."""

from __future__ import annotations

import math

import numpy as np

from restoration.examine.damage.pieces import Figures

LOWEST = -4.0
"""Logarithm of the odds below which a mark is none."""

SUREST = 2401.0
"""Odds, to one, that a mark needs at a sensitivity of 0."""

SUSPECTED = -math.log(4.0)
"""Logarithm of the odds from which a mark is worth a person's look: one in five is damage on the
pictures on which the odds were fitted; on others it was one in sixteen."""


def threshold(sensitivity: float) -> float:
    """Logarithm of the odds above which a mark is damage.

    sensitivity: from 0 (odds of 2401 to 1) over 0.5 (49 to 1, a probability of 0.98) to 1 (1 to 1).
    """
    return (1.0 - sensitivity) * math.log(SUREST)


def probability(odds: Figures) -> Figures:
    """Of logarithmic odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.asarray(odds, np.float64))))
