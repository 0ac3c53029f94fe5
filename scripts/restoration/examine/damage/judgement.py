"""The odds of each mark by itself, and what the page as a whole adds to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
import numpy.typing as npt

from restoration.examine.damage.coefficients import MIDDLE, OWN, PAGE, POLARITY, SPREAD
from restoration.examine.damage.pieces import Figures
from restoration.findings.damage import KINDS

SMALL, LINES = ("dust",), ("hairs", "scratches", "cracks")

GROUPS: dict[str, tuple[str, ...]] = {
    "small": SMALL,
    "long": LINES,
    "wide": ("stains", "losses"),
}
"""Kinds that are judged alike."""

POLARITIES = ("light", "dark")

JUDGED = (*SMALL, *LINES)
"""Kinds whose marks a page makes likelier or less likely."""

FARTHEST = 3.0
"""Spreads from the middle to which figures are held: farther out nothing was learned."""

WIDE = -7.0
"""What is added to a wide mark's log odds of the network, which are 9.2 at most. Stains and torn
edges were not shown to be told from picture: they are suspected where the network is all but sure,
and not certain at any sensitivity up to 0.6."""

LIKELY, DOUBTFUL = 3.0, -2.0
"""Own odds above which a mark is likely, and between which marks are doubtful."""

AREA = 512.0 * 512.0
"""Pixels of the pages on which all this was fitted. On larger ones marks are counted by this
area: what counts is how thick they lie."""


def terms(figures: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """1, the figures in spreads from their middle, and their products by twos: what the odds of a
    mark are a sum of.

    figures: float64 (marks.FIGURES, n). Returns float64 (n, terms).
    """
    spread = (figures.T - np.asarray(MIDDLE)) / np.asarray(SPREAD)
    held = np.clip(spread, -FARTHEST, FARTHEST)
    pairs = combinations_with_replacement(range(held.shape[1]), 2)
    products = [held[:, one] * held[:, other] for one, other in pairs]
    out: npt.NDArray[np.float64] = np.column_stack([np.ones(len(held)), held, *products])
    return out


def own_odds(figures: npt.NDArray[np.float64], kind: npt.NDArray[np.uint8]) -> Figures:
    """Log odds that each mark is damage, before the page is heard.

    figures: float64 (marks.FIGURES, n); kind: uint8 (n,), index into KINDS.
    """
    # What the network says of a mark is its first figure.
    out = np.asarray(figures[0] + WIDE, np.float64)
    for group, weights in OWN.items():
        chosen = _of(GROUPS[group], kind)
        out[chosen] = terms(figures[:, chosen]) @ np.asarray(weights)
    return out


@dataclass(frozen=True)
class DamageEvidence:
    """Logarithms of one more than the marks of a page, counted by area."""

    likely: float
    """Of any kind but wide ones."""
    doubtful: float
    light: float
    """Likely and lighter than what lies around."""
    dark: float
    by_group: Mapping[str, float]
    """Likely ones by group."""

    @classmethod
    def of(
        cls,
        odds: Figures,
        kind: npt.NDArray[np.intp],
        light: npt.NDArray[np.bool_],
        area: float,
    ) -> DamageEvidence:
        """odds: own ones of the page's marks, float64 (n,); kind: their index into KINDS; light:
        lighter than what lies around. area: of the page, in pixels of the search."""
        share = min(1.0, AREA / max(area, 1.0))

        def counted(those: npt.NDArray[np.bool_]) -> float:
            return float(np.log1p(share * int(those.sum())))

        judged = _of(JUDGED, kind)
        likely = judged & (odds > LIKELY)
        return cls(
            counted(likely),
            counted(judged & (odds > DOUBTFUL) & (odds <= LIKELY)),
            counted(likely & light),
            counted(likely & ~light),
            {group: counted(likely & _of(GROUPS[group], kind)) for group in PAGE},
        )


def page_shifts(
    odds: Figures, kind: npt.NDArray[np.intp], light: npt.NDArray[np.bool_], area: float
) -> dict[str, float]:
    """What the page adds to the own odds of its marks: by kind, and ``light`` or ``dark`` for those
    of this polarity. Wide marks stand for themselves. Arguments as of ``DamageEvidence.of``.

    Damage seldom comes alone, and it comes in one colour; what looks a little like damage on a page
    where nothing looks much like it is picture.
    """
    said = DamageEvidence.of(odds, kind, light, area)
    pairs = zip(POLARITIES, (said.light, said.dark), strict=True)
    shifts = {name: POLARITY * count for name, count in pairs}
    for group, (constant, every, own, doubtful) in PAGE.items():
        moved = constant + every * said.likely + doubtful * said.doubtful
        shifts |= dict.fromkeys(GROUPS[group], moved + own * said.by_group[group])
    return shifts


def on_page(
    odds: Figures,
    kind: npt.NDArray[np.intp],
    light: npt.NDArray[np.bool_],
    shifts: Mapping[str, float],
) -> Figures:
    """Odds of marks on their page. Arguments as of ``DamageEvidence.of``, and what it adds.

    Of dust a page only makes marks less likely: a sky full of stars is no dustier for it.
    """
    by_kind = np.array([shifts.get(name, 0.0) for name in KINDS])[kind]
    lighter, darker = (shifts.get(name, 0.0) for name in POLARITIES)
    by_polarity = np.where(light, lighter, darker)
    added = by_kind + by_polarity * _of(JUDGED, kind)
    small = _of(SMALL, kind)
    return np.asarray(odds + np.where(small, np.minimum(added, 0.0), added), np.float64)


def _of(kinds: tuple[str, ...], kind: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    return np.isin(kind, [KINDS.index(name) for name in kinds])
