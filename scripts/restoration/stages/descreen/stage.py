"""Descreen: the dots of a printed halftone become tones again; the size stays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from restoration.config.stages.descreen import DescreenSettings
from restoration.findings.screen import Screen
from restoration.raster.base import FloatImage
from restoration.records.stage_findings.descreen import (
    DescreenedRegion,
    DescreenFindings,
    LeftRegion,
    RemovedScreen,
)
from restoration.stages.base import Declined, NetworkSource, Page, Restored
from restoration.stages.descreen.light import LightCurve
from restoration.stages.descreen.pages import DescreenedPage, without_threads
from restoration.stages.descreen.prepared import PreparedRegion, prepare
from restoration.stages.descreen.regions import NO_LATTICE, Coverage, regions_of

NAMES = {1: ("grey",), 3: ("r", "g", "b")}


class DescreenStage:
    """Takes the screens that the condition report found out of the regions where it found them."""

    name: ClassVar[str] = "descreen"
    reads: ClassVar[tuple[str, ...]] = ("screen",)

    def setup(self, settings: DescreenSettings, networks: NetworkSource) -> None:
        self._settings = settings

    def apply(self, page: Page) -> Restored | Declined:
        """The page without its screens, or why they stay."""
        screen = page.report.get(Screen)
        regions = [] if screen is None else regions_of(screen.detail, page.source.channels)
        if screen is None or not regions:
            return Declined(_nothing_found(screen, self._settings))
        left: list[LeftRegion] = []
        ready: list[PreparedRegion] = []
        light = LightCurve(page.colour)
        for region in regions:
            refusal = region.refusal()
            if refusal is None:
                size = (page.source.height, page.source.width)
                coverage = Coverage(screen.detail, region.name, *size)
                found = prepare(page.source, light, region, coverage)
                if found is not None:
                    ready.append(found)
                    continue
                refusal = f"region {region.name}: no dots lie where the condition report says"
            left.append(LeftRegion(id=region.name, share=region.share, reason=refusal))
        if not ready:
            findings = DescreenFindings(left=tuple(left))
            return Declined("; ".join(entry.reason for entry in left), findings.raw())
        return self._restored(page, light, ready, left)

    def _restored(
        self,
        page: Page,
        light: LightCurve,
        ready: list[PreparedRegion],
        left: list[LeftRegion],
    ) -> Restored:
        source, strength = page.source, self._settings.strength
        drawn = DescreenedPage(source, light, ready, strength)
        regions = tuple(_described(region, page) for region in ready)
        findings = DescreenFindings(
            reason=_reason(ready, page.ppi),
            strength=strength,
            regions=regions,
            left=tuple(left),
            generative=False,
        ).raw()

        def bands() -> Iterator[FloatImage]:
            yield from without_threads(drawn.bands(page.progress))
            findings.update(_measured(regions, drawn, source.height * source.width).raw())

        return Restored(
            height=source.height,
            width=source.width,
            ppi=page.ppi,
            bands=bands(),
            findings=findings,
            mask=drawn.mask,
        )


def _nothing_found(screen: Screen | None, settings: DescreenSettings) -> str:
    found = None if screen is None else screen.value
    if found == "stochastic":
        return f"a stochastic screen was found: {NO_LATTICE}"
    reason = None if screen is None else screen.detail.reason
    because = f": {reason}" if reason else ""
    unknown = "" if found == "none" else f", and whether there is one is unknown{because}"
    asked = "" if settings.apply == "auto" else "; asked for by the recipe, it has nothing to take"
    return f"no halftone screen was found{unknown}{asked}"


def _described(region: PreparedRegion, page: Page) -> DescreenedRegion:
    """What is taken away in a region, for the record."""
    screens = []
    for channel, group in region.screens.items():
        for number, screen in enumerate(group):
            lattice = screen.lattice
            screens.append(
                RemovedScreen(
                    channel=NAMES[page.source.channels][channel],
                    f1=lattice.f1,
                    f2=lattice.f2,
                    shape="line" if lattice.lines else "dot",
                    period_px=lattice.period,
                    ruling_lpi=None if page.ppi is None else _ruling(lattice.period, page.ppi),
                    orders=lattice.orders_held,
                    amplitude=region.strength[channel][number],
                )
            )
    return DescreenedRegion(
        id=region.region.name, share=region.region.share, screens=tuple(screens)
    )


def _ruling(period: float, ppi: tuple[float, float]) -> float:
    return float(np.sqrt(ppi[0] * ppi[1])) / period


def _reason(ready: list[PreparedRegion], ppi: tuple[float, float] | None) -> str:
    parts = []
    for region in ready:
        lattice = next(iter(region.screens.values()))[0].lattice
        period = lattice.period
        what = "lines" if lattice.lines else "dots"
        ruling = "" if ppi is None else f" ({_ruling(period, ppi):.0f} lpi)"
        parts.append(f"region {region.region.name}: {what} {period:.3g} px apart{ruling}")
    return "; ".join(parts)


def _measured(
    regions: tuple[DescreenedRegion, ...], drawn: DescreenedPage, pixels: int
) -> DescreenFindings:
    """The regions with what was measured while the bands were drawn."""
    shares = [drawn.changed(region.id) / pixels for region in regions]
    completed = []
    for region, share in zip(regions, shares, strict=True):
        left: dict[int, Iterator[float]] = {}
        screens = []
        for screen in region.screens:
            channel = "rgb".find(screen.channel) if screen.channel != "grey" else 0
            remaining = left.setdefault(channel, iter(drawn.remaining(region.id, channel)))
            ratio = max(next(remaining), 1e-9) / max(screen.amplitude, 1e-9)
            removed = {"removed_db": float(-20.0 * np.log10(ratio))}
            screens.append(screen.model_copy(update=removed))
        measured = {"changed_share": share, "screens": tuple(screens)}
        completed.append(region.model_copy(update=measured))
    return DescreenFindings(regions=tuple(completed), changed_share=sum(shares))
