"""Colour: what fading took from the dyes and time added to the paper is taken back, as a table."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from restoration.config.stages.colour import ColourSettings
from restoration.examine.tones.targets import colorchecker_says, grey_strip_says
from restoration.findings.base import Others
from restoration.findings.dyes import Dyes
from restoration.findings.tone import Tone
from restoration.raster.colour.channel_light import channel_light
from restoration.raster.colour.tone_table import ToneTable
from restoration.records.stage_findings.colour import OfTarget
from restoration.stages.base import Declined, Mapped, NetworkSource, Page
from restoration.stages.colour.decision import Decision, decide
from restoration.stages.colour.spared import spared_values

LEAST_STRENGTH = 0.1
"""Share of the strength asked for that must be left when nothing is to clip."""


class ColourStage:
    """Maps the values of a page, each channel by one curve; makes no second image.

    Decides from the condition report: from the margin's density, the lightest and the darkest
    tones, or from a target in the picture that a person marked. No hue is treated by itself, and
    nothing depends on where it lies, but for a stain that the margin shows to be uneven.
    """

    name: ClassVar[str] = "colour"
    reads: ClassVar[tuple[str, ...]] = ("dyes", "tone")

    def setup(self, settings: ColourSettings, networks: NetworkSource) -> None:
        self._settings = settings

    def apply(self, page: Page) -> Mapped | Declined:
        """The page's table, or why it keeps its tones."""
        settings = self._settings
        try:
            target = _marked_target(page)
        except UnseenTargetError as error:
            return Declined(str(error))
        decision = decide(page.report, settings, page.material, page.album, target)
        if decision.correction is None:
            return Declined(decision.reason, decision.findings)
        light = channel_light(page.colour)
        dyes = page.report.get(Dyes)
        uneven = dyes.detail.uneven if dyes is not None and settings.uneven else None
        lightest = None if uneven is None else uneven.lightest
        spared = spared_values(page.album or [page.report], light, lightest)
        table, strength = decision.correction.table(light, spared, settings.strength)
        if strength < LEAST_STRENGTH * settings.strength:
            return Declined(
                f"{decision.reason}; but tones would clip: the scan's lightest tones leave no room",
                decision.findings,
            )
        return Mapped(table, _findings(page, decision, table, strength, settings))


class UnseenTargetError(ValueError):
    """A marked area holds no such target."""


def _marked_target(page: Page) -> OfTarget | None:
    """What the first target that a person marked on the page says. Raises UnseenTargetError."""
    if not page.targets or page.source.channels != 3:
        return None
    marked = page.targets[0]
    larger = 1.0 if page.master is None else page.source.width / page.master.width
    corners = [(x * larger, y * larger) for x, y in marked.corners]
    light = channel_light(page.colour)
    if marked.kind == "grey":
        says = grey_strip_says(page.source, corners, light)
    else:
        says = colorchecker_says(page.source, corners, page.colour, light)
    if says is None:
        what = "grey strip" if marked.kind == "grey" else "ColorChecker"
        places = ", ".join(f"({x:g}, {y:g})" for x, y in marked.corners)
        raise UnseenTargetError(
            f"the regions mark a {what} at {places}, but none is seen there; correct the corners"
        )
    return OfTarget.model_validate(says.record())


def _findings(
    page: Page, decision: Decision, table: ToneTable, strength: float, settings: ColourSettings
) -> dict[str, Any]:
    correction = decision.correction
    assert correction is not None
    reason = decision.reason
    if strength < settings.strength:
        reason += f"; at a strength of {strength:.2f}, since more would clip"
    return {
        **decision.findings,
        "reason": reason,
        "kept": [round(value, 4) for value in correction.kept],
        "stain": [round(value, 4) for value in correction.stain],
        "base": [round(value, 4) for value in correction.base],
        "uneven": None if correction.uneven is None else correction.uneven.record(),
        "toner_taken_out": correction.toner is not None,
        "strength": round(strength, 4),
        "scope": settings.scope,
        "noise_gain": _noise_gain(page.report, table),
        "generative": False,
    }


def _noise_gain(report: Others, table: ToneTable) -> dict[str, list[float]]:
    """By what the noise of encoded values is multiplied, per channel: at the middle tone, and at
    most between the darkest and the lightest hundredth."""
    slopes = np.diff(table.curves, axis=1) * (table.curves.shape[1] - 1)
    middle, most = [], []
    tone = report.get(Tone)
    channels = [] if tone is None else list(tone.detail.channels.values())
    for row, channel in zip(slopes, channels, strict=True):
        places = {name: _cell(value, len(row)) for name, value in channel.percentiles.items()}
        middle.append(round(float(row[places["50"]]), 3))
        most.append(round(float(row[places["1"] : places["99"] + 1].max()), 3))
    return {"middle": middle, "most": most}


def _cell(value: float, count: int) -> int:
    return min(int(value * count), count - 1)
