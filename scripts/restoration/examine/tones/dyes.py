"""Dyes and paper: what fading has left and staining has added, by channel, for `colour`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from restoration.examine.finding import Measurement, PageFacts, Window
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
from restoration.examine.tones.margin_stain import UnevenStain, uneven_stain
from restoration.examine.tones.picture_tones import density, lab, picture_box, picture_cells
from restoration.examine.tones.silver import silver_image, toner
from restoration.examine.tones.tone import SPARED
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


class Dyes:
    """How much of its dyes a colour print has kept, and what stain its paper has taken on.

    Densities are -log10 of the light in the scan's own channels. The stain comes from the empty
    margin where there is one, else, far weaker, from the lightest tones; what is kept of the dyes
    from the darkest tones, which are neutral in a healthy print. Grey and toned pictures have no
    dyes: of them the finding says what the paper and the range of tones say. Value: share of its
    density that each channel has kept; None where nothing can be said, and why.
    """

    name: ClassVar[str] = "dyes"
    METHOD: ClassVar[str] = (
        "c' = k c + s in density, by channel: s from margin or lightest tones, k from the darkest"
    )

    def begin(self, page: PageFacts) -> None:
        self.page = page

    def see(self, window: Window) -> None:
        """Works on the survey's proxy alone."""

    def conclude(self, survey: Survey, earlier: Mapping[str, Measurement]) -> Measurement:
        encoded = picture_cells(survey, earlier)
        if encoded is None:
            return self._unknown({"reason": "the picture is too small"})
        light = channel_light(self.page.colour)
        cells = density(light.light(encoded)).reshape(-1, self.page.channels)
        margin = self._margin(cells, earlier)
        detail: dict[str, Any] = {
            "margin": None if margin is None else _rounded(margin),
            "lightest": _rounded(np.percentile(cells, dye_fit.LIGHTEST, axis=0)),
            "darkest": _rounded(np.percentile(cells, dye_fit.DARKEST, axis=0)),
        }
        if margin is None:
            detail["no_margin"] = _no_margin(earlier)
        as_dyes = self._as_dyes(cells, margin) if self.page.channels == 3 else None
        kind, why = self._kind(encoded, as_dyes, earlier)
        detail |= {"image": kind, "evidence": "lightest tones" if margin is None else "margin"}
        if why:
            detail["reason"] = why
        whole = density(light.light(survey.proxy))
        uneven = self._uneven(whole, margin, survey, earlier)
        if uneven is not None:
            flat = whole - _beyond_least(uneven, whole.shape)
            lightest = np.percentile(flat, 100.0 * SPARED, axis=(0, 1))
            detail["uneven"] = uneven.record() | {"lightest": _rounded(lightest)}
        if kind == "toned":
            detail["toner"] = toner(cells)
        why_none = detail.get("no_margin", "")
        detail["as_silver"] = silver_image(cells, margin, kind in ("grey", "toned"), why_none)
        if as_dyes is not None:
            detail["as_dyes"] = _described(as_dyes)
            if uneven is not None:
                detail["uneven"]["as_dyes"] = self._unstained(cells, uneven, survey, earlier)
        value = self._value(detail)
        confidence = 0.0 if value is None else 0.5 if margin is None else 0.75
        if kind == "dyes" and as_dyes is not None and not as_dyes.reason_against:
            detail["doubt"] = doubt(as_dyes.kept, as_dyes.stain, margin=margin is not None)
            if detail["doubt"]:
                confidence = DOUBTED
        return Measurement(value, "share kept", confidence, self.METHOD, detail)

    @staticmethod
    def _value(detail: Mapping[str, Any]) -> list[float] | None:
        """What is kept, where it can be said."""
        if detail["image"] != "dyes":
            kept: list[float] | None = detail["as_silver"].get("kept")
            return kept
        said = detail["as_dyes"]
        if said["against"]:
            return [1.0] * len(said["kept"]) if said["balanced"] else None
        return list(said["kept"])

    def _unknown(self, detail: dict[str, Any]) -> Measurement:
        return Measurement(None, "share kept", 0.0, self.METHOD, detail)

    def _margin(self, cells: Densities, earlier: Mapping[str, Measurement]) -> Densities | None:
        """(channels,) density of the print's own empty paper; None where none is seen."""
        paper = earlier.get("paper")
        if paper is None or paper.value is None or paper.detail.get("colour") is None:
            return None
        encoded = np.asarray(paper.detail["colour"], np.float64).reshape(1, -1) / 255.0
        found = density(channel_light(self.page.colour).light(encoded))[0]
        lightest = np.percentile(cells, dye_fit.LIGHTEST, axis=0)
        if float(found.mean()) > DARK_PAPER or bool((found > lightest + LIGHTER).any()):
            return None
        return np.asarray(found)

    def _uneven(
        self,
        whole: Densities,
        margin: Densities | None,
        survey: Survey,
        earlier: Mapping[str, Measurement],
    ) -> UnevenStain | None:
        box = picture_box(earlier)
        if margin is None or box is None:
            return None
        top, left, height, width = (side // survey.step for side in box)
        return uneven_stain(whole, (top, left, height, width), margin)

    def _kind(
        self, encoded: FloatImage, as_dyes: Aged | None, earlier: Mapping[str, Measurement]
    ) -> tuple[str, str]:
        """dyes, grey, toned, hand-coloured, ink or unknown; and why nothing is said of dyes."""
        screen, colour = earlier.get("screen"), earlier.get("colour")
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
        uneven: UnevenStain,
        survey: Survey,
        earlier: Mapping[str, Measurement],
    ) -> dict[str, Any]:
        """The same, once the stain has been taken away where it lies."""
        least = uneven.over_page().min(axis=0)
        across, down = self._places(survey, earlier)
        flat = cells - (uneven.at(across, down) - least)
        return _described(aged(flat, least, stain_of_margin(least)))

    def _places(
        self, survey: Survey, earlier: Mapping[str, Measurement]
    ) -> tuple[Densities, Densities]:
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


def _beyond_least(uneven: UnevenStain, shape: tuple[int, ...]) -> Densities:
    """(rows, columns, channels): the stain of each cell beyond the least of the page."""
    v, u = (2.0 * (np.arange(count) + 0.5) / count - 1.0 for count in shape[:2])
    down, across = np.meshgrid(v, u, indexing="ij")
    over = uneven.at(across.ravel(), down.ravel()) - uneven.over_page().min(axis=0)
    return np.asarray(over.reshape(shape))


def _described(found: Aged) -> dict[str, Any]:
    return {
        "kept": _rounded(found.kept),
        "stain": _rounded(found.stain),
        "base": _rounded(found.base),
        "spread": round(found.spread, 4),
        "disagreement": round(found.disagreement, 4),
        "gain": round(found.gain, 4),
        "gain_of_lights": round(found.gain_of_lights, 4),
        "balanced": found.balanced,
        "against": found.reason_against,
    }


def _rounded(values: Densities) -> list[float]:
    return [round(float(value), 4) for value in values]


def _no_margin(earlier: Mapping[str, Measurement]) -> str:
    """Why no margin was taken for the print's paper."""
    paper = earlier.get("paper")
    return NO_MARGIN if paper is None or paper.value is None else DARK_BORDER
