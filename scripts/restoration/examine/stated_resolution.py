"""What the file states about itself, and what it leaves out."""

from __future__ import annotations

from typing import ClassVar

from restoration.examine.survey import Survey
from restoration.examine.window import EarlierFindings, PageFacts, Window
from restoration.findings.base import Caution
from restoration.findings.nominal_resolution import NominalResolution, StatedDetail


class NominalResolutionMeasurer:
    """Nominal resolution, depth, colour space and infrared as the file gives them.

    Value: the nominal resolution in ppi, the geometric mean of both directions; None where the
    file states none.
    """

    METHOD: ClassVar[str] = "read from the file"

    def begin(self, page: PageFacts) -> None:
        self.page = page

    def see(self, window: Window) -> None:
        """Looks at no pixel."""

    def conclude(self, survey: Survey, earlier: EarlierFindings) -> NominalResolution:
        page = self.page
        known = page.nominal_ppi is not None
        reason = {} if known else {"reason": "the file states no resolution"}
        return NominalResolution(
            value=page.nominal_ppi,
            unit="ppi",
            confidence=1.0 if known else 0.0,
            method=self.METHOD,
            detail=StatedDetail(
                across_ppi=None if page.ppi is None else page.ppi[0],
                down_ppi=None if page.ppi is None else page.ppi[1],
                bits=page.bits,
                channels=page.channels,
                colour_space=page.colour.name,
                colour_space_assumed=page.colour.assumed,
                infrared=page.infrared,
                **reason,
            ),
            cautions=self._cautions(),
        )

    def _cautions(self) -> tuple[Caution, ...]:
        page, found = self.page, []
        if page.profile is None:
            text = f"No ICC profile: the colours are taken to be {page.colour.name}."
            found.append(Caution(code="no_icc", text=text))
        elif page.colour.warning:
            found.append(Caution(code="icc_unusable", text=page.colour.warning))
        least = page.settings.minimum_ppi
        if page.ppi is None:
            text = "The file states no resolution: sizes and ppi cannot be given."
            found.append(Caution(code="no_resolution", text=text))
        elif min(page.ppi) < least:
            text = f"Scanned at {min(page.ppi):.0f} ppi, below the {least:.0f} ppi asked for."
            found.append(Caution(code="below_minimum_ppi", text=text))
        return tuple(found)
