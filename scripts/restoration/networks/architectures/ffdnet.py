"""FFDNet for colour, which is told how much noise there is (Zhang et al. 2018)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from restoration.networks.architecture import Architecture, Parameters

if TYPE_CHECKING:
    import torch


class FfdnetParameters(Parameters):
    """Size of an FFDNet for colour (networks.ffdnet)."""

    num_feat: int = Field(gt=0)
    num_conv: int = Field(ge=2)


_BLOCK = 2
"""``networks.ffdnet.BLOCK``, which knows torch."""


def _build(parameters: FfdnetParameters, scale: int) -> torch.nn.Module:
    from restoration.networks.ffdnet import FFDNet  # noqa: PLC0415 (loads torch)

    return FFDNet(**parameters.model_dump())


def _sizes(state: Mapping[str, Any]) -> FfdnetParameters:
    weights = [value for key, value in state.items() if key.endswith(".weight")]
    return FfdnetParameters(num_feat=int(state["model.0.weight"].shape[0]), num_conv=len(weights))


def _multiple(parameters: FfdnetParameters, scale: int) -> int:
    return _BLOCK


def _radius(parameters: FfdnetParameters, scale: int) -> int:
    # From a pixel of its own block to the far side of the farthest block.
    return _BLOCK * parameters.num_conv + _BLOCK - 1


ARCHITECTURE = Architecture(
    name="ffdnet",
    module=__name__,
    parameters=FfdnetParameters,
    sizes=_sizes,
    build=_build,
    channels=4,
    multiple=_multiple,
    radius=_radius,
    generative=False,
    stream="restoration.engine.torch_streams.ffdnet",
    native="restoration.engine.native.ffdnet",
)
