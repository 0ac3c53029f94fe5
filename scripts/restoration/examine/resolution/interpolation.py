"""Was the scan interpolated? Rhythms in its finest differences, judged against its spectrum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from restoration.examine.resolution.periodicity import (
    LARGEST,
    Differences,
    SpectralLine,
    lines,
    replicated,
)
from restoration.examine.resolution.resolution import FULL, picture_box, reach
from restoration.examine.screen.screen_mask import Screened
from restoration.examine.survey import Survey
from restoration.examine.window import EarlierFindings, PageFacts, Window
from restoration.findings.base import Caution
from restoration.findings.blocking import Blocking
from restoration.findings.interpolated import Interpolated, InterpolatedDetail, RhythmLine

STRONG = 0.05
"""Amplitude of a rhythm that no fixed pattern of a sensor reaches in our trials; bilinear,
bicubic and Lanczos interpolation by up to 4 lie above it."""

LINEAR = 0.34
"""Least amplitude of the rhythm of linear interpolation (longer kernels: below 0.3 mostly)."""

SMALL_FACTOR = 0.6
"""Largest amplitude that linear interpolation by less than 2 leaves in second differences; by 2.2
and more it leaves 0.65 and above, which tells the two factors of a line apart."""

BLOCKS = 0.3
"""Amplitude above which lines at all of k/8 are an enlargement by 8 and not JPEG's grid."""


@dataclass(frozen=True)
class Enlargement:
    """An interpolation found along one axis."""

    factor: float
    kind: str
    """``nearest``, ``linear``, ``cubic or longer``."""
    line: SpectralLine | None
    """The line that gave it away; None for exact replication."""
    ended: bool
    """True where the picture's spectrum ends below Nyquist, as an enlargement's must."""


def enlargement(
    profiles: npt.NDArray[np.float64], share: float | None, compressed: bool | None = None
) -> Enlargement | None:
    """The enlargement that explains an axis's lines; None where there is none.

    compressed: has the page JPEG's blocks (None = unknown)? Their grid has the line of 4/3, too.

    share: how much of Nyquist the picture fills along this axis (None = unknown). A line at f
    stands for a factor of 1/f as well as of 1/(1-f); the picture's spectrum decides, and a factor
    that it contradicts is none: such lines come from JPEG's grid or from the sensor.
    """
    copied = replicated(profiles[0])
    if copied is not None:
        return Enlargement(_common(copied), "nearest", None, True)
    found = lines(profiles)
    tolerance = 2.0 / profiles.shape[1]
    blocks = _blocks(found, tolerance)
    if blocks:
        found = [line for line in found if not _at(line, 3, tolerance)]
    ended = share is not None and share < FULL
    best: tuple[float, Enlargement] | None = None
    for line in _fundamentals(found):
        # Nothing is ever enlarged by 8/7 or 8/5; JPEG's grid has their lines.
        folded = [] if _at(line, 1, tolerance) or _at(line, 3, tolerance) or blocks else [1.0]
        if _at(line, 2, tolerance) and not ended and compressed is not False:
            folded = []
        for whole in [0.0, *folded]:
            factor = 1.0 / abs(whole - line.frequency)
            misfit = _misfit(factor, line, share, blocks)
            if misfit is None or (best is not None and misfit >= best[0]):
                continue
            kind = "linear" if line.amplitude >= _linear(factor) else "cubic or longer"
            best = (misfit, Enlargement(_common(factor), kind, line, ended))
    return None if best is None else best[1]


def _both(
    profiles: list[npt.NDArray[np.float64]],
    shares: tuple[float | None, float | None],
    compressed: bool | None,
) -> list[Enlargement | None]:
    """The enlargement of each axis; where one has none, it is asked again with the other's end of
    the spectrum, and counts if it then gives the same factor."""
    found = [enlargement(p, s, compressed) for p, s in zip(profiles, shares, strict=True)]
    for this, other in ((0, 1), (1, 0)):
        known = found[other]
        if found[this] is None and known is not None:
            again = enlargement(profiles[this], shares[other], compressed)
            if again is not None and abs(float(np.log(again.factor / known.factor))) < 0.02:
                found[this] = again
    return found


