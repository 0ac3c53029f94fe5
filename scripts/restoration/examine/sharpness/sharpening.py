"""Sharpening before us: the halos that a scanner's unsharp mask leaves beside edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from restoration.examine.resolution.resolution import chosen, picture_box
from restoration.examine.screen.screen_mask import without_screens
from restoration.examine.sharpness.edges import FINE, Edges, edges, rises
from restoration.examine.survey import Survey
from restoration.examine.window import EarlierFindings, PageFacts, Window
from restoration.findings.base import Caution
from restoration.findings.sharpening import Sharpening, SharpeningDetail
from restoration.raster.base import Floats

TILES = 16
"""Tiles of most detail whose edges are looked at, per scale."""

SCALES = (1, 2)
"""A scan of 1200 ppi holds edges of 4 to 8 pixels; at half scale their halos fit the profiles."""

FEWEST = 16
"""Edges between even tones, without which nothing is said."""

WITNESSES = 6
"""Parts of the picture in which these must lie: the outline of one object is one case."""

TALL = 20.0 / 255.0
"""Least step of such an edge."""

EVEN = 0.15
"""Largest deviation of the tone beside an edge, as a share of the step."""

ROOM = 0.06
"""Least distance of the tones from black and white, as a share of the step: a halo must fit in."""

NEAR, FAR = 5.0, 12.0
"""The tone beside an edge is measured from NEAR to FAR pixels beyond its rise."""

HALO = 0.02
"""Least overshoot of the typical edge on its weaker side, as a share of the step. Optics and area
sampling leave none; unsharp masks of 80 to 150 % with radii of 1.5 to 4 pixels left 0.03 to 0.2
in our trials, weaker ones on soft edges less than can be told."""

SURE = 2.5
"""The overshoot in standard errors from which it is no chance."""

MOST = 0.7
"""Share of the witnesses that must overshoot on both sides: sharpening spares no edge."""

SECOND = 0.4
"""Second lobe, as a share of the first, from which it is ringing (interpolation, a brick-wall
filter) and no unsharp mask, whose halo returns to the tone without crossing it. JPEG's ringing
differs from edge to edge and leaves nothing in the median."""


@dataclass(frozen=True)
class Halos:
    """The typical edge of one scale."""

    scale: int
    count: int
    """Edges between even tones."""
    witnesses: int
    """Quarters of tiles in which at least two of them lie."""
    overshoot: float
    """On the weaker side, as a share of the step."""
    error: float
    """Its standard error."""
    width: float
    """From the middle of the edge until the halo has fallen to half, in pixels of the page."""
    second: float
    """Second lobe as a share of the first, the larger of the two sides."""
    share: float
    """Of the witnesses, those that overshoot on both sides."""

    @property
    def sharpened(self) -> bool:
        return (
            self.overshoot >= max(HALO, SURE * self.error)
            and self.second <= SECOND
            and self.share >= MOST
        )


class SharpeningMeasurer:
    """Whether the scan was sharpened before it came to us.

    An unsharp mask overshoots on both sides of every edge. On the strong straight edges of the
    tiles of most detail, averaged along the edge, that have an even tone on both sides, the halo is
    measured as a share of the step. Value: True where the edges of most parts of the picture have
    halos on both sides that fall back without ringing; None where there are too few such edges.
    ``detail.overshoot`` is the typical share of the step, on the weaker side, ``detail.width_px``
    the distance from the middle of the edge at which the halo has fallen to half.
    """

    METHOD: ClassVar[str] = (
        "overshoot on both sides of strong straight edges between flat tones, averaged along them"
    )

    def begin(self, page: PageFacts) -> None:
        self._page = page

    def see(self, window: Window) -> None:
        """Works on the survey's tiles alone."""

    def conclude(self, survey: Survey, earlier: EarlierFindings) -> Sharpening:
        box = picture_box(earlier)
        found = []
        for scale in SCALES:
            own = survey.detailed(scale, box) or survey.detailed(scale)
            kept = chosen(without_screens(own, earlier))[:TILES]
            found.append(halos(edges([tile.luminance for tile in kept]), scale))
        enough = [one for one in found if one.witnesses >= WITNESSES and one.count >= FEWEST]
        if not enough:
            most = max(one.count for one in found)
            reason = (
                f"{most} straight edges between even tones; {FEWEST} in {WITNESSES} parts of the "
                "picture are needed"
            )
            return self._said(None, 0.0, SharpeningDetail(edges=most, reason=reason))
        best = max(enough, key=lambda one: (one.sharpened, one.overshoot))
        detail = SharpeningDetail(
            overshoot=max(best.overshoot, 0.0),
            error=best.error,
            width_px=best.width if best.sharpened else None,
            share=best.share,
            second_lobe=best.second,
            edges=best.count,
            witnesses=best.witnesses,
            tile_scale=best.scale,
        )
        many = min(1.0, best.witnesses / 20.0)
        if not best.sharpened:
            clear = 1.0 - min(1.0, max(best.overshoot, 0.0) / (2.0 * HALO))
            return self._said(False, round(0.55 + 0.4 * many * clear, 2), detail)
        sure = 0.6 + 0.35 * many * min(1.0, best.overshoot / (3.0 * HALO))
        text = (
            f"The scan was sharpened before it came here: edges overshoot by about "
            f"{100.0 * best.overshoot:.0f} % of their step. If you can, scan it again without."
        )
        caution = Caution(code="scanner_sharpening", text=text)
        return self._said(True, round(sure, 2), detail, caution)

    def _said(
        self, value: bool | None, confidence: float, detail: SharpeningDetail, *cautions: Caution
    ) -> Sharpening:
        return Sharpening(
            value=value,
            unit="",
            confidence=confidence,
            method=self.METHOD,
            detail=detail,
            cautions=cautions,
        )


