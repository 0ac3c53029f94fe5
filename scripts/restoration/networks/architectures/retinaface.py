"""RetinaFace, which finds faces and measures five points of each (Deng et al. 2020)."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from restoration.networks.architecture import Architecture, Parameters

if TYPE_CHECKING:
    import torch


class RetinafaceParameters(Parameters):
    """Kind of a RetinaFace (facexlib.detection.retinaface)."""

    backbone: Literal["resnet50", "mobile0.25"]
    """facexlib's name of the network that it stands on."""


def _build(parameters: RetinafaceParameters, scale: int) -> torch.nn.Module:
    import torch  # noqa: PLC0415

    from restoration.networks.shims import install  # noqa: PLC0415 (loads torch)

    install()
    from facexlib.detection.retinaface import RetinaFace  # noqa: PLC0415 (must follow the shims)

    with warnings.catch_warnings():
        # It asks torchvision for a ResNet without weights, in a way that will be removed there.
        warnings.simplefilter("ignore", UserWarning)
        # Told its device, or it moves itself to a GPU where there is one.
        module: torch.nn.Module = RetinaFace(
            network_name=parameters.backbone, device=torch.empty(0).device
        )
    return module


def _sizes(state: Mapping[str, Any]) -> RetinafaceParameters:
    resnet = state["fpn.output1.0.weight"].shape[0] == 256
    return RetinafaceParameters(backbone="resnet50" if resnet else "mobile0.25")


ARCHITECTURE = Architecture(
    name="retinaface",
    module=__name__,
    use="finding faces",
    parameters=RetinafaceParameters,
    sizes=_sizes,
    build=_build,
    buffers=True,
    # Saved on several GPUs at once.
    prefix="module.",
    generative=False,
    detector="restoration.networks.retinaface",
)
