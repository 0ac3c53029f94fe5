"""The network that finds damage: a small U-Net on luminance, at half the resolution inside.

Ronneberger, Fischer, Brox: U-Net: Convolutional Networks for Biomedical Image Segmentation
(MICCAI 2015). Ours has no normalisation, adds instead of joining where the paths meet, and
exchanges 2 x 2 pixels for channels at both ends, so that a megapixel costs 17 billion operations.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

CLASSES = 7
"""No damage, and the six kinds of `findings.damage.KINDS`."""

WIDTHS = (24, 40, 64, 96)
"""Channels at a half, a quarter, an eighth and a sixteenth of the resolution."""

DOWN, UP = (2, 2, 2, 3), (1, 1, 2)
"""Convolutions at each resolution on the way down, and on the way up (from the finest)."""


class DamageUNet(nn.Module):
    """Luminance float32 (n, 1, h, w) in [0, 1] to logits (n, CLASSES, h, w).

    Height and width are multiples of 16. An answer depends on pixels at most 116 away along each
    axis, and on where they lie modulo 16.
    """

    def __init__(self) -> None:
        super().__init__()
        joined = (4, *WIDTHS)
        self.down = nn.ModuleList(
            _convolutions(joined[level], WIDTHS[level], DOWN[level]) for level in range(4)
        )
        self.across = nn.ModuleList(
            nn.Conv2d(WIDTHS[level + 1], WIDTHS[level], 1) for level in range(3)
        )
        self.up = nn.ModuleList(
            _convolutions(WIDTHS[level], WIDTHS[level], UP[level]) for level in range(3)
        )
        self.out = nn.Conv2d(WIDTHS[0], CLASSES * 4, 3, padding=1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d) and module is not self.out:
                # Without normalisation, torch's own choice lets the signal die out on the way down.
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(cast(Tensor, module.bias))

    def forward(self, luminance: Tensor) -> Tensor:
        """See the class."""
        x = functional.pixel_unshuffle(4.0 * luminance - 2.0, 2)
        kept: list[Tensor] = []
        for level, convolutions in enumerate(self.down):
            x = convolutions(x if level == 0 else functional.max_pool2d(x, 2))
            kept.append(x)
        for level in (2, 1, 0):
            x = functional.interpolate(self.across[level](x), scale_factor=2.0, mode="nearest")
            x = self.up[level](x + kept[level])
        return functional.pixel_shuffle(self.out(x), 2)


def damage_logit(logits: Tensor) -> Tensor:
    """Logarithm of the odds of damage of any kind, (n, h, w), from the network's logits."""
    return torch.logsumexp(logits[:, 1:], dim=1) - logits[:, 0]


def _convolutions(inputs: int, outputs: int, count: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for number in range(count):
        layers += [nn.Conv2d(inputs if number == 0 else outputs, outputs, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers)
