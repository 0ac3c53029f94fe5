"""Fading and cast: what is left of the densities that a print once had."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from restoration.examine.survey import Survey
from restoration.examine.tones.picture_tones import (
    SRGB_TO_XYZ,
    PictureTones,
    TonesOfPicture,
    colour_tones,
    density,
    lab,
    picture_tones,
)
from restoration.examine.tones.tone import NAMES
from restoration.examine.window import EarlierFindings, PageFacts, Window
from restoration.findings.base import FigurePair
from restoration.findings.colour import Colour
from restoration.findings.fading import Casts, Fading, FadingDetail, PaperWhite
from restoration.findings.paper import Paper
from restoration.findings.screen import Screen
from restoration.findings.tone import Tone

REFERENCE = 1.6
"""Density range of a healthy print: blacks of matte papers lie 1.5 to 1.7 above their white, those
of glossy ones 2.0 to 2.2 (manufacturers' data sheets; Stroebel et al., Basic Photographic Materials
and Processes). The lower figure, so that no matte print is called faded."""

WHITE = 0.05
"""Density of a healthy paper white where the scan shows no margin."""

DARK_PAPER = 0.5
"""A margin of more density is an album page or the scanner's bed, not the print's paper."""

TAILS = (0.5, 99.5)
"""Percentiles that stand for the lightest and the darkest tone, over averaged cells."""

KEPT = 0.1
"""Share of the range that may be missing for the subject's sake."""

UNEQUAL = 0.08
"""Difference between the channels' losses from which the dyes have faded, not the light."""


@dataclass(frozen=True)
class Loss:
    """What the shadows of a picture have lost of the reference range."""

    channels: TonesOfPicture
    """(channels,): share of the range that each channel lacks, 0 to 1."""
    luminance: float
    """Share that luminance lacks."""

    @property
    def unequal(self) -> float:
        return float(np.ptp(self.channels))


@dataclass(frozen=True)
class _Densities:
    """The report's figures, and the light from which the loss follows."""

    dark_light: TonesOfPicture
    """(3,): linear light of the darkest tones."""
    darkest: tuple[float, ...]
    lightest: tuple[float, ...]
    cast: Casts
    paper: PaperWhite | None


class FadingMeasurer:
    """How much of a print's density range is gone.

    Densities are -log10 of linear-light sRGB, not Status A: a scanner is no densitometer.
    Each channel's darkest tone (99.5th percentile inside the picture) is compared with a healthy
    print's black above its own paper white. Value: the mean share that is lost, of luminance for
    grey and toned pictures, 0 to 1. Loss that differs between channels leaves coloured shadows and
    is fading; equal loss may be fog, a soft subject or the scanner's setting, and gets a low
    confidence. A dark picture without light tones is not faded. None for halftones, whose blacks
    are those of the ink and paper, and where there is too little to see.
    """

    METHOD: ClassVar[str] = (
        "density of the darkest tones above the paper's, against a range of 1.6 (matte papers)"
    )

    def begin(self, page: PageFacts) -> None:
        self.page = page

    def see(self, window: Window) -> None:
        """Works on the survey's proxy alone."""

    def conclude(self, survey: Survey, earlier: EarlierFindings) -> Fading:
        tones = picture_tones(survey, self.page, earlier)
        if tones is None:
            return self._said(None, 0.0, FadingDetail(reason="the picture is too small"))
        paper = self._paper(earlier)
        seen = self._densities(tones, paper)
        detail = FadingDetail(
            channels=NAMES[self.page.channels],
            darkest=seen.darkest,
            lightest=seen.lightest,
            reference_range=REFERENCE,
            cast=seen.cast,
            paper=seen.paper,
            clipped=_clipped(earlier),
        )
        range_ = max(dark - light for dark, light in zip(seen.darkest, seen.lightest, strict=True))
        reason = _reason_to_say_nothing(range_, earlier)
        if reason:
            return self._said(None, 0.0, detail.model_copy(update={"reason": reason}))
        loss = _loss(seen.dark_light, paper)
        colour = earlier.get(Colour)
        one_hue = self.page.channels == 1 or (
            colour is not None and colour.value in ("grey", "toned")
        )
        value = loss.luminance if one_hue else float(loss.channels.mean())
        confidence, why = _confidence(value, loss, one_hue, seen)
        if colour is not None and colour.value is None:
            confidence *= 0.7
        lost = {
            "lost": tuple(float(share) for share in loss.channels),
            "lost_luminance": loss.luminance,
            "judged_by": why,
        }
        return self._said(value, round(confidence, 2), detail.model_copy(update=lost))

    def _said(self, value: float | None, confidence: float, detail: FadingDetail) -> Fading:
        return Fading(
            value=value, unit="share", confidence=confidence, method=self.METHOD, detail=detail
        )

    def _paper(self, earlier: EarlierFindings) -> TonesOfPicture | None:
        """Linear light of the print's own margin; None where there is none."""
        found = earlier.get(Paper)
        if found is None or found.value is None or found.detail.colour is None:
            return None
        linear = colour_tones(np.asarray(found.detail.colour) / 255.0, self.page)
        return linear if float(density(linear).min()) < DARK_PAPER else None

    def _densities(self, tones: PictureTones, paper: TonesOfPicture | None) -> _Densities:
        linear = tones.linear.reshape(-1, 3)
        dark, light = np.percentile(linear, TAILS, axis=0)
        cells = tones.lab.reshape(-1, 3)
        lightness = cells[:, 0]
        shade, glow = np.percentile(lightness, (3.0, 97.0))
        between = (lightness > shade) & (lightness < glow)
        middle = cells[between] if bool(between.any()) else cells
        shown = slice(0, self.page.channels)
        margin = None
        if paper is not None:
            margin = PaperWhite(
                density=_floats(density(paper)[shown]), cast=_pair(lab(paper[None, :])[0, 1:])
            )
        return _Densities(
            dark_light=dark,
            darkest=_floats(density(dark)[shown]),
            lightest=_floats(density(light)[shown]),
            cast=Casts(
                shadows=_pair(np.median(cells[lightness <= shade, 1:], axis=0)),
                middle=_pair(np.median(middle[:, 1:], axis=0)),
                highlights=_pair(np.median(cells[lightness >= glow, 1:], axis=0)),
            ),
            paper=margin,
        )


