"""Our faces in the bench, called in this one place.

To be written with the stage `faces`: ``restored`` makes a ``stages.base.Page`` of the scan and its
condition report, runs ``stages.faces.Faces`` on it as ``quality_scans.apply_stage`` does, and hands
out the aligned faces that the stage blended, so that the package's paste-back gets the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from damage.light import Picture
from restoration.networks.face_detector import Place
from simulated_scans import SimulatedPage


@dataclass(frozen=True)
class FacePage:
    """A damaged page with one face of known place."""

    scan: SimulatedPage
    """uint16 RGB codes at a stated resolution."""
    points: tuple[Place, ...]
    """Five points of the face as the truth has them, in the order of ``POINT_NAMES``."""
    width: float
    """Of the face, in pixels of the page."""


@dataclass(frozen=True)
class OurFace:
    """What was done with one face."""

    crop: Picture
    """Restored and aligned, float32 (512, 512, 3), sRGB-encoded, before it went back."""
    points: tuple[Place, ...]
    """The five points it was aligned by, on the page."""
    eligible: bool
    """Not too small, too unsure or forbidden: the stage looked at it."""
    changed: bool
    reason: str = ""


@dataclass(frozen=True)
class Record:
    """What the stage says of a page."""

    faces: Sequence[OurFace]
    reason: str = ""
    """Why nothing was applied, where that is so."""


def restored(page: FacePage) -> tuple[Picture, Record]:
    """The page after our stage, float32 (h, w, 3), and what was done.

    Raises NotImplementedError: the stage is not in this version yet.
    """
    raise NotImplementedError("the stage `faces` is not in this version yet")
