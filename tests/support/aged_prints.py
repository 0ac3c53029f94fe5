"""Prints that age in a known way, through the condition report and the stage `colour`.

Pictures are small and only the findings that the stage needs are asked, so that a case takes some
50 ms. Densities are float64 (h, w, 1 or 3), pictures float32 (h, w, 1 or 3) encoded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from skimage.color import deltaE_ciede2000, rgb2lab

from damage.ageing import BASE, Ageing, Densities, aged, light_of, on_paper, printed, shown
from damage.light import Picture, channels_kept
from restoration.config.settings import ExamineSettings
from restoration.config.stages.colour import ColourSettings
from restoration.examine.measurer import Measurer
from restoration.examine.page import examine_page
from restoration.examine.paper.paper import PaperMeasurer
from restoration.examine.tones.colour import ColourMeasurer
from restoration.examine.tones.dyes import DyesMeasurer
from restoration.examine.tones.fading import FadingMeasurer
from restoration.examine.tones.tone import ToneMeasurer
from restoration.findings.report import ConditionReport
from restoration.raster.base import UInt16Image
from restoration.raster.colour.colour_space import ColourSpace
from restoration.stages.base import Declined, Mapped, Page
from restoration.stages.colour.stage import ColourStage
from support import pictures
from support.condition import concluded
from support.simulated_scans import SimulatedPage, scanned

SIDE = 200
MARGIN = 24

FINDINGS: tuple[type[Measurer], ...] = (
    ToneMeasurer,
    PaperMeasurer,
    ColourMeasurer,
    FadingMeasurer,
    DyesMeasurer,
)
"""What the stage decides from, and what that is decided from."""

DARK_KEPT = Ageing((0.6, 0.88, 0.82), (0.01, 0.03, 0.16))
LIGHT_STRUCK = Ageing((0.92, 0.62, 0.84), (0.01, 0.04, 0.07))
SLIGHT = Ageing((0.82, 0.96, 0.9), (0.0, 0.02, 0.05))
STRONG = Ageing((0.45, 0.66, 0.78), (0.03, 0.09, 0.22))
STAINED = Ageing((1.0, 1.0, 1.0), (0.02, 0.06, 0.18))
UNTOUCHED = Ageing((1.0, 1.0, 1.0))

SEPIA = np.array((0.86, 1.0, 1.22))
"""Of a sepia toner: density of each channel over that of green."""


Screened = concluded("screen", "halftone")
"""A condition report that has found a halftone."""


@cache
def small(name: str, side: int = SIDE) -> Picture:
    """The whole of a picture, made smaller (area means) to ``side`` on its longest side."""
    pixels = pictures.load(name)
    factor = side / max(pixels.shape[:2])
    size = (round(pixels.shape[1] * factor), round(pixels.shape[0] * factor))
    return channels_kept(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


@cache
def healthy(name: str, kind: str = "colour", side: int = SIDE, grain: float = 0.0) -> Densities:
    """A print before it aged. kind: colour, toned (sepia), grey (three channels) or one channel."""
    light = light_of(small(name, side))
    if kind != "colour":
        light = light.mean(axis=2, keepdims=True)
    if kind in ("toned", "grey"):
        light = np.repeat(light, 3, axis=2)
    density = printed(np.ascontiguousarray(light), grain)
    if kind in ("one channel", "colour"):
        return density
    # A neutral image, so that equal channels stay equal; its paper is white.
    density = density - np.array(BASE) + BASE[0]
    return (density - BASE[0]) * SEPIA + BASE[0] if kind == "toned" else density


def grey_aged(density: Densities, how: Ageing) -> Densities:
    """A silver print after its years: what `aged` does, about the neutral paper of `healthy`."""
    stain = np.array(how.stain)
    return (density - BASE[0]) * how.kept[0] + BASE[0] + stain


def sheet_of(density: Densities, how: Ageing, border: int = MARGIN, seed: int = 1) -> Picture:
    """The encoded picture of an aged print with its margin."""
    return shown(aged(on_paper(density, border), how, seed))


@dataclass(frozen=True)
class Outcome:
    """A page after the condition report and the stage."""

    report: dict[str, Any]
    decision: Mapped | Declined
    before: UInt16Image
    after: UInt16Image

    @property
    def said(self) -> str:
        if isinstance(self.decision, Declined):
            return self.decision.reason
        return str(self.decision.findings["reason"])

    @property
    def found(self) -> dict[str, Any]:
        """The findings of a page that was corrected."""
        assert isinstance(self.decision, Mapped), self.said
        return dict(self.decision.findings)

    @property
    def picture(self) -> Picture:
        return values(self.after)


def examined(
    page: SimulatedPage, *, before: Sequence[type[Measurer]] = (), space: ColourSpace | None = None
) -> dict[str, Any]:
    """The part of the condition report that the stage needs; ``before`` are further findings."""
    colour = space or ColourSpace.from_profile(page.profile, page.channels)
    return examine_page(page, ExamineSettings(faces="off"), colour, (*before, *FINDINGS))


def decided(
    page: SimulatedPage,
    report: dict[str, Any],
    album: Sequence[dict[str, Any]] | None = None,
    material: str = "print",
    **settings: Any,
) -> Mapped | Declined:
    """What the stage says; ``settings`` are fields of ColourSettings."""
    stage = ColourStage()
    stage.setup(ColourSettings(**settings), None)  # type: ignore[arg-type]

    def told(said: dict[str, Any]) -> ConditionReport:
        return ConditionReport.model_validate({name: said[name] for name in stage.reads})

    return stage.apply(
        Page(
            scan="aged",
            number=1,
            source=page,
            colour=ColourSpace.from_profile(page.profile, page.channels),
            ppi=page.ppi,
            report=told(report),
            album=None if album is None else [told(other) for other in album],
            key="0" * 64,
            material=material,
        )
    )


def corrected(
    pixels: Picture,
    *,
    bits: int = 16,
    profile: bytes | None = None,
    before: Sequence[type[Measurer]] = (),
    material: str = "print",
    **settings: Any,
) -> Outcome:
    """An encoded picture as a scan, examined, decided about and mapped."""
    page = SimulatedPage(scanned(pixels, bits), bits, (600.0, 600.0), profile)
    report = examined(page, before=before)
    decision = decided(page, report, material=material, **settings)
    return Outcome(report, decision, page.codes, mapped(page.codes, decision))


def mapped(codes: UInt16Image, decision: Mapped | Declined) -> UInt16Image:
    """The codes after the stage; the same where it declined."""
    return codes if isinstance(decision, Declined) else decision.tones.mapped(codes, 0, len(codes))


def values(codes: UInt16Image) -> Picture:
    return codes.astype(np.float32) / np.float32(65535)


def inside(sheet: Picture, border: int = MARGIN) -> Picture:
    """The sheet without its margin."""
    return sheet[border:-border, border:-border] if border else sheet


def lab_of(encoded: Picture) -> Any:
    """CIELAB, D65, of sRGB-encoded values."""
    return rgb2lab(np.repeat(encoded, 3, axis=2) if encoded.shape[2] == 1 else encoded)


def difference(one: Picture, other: Picture) -> float:
    """Mean CIEDE2000."""
    return float(np.mean(deltaE_ciede2000(lab_of(one), lab_of(other))))


def auto_levels(picture: Picture) -> Picture:
    """What image editors do about a cast: each channel from its darkest to its lightest half
    percent."""
    low, high = np.percentile(picture, (0.5, 99.5), axis=(0, 1)).astype(np.float32)
    return np.clip((picture - low) / np.maximum(high - low, 1e-3), 0, 1)


@cache
def case(name: str, ageing: Ageing, border: int = MARGIN) -> Outcome:
    """A colour print that aged, through everything with the default settings."""
    return corrected(sheet_of(healthy(name), ageing, border))


def on_margins(
    density: Densities, margins: tuple[int, int, int, int], ageing: Ageing, seed: int = 1
) -> Picture:
    """The encoded picture of an aged print; margins: top, left, bottom, right in pixels."""
    top, left, bottom, right = margins
    height, width, channels = density.shape
    sheet = np.empty((height + top + bottom, width + left + right, channels))
    sheet[:] = BASE if channels == 3 else BASE[:1]
    sheet[top : top + height, left : left + width] = density
    return shown(aged(sheet, ageing, seed))


def painted(density: Densities, strength: float = 0.6) -> Densities:
    """A toned print with smooth patches of colour laid over it, as with a soft brush."""
    hue = np.random.default_rng(3).standard_normal(density.shape)
    hue = cv2.GaussianBlur(hue, (0, 0), 25.0)
    hue *= strength / np.abs(hue).max()
    return np.asarray(density + hue * np.minimum(density.mean(axis=2, keepdims=True), 0.6))


def lit(name: str, light: Sequence[float], strength: float = 1.0, haze: float = 0.0) -> Densities:
    """A healthy print of a scene under light of a colour, with a haze over it."""
    scene = light_of(small(name)) * np.array(light, np.float32) * strength + haze
    return printed(scene.astype(np.float32))


def of_one_colour(name: str, colour: Sequence[float]) -> Densities:
    """A healthy print of a scene whose things have one colour."""
    grey = light_of(small(name)).mean(axis=2, keepdims=True)
    return printed((grey * np.array(colour)).astype(np.float32))
