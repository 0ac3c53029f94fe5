"""Running a network that nobody knows the reach of: windows on a fixed grid, faded into each other.

The grid belongs to the page: window (i, j) begins at pixel (i * step, j * step), whatever the
memory, the bands or the strips, so that networks that look in windows of their own (SCUNet,
SwinIR) or at all they are shown (NAFNet) answer alike in every run. Where two windows overlap,
each fades out linearly towards its border; the weights of one place add up to one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from restoration.engine.bands import BandStep, answers, whole_answer
from restoration.engine.devices import dtype_of
from restoration.engine.geometry import Strip
from restoration.engine.transfer import transfer
from restoration.raster.base import FloatImage, Raster
from restoration.raster.prefetch import ahead, closing

WINDOW = 512
"""Side of a window in pixels; a multiple of the 64 px that the networks' own windows fit in."""


def window_bands(
    network: Any,
    source: Raster,
    device: torch.device,
    progress: Callable[[float, str], None],
) -> Iterator[FloatImage]:
    """The network's answer over the whole source, in bands of one row of windows each.

    Parameters
    ----------
    network
        Scale 1; ``overlap`` is the number of pixels by which windows overlap, even.
    source
        float32, the network's channels.
    device
        Where the network's module lies.

    Yields
    ------
    numpy.ndarray
        float32 (rows, source.width, 3), top to bottom.

    Raises
    ------
    ScanError, CircumstanceError
        As ``run.run_network``.
    """
    step = WINDOW - network.overlap
    rows, columns = _starts(source.height, step), _starts(source.width, step)
    down, across = _fades(source.height, rows), _fades(source.width, columns)
    waiting = np.zeros((0, source.width, 3), np.float32)
    with closing(ahead(_windows(network, source, rows, columns, device))) as windows:
        answer_of = iter(windows)
        for row, top in enumerate(rows):
            height = min(WINDOW, source.height - top)
            made = np.zeros((height, source.width, 3), np.float32)
            made[: len(waiting)] = waiting
            for column, left in enumerate(columns):
                weight = down[row][:, None, None] * across[column][None, :, None]
                made[:, left : left + weight.shape[1]] += next(answer_of) * weight
            done = source.height if row + 1 == len(rows) else rows[row + 1]
            waiting = made[done - top :].copy()
            yield made[: done - top]
            progress(done / source.height, f"windows to row {done} of {source.height}")


def _windows(
    network: Any, source: Raster, rows: list[int], columns: list[int], device: torch.device
) -> Iterator[FloatImage]:
    """The answer to each window, row by row."""

    def compute(tensor: torch.Tensor) -> Iterator[torch.Tensor]:
        yield whole_answer(network, tensor)

    steps = [
        BandStep(
            *(top, min(top + WINDOW, source.height)),
            Strip(left, min(WINDOW, source.width - left), 0, 0),
            compute,
        )
        for top in rows
        for left in columns
    ]
    geometry = f"windows of {steps[0].strip.width} by {steps[0].bottom} pixels"
    way = transfer(device, dtype_of(network))
    return answers(source, steps, way, geometry, lambda done, count: None)


def _starts(size: int, step: int) -> list[int]:
    """Where windows begin: none that would lie in the one before it altogether."""
    last = max(0, size - WINDOW)
    return list(range(0, last + step, step)) if last else [0]


def _fades(size: int, starts: list[int]) -> list[FloatImage]:
    """The weight of each window along one axis, float32; those of one place add up to 1."""
    raw = []
    total = np.zeros(size)
    for start in starts:
        stop = min(start + WINDOW, size)
        place = np.arange(start, stop)
        # The page's own border does not fade.
        rise = place - start + 0.5 if start else np.full(place.size, np.inf)
        fall = stop - place - 0.5 if stop < size else np.full(place.size, np.inf)
        overlap = float(WINDOW - (starts[1] - starts[0])) if len(starts) > 1 else 0.0
        weight = np.clip(np.minimum(rise, fall) / max(overlap, 1.0), 0.0, 1.0)
        total[start:stop] += weight
        raw.append((start, stop, weight))
    return [(weight / total[start:stop]).astype(np.float32) for start, stop, weight in raw]
