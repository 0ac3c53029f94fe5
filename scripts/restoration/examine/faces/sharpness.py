"""How sharp one face is: the findings on resolution and blur, on the face as a page of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from restoration.examine.resolution.interpolation import InterpolationMeasurer
from restoration.examine.resolution.resolution import ResolutionMeasurer
from restoration.examine.sharpness.blur import BlurMeasurer
from restoration.examine.survey import Survey
from restoration.examine.window import EarlierFindings, PageFacts, Window
from restoration.findings.blocking import Blocking
from restoration.findings.faces import FaceBlur
from restoration.findings.screen import Screen

FROM_PAGE = (Blocking, Screen)
"""What the page's findings say of its faces, too. Not where things are: their places are the
page's; and not an enlargement, which the face shows itself: a montage may be enlarged elsewhere."""

TILES = ((512, 256), (128, 128), (64, 64))
"""Shorter side of the face's window from which tiles of this side are used: several of them must
fit, and blur is seen on 128 pixels alone."""


@dataclass(frozen=True)
class FaceDetail:
    """What one face holds."""

    share: float | None
    """Of the scan's own resolution, 0 to 1; None where there is no detail to tell."""
    confidence: float
    limited_by: str | None
    """What ended it, as in the finding ``effective_resolution``, or the kind of blur."""
    blur: FaceBlur


class FaceSharpness:
    """Sees the windows of one face, which may be many or large, and keeps bounded sets of tiles.

    Size: a share can be told from about 64 pixels, blur from about 256.
    """

    def __init__(self, page: PageFacts, height: int, width: int) -> None:
        """height, width: of the face's surroundings, in pixels of the page."""
        self._facts = replace(page, height=height, width=width)
        shorter = min(height, width)
        sides = next((side for least, side in TILES if shorter >= least), TILES[-1][1])
        self._survey = Survey(self._facts, (sides,))
        self._interpolated = InterpolationMeasurer()
        self._interpolated.begin(self._facts)

    def see(self, window: Window) -> None:
        """A window in pixels of the surroundings."""
        self._survey.see(window)
        self._interpolated.see(window)

    def conclude(self, earlier: EarlierFindings) -> FaceDetail:
        """earlier: the page's findings."""
        known = earlier.only(*FROM_PAGE)
        blur = self._blur(known)
        known = known.and_then(self._interpolated.conclude(self._survey, known))
        resolution = ResolutionMeasurer()
        resolution.begin(self._facts)
        found = resolution.conclude(self._survey, known)
        share, limited_by = found.detail.fraction, found.detail.limited_by
        if share is None:
            return FaceDetail(None, 0.0, None, blur)
        limited = _blurred_share(share, blur)
        confidence = found.confidence
        if limited < 0.99 * share:
            limited_by, confidence = blur.kind, min(confidence, blur.confidence)
        return FaceDetail(limited, confidence, limited_by, blur)

    def _blur(self, known: EarlierFindings) -> FaceBlur:
        screen = known.get(Screen)
        if screen is not None and screen.value not in (None, "none"):
            # A screen's own zeros and peaks would be taken for the blur's.
            return _unknown(f"{screen.value} screen")
        measurer = BlurMeasurer()
        measurer.begin(self._facts)
        found = measurer.conclude(self._survey, known)
        if found.value not in ("motion", "defocus", "none"):
            return _unknown(found.detail.reason or f"{found.value}")
        motion = found.value == "motion"
        radius = found.detail.radius_px
        return FaceBlur(
            kind=found.value,
            length_px=found.detail.length_px if motion else radius and 2.0 * radius,
            angle_deg=found.detail.direction_deg if motion else None,
            confidence=found.confidence,
        )


def _unknown(reason: str) -> FaceBlur:
    return FaceBlur(kind="unknown", length_px=None, angle_deg=None, confidence=0.0, reason=reason)


def _blurred_share(share: float, blur: FaceBlur) -> float:
    """The share less what lies beyond the blur's first zero, where a spectrum goes on.

    Motion of length L ends the picture along its direction at 1/L cycles per pixel, a disc of
    radius R in all directions at 0.61/R; the share is the geometric mean of two directions.
    """
    length = blur.length_px
    if length is None:
        return share
    if blur.kind == "motion":
        return float(np.sqrt(share * min(share, 2.0 / length)))
    if blur.kind == "defocus":
        return float(min(share, 2.0 * 0.61 / (length / 2.0)))
    return share
