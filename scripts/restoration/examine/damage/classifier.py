"""From figures of a piece to the odds that it is damage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from restoration.examine.damage.pieces import Figures

REACH = 4.0
"""Figures further than this many deviations from their mean count as this far: beyond what the
fit has seen, more is not surer."""


@dataclass(frozen=True)
class Judgement:
    """A logistic regression on standardised figures and their squares.

    Its coefficients are fitted on damage simulated on photographs (tests/benchmarks says how to
    fit them again); they can be read: a positive linear coefficient speaks for damage.
    """

    share: float
    """Share of damage among the pieces of the fit."""
    bias: float
    figures: Mapping[str, tuple[float, float, float, float]]
    """By figure: mean, deviation, linear and square coefficient."""

    def odds(self, figures: Mapping[str, Figures]) -> Figures:
        """Logarithm of the odds, float64 (pieces,).

        Raises KeyError where a figure is missing.
        """
        count = len(next(iter(figures.values())))
        total = np.full(count, self.bias)
        for name, (mean, deviation, linear, square) in self.figures.items():
            value = np.clip((figures[name] - mean) / deviation, -REACH, REACH)
            total += linear * value + square * value * value
        return total
