"""A dense block in tiles of four rows: five convolutions share the frequencies of what they see.

Each group of channels (the block's input, and the four results in between) is carried to its
frequencies once and multiplied by all convolutions that follow: 192 channels of RRDBNet instead of
640. All five therefore use one grid of tiles, and the results in between are needed up to four
rows beyond the block's own result: one row of tiles, which the next step computes again. So that
this leaves no trace in the result, steps must begin at fixed rows of the image.
"""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch.nn import functional

from restoration.engine.torch_streams.layers import StreamRows, Tensor
from restoration.engine.torch_streams.tiled import (
    Workspace,
    clear_outside,
    grid_start,
    image,
    plain,
    tiles_due,
)
from restoration.engine.torch_streams.winograd import (
    FREQUENCIES,
    HALO,
    TILE,
    Filter,
    to_frequencies,
)

_REACH = 5


class TiledDenseBlock:
    """Keeps six rows of its input and one of each result in between."""

    def __init__(
        self, block: Any, height: int, workspace: Workspace, slope: float, share: float
    ) -> None:
        self._filters = [Filter(getattr(block, f"conv{k}")) for k in range(1, _REACH + 1)]
        self._height = height
        self._workspace = workspace
        self._slope, self._share = slope, share
        edges = [0, *(each.channels for each in self._filters)]
        self._groups = [slice(a, b) for a, b in itertools.pairwise(edges)]
        self._first: int | None = None
        self._kept: list[Tensor] = []

    def push(self, rows: StreamRows) -> StreamRows:
        tensor, stop = rows
        due = stop - _REACH
        first = grid_start(due) if self._first is None else self._first
        count = tiles_due(first, due, self._height)
        source = self._lay_out(plain(tensor), first, stop)
        done = self._first = max(first, due)
        kept = [source[done - first : max(0, stop - first + 1)].clone()]
        result = torch.empty((count * TILE, *source.shape[1:]))
        if count:
            kept += self._compute(source, first, count, done - first, result)
        self._kept = kept
        return StreamRows(image(result[max(0, -first) : max(0, self._height - first)]), due)

    def _lay_out(self, new: Tensor, first: int, stop: int) -> Tensor:
        """Rows ``first - 1`` to ``stop`` of the input: what was kept, the new ones, and zeros."""
        shape = (max(0, stop - first + 1), *new.shape[1:])
        source = self._workspace.take("dense input", *shape)
        clear_outside(source, first - 1, self._height)
        if self._kept:
            source[: len(self._kept[0])].copy_(self._kept[0])
        end = min(stop, self._height) - first + 1
        source[end - len(new) : end].copy_(new)
        return source

    def _compute(
        self, source: Tensor, first: int, count: int, after: int, result: Tensor
    ) -> list[Tensor]:
        """Fill ``result`` with ``count`` tiles from row ``first``.

        Returns row ``after - 1`` of the results in between, counted from ``first``.
        """
        # One row of tiles more, unless it lies beyond the image.
        tiles = tiles_due(first, first + (count + 1) * TILE, self._height)
        columns, size = source.shape[1], tiles * TILE + HALO
        shape = (FREQUENCIES, tiles, columns, self._filters[-1].channels)
        frequencies = self._workspace.take("dense frequencies", *shape)
        to_frequencies(source[:size], frequencies[..., self._groups[0]])
        kept = []
        for k, group in enumerate(self._groups[1:], 1):
            width = group.stop - group.start
            between = self._workspace.take("dense results", size, columns, width)
            self._filters[k - 1].apply(frequencies[..., : group.start], between[1:-1])
            functional.leaky_relu_(between[1:-1], self._slope)
            # The last row is not known yet, and no result that is kept depends on it.
            between[-1].zero_()
            clear_outside(between, first - 1, self._height)
            if self._kept[k:]:
                between[:1].copy_(self._kept[k])
            kept.append(between[after : after + 1].clone())
            to_frequencies(between, frequencies[..., group])
        self._filters[-1].apply(frequencies[:, :count], result)
        torch.add(source[1 : 1 + len(result)], result, alpha=self._share, out=result)
        return kept
