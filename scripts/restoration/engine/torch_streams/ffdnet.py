"""FFDNet as a row stream.

Each convolution keeps two rows of its input at half the resolution: with 12 convolutions of 96
channels 4.6 KB for each column of the image, whatever its height. The weights are those of
``networks.ffdnet``, whose module is handed in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from restoration.engine.torch_streams.layers import StreamRows, Tensor, fold, unfold
from restoration.engine.torch_streams.tiled import Steps, Workspace, convolution
from restoration.engine.torch_streams.winograd import suits

_STEP = 32
"""Rows of a step in tiles, at half the resolution."""


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
        workspace = Workspace()
        self._steps = Steps(_STEP if suits(parts[0].weight) else None)
        self._layers = [
            convolution(part, height // self._block, workspace, after)
            for part, after in zip(parts, [*parts[1:], None], strict=True)
            if isinstance(part, torch.nn.Conv2d)
        ]
        self.lag = self._block * (len(self._layers) + self._steps.lag)
        """Input rows that must be pushed beyond a row until its output has come."""

    def push(self, rows: StreamRows) -> Iterator[Tensor]:
        """The output rows that ``rows`` complete."""
        tensor, stop = fold(rows, self._block)
        # As networks.ffdnet.conditioned, which is no module and so cannot be handed in.
        levels = tensor[:, 12:].mean(1, keepdim=True)
        joined = torch.cat((tensor[:, :12], levels), 1)
        joined = joined.contiguous(memory_format=torch.channels_last)
        for made in self._steps.push(StreamRows(joined, stop)):
            for layer in self._layers:
                made = layer.push(made)  # noqa: PLW2901
            answer = unfold(made, self._block).tensor
            if answer.shape[2] > 0:
                yield answer


def open_stream(module: Any, height: int, band_rows: int) -> FfdnetStream:
    """As ``engine.by_architecture.StreamCode``."""
    return FfdnetStream(module, height)


def column_bytes(module: Any) -> int:
    """Memory of a stream for each column of the image; the height adds nothing."""
    convolutions = [part for part in module.model if isinstance(part, torch.nn.Conv2d)]
    # In columns of blocks; each stands for two of the image's columns and rows.
    kept = sum(2 * part.in_channels for part in convolutions)
    widest = max(part.out_channels for part in convolutions)
    work = _STEP * (5 * widest + 4 * 12)
    return int(convolutions[0].weight.element_size() * (kept + work) / 2)
