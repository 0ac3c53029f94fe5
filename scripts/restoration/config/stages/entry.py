"""What the config, the plan and the report must know of a stage without importing it.

Imported whenever the Snakefile is parsed, so it knows no torch, no OpenCV and no NumPy.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from restoration.config.section import Section

Action = Literal["filtered", "edited", "resized", "converted"]
"""XMP's own words for what is done to a picture (ISO 16684-1, ResourceEvent)."""


@dataclass(frozen=True)
class Entry:
    """One stage: all that differs from the others, and everything else follows from it."""

    settings: type[Section]
    """Its section of a recipe."""
    description: str
    """Of the section, in a few words, for config/README.md."""
    module: str
    class_name: str
    version: str
    """Raised when the result changes; what ``rerun_on: version`` looks at."""
    seconds_per_megapixel: float
    """Of a page that it works on, on two threads, without its networks (``make bench
    ARGS=thousand``); of a stage that resizes, for each megapixel that it writes."""
    through: tuple[str, ...] = ()
    """Modules that work for the stage without being imported by it: the engine it is handed. A
    stage that names any is handed networks, and takes a GPU where there is one."""
    network_share: float = 1.0
    """Of a page's pixels, those that its network is shown, as a rule."""
    action: Action = "edited"
    """What the deliverable's history says that it did."""
    label: str = ""
    """Its name in the report; where empty, the stage's own."""
    fills_damage: bool = False
    """Whether the stage is given the user's mask of damage; a network that it names fills holes,
    and is code of its own (``Architecture.runner``)."""
    restores_faces: bool = False
    """Whether the stage restores faces one by one, and so takes networks for faces; no other
    generative network touches a face."""
    shares_batch: bool = False
    """Whether the stage, where its settings say ``scope: batch``, is told what the condition report
    says of every scan of the batch."""
    shown_corrected: bool = False
    """Whether ``colour.provisional`` shows it the corrected tones: one that works on the picture's
    content, not one that measures what the scanner did."""
    only_maps: bool = False
    """Whether it only maps values, which delivery does: it writes no image."""
    resizes: bool = False
    """Whether its images have another size than the scan: by its setting ``factor``, along each
    side, where that is stated."""

    @property
    def code(self) -> tuple[str, ...]:
        """Every module at which the stage's code fingerprint starts."""
        return (self.module, *self.through)

    @property
    def runs_networks(self) -> bool:
        """Whether it is handed networks, where its settings name any."""
        return bool(self.through) or self.fills_damage

    def load(self) -> type[Any]:
        """The stage's class (``stages.base.Stage``); imports its module.

        Raises ValueError where the stage reads what is no finding of the condition report.
        """
        # Only where a stage is loaded: the Snakefile's parsing need not know the findings.
        from restoration.findings.report import FINDINGS  # noqa: PLC0415

        found: type[Any] = getattr(import_module(self.module), self.class_name)
        unknown = [name for name in found.reads if name not in FINDINGS]
        if unknown:
            raise ValueError(
                f"stage {found.name}: reads {', '.join(unknown)}, and the condition report has no "
                f"such finding; it has {', '.join(FINDINGS)}"
            )
        return found
