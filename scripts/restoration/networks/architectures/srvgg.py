"""SRVGGNetCompact: realesr-general-x4v3 and its family (Wang et al. 2021)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from restoration.networks.architecture import Architecture, Parameters

if TYPE_CHECKING:
    import torch


class SrvggParameters(Parameters):
    """Size of an SRVGGNetCompact with PReLU (realesrgan.archs.srvgg_arch)."""

    num_feat: int = Field(gt=0)
    num_conv: int = Field(gt=0)


def _build(parameters: SrvggParameters, scale: int) -> torch.nn.Module:
    from restoration.networks.shims import install  # noqa: PLC0415 (loads torch)

    install()
    from realesrgan.archs.srvgg_arch import SRVGGNetCompact  # noqa: PLC0415 (must follow)

    module: torch.nn.Module = SRVGGNetCompact(
        num_in_ch=3, num_out_ch=3, upscale=scale, act_type="prelu", **parameters.model_dump()
    )
    return module


def _sizes(state: Mapping[str, Any]) -> SrvggParameters:
    convolutions = [k for k, v in state.items() if k.endswith(".weight") and v.ndim == 4]
    if state["body.1.weight"].ndim != 1:
        raise KeyError("body.1.weight")
    return SrvggParameters(
        num_feat=int(state["body.0.weight"].shape[0]), num_conv=len(convolutions) - 2
    )


def _radius(parameters: SrvggParameters, scale: int) -> int:
    return parameters.num_conv + 2


ARCHITECTURE = Architecture(
    name="srvgg",
    module=__name__,
    takes_faces=True,
    parameters=SrvggParameters,
    sizes=_sizes,
    build=_build,
    scales=(1, 2, 4),
    usual_scale=4,
    radius=_radius,
    stream="restoration.engine.torch_streams.compact",
    native="restoration.engine.native.srvgg",
)
