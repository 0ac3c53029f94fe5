"""Repair: dust, hairs, scratches and creases are found and filled; all else stays bit-identical."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from restoration.condition.never_filled import NeverFilled
from restoration.config.stages.repair import RepairSettings
from restoration.errors import ScanError
from restoration.examine.damage.mask import SparsePlane
from restoration.examine.damage.search import FEWEST, KINDS, levels
from restoration.findings.colour import Colour
from restoration.findings.damage import Damage
from restoration.raster.base import Raster
from restoration.records.stage_findings.repair import RepairFindings
from restoration.stages.base import Declined, NetworkSource, Page, Restored
from restoration.stages.repair.closing import Closing
from restoration.stages.repair.discovery import (
    Discovery,
    Doubt,
    find_by_infrared,
    find_damage,
    joined,
    one_thread,
    without,
)
from restoration.stages.repair.grain import GrainStudy

SEARCH = 0.6
"""Share of the work that the search is; the rest is filling."""


class RepairStage:
    """Only what was found, what is opaque to infrared, or what the user marked is filled.

    Two passes over the page: the first makes the mask, the second fills it. The holes are closed
    by the biharmonic equation or by Telea's method, and get grain of the strength and spectrum of
    the page's. Eyes, mouths, lettering and the edges of the sheet are left alone unless the user's
    own mask covers them.
    """

    name: ClassVar[str] = "repair"
    reads: ClassVar[tuple[str, ...]] = ("damage", "text", "faces", "colour", "paper")

    def setup(self, settings: RepairSettings, networks: NetworkSource) -> None:
        self._settings = settings

    def apply(self, page: Page) -> Restored | Declined:
        """The page with its damage filled, or why not.

        Raises ScanError where the user's mask or the infrared channel has not the page's size.
        """
        for name, raster in (("mask of damage", page.damage), ("infrared", page.infrared)):
            _check_size(name, raster, page.source)
        infrared, why = self._infrared(page)
        refusal = None if infrared else self._refusal(page.report.get(Damage))
        if refusal is not None and page.damage is None:
            return self._declined(page, refusal, self._said_of_infrared(page, infrared, why))
        with one_thread():
            found = self._found(page, infrared, refusal)
            mask, findings = self._decided(page, found)
        findings |= self._said_of_infrared(page, infrared, why)
        filled = mask.count()
        if filled == 0:
            reason = findings.pop("left", "nothing was found that is damage")
            return self._declined(page, reason, findings)
        return self._restored(page, mask, found, findings, filled)

    def _restored(
        self,
        page: Page,
        mask: SparsePlane,
        found: Discovery,
        findings: dict[str, Any],
        filled: int,
    ) -> Restored:
        source = page.source
        grain = found.study.grain() if self._settings.grain else None
        filled_share = filled / (source.height * source.width)
        findings["mask_share"] = filled_share
        findings["reason"] = _filled(RepairFindings.read(findings, self.name), filled_share)
        findings["mask_px"] = filled
        findings["method"] = (
            "what a mark lets through divided out; the rest by the biharmonic equation, "
            "by Telea where a hole is wide"
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
            lambda done, unit: page.progress(SEARCH + (1.0 - SEARCH) * done, unit),
        )
        return Restored(
            height=source.height,
            width=source.width,
            ppi=page.ppi,
            bands=closing.bands(findings),
            findings=findings,
            mask=closing.drawn_mask,
        )

    def _infrared(self, page: Page) -> tuple[bool, str]:
        """Whether the infrared picture is the mask, and why."""
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
        kinds = self._settings.kinds
        count = sum(_count(found, kind) for kind in kinds)
        if count >= FEWEST:
            return None
        asked = " or ".join(kinds)
        told = f"the condition report found no {asked}{_where_searched(found)}"
        if count:
            told = (
                f"the condition report found {count} of {asked}{_where_searched(found)}, which may "
                "as well be picture; mark them in a mask of damage if they are not"
            )
        others = [kind for kind in KINDS if kind not in kinds and _count(found, kind)]
        beside = ", ".join(f"{_count(found, kind)} {kind}" for kind in others)
        return f"{told}; {beside} that it found the recipe has repair leave" if beside else told

    def _found(self, page: Page, infrared: bool, refusal: str | None) -> Discovery:
        """The first pass."""
        source, settings = page.source, self._settings

        def progress(done: float, unit: str) -> None:
            page.progress(SEARCH * done, unit)

        if infrared and page.infrared is not None:
            return find_by_infrared(source, page.infrared, progress)
        if refusal is not None:
            empty = SparsePlane(source.height, source.width)
            return Discovery(empty, GrainStudy(source.channels), {"found_left": refusal})
        ppi = None if page.ppi is None else math.sqrt(page.ppi[0] * page.ppi[1])
        doubt = Doubt.of(page.report.get(Damage)) if settings.apply == "auto" else None
        return find_damage(
            source,
            levels(source.height, source.width, ppi),
            settings.kinds,
            settings.sensitivity,
            doubt,
            progress,
        )

    def _decided(self, page: Page, found: Discovery) -> tuple[SparsePlane, dict[str, Any]]:
        """The mask without what is vetoed or too much, with what the user asked for."""
        area = page.source.height * page.source.width
        mask, spared = without(found.mask, NeverFilled.of(page.report))
        findings = {**found.findings, "vetoed_px": spared, "vetoed_share": spared / area}
        share = mask.count() / area
        findings["found_share"] = share
        if share > self._settings.most_share:
            findings["left"] = (
                f"{100 * share:.1f} % of the page is damage, more than the "
                f"{100 * self._settings.most_share:g} % that are filled without a person"
            )
            mask = SparsePlane(mask.height, mask.width)
        if page.damage is not None:
            mask = joined(mask, page.damage, found.study, page.source)
        findings["user_mask"] = page.damage is not None
        return mask, findings


def _where_searched(found: Damage) -> str:
    """How much of the page the condition report speaks of; empty where it is the whole."""
    share = found.detail.searched_share
    return (
        ""
        if share is None or share >= 1.0
        else f" in the {100.0 * share:.2g} % of the page that it searched"
    )


def _filled(said: RepairFindings, share: float) -> str:
    """What was filled, and who found it; share: of the page, 0 to 1."""
    pieces = [(kind, said.of(kind)) for kind in KINDS]
    by_looks = ", ".join(f"{kind} {one.count}" for kind, one in pieces if one and one.count)
    found = [by_looks] if by_looks and not said.left else []
    if said.infrared_used:
        found.append("what is opaque to infrared")
    if said.user_mask:
        found.append("what a person marked")
    left = f"; {said.left}" if said.left else ""
    return f"{' and '.join(found)}: {100.0 * share:.2g} % of the page filled{left}"


def _count(found: Damage, kind: str) -> int:
    said = found.detail
    pieces = {"dust": said.dust, "scratches": said.scratches, "creases": said.creases}[kind]
    return 0 if pieces is None else pieces.count


def _check_size(name: str, raster: Raster | None, source: Raster) -> None:
    if raster is None or (raster.height, raster.width) == (source.height, source.width):
        return
    raise ScanError(
        f"the {name} is {raster.width} x {raster.height} px, expected the page's "
        f"{source.width} x {source.height} px; export it again at the size of the scan"
    )
