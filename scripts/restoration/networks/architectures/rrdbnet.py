"""RRDBNet: Real-ESRGAN x4plus and its family (Wang et al. 2021)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from restoration.networks.architecture import Architecture, Parameters

if TYPE_CHECKING:
    import torch


class RrdbnetParameters(Parameters):
    """Size of an RRDBNet (basicsr.archs.rrdbnet_arch)."""

    num_feat: int = Field(gt=0)
    num_block: int = Field(gt=0)
    num_grow_ch: int = Field(gt=0)


# RRDBNet folds blocks of this side into channels, so that its trunk always works at a quarter
# of the output's size (Real-ESRGAN, section 3.2).
_FOLDED = {4: 1, 2: 2, 1: 4}


def _build(parameters: RrdbnetParameters, scale: int) -> torch.nn.Module:
    from restoration.networks.shims import install  # noqa: PLC0415 (loads torch)

    install()
    from basicsr.archs.rrdbnet_arch import RRDBNet  # noqa: PLC0415 (must follow the shims)

    module: torch.nn.Module = RRDBNet(
        num_in_ch=3, num_out_ch=3, scale=scale, **parameters.model_dump()
    )
    return module


def _sizes(state: Mapping[str, Any]) -> RrdbnetParameters:
    blocks = {int(key.split(".")[1]) for key in state if key.startswith("body.")}
    if blocks != set(range(len(blocks))):
        # A name alone must not make a network of a thousand million blocks.
        raise KeyError("body.0 to the last, without a gap,")
    return RrdbnetParameters(
        num_feat=int(state["conv_first.weight"].shape[0]),
        num_block=max(blocks) + 1,
        num_grow_ch=int(state["body.0.rdb1.conv1.weight"].shape[0]),
    )


def _multiple(parameters: RrdbnetParameters, scale: int) -> int:
    return _FOLDED[scale]


def _radius(parameters: RrdbnetParameters, scale: int) -> int:
    """Follows the row or column of every output pixel that belongs to one input pixel back through
    the layers; each 3 x 3 convolution adds one sample at the resolution where it stands."""
    block = _FOLDED[scale]
    trunk = 15 * parameters.num_block + 2
    worst = 0
    for output in range(4):
        own = output // scale
        # conv_last, conv_hr and conv_up2 at full output size; conv_up1 at half of it.
        first, last = ((output - 3) // 2 - 1) // 2, ((output + 3) // 2 + 1) // 2
        first, last = (first - trunk) * block, (last + trunk) * block + block - 1
        worst = max(worst, own - first, last - own)
    return worst


ARCHITECTURE = Architecture(
    name="rrdbnet",
    module=__name__,
    takes_faces=True,
    parameters=RrdbnetParameters,
    sizes=_sizes,
    build=_build,
    scales=(1, 2, 4),
    usual_scale=4,
    multiple=_multiple,
    radius=_radius,
    stream="restoration.engine.torch_streams.rrdbnet",
    native="restoration.engine.native.rrdbnet",
    scratch=48 << 20,
)
