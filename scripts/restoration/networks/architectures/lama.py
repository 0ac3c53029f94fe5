"""LaMa, which makes up what was in a hole (Suvorov et al. 2022)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from restoration.networks.architecture import Architecture, Parameters, State

if TYPE_CHECKING:
    import torch


class LamaParameters(Parameters):
    """Size of a LaMa generator (networks.lama)."""

    num_feat: int = Field(gt=0)
    num_block: int = Field(ge=1)


_MULTIPLE = 8
"""Two to the power of ``networks.lama.HALVINGS``, which knows torch."""


def _build(parameters: LamaParameters, scale: int) -> torch.nn.Module:
    from restoration.networks.lama import Lama  # noqa: PLC0415 (loads torch)

    return Lama(**parameters.model_dump())


def _sizes(state: Mapping[str, Any]) -> LamaParameters:
    width = int(state["model.1.ffc.convl2l.weight"].shape[0])
    blocks = {found[1] for key in state if (found := re.match(r"model\.(\d+)\.conv1\.ffc\.", key))}
    return LamaParameters(num_feat=width, num_block=len(blocks))


def _own(state: State) -> State:
    from restoration.networks.lama import generator_alone  # noqa: PLC0415 (loads torch)

    return generator_alone(state)


def _multiple(parameters: LamaParameters, scale: int) -> int:
    return _MULTIPLE


ARCHITECTURE = Architecture(
    name="lama",
    module=__name__,
    use="filling holes",
    parameters=LamaParameters,
    sizes=_sizes,
    build=_build,
    own=_own,
    buffers=True,
    multiple=_multiple,
    always_generative=True,
    runner="restoration.engine.hole_filler",
)
