"""Colour, toned or grey: whether the picture's hues follow from its tones alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from restoration.examine.survey import Survey
from restoration.examine.tones.picture_tones import TonesOfPicture, picture_tones
from restoration.examine.window import EarlierFindings, PageFacts, Window
from restoration.findings.colour import Colour, ColourDetail, HueByTone
from restoration.findings.tone import Tone

STEPS = 24
"""Steps of lightness between the darkest and the lightest tone at which the curve has a node."""

NEUTRAL = 4.0
"""Median chroma of the curve (CIELAB) below which a picture is grey: the cast that scanners and
yellowing leave on neutral prints stays below; a toner's lies at 8 and above."""

FAR, VERY_FAR = 10.0, 20.0
"""Distances from the curve (CIELAB) at which a cell is of another colour, and of a strong one."""

TONED_BELOW, COLOUR_ABOVE = 0.55, 0.75
"""Evidence of colour, see ``colour_evidence``: between the two nothing is said."""


@dataclass(frozen=True)
class HueCurve:
    """a* and b* as functions of lightness, and how far the picture strays from them."""

    lightness: TonesOfPicture
    """(n,), rising."""
    hue: TonesOfPicture
    """(n, 2): a* and b* at those."""
    strays: TonesOfPicture
    """(cells, 2): what each cell's a* and b* are beyond the curve's."""
    chroma: TonesOfPicture
    """(cells,): of the curve at each cell's lightness."""

    @property
    def distance(self) -> TonesOfPicture:
        """(cells,): how far each cell lies from the curve."""
        return np.asarray(np.hypot(self.strays[:, 0], self.strays[:, 1]))


class ColourMeasurer:
    """Grey, toned or in colour.

    A toned picture (sepia, selenium, cyanotype, a yellowed print) has one hue for each tone, so
    that a* and b* are functions of L*; a colour picture has several. The curve is the median a* and
    b* of each step of lightness, over cells averaged until grain no longer counts. Value:
    ``grey``, ``toned`` or ``colour``; None where stains, fading or a few coloured details leave it
    open.
    """

    METHOD: ClassVar[str] = "distance in CIELAB from one curve of hue over lightness"

    def begin(self, page: PageFacts) -> None:
        self.page = page

    def see(self, window: Window) -> None:
        """Works on the survey's proxy alone."""

    def conclude(self, survey: Survey, earlier: EarlierFindings) -> Colour:
        if self.page.channels == 1 or _equal_channels(survey, earlier):
            three = "the three channels of the file are equal"
            why = "the file has one channel" if self.page.channels == 1 else three
            return self._said("grey", 1.0, ColourDetail(why=why))
        tones = picture_tones(survey, self.page, earlier)
        if tones is None:
            return self._said(None, 0.0, ColourDetail(reason="the picture is too small"))
        cells = _calmed(tones.lab)
        if float(np.ptp(cells[:, 0])) < 2.0:
            return self._said(None, 0.0, ColourDetail(reason="the page has one tone only"))
        return self._judged(cells, hue_curve(cells))

    def _judged(self, cells: TonesOfPicture, curve: HueCurve) -> Colour:
        evidence = colour_evidence(curve)
        detail = _described(cells, curve, evidence)
        if evidence >= COLOUR_ABOVE:
            confidence = min(0.95, 0.5 + 0.3 * (evidence - COLOUR_ABOVE))
            return self._said("colour", round(confidence, 2), detail)
        if evidence > TONED_BELOW:
            reason = "neither one hue for each tone nor several: stains, or faded colours"
            return self._said(None, 0.0, detail.model_copy(update={"reason": reason}))
        chroma = float(np.median(curve.chroma))
        value = "grey" if chroma < NEUTRAL else "toned"
        margin = min(1.0, abs(np.log(max(chroma, 0.1) / NEUTRAL)))
        confidence = 0.4 + 0.3 * (1.0 - evidence / TONED_BELOW) + 0.25 * margin
        return self._said(value, round(confidence, 2), detail)

    def _said(self, value: str | None, confidence: float, detail: ColourDetail) -> Colour:
        return Colour(
            value=value, unit="", confidence=confidence, method=self.METHOD, detail=detail
        )


