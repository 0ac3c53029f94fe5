"""How likely each piece is damage, and how much damage the page has."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from restoration.examine.damage.pieces import Figures

LOWEST = -4.0
STEP = 0.05
CODES = 255
"""Odds are kept as codes 1 to 255 of LOWEST + STEP x code; 0 is no piece, or one below LOWEST."""

LEAST = 0.02
MOST = 1.0
"""The page's share of damage among what stands out, in multiples of that of the fit: pages that are
worse than those are rare, and a picture of stars or gravel must not argue itself into being one."""

ROUNDS = 60

Counts = npt.NDArray[np.int64]
"""int64 (256,): pieces by the code of their odds."""


def coded(odds: Figures) -> npt.NDArray[np.uint8]:
    """Codes of logarithmic odds."""
    codes = np.rint((odds - LOWEST) / STEP)
    return np.clip(codes, 0, CODES).astype(np.uint8)


def decoded(codes: npt.NDArray[np.uint8] | Counts) -> Figures:
    """Logarithmic odds of codes."""
    return LOWEST + STEP * np.asarray(codes, np.float64)


def tally(odds: Figures) -> Counts:
    """Pieces by the code of their odds."""
    return np.bincount(coded(odds), minlength=CODES + 1).astype(np.int64)


def shift(counts: Counts, training_share: float) -> float:
    """What to add to the odds, because this page has more or less damage than those of the fit.

    counts: all pieces of the page that were judged. training_share: share of damage among the
    pieces on which the judgement was fitted. A page where one piece in a thousand is damage needs
    more evidence for each than one where every tenth is. The share is found by expectation
    maximisation (Saerens, Latinne and Decaestecker 2002), starting from that of the training.
    """
    total = int(counts.sum())
    if total == 0:
        return 0.0
    codes = np.flatnonzero(counts)
    weight, odds = counts[codes] / total, decoded(codes)
    trained = np.log(training_share / (1.0 - training_share))
    share = training_share
    for _ in range(ROUNDS):
        moved = odds + np.log(share / (1.0 - share)) - trained
        found = float((weight / (1.0 + np.exp(-moved))).sum())
        # Half a piece is the least that a page of few pieces can tell.
        share = float(
            np.clip(found, max(LEAST * training_share, 0.1 / total), MOST * training_share)
        )
    return float(np.log(share / (1.0 - share)) - trained)


def threshold(sensitivity: float) -> float:
    """Odds above which a piece is damage, for a sensitivity from 0 (sure) to 1 (suspicious)."""
    return 3.5 - 4.0 * sensitivity
