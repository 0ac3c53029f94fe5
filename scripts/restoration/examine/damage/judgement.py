"""The odds of each mark by itself, and what the page as a whole adds to them."""

from __future__ import annotations

import math
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
    "small": (-4.2173, -0.2815, 1.2919, 0.0167, -1.0838, -0.5263, 1.2874, -0.1333),
    "long": (-2.8844, -0.5553, 1.8294, 0.0124, -0.4915, -0.1423, -0.3559, -0.1429),
    "wide": (-3.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
}
"""Of a logistic regression on ``marks.FIGURES``, its constant first; fitted by
training/damage/judge.py on pictures and overlays that the network was not trained on. It met no
wide marks there: theirs are set so that they are suspected, and certain only where the network is
all but sure."""


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


TRAINED_SHARE: dict[str, float] = {"small": 0.246, "long": 0.129, "wide": 0.2}
"""Share of damage among the marks on which the odds of each group were fitted."""

DOUBT, DOUBTED_SHARE = 10.0, 0.03
"""Before it is looked at a page is taken to have so many marks of a kind, of which this share is
damage: two or three marks that look like damage are not yet a damaged page."""

MOST_SHARE, MOST_SHIFT = 0.9, 0.0
"""However damaged a page is, some marks are picture; and a page only ever makes them less likely:
where it raised the odds, of those called certain only half were damage (tuning pictures)."""

ROUNDS = 60


def page_shift(counts: Mapping[str, Counts], area: float) -> dict[str, float]:
    """By kind: what to add to the own odds of the marks of a page.

    counts: marks of each kind by the code of their own odds (``odds.tally``). area: pixels of the
    page at the level of the search. The share of damage among a page's marks is found by
    expectation maximisation (Saerens, Latinne and Decaestecker 2002).
    """
    return {
        kind: _shift(counts[kind], TRAINED_SHARE[group])
        for group, kinds in GROUPS.items()
        for kind in kinds
        if kind in counts
    }


def _shift(counts: Counts, trained: float) -> float:
    codes = np.flatnonzero(counts)
    if not len(codes):
        return 0.0
    weight, odds = counts[codes], decoded(codes)
    usual = _logit(trained)
    share = trained
    for _ in range(ROUNDS):
        chance = 1.0 / (1.0 + np.exp(usual - odds - _logit(share)))
        found = float((weight * chance).sum())
        share = (found + DOUBT * DOUBTED_SHARE) / (float(weight.sum()) + DOUBT)
        share = min(share, MOST_SHARE)
    return min(MOST_SHIFT, _logit(share) - usual)


def _logit(share: float) -> float:
    return math.log(share / (1.0 - share))
