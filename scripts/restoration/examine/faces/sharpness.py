"""How sharp one face is: the findings on resolution and blur, on the face as a page of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from restoration.examine.finding import Measurement, PageFacts, Window
from restoration.examine.resolution.interpolation import Interpolated
from restoration.examine.resolution.resolution import EffectiveResolution
from restoration.examine.sharpness.blur import Blur
from restoration.examine.survey import Survey

FROM_PAGE = ("blocking", "screen")
"""What the page's findings say of its faces, too. Not where things are: their places are the
page's; and not an enlargement, which the face shows itself: a montage may be enlarged elsewhere."""

TILES = ((512, 256), (128, 128), (64, 64))
"""Shorter side of the face's window from which tiles of this side are used: several of them must
fit, and blur is seen on 128 pixels alone."""


@dataclass(frozen=True)
class Sharpness:
    """What one face holds."""

    share: float | None
    """Of the scan's own resolution, 0 to 1; None where there is no detail to tell."""
    confidence: float
    limited_by: str | None
    """What ended it, as in the finding ``effective_resolution``, or the kind of blur."""
    blur: dict[str, Any]


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
        self._interpolated = Interpolated()
        self._interpolated.begin(self._facts)

    def see(self, window: Window) -> None:
        """A window in pixels of the surroundings."""
        self._survey.see(window)
        self._interpolated.see(window)

    def conclude(self, earlier: Mapping[str, Measurement]) -> Sharpness:
        """earlier: the page's findings."""
        known = {name: earlier[name] for name in FROM_PAGE if name in earlier}
        blur = self._blur(known)
        known["interpolated"] = self._interpolated.conclude(self._survey, known)
        resolution = EffectiveResolution()
        resolution.begin(self._facts)
        found = resolution.conclude(self._survey, known)
        share, limited_by = found.detail.get("fraction"), found.detail.get("limited_by")
        if share is None:
            return Sharpness(None, 0.0, None, blur)
        limited = _blurred_share(float(share), blur)
        confidence = found.confidence
        if limited < 0.99 * share:
            limited_by, confidence = blur["kind"], min(confidence, blur["confidence"])
        return Sharpness(limited, confidence, limited_by, blur)

    def _blur(self, known: Mapping[str, Measurement]) -> dict[str, Any]:
        screen = known.get("screen")
        if screen is not None and screen.value not in (None, "none"):
            # A screen's own zeros and peaks would be taken for the blur's.
            return {**_UNKNOWN, "reason": f"{screen.value} screen"}
        finding = Blur()
        finding.begin(self._facts)
        found = finding.conclude(self._survey, known)
        if found.value not in ("motion", "defocus", "none"):
            reason = found.detail.get("reason") or f"{found.value}"
            return {**_UNKNOWN, "reason": reason}
        motion = found.value == "motion"
        radius = found.detail.get("radius_px")
        return {
            "kind": found.value,
            "length_px": found.detail.get("length_px") if motion else radius and 2.0 * radius,
            "angle_deg": found.detail.get("direction_deg") if motion else None,
            "confidence": found.confidence,
        }


_UNKNOWN: dict[str, Any] = {
    "kind": "unknown",
    "length_px": None,
    "angle_deg": None,
    "confidence": 0.0,
}


def _blurred_share(share: float, blur: Mapping[str, Any]) -> float:
    """The share less what lies beyond the blur's first zero, where a spectrum goes on.

    Motion of length L ends the picture along its direction at 1/L cycles per pixel, a disc of
    radius R in all directions at 0.61/R; the share is the geometric mean of two directions.
    """
    length = blur["length_px"]
    if blur["kind"] == "motion":
        return float(np.sqrt(share * min(share, 2.0 / length)))
    if blur["kind"] == "defocus":
        return float(min(share, 2.0 * 0.61 / (length / 2.0)))
    return share
