"""SRVGGNetCompact (realesr-general-x4v3 and its family) as a row stream.

Each convolution keeps two rows of its input: with 34 convolutions of 64 channels 17 KB for each
column of the image, whatever its height; the 64 rows in work add about 100 KB.

The weights are those of ``realesrgan.archs.srvgg_arch``, whose module is handed in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from restoration.engine.torch_streams.layers import (
    Delay,
    StreamLayer,
    StreamRows,
    Tensor,
    add,
    enlarge,
    unfold,
)
from restoration.engine.torch_streams.tiled import Steps, Workspace, convolution
from restoration.engine.torch_streams.winograd import suits

_STEP = 64
"""Rows of a step in tiles."""


class CompactStream:
    """The whole network: convolutions in a row, and the enlarged image around them.

    Parameters
    ----------
    module
        A ``realesrgan.archs.srvgg_arch.SRVGGNetCompact``.
    height
        Rows of the image that will be pushed.
    """

    def __init__(self, module: Any, height: int) -> None:
        self._scale = int(module.upscale)
        parts = list(module.body)
        workspace = Workspace()
        self._layers: list[StreamLayer] = []
        for part, after in zip(parts, [*parts[1:], None], strict=True):
            if isinstance(part, torch.nn.Conv2d):
                activation = None if isinstance(after, torch.nn.Conv2d) else after
                self._layers.append(convolution(part, height, workspace, activation))
        self._steps = Steps(_STEP if suits(parts[0].weight) else None)
        self._around = Delay(len(self._layers), height)
        self.lag = len(self._layers) + self._steps.lag
        """Input rows that must be pushed beyond a row until its output has come."""

    def push(self, rows: StreamRows) -> Iterator[Tensor]:
        """The output rows that ``rows`` complete."""
        for step in self._steps.push(rows):
            around = enlarge(self._around.push(step), self._scale)
            made = step
            for layer in self._layers:
                made = layer.push(made)
            tensor = add(unfold(made, self._scale), around).tensor
            if tensor.shape[2] > 0:
                yield tensor


def open_stream(module: Any, height: int, band_rows: int) -> CompactStream:
    """As ``engine.by_architecture.StreamCode``."""
    return CompactStream(module, height)


def column_bytes(module: Any) -> int:
    """Memory of a stream for each column of the image; the height adds nothing."""
    convolutions = [part for part in module.body if isinstance(part, torch.nn.Conv2d)]
    kept = sum(2 * part.in_channels for part in convolutions)
    widest = max(part.out_channels for part in convolutions)
    # In work: a layer's rows, their frequencies (half as many again) and its result.
    work = _STEP * (5 * widest + 4 * 3 * int(module.upscale) ** 2)
    return int(convolutions[0].weight.element_size() * (kept + work))
