"""What descreen says of a page."""

from __future__ import annotations

from typing import ClassVar

from restoration.findings.base import Figure
from restoration.records.base import Part
from restoration.records.stage_findings.base import StageFindings


class RemovedScreen(Part):
    """One screen that was taken away in a region."""

    channel: str
    """The scan's channel: grey, r, g or b."""
    f1: tuple[float, float]
    """First frequency of the screen, down and across, in cycles per pixel."""
    f2: tuple[float, float]
    """Second frequency, likewise."""
    shape: str
    """dot or line."""
    period_px: Figure
    """Distance of its dots or lines, in pixels."""
    ruling_lpi: Figure | None
    """The same in lines per inch; null where the scan states no resolution."""
    orders: int
    """Number of harmonics that were taken away."""
    amplitude: Figure
    """Amplitude before, as a share of the light of paper."""
    removed_db: float | None = None
    """By how much it was reduced, in decibels."""


class DescreenedRegion(Part):
    """A region of the page whose screens were taken away."""

    id: str
    """Its letter in the condition report."""
    share: Figure
    """Share of the page, 0 to 1."""
    screens: tuple[RemovedScreen, ...]
    """Its screens."""
    changed_share: Figure | None = None
    """Share of the page's pixels that changed in it, 0 to 1."""


class LeftRegion(Part):
    """A region of the page whose screens stay."""

    id: str
    """Its letter in the condition report."""
    share: Figure
    """Share of the page, 0 to 1."""
    reason: str
    """Why, in words."""


class DescreenFindings(StageFindings):
    """Halftone screens were taken away; or why they stay."""

    stage: ClassVar[str] = "descreen"

    strength: Figure | None = None
    """Share of the change that was taken, 0 to 1."""
    regions: tuple[DescreenedRegion, ...] | None = None
    """The regions whose screens were taken away."""
    left: tuple[LeftRegion, ...] | None = None
    """The regions whose screens stay."""
    changed_share: Figure | None = None
    """Share of the page's pixels that changed, 0 to 1."""