def agreed(found: list[Enlargement | None]) -> list[Enlargement | None]:
    """The enlargements of the two axes, or none where they do not support each other.

    Halftone screens, weaves and walls have rhythms too, but hardly the same on both axes. One axis
    alone counts where it was copied exactly or enlarged by 1.5 or more with the spectrum's end to
    show for it, as scanners with 2400 x 1200 sensors do.
    """
    across, down = found
    if across is not None and down is not None:
        alike = abs(float(np.log(across.factor / down.factor))) < 0.02
        return found if alike or "nearest" in (across.kind, down.kind) else [None, None]
    alone = across or down
    if alone is None or alone.kind == "nearest":
        return found
    # 8 and 8/3 have the lines that JPEG's grid leaves.
    grid = any(abs(alone.factor - 8.0 / k) < 0.02 for k in (1, 3))
    sure = alone.factor >= 1.5 and alone.ended and not grid
    return found if sure else [None, None]


def _blocks(found: list[SpectralLine], tolerance: float) -> bool:
    """Are these the lines of JPEG's 8 x 8 grid: 1/8 and multiples, none of them very strong?"""
    largest = {
        k: max((line.amplitude for line in found if _at(line, k, tolerance)), default=0.0)
        for k in (1, 2, 3)
    }
    several = min(largest[1], max(largest[2], largest[3])) > 0.0
    return several and largest[1] >= 0.5 * largest[3] and max(largest.values()) < BLOCKS


def _at(line: SpectralLine, eighths: int, tolerance: float) -> bool:
    return abs(line.frequency - eighths / 8.0) < tolerance


def _fundamentals(found: list[SpectralLine]) -> list[SpectralLine]:
    """The lines that may be the factor's own: the strongest of the second differences and its
    equals; where these are weak, those of the third (a doubling on a shifted grid)."""
    largest = max((line.amplitude for line in found), default=0.0)
    for order in (2, 3):
        own = [line for line in found if line.order == order]
        top = max((line.amplitude for line in own), default=0.0)
        if own and top >= 0.25 * largest:
            return [line for line in own if line.amplitude >= 0.9 * top]
    return []


def _misfit(factor: float, line: SpectralLine, share: float | None, blocks: bool) -> float | None:
    """How badly the spectrum's end fits a factor; None where it contradicts it.

    Measured ends lie at 1 to 1.3 / factor for cubic and longer kernels, with linear interpolation,
    whose replicas pass, beyond 2 / factor; then only a strong rhythm counts. JPEG's grid has the
    lines of the factors 2, 4 and 8, so that beside it the end must fit closely.
    """
    if not 1.1 <= factor <= LARGEST:
        return None
    if share is None:
        return 0.0 if line.amplitude >= STRONG and not blocks else None
    ratio = share * factor
    close = share < FULL and 0.6 <= ratio <= (1.2 if blocks else 1.6)
    needed = 0.0 if close else STRONG
    if share >= FULL and factor < 1.5:
        # A scan that was made smaller shows the same line and is as full.
        needed = 2.0 * STRONG
    # Noise and rounding can hide the end altogether; a rhythm this strong has no other cause.
    widest = LARGEST if line.amplitude > SMALL_FACTOR else 2.6
    contradicted = (
        (blocks and not close)
        # Blocks of strong JPEG compression; of enlargements only the linear one is as clear.
        or (abs(factor - 8.0) < 0.02 and ratio > 1.2 and line.amplitude < 1.0)
        or ratio > widest
        or line.amplitude < needed
        or (factor < 2.0 and line.order == 2 and line.amplitude > SMALL_FACTOR)
    )
    if contradicted:
        return None
    expected = 1.8 if line.amplitude >= LINEAR else 1.3
    return abs(float(np.log(ratio / expected))) + (0.0 if ratio >= 0.97 else 1.0)


