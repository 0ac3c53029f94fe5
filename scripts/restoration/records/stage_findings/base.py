"""What the findings of all stages may hold."""

from __future__ import annotations

from typing import ClassVar

from pydantic import ConfigDict

from restoration.findings.base import Figure
from restoration.records.base import Part


class HeadOval(Part):
    """The oval of a head, in pixels of the master's page."""

    middle: tuple[float, float]
    """Left and top of its middle."""
    half_axes: tuple[float, float]
    """Half axes across and along the head."""
    angle_deg: float
    """Its tilt, in degrees."""


class KeptHead(HeadOval):
    """The head of a face that a generative network left as it was."""

    face: int
    """Number of the face on the page."""


class StageFindings(Part):
    """What any stage may say."""

    stage: ClassVar[str]
    """The stage; each of its own."""

    reason: str | None = None
    """Why the stage changed the page, in words; absent where it did not."""
    generative: bool | None = None
    """Whether a generative network made pixels; absent where a stage has none."""
    regions_share: float | None = None
    """Share of the page inside the regions to which a person held the stage, 0 to 1."""
    outside_faces_share: float | None = None
    """Share of the page outside the heads that the stage left alone, 0 to 1."""
    faces_kept: int | None = None
    """Number of faces that the stage left alone."""
    heads: tuple[KeptHead, ...] | None = None
    """Where the heads of these faces lie."""
    faces_not_kept: str | None = None
    """Why no faces were left alone, in words; absent where they were looked for."""
    cautions: tuple[str, ...] | None = None
    """What a person should know, a sentence each."""


class FindingsOfAnyStage(StageFindings):
    """What any stage may say, whatever else it says."""

    model_config = ConfigDict(extra="ignore")


class SizePx(Part):
    """A size, in pixels."""

    height: int
    """Rows."""
    width: int
    """Columns."""


class Anchored(StageFindings):
    """A page whose low frequencies are the scan's and whose detail is a network's."""

    working_share: float | None = None
    """Share of the scan's resolution at which the network started, 0 to 1."""
    working_ppi: tuple[float, float] | None = None
    """The same in pixels per inch, across and down; null where the scan states no resolution."""
    network: str | None = None
    """Name of the network in models.yaml."""
    weights_sha256: str | None = None
    """SHA-256 of its weights."""
    scale: int | None = None
    """By how much the network enlarges."""
    strength: Figure | None = None
    """Share of the change that was taken, 0 to 1."""
    neutral: bool | None = None
    """Whether the scan is grey in all its pixels, so that the result is, too."""
    network_input_px: SizePx | None = None
    """Size of the picture that the network was given."""
    tone_curve_greatest_255: Figure | None = None
    """Largest shift of a flat tone by the network, which was taken back, in 1/255."""
    low_band_greatest_255: Figure | None = None
    """Largest shift of the low frequencies, which was taken back, in 1/255."""
    mean_change_255: Figure | None = None
    """Mean of the absolute change of the page, in 1/255."""
    outside_srgb_share: Figure | None = None
    """Share of the values that lie outside sRGB, in which the network works, 0 to 1."""
    held_to_scan_share: Figure | None = None
    """Share of the values that were held to the range of the scan around them, 0 to 1."""
    empty_paper_px: int | None = None
    """Pixels of the network's input that are empty paper, which it was not shown."""
    empty_paper_share: Figure | None = None
    """The same as a share of its input, 0 to 1."""
    network_saw_px: tuple[tuple[int, int, int, int], ...] | None = None
    """What it was shown: boxes [left, top, width, height] in pixels of its input."""
