"""Networks of one's own for one aligned face that the package spandrel recognises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from restoration.networks.architecture import Architecture, Parameters, State

if TYPE_CHECKING:
    import torch


class SpandrelFaceParameters(Parameters):
    """What spandrel recognised in the state dict of a network that restores one aligned face."""

    spandrel: str
    """Spandrel's id of the architecture, for example ``RestoreFormer``."""


def _sizes(state: Mapping[str, Any]) -> SpandrelFaceParameters:
    from restoration.networks.spandrel_faces import recognise_face  # noqa: PLC0415 (loads torch)

    return SpandrelFaceParameters(spandrel=recognise_face(dict(state))[0])


def _holding(parameters: SpandrelFaceParameters, state: State) -> torch.nn.Module:
    from restoration.networks.spandrel_faces import recognise_face  # noqa: PLC0415 (loads torch)
    from restoration.networks.spandrel_networks import expected  # noqa: PLC0415 (loads torch)

    return expected(parameters.spandrel, recognise_face(state))


def _side(parameters: SpandrelFaceParameters) -> int:
    from restoration.networks.spandrel_faces import SIDE  # noqa: PLC0415 (loads torch)

    return SIDE


ARCHITECTURE = Architecture(
    name="spandrel-face",
    module=__name__,
    use="aligned faces",
    parameters=SpandrelFaceParameters,
    sizes=_sizes,
    holding=_holding,
    buffers=True,
    side=_side,
)