def _triangle(factor: float) -> float:
    """Amplitude of the rhythm of second differences that linear interpolation leaves: that of the
    triangles of two pixels' width around the knots (and no rounding)."""
    return float(2.0 * np.sinc(1.0 / factor) ** 2)


def _linear(factor: float) -> float:
    """Amplitude from which a rhythm is that of linear interpolation."""
    return max(LINEAR, 0.3 * _triangle(factor))


def _common(factor: float) -> float:
    """The factor, or the ratio of small whole numbers that lies within 0.4 % of it."""
    ratios = (round(factor * below) / below for below in (1, 2, 3, 4, 5))
    return next((r for r in ratios if abs(r / factor - 1.0) < 0.004), round(factor, 3))


class InterpolationMeasurer:
    """Whether the scan was enlarged after it was scanned, by which factor and how.

    Interpolation mixes the pixels of a coarser grid with weights that repeat with the factor, so
    that the finest differences rise and fall with it, over the whole page in step (Gallagher,
    "Detection of linear and cubic interpolation in JPEG compressed images", CRV 2005; Mahdian and
    Saic, IEEE TIFS 3(3), 2008). Value: True, False, or None where the page has nothing to look at.
    """

    METHOD: ClassVar[str] = (
        "periodic lines in the mean first, second and third differences per column and row, "
        "checked against the end of the spectrum; exact replication"
    )

    def begin(self, page: PageFacts) -> None:
        self._page = page
        self._axes = (Differences(page.width, 1), Differences(page.height, 0))

    def see(self, window: Window) -> None:
        self._axes[0].see(window.luminance, window.left)
        self._axes[1].see(window.luminance, window.top)

    def conclude(self, survey: Survey, earlier: EarlierFindings) -> Interpolated:
        profiles = [axis.profiles() for axis in self._axes]
        extent = reach(survey, picture_box(earlier))
        shares = (None, None) if extent is None else extent.shares
        blocks = earlier.get(Blocking)
        found = agreed(_both(profiles, shares, None if blocks is None else blocks.value))
        if found[0] is None and found[1] is None:
            if extent is None:
                reason = "no detail in which an interpolation could be seen"
                return self._said(None, 0.0, _detail(found, reason=reason))
            # A perfect low-pass leaves no rhythm: "not found" is never certain.
            return self._said(False, 0.7, _detail(found))
        screened = Screened.of(earlier)
        if screened is not None:
            reason = f"a {screened.kind} screen has such a rhythm of its own"
            return self._said(None, 0.0, _detail(found, known=False, reason=reason))
        detail = _detail(found)
        across, down = detail.factor_across or 1.0, detail.factor_down or 1.0
        factor = float(np.sqrt(across * down))
        both = found[0] is not None and found[1] is not None
        alike = both and abs(float(np.log(across / down))) < 0.02
        text = (
            f"The scan was enlarged by about {factor:.3g} ({detail.kind} "
            "interpolation): its stated resolution is not what was scanned."
        )
        detail = detail.model_copy(update={"factor": factor})
        warning = Caution(code="interpolated", text=text)
        return self._said(True, 0.95 if alike else 0.6, detail, warning)

    def _said(
        self,
        value: bool | None,
        confidence: float,
        detail: InterpolatedDetail,
        *cautions: Caution,
    ) -> Interpolated:
        return Interpolated(
            value=value,
            unit="",
            confidence=confidence,
            method=self.METHOD,
            detail=detail,
            cautions=cautions,
        )


def _detail(
    found: list[Enlargement | None], known: bool = True, reason: str = ""
) -> InterpolatedDetail:
    """What was seen along the two axes; known: whether it counts as an enlargement."""
    across, down = (None if f is None or not known else f.factor for f in found)
    kinds = (f.kind for f in found if f is not None and known)
    return InterpolatedDetail(
        factor=None,
        factor_across=across,
        factor_down=down,
        kind=next(kinds, None),
        lines=tuple(
            None if f is None or f.line is None else RhythmLine(**vars(f.line)) for f in found
        ),
        **({"reason": reason} if reason else {}),
    )
