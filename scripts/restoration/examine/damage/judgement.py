"""The odds of each mark by itself, and what the page as a whole adds to them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from restoration.examine.damage.odds import Counts, decoded
from restoration.examine.damage.pieces import Figures
from restoration.findings.damage import KINDS

GROUPS: dict[str, tuple[str, ...]] = {
    "small": ("dust",),
    "long": ("hairs", "scratches", "cracks"),
    "wide": ("stains", "losses"),
}
"""Kinds that are judged alike."""

COEFFICIENTS: dict[str, tuple[float, ...]] = {
    "small": (0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    "long": (0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    "wide": (0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
}
"""Of a logistic regression on ``marks.FIGURES``, its constant first; fitted by
training/damage/judge.py on pictures and overlays that the network was not trained on."""


def own_odds(figures: npt.NDArray[np.float64], kind: npt.NDArray[np.uint8]) -> Figures:
    """Log odds that each mark is damage, before the page is heard.

    figures: float64 (marks.FIGURES, n); kind: uint8 (n,), index into KINDS.
    """
    out = np.zeros(figures.shape[1])
    for group, kinds in GROUPS.items():
        chosen = np.isin(kind, [KINDS.index(name) for name in kinds])
        constant, *slopes = COEFFICIENTS[group]
        out[chosen] = constant + np.asarray(slopes) @ figures[:, chosen]
    return out


TRAINED_SHARE = 0.5
"""Share of damage among the marks on which the odds were calibrated."""

ROUNDS = 60


def page_shift(counts: Mapping[str, Counts], area: float) -> dict[str, float]:
    """By kind: what to add to the own odds of the marks of a page.

    counts: marks of each kind by the code of their own odds (``odds.tally``). area: pixels of the
    page at the level of the search. The share of damage among a page's marks is found by
    expectation maximisation (Saerens, Latinne and Decaestecker 2002).
    """
    return {kind: _shift(one) for kind, one in counts.items()}


def _shift(counts: Counts) -> float:
    total = int(counts.sum())
    if total == 0:
        return 0.0
    codes = np.flatnonzero(counts)
    weight, odds = counts[codes] / total, decoded(codes)
    trained = np.log(TRAINED_SHARE / (1.0 - TRAINED_SHARE))
    share = TRAINED_SHARE
    for _ in range(ROUNDS):
        moved = odds + np.log(share / (1.0 - share)) - trained
        found = float((weight / (1.0 + np.exp(-moved))).sum())
        share = float(np.clip(found, max(0.02, 0.1 / total), 0.7))
    return float(np.log(share / (1.0 - share)) - trained)
