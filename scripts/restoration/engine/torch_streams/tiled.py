"""Layers in tiles of four rows (``winograd``) as row streams, beside the direct ones of ``layers``.

Tiles lie on a fixed grid of the image. Each layer's begins at the row that its first step reaches,
so that it too is one row behind the grid of the layer before it, and no row is waited for. That
asks for steps of a multiple of four rows: ``Steps`` makes them of whatever rows come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from restoration.engine.torch_streams.layers import Convolution, StreamLayer, StreamRows, Tensor
from restoration.engine.torch_streams.winograd import (
    FREQUENCIES,
    HALO,
    TILE,
    Filter,
    suits,
    to_frequencies,
)


class Workspace:
    """Memory that layers use in turn: new pages of every step would cost as much as its sums."""

    def __init__(self) -> None:
        self._floats: dict[str, Tensor] = {}

    def take(self, name: str, *shape: int) -> Tensor:
        """Uninitialised float32; what was last taken by that name is lost."""
        size = torch.Size(shape).numel()
        floats = self._floats.get(name)
        if floats is None or floats.numel() < size:
            floats = self._floats[name] = torch.empty(size)
        return floats[:size].view(shape)


class Steps:
    """Rows in steps that begin at multiples of ``rows`` of the image, whatever pieces they came in.

    Without ``rows`` they stay as they come.
    """

    def __init__(self, rows: int | None) -> None:
        self._rows = rows
        self._kept: Tensor | None = None
        self._stop = 0
        self.lag = rows - 1 if rows else 0
        """Rows that may be waited for before a step begins."""

    def push(self, rows: StreamRows) -> Iterator[StreamRows]:
        if self._rows is None:
            yield rows
            return
        tensor = rows.tensor if self._kept is None else torch.cat((self._kept, rows.tensor), 2)
        while self._stop + self._rows <= rows.stop:
            self._stop += self._rows
            yield StreamRows(tensor[:, :, : self._rows], self._stop)
            tensor = tensor[:, :, self._rows :]
        self._kept = tensor.clone(memory_format=torch.channels_last)


def grid_start(stop: int) -> int:
    """Row at which a grid of tiles begins of which one ends before row ``stop``; at most 0."""
    return -(-stop % TILE)


def tiles_due(first: int, stop: int, height: int) -> int:
    """Tiles from row ``first`` to row ``stop`` that have a row of the image."""
    if stop > first and (stop - first) % TILE:
        raise AssertionError(f"rows {first} to {stop} are no whole tiles")
    return max(0, (min(stop, height + TILE - 1) - first) // TILE)


def plain(tensor: Tensor) -> Tensor:
    """(rows, columns, channels) of (1, channels, rows, columns)."""
    return tensor[0].permute(1, 2, 0)


def image(rows: Tensor) -> Tensor:
    """(1, channels, rows, columns) of (rows, columns, channels)."""
    return rows[None].permute(0, 3, 1, 2)


def clear_outside(rows: Tensor, first: int, height: int) -> None:
    """Zeros beyond the image: ``rows`` (rows, ...) begin at its row ``first``, which may be < 0."""
    rows[: max(0, -first)].zero_()
    rows[max(0, height - first) :].zero_()


class TiledConvolution:
    """As ``layers.Convolution``: keeps two rows of what it is given."""

    def __init__(
        self,
        convolution: torch.nn.Conv2d,
        height: int,
        activation: Callable[[Tensor], Tensor] | None,
        workspace: Workspace,
    ) -> None:
        self._filter = Filter(convolution)
        self._height = height
        self._activation = activation
        self._workspace = workspace
        self._first: int | None = None
        self._kept: Tensor | None = None

    def push(self, rows: StreamRows) -> StreamRows:
        tensor, stop = rows
        first = grid_start(stop - 1) if self._first is None else self._first
        count = tiles_due(first, stop - 1, self._height)
        source = self._lay_out(plain(tensor), first, stop)
        self._first = max(first, stop - 1)
        self._kept = source[self._first - first : max(0, stop - first + 1)].clone()
        result = tensor.new_empty((count * TILE, tensor.shape[3], self._filter.results))
        if count:
            shape = (FREQUENCIES, count, tensor.shape[3], tensor.shape[1])
            frequencies = self._workspace.take("frequencies", *shape)
            to_frequencies(source[: count * TILE + HALO], frequencies)
            self._filter.apply(frequencies, result)
        made = image(result[max(0, -first) : max(0, self._height - first)])
        if self._activation is not None and count:
            made = self._activation(made)
        return StreamRows(made, stop - 1)

    def _lay_out(self, new: Tensor, first: int, stop: int) -> Tensor:
        """Rows ``first - 1`` to ``stop`` of the image: what was kept, the new ones, and zeros."""
        shape = (max(HALO, stop - first + 1), *new.shape[1:])
        source = self._workspace.take("rows", *shape)
        clear_outside(source, first - 1, self._height)
        if self._kept is not None:
            source[: len(self._kept)].copy_(self._kept)
        end = min(stop, self._height) - first + 1
        source[end - len(new) : end].copy_(new)
        return source


def convolution(
    module: torch.nn.Conv2d,
    height: int,
    workspace: Workspace,
    activation: Callable[[Tensor], Tensor] | None = None,
) -> StreamLayer:
    """The layer for a 3 x 3 convolution on the device where its weights are."""
    if suits(module.weight):
        return TiledConvolution(module, height, activation, workspace)
    return Convolution(module, height, activation)
