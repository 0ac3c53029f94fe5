"""Settings of the stage `colour`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from restoration.config.section import Apply, Section


class ColourSettings(Section):
    """Fading and stain are taken back, measured; what is part of the picture stays."""

    apply: Apply = Field(
        "auto",
        description="`auto`: only what margin and darkest tones show. `always`: also a stain that "
        "the lightest tones alone show, though light of a colour looks the same, and weak blacks "
        "of grey and toned prints, though a soft subject does.",
    )
    scope: Literal["scan", "batch"] = Field(
        "scan",
        description="`batch`: the pages of one batch, an album or an envelope, get one correction.",
    )
    image: Literal["auto", "dyes", "silver"] = Field(
        "auto",
        description="What the picture is made of. `auto`: dyes where it is in colour, silver where "
        "it is grey or of one hue. Say `silver` for hand-coloured prints, which are recognised "
        "only where they are plain.",
    )
    strength: float = Field(
        1.0, gt=0.0, le=1.0, description="Share of the correction that is made."
    )
    most_gain: float = Field(
        2.5,
        ge=1.0,
        le=5.0,
        description="Largest factor by which densities are multiplied, and with them their noise.",
    )
    toned: Literal["keep", "neutralise"] = Field(
        "keep",
        description="`keep`: the hue of a toned print (sepia, selenium, cyanotype) is part of it; "
        "`neutralise`: it becomes grey.",
    )
    uneven: bool = Field(
        False,
        description="A stain that is uneven, smooth and seen on three sides of the margin at least "
        "is taken away as it lies; otherwise the margin's mean counts.",
    )
    provisional: bool = Field(
        False,
        description="The networks of earlier stages are shown the corrected tones, while the file "
        "keeps its own until they are corrected.",
    )
    cube: bool = Field(
        False, description="A .cube of the curves is put beside the deliverable as well."
    )
