"""What denoise says of a page."""

from __future__ import annotations

from typing import ClassVar

from restoration.findings.base import Figure
from restoration.records.base import Part
from restoration.records.stage_findings.base import SizePx, StageFindings


class NoisePass(Part):
    """One pass of the network over the page."""

    scale: int
    """Pixels of the page per pixel at which it worked, per side."""
    sigma_255: Figure
    """Standard deviation of the noise that it was told, in 1/255; 0 where it judges itself."""


class JpegBlocks(Part):
    """JPEG blocks that were taken out."""

    quality: float
    """Quality at which the picture was stored as JPEG, 1 to 100."""
    stored_px: SizePx
    """Size at which it was stored."""


class DenoiseFindings(StageFindings):
    """Noise and JPEG blocks were taken out; or why they were not."""

    stage: ClassVar[str] = "denoise"

    noise_255: Figure | None = None
    """Standard deviation of the noise, in 1/255; null where it is unknown."""
    grain: bool | None = None
    """Whether the noise is grain of the photograph; null where it is undecided."""
    noise_left: str | None = None
    """Why the noise was left, in words."""
    passes: tuple[NoisePass, ...] | None = None
    """The passes against noise, coarse to fine."""
    strength: Figure | None = None
    """Share of the change that was taken, 0 to 1."""
    share_grey: Figure | None = None
    """Share of the noise in lightness that was taken out, 0 to 1."""
    share_colour: Figure | None = None
    """Share of the noise in colour that was taken out, 0 to 1."""
    blocks: JpegBlocks | None = None
    """The JPEG blocks that were taken out."""
    blocks_left: str | None = None
    """Why JPEG blocks were left, in words."""
    network: str | None = None
    """Name of the network in models.yaml."""
    weights_sha256: str | None = None
    """SHA-256 of its weights."""
    mean_change_255: Figure | None = None
    """Mean of the absolute change of the page, in 1/255."""
    low_band_greatest_255: Figure | None = None
    """Largest shift of the low frequencies, which was taken back, in 1/255."""
    neutral: bool | None = None
    """Whether the scan is grey in all its pixels, so that the result is, too."""
