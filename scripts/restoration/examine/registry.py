"""The findings of the condition report, in the order in which they conclude.

A further finding is one module with a class like these, and its line here. A finding may read what
those above it concluded: dots and blocks come before what would take them for noise or blur.
"""

from __future__ import annotations

from restoration.examine.damage.damage import Damage
from restoration.examine.faces.faces import Faces
from restoration.examine.finding import Finding
from restoration.examine.jpeg.blocking import Blocking
from restoration.examine.noise.noise import Noise
from restoration.examine.paper.paper import Paper
from restoration.examine.resolution.interpolation import Interpolated
from restoration.examine.resolution.resolution import EffectiveResolution
from restoration.examine.screen.screen import Screen
from restoration.examine.sharpness.blur import Blur
from restoration.examine.sharpness.sharpening import Sharpening
from restoration.examine.statement import Statement
from restoration.examine.text.text import Text
from restoration.examine.tones.colour import Colour
from restoration.examine.tones.dyes import Dyes
from restoration.examine.tones.exposure import Exposure
from restoration.examine.tones.fading import Fading
from restoration.examine.tones.tone import Tone

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
