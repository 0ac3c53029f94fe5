"""Exposure: whether a picture's tones lie at one end of their range. Reported, never mended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from restoration.examine.survey import Survey
from restoration.examine.tones.picture_tones import (
    DARKEST,
    SRGB_TO_XYZ,
    PictureTones,
    TonesOfPicture,
    picture_tones,
)
from restoration.examine.tones.tone import NAMES
from restoration.examine.window import EarlierFindings, PageFacts, Window
from restoration.findings.base import Caution
from restoration.findings.exposure import (
    ClippedEnds,
    Exposure,
    ExposureDetail,
    LightnessRange,
)
from restoration.findings.screen import Screen
from restoration.findings.text import Text
from restoration.findings.tone import Tone

DARK, LIGHT = 15.0, 88.0
"""Median L* below and above which a picture is dark or light; most photographs have 35 to 65."""

NO_LIGHTS, NO_DARKS = 45.0, 60.0
"""99th and 1st percentile of L*: a night has its lamps and snow its trees, and where nothing is
lighter or darker than these, more than the subject is dark or light."""

FLAT = 35.0
"""Range of L* (1st to 99th percentile) below which there is little contrast."""

ONE_TONE = 3.0
"""Range of L* below which there is no picture."""

CLIPPED = 0.05
"""Share of the picture at an end of the range, in all channels, from which it counts as clipped.
The tone finding warns of less than that, and of single channels."""

AT_THE_END = 1.0 / 255.0
"""Distance from a channel's last code within which an averaged cell lies at it."""

MOSTLY_TEXT = 0.5
"""Share of a page that is text or line art, from which paper and ink are judged, not light."""


@dataclass(frozen=True)
class Lightness:
    """Percentiles of CIELAB L* inside a picture."""

    darkest: float
    """1st percentile."""
    median: float
    lightest: float
    """99th percentile."""

    @property
    def range(self) -> float:
        return self.lightest - self.darkest


class ExposureMeasurer:
    """Whether a picture is dark, light, flat or clipped.

    Value: ``under``, ``over``, ``flat``, ``clipped`` or ``normal``; the first that holds. Tones are
    those inside the picture, averaged over cells, so that grain is no highlight. Whether a dark
    picture was underexposed or shows a night cannot be seen: the confidence of ``under`` and
    ``over`` is low unless no tone at all lies at the other end. ``clipped`` follows from what the
    tone finding counted; the cells say whether it lies inside the picture. None for halftones,
    pages of text and pages without a picture. No stage decides from it.
    """

    METHOD: ClassVar[str] = (
        "percentiles of CIELAB L* inside the picture; clipping as the tones' histogram counts it"
    )

    def begin(self, page: PageFacts) -> None:
        self.page = page

    def see(self, window: Window) -> None:
        """Works on the survey's proxy and on the tone finding."""

    def conclude(self, survey: Survey, earlier: EarlierFindings) -> Exposure:
        reason = _reason_to_say_nothing(earlier)
        if reason:
            return self._said(None, 0.0, ExposureDetail(reason=reason))
        tones = picture_tones(survey, self.page, earlier)
        if tones is None:
            return self._said(None, 0.0, ExposureDetail(reason="the picture is too small"))
        light = np.clip(tones.linear @ SRGB_TO_XYZ[1], 0.0, None)
        found, clipped = _lightness(light), self._clipped(tones, earlier)
        detail = ExposureDetail(
            lightness=LightnessRange(p1=found.darkest, p50=found.median, p99=found.lightest),
            stops=_stops(light),
            clipped=clipped,
        )
        if found.range < ONE_TONE:
            reason = "the picture has one tone only"
            return self._said(None, 0.0, detail.model_copy(update={"reason": reason}))
        value, confidence, why = _judged(found, max(clipped.low, clipped.high))
        caution = _caution(value, found, confidence)
        cautions = () if caution is None else (caution,)
        detail = detail.model_copy(update={"judged_by": why})
        return self._said(value, confidence, detail, *cautions)

    def _said(
        self, value: str | None, confidence: float, detail: ExposureDetail, *cautions: Caution
    ) -> Exposure:
        return Exposure(
            value=value,
            unit="",
            confidence=confidence,
            method=self.METHOD,
            detail=detail,
            cautions=cautions,
        )

    def _clipped(self, tones: PictureTones, earlier: EarlierFindings) -> ClippedEnds:
        """Share of the picture's cells in which all channels lie at the end at which the tone
        finding saw samples pile up. One channel alone ends there in strong colours as well,
        whatever the exposure; cells that are clipped in part do not count."""
        tone = earlier.get(Tone)
        if tone is None:
            return ClippedEnds(low=0.0, high=0.0)
        channels = [tone.detail.channels[name] for name in NAMES[self.page.channels]]
        low = high = 0.0
        if all(channel.clipped_low > 0.0 for channel in channels):
            beyond = self._beyond(tones, [channel.lowest for channel in channels])
            low = float((beyond <= AT_THE_END).all(axis=2).mean())
        if all(channel.clipped_high > 0.0 for channel in channels):
            beyond = self._beyond(tones, [channel.highest for channel in channels])
            high = float((beyond >= -AT_THE_END).all(axis=2).mean())
        return ClippedEnds(low=low, high=high)

    def _beyond(self, tones: PictureTones, ends: Sequence[float]) -> TonesOfPicture:
        """(rows, columns, 3): how far the picture lies above encoded values, one a channel."""
        codes = np.array(ends, np.float32).reshape(1, 1, -1)
        return np.asarray(tones.srgb - self.page.colour.to_srgb(codes).reshape(-1))


