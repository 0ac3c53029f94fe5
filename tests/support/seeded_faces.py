"""GFPGAN with seeded weights, for parity and speed: it restores nothing."""

from __future__ import annotations

import torch

from restoration.networks.architectures.gfpgan import GfpganParameters
from support import by_parameters

OFFICIAL = GfpganParameters(
    out_size=512, num_style_feat=512, num_mlp=8, channel_multiplier=2, narrow=1.0
)
"""The size of GFPGANv1.3 and GFPGANv1.4."""

SMALL = OFFICIAL.model_copy(update={"out_size": 128, "narrow": 0.25})


def seeded_module(parameters: GfpganParameters = OFFICIAL) -> torch.nn.Module:
    """The package's own module. What it begins with at 0 (biases, the noise's strength) is not."""
    torch.manual_seed(1)
    module = by_parameters.build(parameters, 1)
    for value in module.parameters():
        if not value.any():
            torch.nn.init.normal_(value, std=0.1)
    return module.eval().requires_grad_(False)


def seeded_face(side: int) -> torch.Tensor:
    """float32 (1, 3, side, side) in [-1, 1], coarse and fine detail."""
    torch.manual_seed(2)
    coarse = torch.rand(1, 3, side // 16, side // 16)
    smooth = torch.nn.functional.interpolate(coarse, scale_factor=16, mode="bilinear")
    return (smooth + 0.1 * torch.randn(1, 3, side, side)).clamp(0, 1) * 2 - 1
