"""From the pieces of a page to its verdict: which are damage, given how many there are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from restoration.examine.damage.coefficients import DUST, LINES
from restoration.examine.damage.odds import CODES, Counts, shift, tally, threshold
from restoration.examine.damage.search import KINDS, Judged, Sighting

LINE_MARGIN = 1.4
"""Odds that a line needs on top of a speck's: a whisker or a mast that is filled is a picture
changed; a false speck is a few pixels of what lies around it. On sound photographs that the fit had
not seen this leaves a quarter of the false lines, on scratched ones three fifths of the true."""

CREASE_MARGIN = 2.5
"""Odds that a crease needs on top: it is judged by what scratches look like, at a resolution at
which masts, seams and folds of cloth look like scratches too."""

SOONEST = -2.0
"""Pieces of lower odds are counted, no more: no sensitivity would take them for damage."""


@dataclass
class PieceCounts:
    """All pieces of a page, by kind; memory is bounded by the likely ones."""

    counts: dict[str, Counts] = field(
        default_factory=lambda: {kind: np.zeros(CODES + 1, np.int64) for kind in KINDS}
    )
    likely: dict[str, list[npt.NDArray[np.float32]]] = field(
        default_factory=lambda: {kind: [] for kind in KINDS}
    )

    def enter(self, sighting: Sighting) -> None:
        for kind, entries in sighting.judged.items():
            for judged in entries:
                self.counts[kind] += tally(judged.odds)
                self.likely[kind].append(_rows(judged))

    def shifts(self) -> dict[str, float]:
        """By kind: what to add to the odds on this page."""
        both = self.counts["scratches"] + self.counts["creases"]
        lines = shift(both, LINES.share)
        return {
            "dust": shift(self.counts["dust"], DUST.share),
            "scratches": lines - LINE_MARGIN,
            "creases": lines - LINE_MARGIN - CREASE_MARGIN,
        }

    def found(self, kind: str, sensitivity: float, scale: float = 1.0) -> dict[str, Any]:
        """Count, area, length and polarity of what is damage. scale: page per searched area."""
        rows = self._rows(kind)
        rows = rows[rows[:, 0] + self.shifts()[kind] > threshold(sensitivity)]
        light = int(rows[:, 3].sum())
        found: dict[str, Any] = {
            "count": round(scale * len(rows)),
            "area_px": round(scale * float(rows[:, 1].sum())),
            "light": round(scale * light),
            "dark": round(scale * (len(rows) - light)),
        }
        if kind != "dust":
            found["length_px"] = round(scale * float(rows[:, 2].sum()))
        return found

    def _rows(self, kind: str) -> npt.NDArray[np.float32]:
        rows = self.likely[kind]
        return np.concatenate(rows) if rows else np.zeros((0, 4), np.float32)


def _rows(judged: Judged) -> npt.NDArray[np.float32]:
    """Odds, area, length, light of the pieces that may still be damage."""
    keep = judged.odds > SOONEST
    columns = (judged.odds, judged.area, judged.length, judged.light)
    return np.stack([np.asarray(column)[keep] for column in columns], axis=1).astype(np.float32)
