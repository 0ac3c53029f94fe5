"""LaMa: a network that fills holes in what it was never shown.

Suvorov, R. et al.: Resolution-robust Large Mask Inpainting with Fourier Convolutions. WACV 2022.
The generator is the one that the package spandrel carries (Apache-2.0, from the authors'
repository); its sizes are read off the tensors, whose names are the generator's own: ``1.ffc`` and
on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch

from restoration.networks import shims

HALVINGS = 3
"""Times that the generator halves its input: sizes must be multiples of two to that power."""

_MARK = re.compile(r"^(.*\bmodel\.)1\.ffc\.convl2l\.weight$")
"""Its first convolution, whatever it is called in a file that holds more."""


class Lama(torch.nn.Module):
    """The generator and what is done around it."""

    def __init__(self, num_feat: int, num_block: int) -> None:
        super().__init__()
        shims.install()
        # Must follow the shims; no public name of spandrel's gives another size.
        from spandrel.architectures.LaMa.__arch.LaMa import (  # noqa: PLC0415
            FFCResNetGenerator,
        )

        generator = FFCResNetGenerator(4, 3, ngf=num_feat, n_blocks=num_block)
        self.model: torch.nn.Sequential = generator.model

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """image: (1, 3, h, w), sRGB-encoded, in [0, 1]; mask: (1, 1, h, w), 1 in holes and 0
        elsewhere; sizes are multiples of 8. Returns (1, 3, h, w), the image outside holes."""
        told = torch.cat([image * (1 - mask), mask], dim=1)
        made: torch.Tensor = self.model(told)
        return mask * made + (1 - mask) * image


def generator_alone(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The generator's tensors under the names that ``Lama`` has, out of a file that may hold the
    networks that trained it, too. Raises KeyError where there is no generator."""
    places = sorted({found[1] for key in state if (found := _MARK.match(key))})
    named = [place for place in places if "generator" in place] or places
    if len(named) != 1:
        raise KeyError("model.1.ffc.convl2l.weight")
    return {
        f"model.{key.removeprefix(named[0])}": value
        for key, value in state.items()
        if key.startswith(named[0])
    }
