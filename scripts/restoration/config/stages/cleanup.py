"""Settings of the stage `cleanup`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from restoration.config.section import Apply, Identifier, Section


class CleanupSettings(Section):
    """Real-ESRGAN removes softness, noise and compression damage; the size stays."""

    apply: Apply = Field(
        "auto",
        description="`auto`: only where the condition report shows damage; `always`: every scan.",
    )
    network: Identifier = Field(
        "realesrgan-x4plus", description="Weights by their name in resources/models.yaml."
    )
    denoise: float = Field(
        0.5,
        ge=0.0,
        le=1.0,
        description="For `realesr-general-x4v3` alone: 1 is its own weights, 0 those of its "
        "wdn (noise-keeping) twin, between them a blend of the two.",
    )
    strength: float = Field(
        0.7,
        gt=0.0,
        le=1.0,
        description="Share of the network's change that is taken; the rest is the scan itself. "
        "0.7 came nearest to the truth on damaged pictures whose truth is known.",
    )
    working_ppi: Literal["auto"] | Annotated[float, Field(gt=0)] = Field(
        "auto",
        description="Resolution at which the network's picture starts. `auto`: the effective "
        "resolution that the condition report measured, and a margin of 1.2 to 1.7. A number is "
        "taken as it is.",
    )
    soft_below_ppi: float = Field(
        300.0,
        gt=0,
        description="`auto` applies where the effective resolution lies below this.",
    )
    noisy_above: Annotated[float, Field(gt=0)] | None = Field(
        None,
        description="`auto` also applies where the noise (standard deviation, in 1/255) lies "
        "above. `null`: noise is no reason; denoise, which tells it from grain, has seen to it.",
    )
    anchor_sigma: float = Field(
        4.0,
        gt=0,
        description="Standard deviation, in network input pixels, of the Gaussian below which "
        "tones come from the scan and not from the network.",
    )
    skip_empty_paper: bool = Field(
        True,
        description="Empty paper around the picture, as the condition report found it, is left as "
        "it is, beyond the reach of the network; nothing of the picture changes by it. The record "
        "says how much was skipped.",
    )