def halos(found: Edges, scale: int) -> Halos:
    """What the typical edge of a scale shows beside its step.

    The edges between even tones are brought to a step of 1, and the blurred third of them left out.
    The median of all gives the halo's place, in which the texture beside single edges and JPEG's
    ringing cancel out; the medians of the quarters of the tiles, each one witness, its height.
    """
    _, widths = rises(found.profiles)
    kept = [
        (float(width), int(place), step)
        for profile, width, place in zip(found.profiles, widths, found.places, strict=True)
        if (step := _step(profile, float(width))) is not None
    ]
    count = len(kept)
    kept = sorted(kept, key=lambda one: one[0])[: max(FEWEST, 2 * count // 3)]
    places = np.array([place for _, place, _ in kept], dtype=np.intp)
    witnesses = [place for place in np.unique(places) if (places == place).sum() >= 2]
    if count < FEWEST or len(witnesses) < WITNESSES:
        return Halos(scale, count, len(witnesses), 0.0, 0.0, 0.0, 0.0, 0.0)
    table = np.stack([step for _, _, step in kept])
    rise = float(np.median([width for width, _, _ in kept]))
    typical = np.median(table, axis=0)
    middle = typical.size // 2
    sides = (
        _overshoot(typical[middle:] - 1.0, rise),
        _overshoot(-typical[middle::-1], rise),
    )
    upper = table[:, middle + sides[0].place] - 1.0
    lower = -table[:, middle - sides[1].place]
    # The weaker side of each witness: shading gives one side what it takes from the other.
    weaker = np.array(
        [
            min(float(np.median(upper[places == place])), float(np.median(lower[places == place])))
            for place in witnesses
        ]
    )
    height = float(np.median(weaker))
    spread = 1.4826 * float(np.median(np.abs(weaker - height)))
    return Halos(
        scale=scale,
        count=count,
        witnesses=len(witnesses),
        overshoot=height,
        error=1.25 * spread / float(np.sqrt(len(witnesses))),
        width=max(side.width for side in sides) * scale,
        second=max(side.second / max(side.height, 1e-3) for side in sides),
        share=float((weaker > 0.0).mean()),
    )


def _step(profile: Floats, rise: float) -> Floats | None:
    """A profile with its tones at 0 and 1 and its middle in the middle; None where the tones
    beside it are not even, or the step is low."""
    middle, reach = profile.size // 2, int((profile.size // 2 - 2 * FINE) / FINE)
    near = min(0.5 * rise + NEAR, reach - 5.0)
    far = min(0.5 * rise + FAR, float(reach))
    right = profile[middle + int(near * FINE) : middle + int(far * FINE) + 1]
    left = profile[middle - int(far * FINE) : middle - int(near * FINE) + 1]
    low, high = float(np.median(left)), float(np.median(right))
    step = high - low
    if step < TALL or max(_unevenness(left), _unevenness(right)) > EVEN * step:
        return None
    if min(low, 1.0 - high) < ROOM * step:
        return None
    scaled = (profile - low) / step
    around = scaled[middle - 2 * FINE : middle + 2 * FINE + 1]
    above = np.flatnonzero((around[1:] >= 0.5) & (around[:-1] < 0.5))
    if above.size == 0:
        return None
    cross = int(above[0])
    share = (0.5 - around[cross]) / (around[cross + 1] - around[cross])
    places = np.arange(-reach * FINE, reach * FINE + 1) + middle - 2 * FINE + cross + share
    return np.asarray(np.interp(places, np.arange(profile.size), scaled))


def _unevenness(samples: Floats) -> float:
    """Robust deviation in a stretch of tone, or half the difference of its ends if that is more."""
    third = samples.size // 3
    spread = 1.4826 * float(np.median(np.abs(samples - np.median(samples))))
    return max(spread, 0.5 * abs(float(samples[:third].mean() - samples[-third:].mean())))


@dataclass(frozen=True)
class _Overshoot:
    height: float
    place: int
    """Samples from the middle of the edge to the top."""
    width: float
    """Pixels from the middle until the halo has fallen to half."""
    second: float
    """Deepest fall below the tone after the top."""


def _overshoot(side: Floats, rise: float) -> _Overshoot:
    """What one side of the typical edge has above its tone (0), from the middle outwards."""
    end = min(side.size - 1, int((0.5 * rise + NEAR) * FINE))
    place = int(side[: end + 1].argmax())
    height = float(side[place])
    after = side[place : place + int(NEAR * FINE) + 1]
    fallen = np.flatnonzero(after < 0.5 * height)
    width = (place + (int(fallen[0]) if fallen.size else after.size)) / FINE
    return _Overshoot(height, place, width, float(max(-after.min(), 0.0)))
