"""Which faces are restored, and why the others are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from restoration.faces.frame import BOX_SIDE
from restoration.faces.known import KnownFace
from restoration.stage_settings import FacesSettings

HARD_FLOOR = 16.0
"""Effective width, in pixels of picture, below which nothing of a person is left to go by; not even
a person's own mark leads past it."""

GATE_SETTINGS = ("smallest", "least_score", "most_turned", "motion_above")
"""The settings from which the gate decides."""

Outcome = Literal["restored", "gated", "excluded", "rejected"]


@dataclass(frozen=True)
class Verdict:
    """Before any network was asked."""

    accepted: bool
    outcome: Outcome
    """``restored`` where accepted: the checks may still reject it."""
    reason: str


def effective_width(face: KnownFace, page_share: float | None) -> float | None:
    """Pixels of picture across a face; None where its sharpness is unknown.

    page_share: effective resolution of the whole page as a share of the scan's, for faces that no
    detector saw and nobody measured.
    """
    measured = face.found.get("effective_share")
    share = page_share if measured is None else float(measured)
    return None if share is None else face.width * share


def judge(face: KnownFace, settings: FacesSettings, page_share: float | None) -> Verdict:
    """Whether a face is restored, by what is known of it alone."""
    if face.excluded:
        return Verdict(False, "excluded", "a person excluded it")
    width = effective_width(face, page_share)
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
        or _sharp(width)
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


def _sharp(width: float | None) -> str | None:
    if width is None or width < BOX_SIDE:
        return None
    return (
        f"sharper than the network: it holds {width:.0f} px of picture across, and the network's "
        f"own faces are {BOX_SIDE:.0f} px wide"
    )
