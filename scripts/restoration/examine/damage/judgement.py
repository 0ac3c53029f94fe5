"""What the page as a whole adds to the odds of each mark."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from restoration.examine.damage.odds import Counts, decoded

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