def _reason_to_say_nothing(earlier: EarlierFindings) -> str:
    screen, text = earlier.get(Screen), earlier.get(Text)
    if screen is not None and screen.value in ("halftone", "stochastic"):
        return "a printed picture: its tones are those of its ink and paper"
    if text is not None and text.value is not None and text.value >= MOSTLY_TEXT:
        return "mostly text or line art: its tones are those of its ink and paper"
    return ""


def _lightness(light: TonesOfPicture) -> Lightness:
    """From relative luminance Y (CIE 15:2018, 8.2.1); L* rises with Y, so percentiles keep."""
    darkest, median, lightest = (
        float(116.0 * np.cbrt(y) - 16.0 if y > (6.0 / 29.0) ** 3 else y * (29.0 / 3.0) ** 3)
        for y in np.percentile(light, (1.0, 50.0, 99.0))
    )
    return Lightness(darkest, median, lightest)


def _stops(light: TonesOfPicture) -> float:
    """Doublings of light from the 1st to the 99th percentile."""
    low, high = np.maximum(np.percentile(light, (1.0, 99.0)), DARKEST)
    return float(np.log2(high / low))


def _judged(found: Lightness, clipped: float) -> tuple[str, float, str]:
    """Value, confidence, and what decided."""
    if found.median < DARK:
        alone = found.lightest < NO_LIGHTS
        why = "nothing in it is light" if alone else "has lights: a dark subject looks the same"
        return "under", 0.6 if alone else 0.3, f"dark, and {why}"
    if found.median > LIGHT:
        alone = found.darkest > NO_DARKS
        why = "nothing in it is dark" if alone else "has darks: a light subject looks the same"
        return "over", 0.6 if alone else 0.3, f"light, and {why}"
    if found.range < FLAT:
        return "flat", 0.4, "little contrast: fog, fading and a soft subject look alike"
    if clipped >= CLIPPED:
        return "clipped", 0.8, "a part of the picture is black or white without detail"
    return "normal", 0.8, "tones on both sides of the middle"


def _caution(value: str, found: Lightness, confidence: float) -> Caution | None:
    """Of clipping the tone finding warns."""
    sure = confidence > 0.5
    match value:
        case "under":
            text = (
                f"{'Underexposed' if sure else 'Dark picture or underexposed'}: half of the "
                f"picture lies below L* {found.median:.0f}; lightening it would show noise, and "
                "no stage corrects exposure."
            )
        case "over":
            text = (
                f"{'Overexposed' if sure else 'Light picture or overexposed'}: half of the "
                f"picture lies above L* {found.median:.0f}; darkening it would bring back no "
                "detail, and no stage corrects exposure."
            )
        case "flat":
            text = (
                f"Little contrast: 98 % of the picture lies between L* {found.darkest:.0f} and "
                f"{found.lightest:.0f}; more contrast would show noise, and "
                "no stage corrects exposure."
            )
        case _:
            return None
    code = {"under": "underexposed", "over": "overexposed", "flat": "flat"}[value]
    return Caution(code=code, text=text)
