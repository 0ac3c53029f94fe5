"""RRDBNet (Real-ESRGAN x4plus and its family) as a row stream.

The network sees 349 pixels around each one it makes, so that tiles with an exact overlap would
compute most pixels several times. Streamed, every layer computes each row once and keeps what the
next rows need: a residual-in-residual block 15 rows of its input, a dense block 6 rows of its input
and, on the processor (``tiled_dense``), one row of each of its four intermediate results. In bytes
for each column of the image, whatever its height, with B blocks, F features and G of growth:

    4 (B (33 F + 12 G) + 30 F + 45 B + 211) = 242 KB for x4plus, fold 1 and 3 channels;

the 64 rows in work add about 280 KB, and the products in work at most 46 MB whatever the width.
Elsewhere (``_DenseBlock``) the intermediate results keep 5, 4, 3 and 2 rows: 330 KB, and 180 KB
for the rows in work.

The weights are those of ``basicsr.archs.rrdbnet_arch``, whose module is handed in.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.nn import functional

from restoration.engine.torch_streams.layers import (
    Delay,
    StreamLayer,
    StreamRows,
    Tensor,
    add,
    enlarge,
    fold,
)
from restoration.engine.torch_streams.tiled import Steps, Workspace, convolution
from restoration.engine.torch_streams.tiled_dense import TiledDenseBlock
from restoration.engine.torch_streams.winograd import suits

_SLOPE = 0.2
_SHARE = 0.2
_STEP = 64
"""Rows of a step in tiles: fixed, for where a step begins shows in the last bits of a result."""

_Activation = Callable[[Tensor], Tensor]


def _leaky(tensor: Tensor) -> Tensor:
    return functional.leaky_relu_(tensor, _SLOPE)


class _Beside:
    """One dense block's input and intermediate results side by side; all blocks take turns."""

    def __init__(self) -> None:
        self._buffer: Tensor | None = None

    def take(self, like: Tensor, channels: int, rows: int) -> Tensor:
        """Uninitialised (1, channels, rows, columns), channels last."""
        columns = like.shape[3]
        buffer = self._buffer
        if buffer is None or buffer.shape[2] < rows:
            buffer = torch.empty(
                (1, channels, rows, columns),
                dtype=like.dtype,
                device=like.device,
                memory_format=torch.channels_last,
            )
            self._buffer = buffer
        return buffer[:, :, :rows]


class _DenseBlock:
    """Five convolutions, each of which sees the input and every result before it."""

    def __init__(self, block: Any, height: int, workspace: _Beside) -> None:
        self._convolutions = [getattr(block, f"conv{k}") for k in range(1, 6)]
        self._height = height
        self._workspace = workspace
        features, growth = block.conv1.in_channels, block.conv1.out_channels
        edges = [0, features, *(features + growth * k for k in range(1, 5))]
        self._groups = [slice(a, b) for a, b in itertools.pairwise(edges)]
        # Rows that exist of the input, of the four intermediate results and of the output.
        self._have = [0] * 6
        self._kept: list[Tensor] = []

    def push(self, rows: StreamRows) -> StreamRows:
        tensor, stop = rows
        # The last convolution needs one row above its first; row -1 is the image's zero padding.
        base = self._have[5] - 1
        due = [max(0, min(self._height, stop - k)) for k in range(6)]
        work = self._workspace.take(tensor, self._groups[-1].stop, due[0] - base + 1)
        self._lay_out(work, tensor, base, due[0])
        for k in range(1, 5):
            if due[k] > self._have[k]:
                result = self._convolve(work, k, base, due[k])
                place = work[:, self._groups[k], self._have[k] - base : due[k] - base]
                place.copy_(functional.leaky_relu_(result, _SLOPE))
        if due[5] > self._have[5]:
            result = self._convolve(work, 5, base, due[5])
            own = work[:, self._groups[0], self._have[5] - base : due[5] - base]
            result = torch.add(own, result, alpha=_SHARE)
        else:
            result = tensor[:, :, :0]
        self._keep(work, base, due)
        return StreamRows(result, stop - 5)

    def _lay_out(self, work: Tensor, tensor: Tensor, base: int, end: int) -> None:
        """What was kept and the new rows of the input, each at its place; zeros at the borders."""
        if base < 0:
            work[:, :, 0].zero_()
        if end == self._height:
            work[:, :, end - base].zero_()
        for group, kept, have in zip(self._groups, self._kept, self._have, strict=False):
            work[:, group, have - base - kept.shape[2] : have - base].copy_(kept)
        work[:, self._groups[0], self._have[0] - base : end - base].copy_(tensor)

    def _convolve(self, work: Tensor, k: int, base: int, end: int) -> Tensor:
        convolution = self._convolutions[k - 1]
        seen = work[:, : self._groups[k - 1].stop, self._have[k] - 1 - base : end + 1 - base]
        return functional.conv2d(seen, convolution.weight, convolution.bias, padding=(0, 1))

    def _keep(self, work: Tensor, base: int, due: list[int]) -> None:
        first = max(0, due[5] - 1)
        self._kept = [
            work[:, group, first - base : end - base].clone(memory_format=torch.channels_last)
            for group, end in zip(self._groups, due, strict=False)
        ]
        self._have = due


