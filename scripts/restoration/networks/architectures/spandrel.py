"""Networks of one's own for pages that the package spandrel recognises by their tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from restoration.networks.architecture import Architecture, Parameters, State

if TYPE_CHECKING:
    import torch


class SpandrelParameters(Parameters):
    """What spandrel recognised in a state dict; its sizes follow from the tensors."""

    spandrel: str
    """Spandrel's id of the architecture, for example ``SCUNet``."""


def _sizes(state: Mapping[str, Any]) -> SpandrelParameters:
    from restoration.networks.spandrel_networks import recognise  # noqa: PLC0415 (loads torch)

    return SpandrelParameters(spandrel=recognise(dict(state))[0])


def _holding(parameters: SpandrelParameters, state: State) -> torch.nn.Module:
    from restoration.networks.spandrel_networks import expected, recognise  # noqa: PLC0415

    return expected(parameters.spandrel, recognise(state))


ARCHITECTURE = Architecture(
    name="spandrel",
    module=__name__,
    parameters=SpandrelParameters,
    sizes=_sizes,
    holding=_holding,
    buffers=True,
)