def hue_curve(cells: TonesOfPicture) -> HueCurve:
    """The curve of CIELAB cells (n, 3)."""
    lightness = cells[:, 0]
    edges = np.linspace(float(lightness.min()), float(lightness.max()), STEPS + 1)
    step = np.clip(np.searchsorted(edges, lightness, side="right") - 1, 0, STEPS - 1)
    enough = max(4, cells.shape[0] // 2000)
    nodes = [
        np.median(cells[step == index], axis=0)
        for index in range(STEPS)
        if int((step == index).sum()) >= enough
    ]
    if not nodes:
        nodes = [np.median(cells, axis=0)]
    table = np.array(nodes)
    # Neighbouring steps support each other: a step with few cells may hold one thing only.
    padded = np.concatenate([table[:1], table, table[-1:]])
    hue = 0.25 * padded[:-2, 1:] + 0.5 * padded[1:-1, 1:] + 0.25 * padded[2:, 1:]
    on_curve = np.stack([np.interp(lightness, table[:, 0], hue[:, i]) for i in (0, 1)], axis=1)
    chroma = np.hypot(on_curve[:, 0], on_curve[:, 1])
    return HueCurve(table[:, 0], hue, cells[:, 1:] - on_curve, chroma)


def colour_evidence(curve: HueCurve) -> float:
    """0: every hue follows from its tone; 1 and above: several hues for the same tone.

    The greatest of three: a large part strays a little, a small part strays far, a speck very far.
    Strays along one line through the curve (stains, a yellowed rim) count half.
    """
    distance = curve.distance
    evidence = max(
        (float(np.percentile(distance, 90)) - 2.5) / 4.5,
        float((distance > FAR).mean()) / 0.04,
        float((distance > VERY_FAR).mean()) / 0.004,
    )
    spread = np.linalg.eigvalsh(np.cov(curve.strays.T))
    if spread[0] < 0.08**2 * spread[1]:
        evidence *= 0.5
    return max(0.0, evidence)


def _described(cells: TonesOfPicture, curve: HueCurve, evidence: float) -> ColourDetail:
    distance = curve.distance
    mean = np.average(curve.hue, axis=0)
    shadows, middle, highlights = (
        (
            float(np.interp(end, curve.lightness, curve.hue[:, 0])),
            float(np.interp(end, curve.lightness, curve.hue[:, 1])),
        )
        for end in np.percentile(cells[:, 0], (5, 50, 95))
    )
    return ColourDetail(
        hue_deg=float(np.degrees(np.arctan2(mean[1], mean[0])) % 360.0),
        chroma=float(np.median(curve.chroma)),
        toned=HueByTone(shadows=shadows, middle=middle, highlights=highlights),
        distance_p50=float(np.median(distance)),
        distance_p90=float(np.percentile(distance, 90)),
        share_far=float((distance > FAR).mean()),
        share_very_far=float((distance > VERY_FAR).mean()),
        unit="CIELAB, D65",
        colour_evidence=evidence,
    )


def _calmed(cells: TonesOfPicture) -> TonesOfPicture:
    """CIELAB (n, 3) of cells averaged over 3 x 3: colour noise of small pages is no colour."""
    blurred = cv2.blur(cells, (3, 3), borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(blurred, dtype=np.float64).reshape(-1, 3)


def _equal_channels(survey: Survey, earlier: EarlierFindings) -> bool:
    tone = earlier.get(Tone)
    if tone is not None:
        return tone.detail.grey_in_rgb
    proxy = survey.proxy
    return bool((proxy == proxy[:, :, :1]).all())
