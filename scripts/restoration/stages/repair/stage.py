"""Repair: damage that is certain is found and filled; all else stays bit-identical."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from restoration.condition.never_filled import NeverFilled
from restoration.config.stages.repair import RepairSettings
from restoration.errors import ScanError
from restoration.examine.damage.detector import DamageDetector
from restoration.examine.damage.mask import SparsePlane
from restoration.examine.damage.page_marks import KindFound
from restoration.examine.damage.search import levels
from restoration.findings.colour import Colour
from restoration.findings.damage import KINDS, Damage
from restoration.raster.area import PaintedMask
from restoration.raster.base import Raster
from restoration.records.stage_findings.repair import FoundPieces, RepairFindings
from restoration.stages.base import Declined, NetworkSource, Page, Restored
from restoration.stages.repair.closing import Closing
from restoration.stages.repair.decision import (
    FillDecision,
    MarkedRegion,
    Spared,
    all_left,
    decide,
    painted_over,
    unmet,
)
from restoration.stages.repair.discovery import (
    Discovery,
    Examined,
    find_damage,
    grain_around,
    joined,
    one_thread,
    with_halos,
)
from restoration.stages.repair.wide import FillsHoles, WideHoles, narrowed
from restoration.stages.repair.wording import (
    by,
    declined,
    filled,
    polarity,
    told_of_wide,
    warned_of_wide,
)

SEARCH = 0.6
"""Share of the work that the search is; the rest is filling."""

WIDE = 0.2
"""Share of the work that wide holes are, where there are any."""


class RepairStage:
    """Only what is certain, what is opaque to infrared, or what a person marked is filled.

    Two passes over the page: the first finds the marks and makes the mask, the second fills it.
    Eyes, mouths, lettering, the outlines of heads and the edges of the sheet are left alone unless
    a person marked what lies there. What is left is listed.
    """

    name: ClassVar[str] = "repair"
    reads: ClassVar[tuple[str, ...]] = ("damage", "text", "faces", "colour", "paper", "screen")

    def setup(self, settings: RepairSettings, networks: NetworkSource) -> None:
        self._settings = settings
        self._networks = networks

    def apply(self, page: Page) -> Restored | Declined:
        """The page with its damage filled, or why not.

        Raises ScanError where the user's mask or the infrared channel has not the page's size, or
        where a region in which marks are to be filled holds none.
        """
        for name, raster in (("mask of damage", page.damage), ("infrared", page.infrared)):
            _check_size(name, raster, page.source)
        infrared, why = self._infrared(page)
        said = self._said_of_infrared(page, infrared, why)
        refusal = None if infrared else self._refusal(page.report.get(Damage))
        regions = tuple(MarkedRegion(name, area) for name, area in page.fill)
        if refusal is not None and not regions and page.damage is None:
            return self._declined(page, refusal, said)
        findings: dict[str, Any] = dict(said)
        mask = SparsePlane(page.source.height, page.source.width)
        if refusal is None or regions:
            mask, found = self._searched(page, infrared, regions)
            findings |= found
        else:
            findings["found_left"] = refusal
        findings["user_mask"] = page.damage is not None
        if page.damage is not None:
            mask = joined(mask, page.damage)
        count = mask.count()
        if count == 0:
            reason = declined(RepairFindings.read(findings, self.name))
            return self._declined(page, reason, findings)
        return self._restored(page, mask, findings, count)

    def _searched(
        self, page: Page, infrared: bool, regions: Sequence[MarkedRegion]
    ) -> tuple[SparsePlane, dict[str, Any]]:
        """What is filled of what the search found, and all that is to be said of it."""
        source, settings = page.source, self._settings
        never = NeverFilled.of(page.report, screened=page.master is page.source)
        spared = Spared(never, page.allowed)
        with one_thread():
            found, anew = self._found(page, infrared, regions)
            for region in unmet(found.marks, regions):
                raise ScanError(
                    f"{region.name} holds nothing that may be damage; correct it, take it out, or "
                    "paint what is damaged in a mask of damage beside the master"
                )
            decision = decide(
                found.marks,
                found.shifts,
                settings.kinds,
                settings.sensitivity,
                spared,
                regions,
                wide=settings.wide_holes != "leave",
            )
            area = source.height * source.width
            share = float(found.marks.figures.area[decision.fill & ~decision.asked].sum()) / area
            left = None
            if share > settings.most_share:
                left = (
                    f"{100 * share:.1f} % of the page is damage, more than the "
                    f"{100 * settings.most_share:g} % that are filled without a person"
                )
                all_left(decision)
            mask = decision.mask()
            if settings.wide_holes == "leave":
                mask = narrowed(mask, decision)
            if page.damage is not None:
                painted_over(decision, PaintedMask(page.damage))
            mask = with_halos(mask, source, spared)
        findings = self._told(found, decision, area)
        findings["found_share"] = share
        findings |= {} if left is None else {"left": left}
        findings |= {} if anew is None else {"searched_anew": anew}
        if regions:
            findings["user_regions"] = int(decision.asked.sum())
        return mask, findings

    def _told(self, found: Discovery, decision: FillDecision, area: int) -> dict[str, Any]:
        """What was found and left, for the record."""
        marks = found.marks
        pieces = {kind: _pieces(marks.found(kind, decision.sure)) for kind in KINDS}
        counted, boxes = decision.listed()
        taken = decision.fill | decision.asked
        filled_of = {kind: marks.found(kind, taken).count for kind in KINDS}
        vetoed = decision.vetoed()
        return {
            **found.findings,
            **{kind: one.raw() for kind, one in pieces.items()},
            "filled_marks": {kind: count for kind, count in filled_of.items() if count},
            "searched_share": round(marks.searched_share, 4),
            "polarity": polarity(list(pieces.values())),
            "shifts": {kind: round(float(value), 3) for kind, value in found.shifts.items()},
            "vetoed_px": round(vetoed),
            "vetoed_share": vetoed / area,
            "left_marks": [one.raw() for one in counted],
            "left_boxes": [one.raw() for one in boxes],
        }

    def _found(
        self, page: Page, infrared: bool, regions: Sequence[MarkedRegion]
    ) -> tuple[Discovery, str | None]:
        """The marks of the page, and why the condition report's odds did not decide."""
        source = page.source

        def progress(done: float, unit: str) -> None:
            page.progress(SEARCH * done, unit)

        ppi = None if page.ppi is None else math.sqrt(page.ppi[0] * page.ppi[1])
        level = levels(source.height, source.width, ppi)
        examined, why = self._examined(page, infrared, level)
        found = find_damage(
            source,
            level,
            DamageDetector.load(),
            examined=examined,
            regions=regions,
            infrared=page.infrared if infrared else None,
            progress=progress,
        )
        return found, why

    def _examined(
        self, page: Page, infrared: bool, level: int
    ) -> tuple[Examined | None, str | None]:
        """What the condition report knows of the page; or why it is searched anew."""
        if infrared:
            return None, "the infrared picture was looked at, too"
        if page.master is not page.source:
            return None, "an earlier stage changed the page after it was examined"
        examined = Examined.of(page.report.get(Damage), level)
        if examined is None:
            return None, "the condition report has no map of the page's damage"
        if self._settings.apply == "always":
            return None, "the recipe asks for it"
        return examined, None

    def _restored(
        self, page: Page, mask: SparsePlane, findings: dict[str, Any], count: int
    ) -> Restored:
        source = page.source
        grain = None
        if self._settings.grain:
            with one_thread():
                grain = grain_around(mask, source).grain()
        share = count / (source.height * source.width)
        findings["mask_px"], findings["mask_share"] = count, share
        with one_thread():
            wide = WideHoles.of(
                source,
                mask,
                self._filler,
                page.colour,
                lambda done, unit: page.progress(SEARCH + WIDE * done, unit),
            )
        begun = SEARCH if wide is None else SEARCH + WIDE
        if wide is not None:
            pixels = wide.where.count()
            findings |= told_of_wide(pixels, wide.filler)
            findings.setdefault("cautions", []).append(warned_of_wide(pixels, wide.filler))
        findings["reason"] = filled(RepairFindings.read(findings, self.name), share)
        findings["method"] = (
            "what a mark lets through divided out; the rest by the biharmonic equation, what is "
            f"wide {by(None if wide is None else wide.filler)}"
        )
        # Not the noise finding's: this is what was drawn into the fillings.
        findings["grain_drawn"] = {
            "sigma_255": None if grain is None else round(255.0 * grain.sigma, 3),
            "correlation": None if grain is None else round(grain.correlation, 3),
            "seed": page.key,
        }
        closing = Closing(
            source,
            mask,
            grain,
            page.key,
            lambda done, unit: page.progress(begun + (1.0 - begun) * done, unit),
            wide,
        )
        return Restored(
            height=source.height,
            width=source.width,
            ppi=page.ppi,
            bands=closing.bands(findings),
            findings=findings,
            generative=wide is not None and wide.filler is not None,
            mask=closing.drawn_mask,
        )

    def _filler(self) -> FillsHoles | None:
        """The network that fills wide holes, where the recipe names one."""
        name = self._settings.network
        filler: FillsHoles | None = None if name == "none" else self._networks(name)
        return filler

    def _infrared(self, page: Page) -> tuple[bool, str]:
        """Whether the infrared picture is looked at, and why."""
        setting = self._settings.infrared
        if setting == "never":
            return False, "the recipe has repair leave it unused"
        if page.infrared is None:
            return False, page.no_infrared
        if setting == "always":
            return True, "the recipe has repair use it whatever the material"
        if page.material != "positive":
            return False, f"the material is {page.material}: prints are opaque to infrared"
        colour = page.report.get(Colour)
        kind = (colour and colour.value) or "unknown"
        if kind != "colour":
            return False, f"the film's colour is {kind}: silver is opaque to infrared"
        return True, "colour film: dyes let infrared through, dust does not"

    def _said_of_infrared(self, page: Page, used: bool, why: str) -> dict[str, Any]:
        said: dict[str, Any] = {"infrared_used": used, "infrared_reason": why}
        if self._lacks_infrared(page):
            said["cautions"] = [f"the recipe asks for infrared always, and {why}"]
        return said

    def _lacks_infrared(self, page: Page) -> bool:
        """Whether what the recipe asks for whatever the material is, is not there."""
        return page.infrared is None and self._settings.infrared == "always"

    def _declined(self, page: Page, reason: str, findings: Mapping[str, Any]) -> Declined:
        if self._lacks_infrared(page):
            reason = f"{reason}; the recipe asks for infrared always, and {page.no_infrared}"
        return Declined(reason, findings)

    def _refusal(self, found: Damage | None) -> str | None:
        """Why ``auto`` does not search; None where it does."""
        if self._settings.apply == "always":
            return None
        if found is None or found.value is None:
            why = (found and found.detail.reason) or "the condition report has no verdict"
            return f"not to be judged: {why}"
        said = found.detail
        counts = [pieces.count for kind in KINDS if (pieces := said.of(kind)) is not None]
        if any(counts) or (said.suspected is not None and said.suspected.count):
            return None
        return "the condition report found no damage"


def _pieces(found: KindFound) -> FoundPieces:
    """As the record has them: a length only where there is one."""
    told = {"length_px": found.length_px} if found.length_px is not None else {}
    return FoundPieces(
        count=found.count, area_px=found.area_px, light=found.light, dark=found.dark, **told
    )


def _check_size(name: str, raster: Raster | None, source: Raster) -> None:
    if raster is None or (raster.height, raster.width) == (source.height, source.width):
        return
    raise ScanError(
        f"the {name} is {raster.width} x {raster.height} px, expected the page's "
        f"{source.width} x {source.height} px; export it again at the size of the scan"
    )
