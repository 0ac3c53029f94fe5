"""FFDNet as a row stream.

Each convolution keeps two rows of its input at half the resolution: with 12 convolutions of 96
channels 4.6 KB for each column of the image, whatever its height. The weights are those of
``networks.ffdnet``, whose module is handed in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from restoration.engine.layers import Convolution, Rows, Tensor, fold, unfold


class FfdnetStream:
    """The whole network: blocks into channels, convolutions in a row, channels into blocks.

    Parameters
    ----------
    module
        A ``networks.ffdnet.FFDNet``.
    height
        Rows of the image that will be pushed, a multiple of the block.
    """

    def __init__(self, module: Any, height: int) -> None:
        self._block = 2
        parts = list(module.model)
        self._layers = [
            Convolution(part, height // self._block, after)
            for part, after in zip(parts, [*parts[1:], None], strict=True)
            if isinstance(part, torch.nn.Conv2d)
        ]
        self.lag = self._block * len(self._layers)
        """Input rows that must be pushed beyond a row until its output has come."""

    def push(self, rows: Rows) -> Iterator[Tensor]:
        """The output rows that ``rows`` complete."""
        tensor, stop = fold(rows, self._block)
        # As networks.ffdnet.conditioned, which is no module and so cannot be handed in.
        levels = tensor[:, 12:].mean(1, keepdim=True)
        joined = torch.cat((tensor[:, :12], levels), 1)
        rows = Rows(joined.contiguous(memory_format=torch.channels_last), stop)
        for layer in self._layers:
            rows = layer.push(rows)
        answer = unfold(rows, self._block).tensor
        if answer.shape[2] > 0:
            yield answer


def ffdnet_column_bytes(module: Any, band_rows: int) -> int:
    """Memory of a stream for each column of the image, in float32; the height adds nothing."""
    convolutions = [part for part in module.model if isinstance(part, torch.nn.Conv2d)]
    # In columns of blocks; two of the image's columns and rows each.
    kept = sum(2 * part.in_channels for part in convolutions)
    widest = max(part.out_channels for part in convolutions)
    work = 4 * (band_rows // 2) * widest + 4 * band_rows * 3 * 2
    return 4 * (kept + work) // 2
