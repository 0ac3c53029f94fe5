"""The findings of the condition report, in the order in which they conclude.

A further finding is one module with a class like these, and its line here. A finding may read what
those above it concluded: dots and blocks come before what would take them for noise or blur.
"""

from __future__ import annotations

from restoration.examine.blocking import Blocking
from restoration.examine.blur import Blur
from restoration.examine.colour import Colour
from restoration.examine.damage import Damage
from restoration.examine.dyes import Dyes
from restoration.examine.exposure import Exposure
from restoration.examine.faces import Faces
from restoration.examine.fading import Fading
from restoration.examine.finding import Finding
from restoration.examine.interpolation import Interpolated
from restoration.examine.noise import Noise
from restoration.examine.paper import Paper
from restoration.examine.resolution import EffectiveResolution
from restoration.examine.screen import Screen
from restoration.examine.sharpening import Sharpening
from restoration.examine.statement import Statement
from restoration.examine.text import Text
from restoration.examine.tone import Tone

FINDINGS: tuple[type[Finding], ...] = (
    Statement,
    Tone,
    Paper,
    Screen,
    Blocking,
    Interpolated,
    EffectiveResolution,
    Noise,
    Blur,
    Sharpening,
    Colour,
    Fading,
    Dyes,
    Damage,
    Text,
    Exposure,
    Faces,
)
