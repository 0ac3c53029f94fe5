"""FFDNet: a denoiser that is told how much noise there is, pixel by pixel.

Zhang, K., Zuo, W., Zhang, L.: FFDNet: Toward a Fast and Flexible Solution for CNN-Based Image
Denoising. IEEE Transactions on Image Processing 27(9), 2018, section III: blocks of 2 x 2 pixels
become channels, the noise level joins them as one channel more, convolutions of 3 x 3 with ReLU
between them, and the channels become blocks again. Names of the tensors as in the authors' own
weights, ``model.0`` to ``model.22``.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch.nn import functional

BLOCK = 2
"""Side of the blocks that become channels; sizes must be multiples."""

INPUTS = 4
"""Channels in: red, green, blue, sRGB-encoded in [0, 1], and the noise level, its standard
deviation in the same unit. The authors trained 0 to 75/255."""


def conditioned(folded: torch.Tensor) -> torch.Tensor:
    """float32 (1, 16, h, w), blocks of the four inputs, to the network's own (1, 13, h, w)."""
    picture, level = folded[:, :12], folded[:, 12:]
    return torch.cat((picture, level.mean(1, keepdim=True)), 1)


class FFDNet(torch.nn.Module):
    """The network for colour."""

    def __init__(self, num_feat: int, num_conv: int) -> None:
        super().__init__()
        widths = [3 * BLOCK**2 + 1, *[num_feat] * (num_conv - 1), 3 * BLOCK**2]
        layers: list[torch.nn.Module] = []
        for inside, outside in pairwise(widths):
            layers += [torch.nn.Conv2d(inside, outside, 3, padding=1), torch.nn.ReLU()]
        self.model = torch.nn.Sequential(*layers[:-1])

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(1, 4, h, w) to (1, 3, h, w); see ``INPUTS``."""
        folded = functional.pixel_unshuffle(image, BLOCK)
        answer: torch.Tensor = functional.pixel_shuffle(self.model(conditioned(folded)), BLOCK)
        return answer
