"""Settings of the stage `upscale`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from restoration.config.section import Identifier, Section


class PrintSize(Section):
    """A print, in millimetres; the scan is fitted inside, never cropped."""

    width_mm: float = Field(gt=0, description="Width of the print in millimetres.")
    height_mm: float = Field(gt=0, description="Height of the print in millimetres.")
    ppi: float = Field(300.0, gt=0, description="Resolution of the print in pixels per inch.")


class UpscaleSettings(Section):
    """Final size: a factor, a print or a resolution; give one of the three."""

    factor: float | None = Field(
        None, ge=1.0, le=8.0, description="Size multiplier; 1 leaves the scan as it is."
    )
    print_size: PrintSize | None = Field(
        None, description="Size of the print for which the deliverable is made."
    )
    ppi: float | None = Field(
        None, gt=0, description="Resolution of the deliverable at the size of the original."
    )
    network: Identifier | Literal["none"] = Field(
        "realesrgan-x4plus",
        description="Weights by their name in resources/models.yaml; `none` resamples only.",
    )
    denoise: float = Field(0.5, ge=0.0, le=1.0, description="As in `cleanup`.")
    strength: float = Field(0.7, gt=0.0, le=1.0, description="As in `cleanup`.")
    anchor_sigma: float = Field(4.0, gt=0, description="As in `cleanup`.")
    skip_empty_paper: bool = Field(True, description="As in `cleanup`.")

    @model_validator(mode="after")
    def _one_target(self) -> UpscaleSettings:
        given = [n for n in ("factor", "print_size", "ppi") if getattr(self, n) is not None]
        if len(given) > 1:
            raise ValueError(f"give one of factor, print_size and ppi, not {' and '.join(given)}")
        return self
