"""The findings of the condition report, in the order in which they conclude.

A further finding is one module with a class like these, and its line here.
"""

from __future__ import annotations

from restoration.examine.finding import Finding
from restoration.examine.interpolation import Interpolated
from restoration.examine.noise import Noise
from restoration.examine.paper import Paper
from restoration.examine.resolution import EffectiveResolution
from restoration.examine.statement import Statement
from restoration.examine.tone import Tone

FINDINGS: tuple[type[Finding], ...] = (
    Statement,
    Tone,
    Paper,
    Interpolated,
    EffectiveResolution,
    Noise,
)
