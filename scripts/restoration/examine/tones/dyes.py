"""Dyes and paper: what fading has left and staining has added, by channel, for `colour`."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from restoration.examine.survey import Survey
from restoration.examine.tones import dye_fit
from restoration.examine.tones.colour import COLOUR_ABOVE, colour_evidence, hue_curve
from restoration.examine.tones.dye_fit import (
    DARK_BORDER,
    NO_MARGIN,
    Aged,
    Densities,
    aged,
    doubt,
    stain_of_lights,
    stain_of_margin,
)
from restoration.examine.tones.fading import DARK_PAPER
from restoration.examine.tones.hand_colour import hand_coloured
from restoration.examine.tones.margin_stain import MarginStain, uneven_stain
from restoration.examine.tones.picture_tones import density, lab, picture_box, picture_cells
from restoration.examine.tones.silver import rounded, silver_image, toner
from restoration.examine.tones.tone import SPARED
from restoration.examine.window import EarlierFindings, PageFacts, Window
from restoration.findings.colour import Colour
from restoration.findings.dyes import AsDyes, AsSilver, Dyes, DyesDetail, Uneven
from restoration.findings.paper import Paper
from restoration.findings.screen import Screen
from restoration.raster.base import FloatImage
from restoration.raster.colour.channel_light import channel_light
from restoration.raster.colour.tone_curve import srgb_tone

LIGHTER = 0.1
"""A margin may be darker than the picture's lightest tones by this density and no more: paper is
the lightest thing on a sheet."""

HAND_COLOURED = (
    "the colours lie on one hue and have no detail of their own, as on a hand-coloured print"
)
UNKNOWN = "neither clearly in colour nor clearly of one hue"


DOUBTED = 0.2
"""Confidence in a fading of which one sign of two is missing."""


class DyesMeasurer:
    """How much of its dyes a colour print has kept, and what stain its paper has taken on.

    Densities are -log10 of the light in the scan's own channels. The stain comes from the empty
    margin where there is one, else, far weaker, from the lightest tones; what is kept of the dyes
    from the darkest tones, which are neutral in a healthy print. Grey and toned pictures have no
    dyes: of them the finding says what the paper and the range of tones say. Value: share of its
    density that each channel has kept; None where nothing can be said, and why.
    """

    METHOD: ClassVar[str] = (
        "c' = k c + s in density, by channel: s from margin or lightest tones, k from the darkest"
    )

    def begin(self, page: PageFacts) -> None:
        self.page = page

    def see(self, window: Window) -> None:
        """Works on the survey's proxy alone."""

    def conclude(self, survey: Survey, earlier: EarlierFindings) -> Dyes:
        encoded = picture_cells(survey, earlier)
        if encoded is None:
            return self._said(None, 0.0, DyesDetail(reason="the picture is too small"))
        light = channel_light(self.page.colour)
        cells = density(light.light(encoded)).reshape(-1, self.page.channels)
        margin = self._margin(cells, earlier)
        found = self._as_dyes(cells, margin) if self.page.channels == 3 else None
        kind, why = self._kind(encoded, found, earlier)
        no_margin = "" if margin is not None else _no_margin(earlier)
        as_silver = silver_image(cells, margin, kind in ("grey", "toned"), no_margin)
        as_dyes = None if found is None else _described(found)
        said: dict[str, Any] = {}
        if margin is None:
            said["no_margin"] = no_margin
        if why:
            said["reason"] = why
        uneven = self._uneven(cells, margin, survey, earlier, dyes=as_dyes is not None)
        if uneven is not None:
            said["uneven"] = uneven
        if kind == "toned":
            said["toner"] = toner(cells)
        if as_dyes is not None:
            said["as_dyes"] = as_dyes
        value = _value(kind, as_dyes, as_silver)
        confidence = 0.0 if value is None else 0.5 if margin is None else 0.75
        if kind == "dyes" and found is not None and not found.reason_against:
            said["doubt"] = doubt(found.kept, found.stain, margin=margin is not None)
            if said["doubt"]:
                confidence = DOUBTED
        detail = DyesDetail(
            margin=None if margin is None else rounded(margin),
            lightest=rounded(np.percentile(cells, dye_fit.LIGHTEST, axis=0)),
            darkest=rounded(np.percentile(cells, dye_fit.DARKEST, axis=0)),
            image=kind,
            evidence="lightest tones" if margin is None else "margin",
            as_silver=as_silver,
            **said,
        )
        return self._said(value, confidence, detail)

    def _said(self, value: tuple[float, ...] | None, confidence: float, detail: DyesDetail) -> Dyes:
        return Dyes(
            value=value,
            unit="share kept",
            confidence=confidence,
            method=self.METHOD,
            detail=detail,
        )

    def _margin(self, cells: Densities, earlier: EarlierFindings) -> Densities | None:
        """(channels,) density of the print's own empty paper; None where none is seen."""
        paper = earlier.get(Paper)
        if paper is None or paper.value is None or paper.detail.colour is None:
            return None
        encoded = np.asarray(paper.detail.colour, np.float64).reshape(1, -1) / 255.0
        found = density(channel_light(self.page.colour).light(encoded))[0]
        lightest = np.percentile(cells, dye_fit.LIGHTEST, axis=0)
        if float(found.mean()) > DARK_PAPER or bool((found > lightest + LIGHTER).any()):
            return None
        return np.asarray(found)

    def _uneven(
        self,
        cells: Densities,
        margin: Densities | None,
        survey: Survey,
        earlier: EarlierFindings,
        dyes: bool,
    ) -> Uneven | None:
        """The stain as the report says it, where it is uneven; dyes: whether to fit them again."""
        box = picture_box(earlier)
        if margin is None or box is None:
            return None
        whole = density(channel_light(self.page.colour).light(survey.proxy))
        top, left, height, width = (side // survey.step for side in box)
        surface = uneven_stain(whole, (top, left, height, width), margin)
        if surface is None:
            return None
        flat = whole - _beyond_least(surface, whole.shape)
        found = Uneven(
            **surface.record(),
            lightest=rounded(np.percentile(flat, 100.0 * SPARED, axis=(0, 1))),
        )
        if not dyes:
            return found
        again = self._unstained(cells, surface, survey, earlier)
        return found.model_copy(update={"as_dyes": again})

    def _kind(
        self, encoded: FloatImage, as_dyes: Aged | None, earlier: EarlierFindings
    ) -> tuple[str, str]:
        """dyes, grey, toned, hand-coloured, ink or unknown; and why nothing is said of dyes."""
        screen, colour = earlier.get(Screen), earlier.get(Colour)
        hue = None if colour is None else colour.value
        if screen is not None and screen.value in ("halftone", "stochastic"):
            return "ink", "a printed picture: inks, not dyes"
        if as_dyes is None or hue == "grey":
            return "grey", ""
        if hue == "colour":
            painted = hand_coloured(self.page.colour.to_srgb(encoded))
            return ("hand-coloured", HAND_COLOURED) if painted else ("dyes", "")
        if hue == "toned":
            return "toned", ""
        return ("dyes", "") if self._shows_colours(encoded, as_dyes) else ("unknown", UNKNOWN)

    def _as_dyes(self, cells: Densities, margin: Densities | None) -> Aged:
        if margin is not None:
            return aged(cells, margin, stain_of_margin(margin))
        lightest = np.percentile(cells, dye_fit.LIGHTEST, axis=0)
        return aged(cells, lightest, stain_of_lights(lightest))

    def _shows_colours(self, encoded: FloatImage, as_dyes: Aged) -> bool:
        """Whether several hues come out once the fading is taken back: fading takes colours away,
        but makes none of a toner's one hue."""
        if as_dyes.reason_against:
            return False
        light = channel_light(self.page.colour)
        white = as_dyes.stain + as_dyes.base
        whole = (density(light.light(encoded)) - white) / as_dyes.kept + as_dyes.base
        restored = light.encoded(10.0 ** -np.maximum(whole, 0.0)).astype(np.float32)
        linear = srgb_tone().decode(self.page.colour.to_srgb(restored).astype(np.float64))
        return colour_evidence(hue_curve(lab(linear).reshape(-1, 3))) >= COLOUR_ABOVE

    def _unstained(
        self,
        cells: Densities,
        uneven: MarginStain,
        survey: Survey,
        earlier: EarlierFindings,
    ) -> AsDyes:
        """The same, once the stain has been taken away where it lies."""
        least = uneven.over_page().min(axis=0)
        across, down = self._places(survey, earlier)
        flat = cells - (uneven.at(across, down) - least)
        return _described(aged(flat, least, stain_of_margin(least)))

    def _places(self, survey: Survey, earlier: EarlierFindings) -> tuple[Densities, Densities]:
        """Where on the page the picture's cells lie, each (n,) in [-1, 1]."""
        encoded, box = picture_cells(survey, earlier), picture_box(earlier)
        assert encoded is not None
        assert box is not None
        rows, columns = encoded.shape[:2]
        top, left, height, width = box
        # The rim that is left out is the same share on both sides: the middle stays the middle.
        v = (top + (np.arange(rows) + 0.5) / rows * height) / self.page.height * 2.0 - 1.0
        u = (left + (np.arange(columns) + 0.5) / columns * width) / self.page.width * 2.0 - 1.0
        down, across = np.meshgrid(v, u, indexing="ij")
        return across.ravel(), down.ravel()


def _beyond_least(uneven: MarginStain, shape: tuple[int, ...]) -> Densities:
    """(rows, columns, channels): the stain of each cell beyond the least of the page."""
    v, u = (2.0 * (np.arange(count) + 0.5) / count - 1.0 for count in shape[:2])
    down, across = np.meshgrid(v, u, indexing="ij")
    over = uneven.at(across.ravel(), down.ravel()) - uneven.over_page().min(axis=0)
    return np.asarray(over.reshape(shape))


def _described(found: Aged) -> AsDyes:
    return AsDyes(
        kept=rounded(found.kept),
        stain=rounded(found.stain),
        base=rounded(found.base),
        spread=round(found.spread, 4),
        disagreement=round(found.disagreement, 4),
        gain=round(found.gain, 4),
        gain_of_lights=round(found.gain_of_lights, 4),
        balanced=found.balanced,
        against=found.reason_against,
    )


def _value(kind: str, as_dyes: AsDyes | None, as_silver: AsSilver) -> tuple[float, ...] | None:
    """What is kept, where it can be said."""
    if kind != "dyes" or as_dyes is None:
        return as_silver.kept
    if as_dyes.against:
        return (1.0,) * len(as_dyes.kept) if as_dyes.balanced else None
    return as_dyes.kept


def _no_margin(earlier: EarlierFindings) -> str:
    """Why no margin was taken for the print's paper."""
    paper = earlier.get(Paper)
    return NO_MARGIN if paper is None or paper.value is None else DARK_BORDER
