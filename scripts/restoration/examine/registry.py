"""What measures the condition report, in the order in which the findings are concluded.

A further finding is one module in `restoration.findings` (what it says), one here (how it is
measured), and its line below. A measurer may read what those above it concluded: dots and blocks
come before what would take them for noise or blur.
"""

from __future__ import annotations

from restoration.examine.damage.damage import DamageMeasurer
from restoration.examine.faces.faces import FacesMeasurer
from restoration.examine.jpeg.blocking import BlockingMeasurer
from restoration.examine.measurer import Measurer
from restoration.examine.noise.noise import NoiseMeasurer
from restoration.examine.paper.paper import PaperMeasurer
from restoration.examine.resolution.interpolation import InterpolationMeasurer
from restoration.examine.resolution.resolution import ResolutionMeasurer
from restoration.examine.screen.screen import ScreenMeasurer
from restoration.examine.sharpness.blur import BlurMeasurer
from restoration.examine.sharpness.sharpening import SharpeningMeasurer
from restoration.examine.stated_resolution import NominalResolutionMeasurer
from restoration.examine.text.text import TextMeasurer
from restoration.examine.tones.colour import ColourMeasurer
from restoration.examine.tones.dyes import DyesMeasurer
from restoration.examine.tones.exposure import ExposureMeasurer
from restoration.examine.tones.fading import FadingMeasurer
from restoration.examine.tones.tone import ToneMeasurer

MEASURERS: tuple[type[Measurer], ...] = (
    NominalResolutionMeasurer,
    ToneMeasurer,
    PaperMeasurer,
    ScreenMeasurer,
    BlockingMeasurer,
    InterpolationMeasurer,
    ResolutionMeasurer,
    NoiseMeasurer,
    BlurMeasurer,
    SharpeningMeasurer,
    ColourMeasurer,
    FadingMeasurer,
    DyesMeasurer,
    DamageMeasurer,
    TextMeasurer,
    ExposureMeasurer,
    FacesMeasurer,
)