class _ResidualBlock:
    """Three dense blocks and the way around them."""

    def __init__(self, blocks: list[StreamLayer], height: int) -> None:
        self._blocks = blocks
        self._around = Delay(15, height)

    def push(self, rows: StreamRows) -> StreamRows:
        around = self._around.push(rows)
        for block in self._blocks:
            rows = block.push(rows)
        return add(rows, around, _SHARE)


class RrdbnetStream:
    """The whole network.

    Parameters
    ----------
    module
        A ``basicsr.archs.rrdbnet_arch.RRDBNet``.
    height
        Rows of the image that will be pushed; a multiple of the side of the blocks that the
        network folds (1 for scale 4, 2 for scale 2, 4 for scale 1).
    band_rows
        Input rows that will be pushed at a time, a multiple likewise.
    """

    def __init__(self, module: Any, height: int, band_rows: int) -> None:
        self._fold = {4: 1, 2: 2, 1: 4}[module.scale]
        height //= self._fold
        trunk = 15 * len(module.body) + 2
        tiled = suits(module.conv_first.weight)
        workspace = Workspace()

        def layer(name: str, scale: int = 1, activation: _Activation | None = None) -> StreamLayer:
            return convolution(getattr(module, name), scale * height, workspace, activation)

        self._steps = Steps(_STEP if tiled else None)
        self._trunk = [
            layer("conv_first"),
            *_residual_blocks(module.body, height, workspace if tiled else None),
            layer("conv_body"),
        ]
        # The way around the trunk is hundreds of rows long. Three channels of input are kept, not
        # 64 of features: the first convolution is computed again, a thousandth of the work.
        self._around = [Delay(trunk - 1, height), layer("conv_first")]
        self._up1 = layer("conv_up1", 2, _leaky)
        self._up2 = layer("conv_up2", 4, _leaky)
        self._last = [layer("conv_hr", 4, _leaky), layer("conv_last", 4)]
        # At four times the size one row is sixteen times the work and the memory.
        self._slice = _STEP // 16 if tiled else max(1, band_rows // self._fold // 16)
        self._before = -trunk
        self.lag = (trunk + 2 + self._steps.lag) * self._fold
        """Input rows that must be pushed beyond a row until its output has come."""

    def push(self, rows: StreamRows) -> Iterator[Tensor]:
        """The output rows that ``rows`` complete, in pieces, top to bottom."""
        for step in self._steps.push(fold(rows, self._fold)):
            trunk = around = step
            for layer in self._trunk:
                trunk = layer.push(trunk)
            for layer in self._around:
                around = layer.push(around)
            yield from self._enlarged(add(trunk, around))

    def _enlarged(self, rows: StreamRows) -> Iterator[Tensor]:
        for piece in self._slices(rows):
            piece = self._up1.push(enlarge(piece, 2))  # noqa: PLW2901
            piece = self._up2.push(enlarge(piece, 2))  # noqa: PLW2901
            for layer in self._last:
                piece = layer.push(piece)  # noqa: PLW2901
            if piece.tensor.shape[2] > 0:
                yield piece.tensor

    def _slices(self, rows: StreamRows) -> Iterator[StreamRows]:
        """The same rows, a few at a time."""
        tensor, stop = rows
        start, self._before = self._before, stop
        position = max(0, start)
        while start < stop:
            end = min(stop, start + self._slice)
            taken = max(0, min(end - position, tensor.shape[2]))
            if end > 0:
                yield StreamRows(tensor[:, :, :taken], end)
            tensor, position, start = tensor[:, :, taken:], position + taken, end


def _residual_blocks(body: Any, height: int, workspace: Workspace | None) -> list[StreamLayer]:
    """The trunk's blocks, in tiles where there is a workspace for them."""
    beside = _Beside()

    def dense(block: Any) -> StreamLayer:
        if workspace is not None:
            return TiledDenseBlock(block, height, workspace, _SLOPE, _SHARE)
        return _DenseBlock(block, height, beside)

    return [
        _ResidualBlock([dense(part) for part in (block.rdb1, block.rdb2, block.rdb3)], height)
        for block in body
    ]


def open_stream(module: Any, height: int, band_rows: int) -> RrdbnetStream:
    """As ``engine.by_architecture.StreamCode``."""
    return RrdbnetStream(module, height, band_rows)


def column_bytes(module: Any) -> int:
    """Memory of a stream for each column of the image; the height adds nothing."""
    folded = {4: 1, 2: 2, 1: 4}[module.scale]
    weight = module.conv_first.weight
    features, channels = weight.shape[:2]
    growth, blocks = module.body[0].rdb1.conv1.out_channels, len(module.body)
    between = 3 * 4 if suits(weight) else 3 * 14
    kept = blocks * (33 * features + between * growth) + 30 * features
    kept += (15 * blocks + 8) * channels
    # In work: the frequencies (half as many again) and rows of a dense block, its source and its
    # result, what goes around it; in the tail a sixteenth of the rows at four times the size.
    seen = features + 4 * growth
    work = _STEP * (1.5 * seen + 12 * features)
    return int(weight.element_size() * (kept + work) / folded)
