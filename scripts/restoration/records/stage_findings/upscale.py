"""What upscale says of a page."""

from __future__ import annotations

from typing import ClassVar

from restoration.records.stage_findings.base import Anchored, SizePx


class UpscaleFindings(Anchored):
    """The page was enlarged; or why it was not."""

    stage: ClassVar[str] = "upscale"

    factor: tuple[float, float] | None = None
    """By how much, across and down."""
    size_px: SizePx | None = None
    """Size of the result."""
    method: str | None = None
    """How: a network, or resampling."""