def _floats(values: TonesOfPicture) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _pair(values: TonesOfPicture) -> FigurePair:
    return float(values[0]), float(values[1])


def _loss(darkest: TonesOfPicture, paper: TonesOfPicture | None) -> Loss:
    luminance = SRGB_TO_XYZ[1]
    white = np.full(3, WHITE) if paper is None else density(paper)
    white_y = WHITE if paper is None else float(density(paper @ luminance))
    channels = 1.0 - (density(darkest) - white) / REFERENCE
    dark_y = float(density(darkest @ luminance))
    return Loss(
        np.clip(channels, 0.0, 1.0),
        float(np.clip(1.0 - (dark_y - white_y) / REFERENCE, 0.0, 1.0)),
    )


def _reason_to_say_nothing(range_: float, earlier: EarlierFindings) -> str:
    if range_ < 0.15:
        return "the picture has one tone only"
    screen = earlier.get(Screen)
    if screen is not None and screen.value in ("halftone", "stochastic"):
        return "a printed picture: its blacks are those of its ink and paper"
    return ""


def _confidence(value: float, loss: Loss, one_hue: bool, seen: _Densities) -> tuple[float, str]:
    """How sure the value is, and what made it so."""
    if value < KEPT:
        if min(seen.lightest) > 0.4:
            return 0.5, "deep blacks without light tones: a dark picture or scan, not fading"
        return 0.75, "the darkest tones are as deep as a healthy print's"
    if one_hue:
        yellowed = seen.cast.highlights[1] > 6.0
        if yellowed:
            return 0.4, "weak blacks and yellowed lights; toning and fading look alike"
        return 0.3, "weak blacks, no cast: fog, a soft subject and fading look alike"
    if loss.unequal < UNEQUAL:
        return 0.3, "weak blacks, no cast: fog, a soft subject and fading look alike"
    # A coloured subject without any dark thing in it looks the same: never beyond 0.7.
    sure = min(1.0, loss.unequal / 0.3)
    return 0.35 + 0.35 * sure, "the channels' blacks differ, as where dyes have faded unequally"


def _clipped(earlier: EarlierFindings) -> dict[str, FigurePair] | None:
    """Shares at both ends per channel, as the tone finding counted them."""
    tone = earlier.get(Tone)
    if tone is None:
        return None
    return {
        name: (channel.share_at_zero, channel.share_at_full)
        for name, channel in tone.detail.channels.items()
    }
