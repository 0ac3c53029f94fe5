"""The network classes: their size, and how far they look."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import torch

from restoration.errors import ConfigError
from restoration.networks import shims
from restoration.networks.ffdnet import BLOCK, FFDNet
from restoration.networks.manifest import (
    FfdnetParameters,
    GfpganParameters,
    RetinafaceParameters,
    RrdbnetParameters,
    SpandrelFaceParameters,
    SpandrelParameters,
    SrvggParameters,
)
from restoration.networks.spandrel_faces import recognise_face
from restoration.networks.spandrel_networks import recognise

Streamed = RrdbnetParameters | SrvggParameters | FfdnetParameters
"""Networks of known reach, for pages of any size."""

Known = Streamed | GfpganParameters | RetinafaceParameters
"""Networks that are built from their size alone."""

Recognised = SpandrelParameters | SpandrelFaceParameters
"""Networks that spandrel builds from their tensors."""

Parameters = Known | Recognised
State = dict[str, torch.Tensor]

# RRDBNet folds blocks of this side into channels, so that its trunk always works at a quarter
# of the output's size (Real-ESRGAN, section 3.2).
_UNSHUFFLE = {4: 1, 2: 2, 1: 4}

# As gfpgan.GFPGANer builds it for its authors' weights.
_GFPGAN = {
    "decoder_load_path": None,
    "fix_decoder": False,
    "input_is_latent": True,
    "different_w": True,
    "sft_half": True,
}


def build(parameters: Known, scale: int) -> torch.nn.Module:
    """The network's class, on torch's current default device, with arbitrary weights."""
    if isinstance(parameters, FfdnetParameters):
        return FFDNet(**parameters.model_dump())
    shims.install()
    if isinstance(parameters, RrdbnetParameters):
        from basicsr.archs.rrdbnet_arch import RRDBNet  # noqa: PLC0415

        module: torch.nn.Module = RRDBNet(
            num_in_ch=3, num_out_ch=3, scale=scale, **parameters.model_dump()
        )
    elif isinstance(parameters, GfpganParameters):
        from gfpgan.archs.gfpganv1_clean_arch import GFPGANv1Clean  # noqa: PLC0415

        module = GFPGANv1Clean(**_GFPGAN, **parameters.model_dump())
    elif isinstance(parameters, RetinafaceParameters):
        module = _retinaface(parameters)
    else:
        from realesrgan.archs.srvgg_arch import SRVGGNetCompact  # noqa: PLC0415

        module = SRVGGNetCompact(
            num_in_ch=3, num_out_ch=3, upscale=scale, act_type="prelu", **parameters.model_dump()
        )
    return module


def _retinaface(parameters: RetinafaceParameters) -> torch.nn.Module:
    from facexlib.detection.retinaface import RetinaFace  # noqa: PLC0415

    with warnings.catch_warnings():
        # It asks torchvision for a ResNet without weights, in a way that will be removed there.
        warnings.simplefilter("ignore", UserWarning)
        # Told its device, or it moves itself to a GPU where there is one.
        module: torch.nn.Module = RetinaFace(
            network_name=parameters.backbone, device=torch.empty(0).device
        )
    return module


def with_state(parameters: Parameters, scale: int, state: State) -> torch.nn.Module:
    """The network's class holding exactly ``state``. Raises ConfigError where it does not fit."""
    if isinstance(parameters, Recognised):
        find = recognise if isinstance(parameters, SpandrelParameters) else recognise_face
        name, recognised = find(state)
        if name != parameters.spandrel:
            raise ConfigError(f"spandrel takes the weights for {name}, not {parameters.spandrel}")
        return recognised.eval().requires_grad_(False)
    with torch.device("meta"):
        module = build(parameters, scale)
    try:
        module.load_state_dict(state, strict=True, assign=True)
    except RuntimeError as error:
        reason = str(error).split("\n")
        raise ConfigError(f"weights do not fit the network: {' '.join(reason[1:3])}") from None
    return module.eval().requires_grad_(False)


