"""Which faces are restored, and why the others are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from restoration.engine.working_resolution import Evidence
from restoration.faces.frame import BOX_SIDE
from restoration.faces.known import KnownFace
from restoration.stage_settings import FacesSettings

HARD_FLOOR = 16.0
"""Effective width, in pixels of picture, below which nothing of a person is left to go by; not even
a person's own mark leads past it."""

AS_SHARP_AS_THE_SCAN = 0.9
"""Share of the scan's resolution that a face holds from which no pixel is left for a network."""

GATE_SETTINGS = ("smallest", "least_score", "most_turned", "motion_above")
"""The settings from which the gate decides."""

Outcome = Literal["restored", "gated", "excluded", "rejected"]


NOISE_HIDES = 4.0
"""Noise (standard deviation in 1/255, grain apart) above which a measured resolution is that of
the noise: sharp faces under noise of 12/255 measured as a third to a half of it, and a network
that was shown so little of them lost 1 to 3 dB against denoising alone."""

_HIDDEN_BY = {
    "nyquist": "its detail goes down to the scan's own pixels",
    "jpeg": "its detail goes down to what the JPEG file left of it",
}


@dataclass(frozen=True)
class PageEvidence:
    """What the gate knows of the whole page."""

    share: float | None
    """Effective resolution as a share of the scan's; None = unknown."""
    noise: float | None
    """Standard deviation in 1/255, without grain; None = unknown."""

    @classmethod
    def of(cls, report: Mapping[str, Any]) -> PageEvidence:
        """report: holds ``effective_resolution`` and ``noise``."""
        evidence = Evidence.of(report, None)
        return cls(evidence.share, evidence.noise)

    @property
    def hidden(self) -> bool:
        """Whether noise hides how sharp the page is."""
        return self.noise is not None and self.noise > NOISE_HIDES


@dataclass(frozen=True)
class Verdict:
    """Before any network was asked."""

    accepted: bool
    outcome: Outcome
    """``restored`` where accepted: the checks may still reject it."""
    reason: str


def share_of(face: KnownFace, page: PageEvidence) -> float | None:
    """What a face holds of the scan's resolution, in (0, 1]; None = unknown.

    The page's own where nobody measured the face; unknown where noise hides it.
    """
    if page.hidden:
        return None
    measured = face.found.get("effective_share")
    return page.share if measured is None else float(measured)


def effective_width(face: KnownFace, page: PageEvidence) -> float | None:
    """Pixels of picture across a face; None where its sharpness is unknown."""
    share = share_of(face, page)
    return None if share is None else face.width * share


def judge(face: KnownFace, settings: FacesSettings, page: PageEvidence) -> Verdict:
    """Whether a face is restored, by what is known of it and of its page."""
    if face.excluded:
        return Verdict(False, "excluded", "a person excluded it")
    width = effective_width(face, page)
    seen = face.width if width is None else width
    if seen < HARD_FLOOR:
        return Verdict(
            False,
            "gated",
            f"too small: {seen:.0f} px of picture across, and below {HARD_FLOOR:.0f} px nothing of "
            "a person is left to go by",
        )
    if face.marked:
        return Verdict(True, "restored", "a person asked for it")
    reason = (
        _too_small(seen, settings)
        or _doubtful(face.found, settings)
        or _turned(face.found, settings)
        or _moved(face.found, settings)
        or _sharp(width, face.found, page)
    )
    if reason is not None:
        return Verdict(False, "gated", reason)
    return Verdict(True, "restored", "its resolution lies below what the network can show")


def _too_small(width: float, settings: FacesSettings) -> str | None:
    if width >= settings.smallest:
        return None
    return (
        f"too small: {width:.0f} px of picture across, faces are restored from "
        f"{settings.smallest:g} px"
    )


def _doubtful(found: Mapping[str, Any], settings: FacesSettings) -> str | None:
    score = float(found.get("score") or 0.0)
    if score >= settings.least_score:
        return None
    return (
        f"perhaps no face: the detectors' score is {score:.2f}, faces are restored from "
        f"{settings.least_score:g}"
    )


def _turned(found: Mapping[str, Any], settings: FacesSettings) -> str | None:
    pose = found.get("pose") or {}
    most = max((abs(float(pose.get(axis) or 0.0)), axis) for axis in ("yaw", "pitch"))
    if most[0] <= settings.most_turned:
        return None
    words = {"yaw": "turned to the side", "pitch": "tilted"}[most[1]]
    return (
        f"{words} by {most[0]:.0f}°, faces are restored up to {settings.most_turned:g}°: the "
        "network would draw the hidden half from others"
    )


def _moved(found: Mapping[str, Any], settings: FacesSettings) -> str | None:
    blur = found.get("blur") or {}
    sure = float(blur.get("confidence") or 0.0)
    if blur.get("kind") != "motion" or sure < settings.motion_above:
        return None
    length = float(blur.get("length_px") or 0.0)
    return (
        f"blurred by motion, {length:.0f} px (confidence {sure:.2f}): this network does not undo "
        "motion"
    )


def _sharp(width: float | None, found: Mapping[str, Any], page: PageEvidence) -> str | None:
    if page.hidden:
        return (
            "nothing shows that it is soft: beside any grain the master's noise of "
            f"{page.noise:.0f}/255 hides its detail"
        )
    if width is not None and width >= BOX_SIDE:
        return (
            f"sharper than the network: it holds {width:.0f} px of picture across, and the "
            f"network's own faces are {BOX_SIDE:.0f} px wide"
        )
    share = float(found.get("effective_share") or 0.0)
    # A screen or a lens that ends the spectrum at the same place says nothing of the kind.
    said = _HIDDEN_BY.get(str(found.get("effective_limited_by")))
    if share >= AS_SHARP_AS_THE_SCAN and said is not None:
        return f"as sharp as the scan can be: {said}, and what a network added would be finer"
    return None
