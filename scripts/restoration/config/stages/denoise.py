"""Settings of the stage `denoise`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from restoration.config.section import Apply, Identifier, Section


class DenoiseSettings(Section):
    """The noise of the scanner goes, the grain of the photograph stays unless it is asked for."""

    apply: Apply = Field(
        "auto",
        description="`auto`: only where the condition report shows noise or JPEG blocks; `always`: "
        "every scan.",
    )
    network: Identifier | Literal["none"] = Field(
        "ffdnet-color",
        description="Weights by their name in resources/models.yaml; `none` removes JPEG blocks "
        "alone.",
    )
    grain: Literal["keep", "reduce", "remove"] = Field(
        "keep",
        description="`keep`: grain is part of the photograph, only noise that is not grain goes; "
        "`reduce`: half of it stays; `remove`: it goes with the noise.",
    )
    strength: float = Field(
        1.0, gt=0.0, le=1.0, description="Share of the noise that is taken away."
    )
    noisy_above: float = Field(
        1.0,
        gt=0,
        description="`auto` applies where the noise (standard deviation, in 1/255) lies above.",
    )
    blocking: Literal["auto", "never"] = Field(
        "auto", description="`auto` removes JPEG blocks where the condition report found them."
    )
