"""What repair says of a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from restoration.findings.base import Figure
from restoration.records.base import Part
from restoration.records.stage_findings.base import StageFindings


class FoundPieces(Part):
    """Pieces of one kind of damage."""

    count: int
    """How many."""
    area_px: int
    """Pixels of the page that they cover."""
    light: int
    """How many are lighter than their surroundings."""
    dark: int
    """How many are darker than their surroundings."""
    length_px: int | None = None
    """Length of all together, in pixels; absent for dust."""


class ByInfrared(Part):
    """What the infrared picture shows."""

    pieces: int
    """How many pieces are opaque to infrared."""
    dye_absorption: tuple[Figure, ...]
    """For each channel the share of its density that is seen in infrared."""


class DrawnGrain(Part):
    """Grain that was drawn into the fillings."""

    sigma_255: Figure | None
    """Its standard deviation, in 1/255; null where none was drawn."""
    correlation: Figure | None
    """Its autocorrelation at a lag of one pixel, up to 1."""
    seed: str
    """What the random numbers were drawn from: the page's key."""


class RepairFindings(StageFindings):
    """Damage was filled; or why it was not."""

    stage: ClassVar[str] = "repair"

    infrared_used: bool | None = None
    """Whether the infrared picture showed the damage."""
    infrared_reason: str | None = None
    """Why it was used or not, in words."""
    infrared: ByInfrared | None = None
    """What it showed."""
    dust: FoundPieces | None = None
    """Specks of dust."""
    scratches: FoundPieces | None = None
    """Scratches."""
    creases: FoundPieces | None = None
    """Creases."""
    searched_share: Figure | None = None
    """Share of the page that was searched, 0 to 1."""
    polarity: Literal["none", "light", "dark", "both"] | None = None
    """Whether what was found is lighter or darker than its surroundings."""
    shifts: Mapping[str, float] | None = None
    """What the page's own frequency of damage added to the odds of each kind (logarithms)."""
    found_left: str | None = None
    """Why the page was not searched, in words."""
    found_share: Figure | None = None
    """Share of the page that was found to be damage, 0 to 1."""
    left: str | None = None
    """Why what was found was left, in words."""
    vetoed_px: int | None = None
    """Pixels that were found and spared, being text, a face or empty paper."""
    vetoed_share: Figure | None = None
    """The same as a share of the page, 0 to 1."""
    user_mask: bool | None = None
    """Whether a person marked damage in a mask."""
    mask_px: int | None = None
    """Pixels that were filled."""
    mask_share: Figure | None = None
    """The same as a share of the page, 0 to 1."""
    filled_px: Mapping[str, int] | None = None
    """Pixels that were filled by each method."""
    method: str | None = None
    """How holes are filled, in words."""
    grain_drawn: DrawnGrain | None = None
    """Grain that was drawn into the fillings."""
    grain: DrawnGrain | None = None
    """The same in records of schema 1."""

    def of(self, kind: str) -> FoundPieces | None:
        """What was found of one kind of damage; None where it was not looked for."""
        return {"dust": self.dust, "scratches": self.scratches, "creases": self.creases}[kind]
