"""The network of our own that finds damage on a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from restoration.networks.architecture import Architecture, Parameters

if TYPE_CHECKING:
    import torch


class DamageUnetParameters(Parameters):
    """Its size is fixed (networks.damage_unet): there is one set of weights."""


def _build(parameters: DamageUnetParameters, scale: int) -> torch.nn.Module:
    from restoration.networks.damage_unet import DamageUNet  # noqa: PLC0415 (loads torch)

    return DamageUNet()


def _sizes(state: Mapping[str, Any]) -> DamageUnetParameters:
    state["down.0.0.weight"]
    return DamageUnetParameters()


ARCHITECTURE = Architecture(
    name="damage-unet",
    module=__name__,
    use="finding damage",
    parameters=DamageUnetParameters,
    sizes=_sizes,
    build=_build,
    channels=1,
    generative=False,
)
