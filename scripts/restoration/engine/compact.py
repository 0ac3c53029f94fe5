"""SRVGGNetCompact (realesr-general-x4v3 and its family) as a row stream.

Each convolution keeps two rows of its input: with 34 convolutions of 64 channels 17 KB for each
column of the image, whatever its height.

The weights are those of ``realesrgan.archs.srvgg_arch``, whose module is handed in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from restoration.engine.layers import Convolution, Delay, Rows, Tensor, add, enlarge, unfold


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
        self._layers: list[Convolution] = []
        for part, after in zip(parts, [*parts[1:], None], strict=True):
            if isinstance(part, torch.nn.Conv2d):
                activation = None if isinstance(after, torch.nn.Conv2d) else after
                self._layers.append(Convolution(part, height, activation))
        self.lag = len(self._layers)
        """Input rows that must be pushed beyond a row until its output has come."""
        self._around = Delay(self.lag, height)

    def push(self, rows: Rows) -> Iterator[Tensor]:
        """The output rows that ``rows`` complete."""
        around = enlarge(self._around.push(rows), self._scale)
        for layer in self._layers:
            rows = layer.push(rows)
        tensor = add(unfold(rows, self._scale), around).tensor
        if tensor.shape[2] > 0:
            yield tensor


def compact_column_bytes(module: Any, band_rows: int) -> int:
    """Memory of a stream for each column of the image, in float32; the height adds nothing."""
    convolutions = [part for part in module.body if isinstance(part, torch.nn.Conv2d)]
    kept = sum(2 * part.in_channels for part in convolutions)
    widest = max(part.out_channels for part in convolutions)
    # In work: a layer's joined input, its result and what follows it; the enlarged image.
    work = 4 * band_rows * widest + 4 * band_rows * 3 * int(module.upscale) ** 2
    return 4 * (kept + work)
