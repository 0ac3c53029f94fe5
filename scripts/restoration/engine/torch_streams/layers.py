"""Layers of a network as row streams: each keeps the few rows that it still needs.

A stream works through an image from top to bottom. In each step a layer is handed the next rows
of its input and a ``stop``: it must have been given every row below ``stop`` by now. ``stop`` may
lie above the image (nothing yet) or beyond its end (the image is over), so that the steps of all
layers advance alike, each a few rows behind the layer before it, and no layer ever sees more rows
at once than enter in one step. A 3 x 3 convolution needs one row ahead: its output's ``stop`` is
one less than its input's.

The zeros around the image are the network's own: beyond the first and the last row of the image a
layer sees zero rows, never rows computed from zeros, exactly as if it held the whole image.

All tensors are float32 (1, channels, rows, columns) in channels-last order, so that a slice of
rows is one contiguous piece of memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import torch
from torch.nn import functional

Tensor = torch.Tensor


class StreamRows(NamedTuple):
    """The next rows of a stream; there may be none."""

    tensor: Tensor
    stop: int
    """Rows of the image below this index have been given, as far as the image has them."""


class StreamLayer(Protocol):
    """One step of a stream."""

    def push(self, rows: StreamRows) -> StreamRows: ...


def _no_rows(like: Tensor, channels: int) -> Tensor:
    return like.new_empty((1, channels, 0, like.shape[3]))


class Convolution:
    """A 3 x 3 convolution with zero padding 1, and what follows it sample by sample."""

    def __init__(
        self,
        convolution: torch.nn.Conv2d,
        height: int,
        activation: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        if convolution.kernel_size != (3, 3) or convolution.padding != (1, 1):
            raise TypeError(f"expected a 3 x 3 convolution with padding 1, found {convolution}")
        self._convolution = convolution
        self._height = height
        self._activation = activation
        self._kept: Tensor | None = None
        self._ended = False

    def push(self, rows: StreamRows) -> StreamRows:
        tensor, stop = rows
        if self._kept is None:
            # The zero row above the image.
            self._kept = tensor.new_zeros((1, tensor.shape[1], 1, tensor.shape[3]))
        parts = [self._kept, tensor]
        if stop > self._height and not self._ended:
            parts.append(tensor.new_zeros((1, tensor.shape[1], 1, tensor.shape[3])))
            self._ended = True
        joined = torch.cat(parts, 2)
        if joined.shape[2] < 3:
            self._kept = joined
            return StreamRows(_no_rows(tensor, self._convolution.out_channels), stop - 1)
        self._kept = joined[:, :, -2:].clone(memory_format=torch.channels_last)
        result = functional.conv2d(
            joined, self._convolution.weight, self._convolution.bias, padding=(0, 1)
        )
        if self._activation is not None:
            result = self._activation(result)
        return StreamRows(result, stop - 1)


class Delay:
    """Holds rows back until a longer way through the network has caught up."""

    def __init__(self, lag: int, height: int) -> None:
        self._lag = lag
        self._height = height
        self._kept: Tensor | None = None
        self._given = 0

    def push(self, rows: StreamRows) -> StreamRows:
        tensor, stop = rows
        joined = tensor if self._kept is None else torch.cat((self._kept, tensor), 2)
        due = max(0, min(self._height, stop - self._lag)) - self._given
        self._given += due
        self._kept = joined[:, :, due:].clone(memory_format=torch.channels_last)
        return StreamRows(joined[:, :, :due], stop - self._lag)


def enlarge(rows: StreamRows, factor: int) -> StreamRows:
    """Nearest-neighbour enlargement, which needs no other rows."""
    tensor, stop = rows
    if tensor.shape[2] == 0:
        tensor = tensor.new_empty((1, tensor.shape[1], 0, tensor.shape[3] * factor))
    else:
        tensor = functional.interpolate(tensor, scale_factor=factor, mode="nearest")
    return StreamRows(tensor, stop * factor)


def fold(rows: StreamRows, block: int) -> StreamRows:
    """Blocks of ``block`` x ``block`` samples become channels (pixel-unshuffle)."""
    tensor, stop = rows
    if tensor.shape[2] == 0:
        shape = (1, tensor.shape[1] * block**2, 0, tensor.shape[3] // block)
        return StreamRows(tensor.new_empty(shape), stop // block)
    folded = functional.pixel_unshuffle(tensor, block)
    return StreamRows(folded.contiguous(memory_format=torch.channels_last), stop // block)


def unfold(rows: StreamRows, block: int) -> StreamRows:
    """Channels become blocks of ``block`` x ``block`` samples (pixel-shuffle)."""
    tensor, stop = rows
    if tensor.shape[2] == 0:
        shape = (1, tensor.shape[1] // block**2, 0, tensor.shape[3] * block)
        return StreamRows(tensor.new_empty(shape), stop * block)
    return StreamRows(functional.pixel_shuffle(tensor, block), stop * block)


def add(residual: StreamRows, base: StreamRows, share: float = 1.0) -> StreamRows:
    """``base + share * residual`` of two ways that must have come equally far."""
    if residual.stop != base.stop or residual.tensor.shape != base.tensor.shape:
        raise AssertionError(f"streams out of step: {residual.stop} and {base.stop}")
    return StreamRows(torch.add(base.tensor, residual.tensor, alpha=share), residual.stop)
