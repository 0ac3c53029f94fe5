"""The odds of each mark by itself, and what the page as a whole adds to them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from restoration.examine.damage.pieces import Figures
from restoration.findings.damage import KINDS

GROUPS: dict[str, tuple[str, ...]] = {
    "small": ("dust",),
    "long": ("hairs", "scratches", "cracks"),
    "wide": ("stains", "losses"),
}
"""Kinds that are judged alike."""

COEFFICIENTS: dict[str, tuple[float, ...]] = {
    "small": (-2.7851, 0.2644, 0.3718, 0.1282, -0.3470, -0.1797, 0.7051, -0.0541),
    "long": (-3.1918, -0.0284, 1.1046, -0.1064, -0.7622, -0.2095, 0.1114, -0.1366),
    "wide": (-3.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
}
"""Of a logistic regression on ``marks.FIGURES``, its constant first; fitted by
training/damage/judge.py on pictures and overlays that the network was not trained on. It met no
wide marks there: theirs are set so that they are suspected, and certain only where the network is
all but sure."""

PAGE: dict[str, tuple[float, float, float, float]] = {
    "small": (-0.1809, -0.5343, 0.5433, -0.0585),
    "long": (-0.0514, -0.8537, 0.5083, -0.0147),
}
"""What a page adds to the marks of a group: a constant, and for each e-fold of likely marks on it
of any kind, of likely marks of the group, and of doubtful marks. Fitted with ``POLARITY``."""

POLARITY = 0.7874
"""What it adds for each e-fold of likely marks that are, like the mark itself, lighter (or darker)
than what lies around: what falls onto one page mostly has one colour."""

LIKELY, DOUBTFUL = 1.0, -2.0
"""Own odds above which a mark is likely, and between which marks are doubtful."""

AREA = 512.0 * 512.0
"""Pixels of the pages on which all this was fitted. On larger ones marks are counted by this
area: what counts is how thick they lie."""


def own_odds(figures: npt.NDArray[np.float64], kind: npt.NDArray[np.uint8]) -> Figures:
    """Log odds that each mark is damage, before the page is heard.

    figures: float64 (marks.FIGURES, n); kind: uint8 (n,), index into KINDS.
    """
    out = np.zeros(figures.shape[1])
    for group, kinds in GROUPS.items():
        chosen = _of(kinds, kind)
        constant, *slopes = COEFFICIENTS[group]
        out[chosen] = constant + np.asarray(slopes) @ figures[:, chosen]
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
    judged = np.isin(kind, [KINDS.index(name) for group in PAGE for name in GROUPS[group]])
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


def _of(kinds: tuple[str, ...], kind: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    return np.isin(kind, [KINDS.index(name) for name in kinds])