def unshuffle(parameters: Parameters, scale: int) -> int:
    """Side of the input blocks that the network folds into channels; sizes must be multiples."""
    if isinstance(parameters, FfdnetParameters):
        return BLOCK
    return _UNSHUFFLE[scale] if isinstance(parameters, RrdbnetParameters) else 1


def receptive_radius(parameters: Streamed, scale: int) -> int:
    """Farthest input pixel, along one axis, that an output pixel's own input pixel depends on.

    Follows the row or column of every output pixel that belongs to one input pixel back through
    the layers; each 3 x 3 convolution adds one sample at the resolution where it stands.
    """
    if isinstance(parameters, SrvggParameters):
        return parameters.num_conv + 2
    if isinstance(parameters, FfdnetParameters):
        # From a pixel of its own block to the far side of the farthest block.
        return BLOCK * parameters.num_conv + BLOCK - 1
    block = _UNSHUFFLE[scale]
    trunk = 15 * parameters.num_block + 2
    worst = 0
    for output in range(4):
        own = output // scale
        # conv_last, conv_hr and conv_up2 at full output size; conv_up1 at half of it.
        first, last = ((output - 3) // 2 - 1) // 2, ((output + 3) // 2 + 1) // 2
        first, last = (first - trunk) * block, (last + trunk) * block + block - 1
        worst = max(worst, own - first, last - own)
    return worst


def infer_parameters(architecture: str, scale: int, state: Mapping[str, Any]) -> Parameters:
    """The size of the network that a state dict belongs to. Raises ConfigError if of no such."""
    if architecture.startswith("spandrel"):
        if architecture == "spandrel-face":
            return SpandrelFaceParameters(spandrel=recognise_face(dict(state))[0])
        return SpandrelParameters(spandrel=recognise(dict(state))[0])
    try:
        return _sizes(architecture, state)
    except (KeyError, ValueError, IndexError, ArithmeticError) as error:
        raise ConfigError(
            f"weights are not those of a {architecture} network of scale {scale} "
            f"as the reference package saves it ({str(error).splitlines()[0]} not found)"
        ) from None


def _sizes(architecture: str, state: Mapping[str, Any]) -> Parameters:
    """Raises KeyError, ValueError or IndexError where a tensor that tells the size is missing."""
    if architecture == "ffdnet":
        weights = [value for key, value in state.items() if key.endswith(".weight")]
        return FfdnetParameters(
            num_feat=int(state["model.0.weight"].shape[0]), num_conv=len(weights)
        )
    if architecture == "gfpgan":
        return _gfpgan_parameters(state)
    if architecture == "retinaface":
        resnet = state["fpn.output1.0.weight"].shape[0] == 256
        return RetinafaceParameters(backbone="resnet50" if resnet else "mobile0.25")
    if architecture == "rrdbnet":
        blocks = {int(key.split(".")[1]) for key in state if key.startswith("body.")}
        if blocks != set(range(len(blocks))):
            # A name alone must not make a network of a thousand million blocks.
            raise KeyError("body.0 to the last, without a gap,")
        return RrdbnetParameters(
            num_feat=int(state["conv_first.weight"].shape[0]),
            num_block=max(blocks) + 1,
            num_grow_ch=int(state["body.0.rdb1.conv1.weight"].shape[0]),
        )
    convolutions = [k for k, v in state.items() if k.endswith(".weight") and v.ndim == 4]
    if state["body.1.weight"].ndim != 1:
        raise KeyError("body.1.weight")
    return SrvggParameters(
        num_feat=int(state["body.0.weight"].shape[0]), num_conv=len(convolutions) - 2
    )


def _gfpgan_parameters(state: Mapping[str, Any]) -> GfpganParameters:
    """Raises KeyError where a tensor that tells the size is missing."""
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
