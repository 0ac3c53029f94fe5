"""What the file states about itself, and what it leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from restoration.examine.finding import Caution, Measurement, PageFacts, Window
from restoration.examine.survey import Survey


class Statement:
    """Nominal resolution, depth, colour space and infrared as the file gives them.

    Value: the nominal resolution in ppi, the geometric mean of both directions; None where the
    file states none.
    """

    name: ClassVar[str] = "nominal_resolution"
    METHOD: ClassVar[str] = "read from the file"

    def begin(self, page: PageFacts) -> None:
        self.page = page

    def see(self, window: Window) -> None:
        """Looks at no pixel."""

    def conclude(self, survey: Survey, earlier: Mapping[str, Measurement]) -> Measurement:
        page = self.page
        detail = {
            "across_ppi": None if page.ppi is None else page.ppi[0],
            "down_ppi": None if page.ppi is None else page.ppi[1],
            "bits": page.bits,
            "channels": page.channels,
            "colour_space": page.colour.name,
            "colour_space_assumed": page.colour.assumed,
            "infrared": page.infrared,
        }
        known = page.nominal_ppi is not None
        if not known:
            detail["reason"] = "the file states no resolution"
        return Measurement(
            page.nominal_ppi, "ppi", 1.0 if known else 0.0, self.METHOD, detail, self._cautions()
        )

    def _cautions(self) -> tuple[Caution, ...]:
        page, found = self.page, []
        if page.profile is None:
            text = f"No ICC profile: the colours are taken to be {page.colour.name}."
            found.append(Caution("no_icc", text))
        elif page.colour.warning:
            found.append(Caution("icc_unusable", page.colour.warning))
        least = page.settings.minimum_ppi
        if page.ppi is None:
            text = "The file states no resolution: sizes and ppi cannot be given."
            found.append(Caution("no_resolution", text))
        elif min(page.ppi) < least:
            text = f"Scanned at {min(page.ppi):.0f} ppi, below the {least:.0f} ppi asked for."
            found.append(Caution("below_minimum_ppi", text))
        return tuple(found)
