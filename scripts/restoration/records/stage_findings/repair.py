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
    """Length of all together, in pixels; of hairs, scratches and cracks alone."""


LeftWhy = Literal[
    "a person excluded it",
    "suspected",
    "kind not asked for",
    "eye",
    "mouth",
    "head outline",
    "lettering",
    "edge of the sheet",
    "halftone screen",
    "too wide",
    "too much of the page",
]
"""Why marks were left: a person's regions exclude them; not certain; of a kind that the recipe
leaves; in or at what is not filled without a person's word; too wide to be filled from its
surroundings; or more of the page than the recipe lets a machine fill."""


class LeftMarks(Part):
    """Marks of one kind that were left for one reason."""

    kind: str
    """One of the kinds of damage."""
    reason: LeftWhy
    """Why they were left."""
    count: int
    """How many; a mark that was filled in part counts where a part was left."""
    area_px: int
    """Pixels of the page that were left of them."""


class LeftMark(Part):
    """One mark that was left, for a person to decide."""

    kind: str
    """One of the kinds of damage."""
    reason: LeftWhy
    """Why it was left."""
    probability: Figure
    """How probable it is that it is damage, 0 to 1."""
    box: tuple[int, int, int, int]
    """[left, top, width, height] in pixels of the page."""
    outline: tuple[tuple[int, int], ...] | None = None
    """Corners of a polygon around it, [left, top] each; absent where the box holds little else."""


class ByInfrared(Part):
    """What the infrared picture shows."""

    pieces: int
    """How many pieces are opaque to infrared."""
    dye_absorption: tuple[Figure, ...]
    """For each channel the share of its density that is seen in infrared."""
    least_density: Figure | None = None
    """Density above that of clean film from which this scan's infrared counts as opaque."""
    cleared: int | None = None
    """How many marks that looked like dust or hairs let infrared through, and are picture."""


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
    """Specks of dust that are certain."""
    hairs: FoundPieces | None = None
    """Hairs, fibres and lint, likewise."""
    scratches: FoundPieces | None = None
    """Scratches, likewise."""
    cracks: FoundPieces | None = None
    """Cracks and creases, likewise."""
    stains: FoundPieces | None = None
    """Stains and foxing, likewise."""
    losses: FoundPieces | None = None
    """Tears and missing parts, likewise."""
    creases: FoundPieces | None = None
    """Creases, in records of versions that did not tell cracks."""
    filled_marks: Mapping[str, int] | None = None
    """By kind how many marks were filled, at least in part."""
    searched_share: Figure | None = None
    """Share of the page that was searched, 0 to 1; of the rest the condition report says that there
    is nothing."""
    searched_anew: str | None = None
    """Why the page was searched without the condition report's help, in words; absent where the
    report's own odds decided."""
    polarity: Literal["none", "light", "dark", "both"] | None = None
    """Whether what was found is lighter or darker than its surroundings."""
    shifts: Mapping[str, float] | None = None
    """What the damage of the page as a whole added to the odds of each kind, and of marks lighter
    or darker than their surroundings (logarithms)."""
    found_left: str | None = None
    """Why the page was not searched, in words."""
    found_share: Figure | None = None
    """Share of the page that was found to be damage, 0 to 1."""
    left: str | None = None
    """Why all that was found was left, in words."""
    left_marks: tuple[LeftMarks, ...] | None = None
    """What was found or is suspected, and was left, by kind and reason."""
    left_boxes: tuple[LeftMark, ...] | None = None
    """The largest and likeliest of these marks."""
    vetoed_px: int | None = None
    """Pixels that were certain and spared for where they lie: in eyes, mouths, lettering, along
    the outline of a head or the edge of a sheet."""
    vetoed_share: Figure | None = None
    """The same as a share of the page, 0 to 1."""
    user_mask: bool | None = None
    """Whether a person marked damage in a mask."""
    user_regions: int | None = None
    """How many marks were filled because they lie in regions that a person marked."""
    mask_px: int | None = None
    """Pixels that were filled."""
    mask_share: Figure | None = None
    """The same as a share of the page, 0 to 1."""
    filled_px: Mapping[str, int] | None = None
    """Pixels that were filled by each method; where a network filled wide holes, by its name."""
    wide_px: int | None = None
    """Pixels of wide holes among those that were filled; absent where there were none."""
    network: str | None = None
    """Name of the network that filled them; absent where patches did."""
    weights_sha256: str | None = None
    """SHA-256 of its weights."""
    method: str | None = None
    """How holes are filled, in words."""
    grain_drawn: DrawnGrain | None = None
    """Grain that was drawn into the fillings."""
    grain: DrawnGrain | None = None
    """The same in records of schema 1."""

    def of(self, kind: str) -> FoundPieces | None:
        """What was found of one kind of damage; None where it was not looked for."""
        found: FoundPieces | None = getattr(self, kind)
        return found
