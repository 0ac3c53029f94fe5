"""The corrected tones shown to networks ahead of their time, while the file keeps its own.

Networks were trained on healthy pictures; a faded one is not what they know. The colour space of
a page is what stages see it through, and what they answer through: with the correction's curves
in it, they see corrected tones, and their answers come back through the curves' exact inverse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from restoration.config.stages.colour import ColourSettings
from restoration.findings.base import Others
from restoration.raster.base import Floats
from restoration.raster.colour.channel_light import channel_light
from restoration.raster.colour.colour_space import ColourSpace, Conversion, srgb_conversion
from restoration.raster.colour.tone_table import ToneTable
from restoration.stages.colour.decision import decide
from restoration.stages.colour.spared import spared_values


def with_corrected_tones(
    space: ColourSpace, report: Others, settings: Mapping[str, Any], material: str
) -> ColourSpace:
    """The space through which a page is seen with corrected tones; itself where nothing is
    corrected.

    report: the findings that `Colour` reads; settings: its section. An uneven stain is left as it
    is: what is seen must not depend on the place.
    """
    own = ColourSettings.model_validate({**settings, "uneven": False})
    decision = decide(report, own, material)
    if decision.correction is None:
        return space
    light = channel_light(space)
    spared = spared_values([report], light)
    table, _ = decision.correction.table(light, spared, own.strength)
    conversion = space.conversion or srgb_conversion(space.channels)
    return replace(space, conversion=_Corrected(conversion, ToneTable(table.curves)))


@dataclass(frozen=True)
class _Corrected:
    """A conversion behind curves."""

    inner: Conversion
    table: ToneTable

    def linear_srgb(self, pixels: Floats) -> Floats:
        seen: Floats = self.table.mapped_values(pixels[None])[0]
        return self.inner.linear_srgb(seen)

    def device(self, linear: Floats) -> Floats:
        shown: Floats = self.table.undone_values(self.inner.device(linear)[None])[0]
        return shown

    def luminance(self, pixels: Floats) -> Floats:
        seen: Floats = self.table.mapped_values(pixels[None])[0]
        return self.inner.luminance(seen)
