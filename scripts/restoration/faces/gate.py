"""Which faces are restored, and why the others are not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from restoration.condition.confidence import LEAST_CONFIDENCE
from restoration.condition.working_resolution import EffectivePicture
from restoration.config.stages.faces import FacesSettings
from restoration.faces.frame import BOX_SIDE
from restoration.faces.page_faces import KnownFace
from restoration.findings.base import Others
from restoration.findings.effective_resolution import EffectiveResolution
from restoration.findings.faces import ReportedFace
from restoration.findings.noise import Noise

HARD_FLOOR = 16.0
"""Effective width, in pixels of picture, below which nothing of a person is left to go by; not even
a person's own mark leads past it."""

AS_SHARP_AS_THE_SCAN = 0.9
"""Share of the scan's resolution that a face holds from which no pixel is left for a network."""

Outcome = Literal["restored", "gated", "excluded", "rejected"]


NOISE_HIDES = 4.0
"""Noise (standard deviation in 1/255, grain apart) above which a measured resolution is that of
the noise: sharp faces under noise of 12/255 measured as a third to a half of it, and a network
that was shown so little of them lost 1 to 3 dB against denoising alone."""

_HIDDEN_BY = {
    "nyquist": "detail goes down to the scan's own pixels",
    "jpeg": "detail goes down to what the JPEG file left of it",
}


@dataclass(frozen=True)
class PageEvidence:
    """What the gate knows of the whole page."""

    share: float | None
    """Effective resolution as a share of the scan's; None = unknown."""
    noise: float | None
    """Standard deviation in 1/255, without grain; None = unknown."""
    limited_by: str | None = None
    """What ended the page's spectrum, as the condition report says."""

    @classmethod
    def of(cls, report: Others) -> PageEvidence:
        """report: holds `EffectiveResolution` and `Noise`."""
        evidence = EffectivePicture.of(report, None)
        sharpness, noise = report.get(EffectiveResolution), report.get(Noise)
        return cls(
            evidence.share if sharpness is None or _sure(sharpness.confidence) else None,
            evidence.noise if noise is None or _sure(noise.confidence) else None,
            None if sharpness is None else sharpness.detail.limited_by,
        )

    @property
    def hidden(self) -> bool:
        """Whether noise hides how sharp the page is."""
        return self.noise is not None and self.noise > NOISE_HIDES


def _sure(confidence: float | None) -> bool:
    """Whether a measure may decide; one that states no confidence may."""
    return confidence is None or confidence >= LEAST_CONFIDENCE


@dataclass(frozen=True)
class HeldSharpness:
    """How much of its pixels a face holds."""

    share: float | None
    """Of the scan's resolution, in (0, 1]; None = unknown."""
    limited_by: str | None
    """What ended its detail, as the condition report says."""
    own: bool
    """Whether it was measured on the face itself, and not on its page."""


def sharpness_of(face: KnownFace, page: PageEvidence) -> HeldSharpness:
    """The page's own where the face's is unknown; unknown where noise hides it."""
    if page.hidden:
        return HeldSharpness(None, None, own=False)
    own = face.measured
    if own is not None and own.effective_share is not None and _sure(own.effective_confidence):
        return HeldSharpness(own.effective_share, own.effective_limited_by, own=True)
    return HeldSharpness(page.share, page.limited_by, own=False)


@dataclass(frozen=True)
class Verdict:
    """Before any network was asked."""

    accepted: bool
    outcome: Outcome
    """``restored`` where accepted: the checks may still reject it."""
    reason: str


def share_of(face: KnownFace, page: PageEvidence) -> float | None:
    """What a face holds of the scan's resolution, in (0, 1]; None = unknown."""
    return sharpness_of(face, page).share


def effective_width(face: KnownFace, page: PageEvidence) -> float | None:
    """Pixels of picture across a face; None where its sharpness is unknown."""
    share = share_of(face, page)
    return None if share is None else face.width * share


