"""GFPGANv1Clean: GFPGAN v1.3 and v1.4, for one aligned face (Wang et al. 2021)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from restoration.networks.architecture import Architecture, Parameters

if TYPE_CHECKING:
    import torch


class GfpganParameters(Parameters):
    """Size of a GFPGANv1Clean (gfpgan.archs.gfpganv1_clean_arch)."""

    out_size: int = Field(ge=64)
    """Width and height of the face that it takes and gives, in pixels."""
    num_style_feat: int = Field(gt=0)
    num_mlp: int = Field(gt=0)
    channel_multiplier: int = Field(gt=0)
    narrow: float = Field(gt=0)


# As gfpgan.GFPGANer builds it for its authors' weights.
_AS_ITS_AUTHORS = {
    "decoder_load_path": None,
    "fix_decoder": False,
    "input_is_latent": True,
    "different_w": True,
    "sft_half": True,
}


def _build(parameters: GfpganParameters, scale: int) -> torch.nn.Module:
    from restoration.networks.shims import install  # noqa: PLC0415 (loads torch)

    install()
    from gfpgan.archs.gfpganv1_clean_arch import GFPGANv1Clean  # noqa: PLC0415 (must follow)

    module: torch.nn.Module = GFPGANv1Clean(**_AS_ITS_AUTHORS, **parameters.model_dump())
    return module


def _sizes(state: Mapping[str, Any]) -> GfpganParameters:
    decoder = "stylegan_decoder"
    steps = {key.split(".")[1] for key in state if key.startswith("conv_body_down.")}
    layers = [k for k in state if k.startswith(f"{decoder}.style_mlp.") and k.endswith(".weight")]
    # The channels of 4 x 4 and of 64 x 64 pixels, in units of the narrowest network's.
    narrow = state[f"{decoder}.constant_input.weight"].shape[1] / 512
    at_64 = state[f"{decoder}.style_convs.6.bias"].shape[1] / 256
    return GfpganParameters(
        out_size=4 * 2 ** len(steps),
        num_style_feat=int(
            state[f"{decoder}.style_convs.0.modulated_conv.modulation.weight"].shape[1]
        ),
        num_mlp=len(layers),
        channel_multiplier=round(at_64 / narrow),
        narrow=narrow,
    )


def _side(parameters: GfpganParameters) -> int:
    return parameters.out_size


ARCHITECTURE = Architecture(
    name="gfpgan",
    module=__name__,
    use="aligned faces",
    parameters=GfpganParameters,
    sizes=_sizes,
    build=_build,
    side=_side,
    always_generative=True,
    runner="restoration.engine.faces.gfpgan",
)
