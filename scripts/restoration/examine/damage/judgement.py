"""The odds of each mark by itself, and what the page as a whole adds to them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations_with_replacement

import numpy as np
import numpy.typing as npt

from restoration.examine.damage.coefficients import MIDDLE, OWN, PAGE, POLARITY, SPREAD
from restoration.examine.damage.pieces import Figures
from restoration.findings.damage import KINDS

GROUPS: dict[str, tuple[str, ...]] = {
    "small": ("dust",),
    "long": ("hairs", "scratches", "cracks"),
    "wide": ("stains", "losses"),
}
"""Kinds that are judged alike."""

JUDGED = (*GROUPS["small"], *GROUPS["long"])
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


def evidence_of_page(
    odds: Figures, kind: npt.NDArray[np.intp], light: npt.NDArray[np.bool_], area: float
) -> dict[str, float]:
    """Logarithm of one more than the likely marks of a page: ``all``, by group, ``light`` and
    ``dark``; and of one more than the doubtful ones.

    odds: own ones of the page's marks, float64 (n,); kind: their index into KINDS; light: lighter
    than what lies around. area: of the page, in pixels of the search.
    """
    share = min(1.0, AREA / max(area, 1.0))
    judged = _of(JUDGED, kind)
    likely = judged & (odds > LIKELY)
    said = {"all": likely, "light": likely & light, "dark": likely & ~light}
    said |= {group: likely & _of(GROUPS[group], kind) for group in PAGE}
    said["doubtful"] = judged & (odds > DOUBTFUL) & (odds <= LIKELY)
    return {name: float(np.log1p(share * int(those.sum()))) for name, those in said.items()}


def page_shifts(
    odds: Figures, kind: npt.NDArray[np.intp], light: npt.NDArray[np.bool_], area: float
) -> dict[str, float]:
    """What the page adds to the own odds of its marks: by kind, and ``light`` or ``dark`` for those
    of this polarity. Wide marks stand for themselves. Arguments as of ``evidence_of_page``.

    Damage seldom comes alone, and it comes in one colour; what looks a little like damage on a page
    where nothing looks much like it is picture.
    """
    said = evidence_of_page(odds, kind, light, area)
    shifts = {"light": POLARITY * said["light"], "dark": POLARITY * said["dark"]}
    for group, (constant, every, own, doubtful) in PAGE.items():
        moved = constant + every * said["all"] + own * said[group] + doubtful * said["doubtful"]
        shifts |= dict.fromkeys(GROUPS[group], moved)
    return shifts


def on_page(
    odds: Figures,
    kind: npt.NDArray[np.intp],
    light: npt.NDArray[np.bool_],
    shifts: Mapping[str, float],
) -> Figures:
    """Odds of marks on their page. Arguments as of ``evidence_of_page``, and what it adds.

    Of dust a page only makes marks less likely: a sky full of stars is no dustier for it.
    """
    by_kind = np.array([shifts.get(name, 0.0) for name in KINDS])[kind]
    by_polarity = np.where(light, shifts.get("light", 0.0), shifts.get("dark", 0.0))
    added = by_kind + by_polarity * _of(JUDGED, kind)
    small = _of(GROUPS["small"], kind)
    return np.asarray(odds + np.where(small, np.minimum(added, 0.0), added), np.float64)


def _of(kinds: tuple[str, ...], kind: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    return np.isin(kind, [KINDS.index(name) for name in kinds])