def judge(face: KnownFace, settings: FacesSettings, page: PageEvidence) -> Verdict:
    """Whether a face is restored, by what is known of it and of its page."""
    if face.excluded:
        return Verdict(False, "excluded", "a person excluded it")
    sharpness = sharpness_of(face, page)
    held = face.width if sharpness.share is None else face.width * sharpness.share
    if held < HARD_FLOOR:
        return Verdict(
            False,
            "gated",
            f"too small: {_across(held, sharpness)}, and below {HARD_FLOOR:.0f} px nothing of a "
            "person is left to go by",
        )
    if face.marked:
        return Verdict(True, "restored", "a person asked for it")
    reason = (
        _too_small(held, sharpness, settings)
        or _doubtful(face.measured, settings)
        or _turned(face.measured, settings)
        or _moved(face.measured, settings)
        or _sharp(held, sharpness, page)
    )
    if reason is not None:
        return Verdict(False, "gated", reason)
    return Verdict(True, "restored", _accepted(sharpness))


UNKNOWN_SHARPNESS = "its sharpness is unknown, and nothing else speaks against it"


def _accepted(sharpness: HeldSharpness) -> str:
    if sharpness.share is None:
        return UNKNOWN_SHARPNESS
    if sharpness.own:
        return "its resolution lies below what the network can show"
    return "its page's resolution lies below what the network can show, its own is unknown"


def _across(held: float, sharpness: HeldSharpness) -> str:
    if sharpness.share is None:
        return f"{held:.0f} px across, how much of that is picture is unknown"
    page = "" if sharpness.own else " by its page's resolution, its own is unknown"
    return f"{held:.0f} px of picture across{page}"


def _too_small(held: float, sharpness: HeldSharpness, settings: FacesSettings) -> str | None:
    if held >= settings.smallest:
        return None
    return (
        f"too small: {_across(held, sharpness)}, faces are restored from {settings.smallest:g} px"
    )


def _doubtful(found: ReportedFace | None, settings: FacesSettings) -> str | None:
    score = 0.0 if found is None else found.score
    if score >= settings.least_score:
        return None
    return (
        f"perhaps no face: the detectors' score is {score:.2f}, faces are restored from "
        f"{settings.least_score:g}"
    )


def _turned(found: ReportedFace | None, settings: FacesSettings) -> str | None:
    pose = None if found is None else found.pose
    if pose is None:
        return None
    known = [(abs(pose.yaw), "yaw")]
    if _sure(pose.pitch_confidence):
        known.append((abs(pose.pitch), "pitch"))
    most = max(known)
    if most[0] <= settings.most_turned:
        return None
    words = {"yaw": "turned to the side", "pitch": "tilted"}[most[1]]
    return (
        f"{words} by {most[0]:.0f}°, faces are restored up to {settings.most_turned:g}°: the "
        "network would draw the hidden half from others"
    )


def _moved(found: ReportedFace | None, settings: FacesSettings) -> str | None:
    blur = None if found is None else found.blur
    if blur is None or blur.kind != "motion":
        return None
    sure, length = blur.confidence, blur.length_px or 0.0
    if sure < max(settings.motion_above, LEAST_CONFIDENCE):
        return None
    return (
        f"blurred by motion, {length:.0f} px (confidence {sure:.2f}): this network does not undo "
        "motion"
    )


def _sharp(held: float, sharpness: HeldSharpness, page: PageEvidence) -> str | None:
    if page.hidden:
        return (
            "nothing shows that it is soft: beside any grain the master's noise of "
            f"{page.noise:.0f}/255 hides its detail"
        )
    if sharpness.share is None:
        return None
    if held >= BOX_SIDE:
        return (
            f"sharper than the network: it holds {_across(held, sharpness)}, and the network's own "
            f"faces are {BOX_SIDE:.0f} px wide"
        )
    # A screen or a lens that ends the spectrum at the same place says nothing of the kind.
    said = _HIDDEN_BY.get(str(sharpness.limited_by))
    if sharpness.share >= AS_SHARP_AS_THE_SCAN and said is not None:
        whose = "its" if sharpness.own else "its page's"
        unknown = "" if sharpness.own else ", its own sharpness is unknown"
        return (
            f"as sharp as the scan can be: {whose} {said}, and what a network added would be "
            f"finer{unknown}"
        )
    return None
