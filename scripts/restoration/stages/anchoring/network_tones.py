"""A network's tone curve: what it makes of flat grey, and how that is undone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt

from restoration.raster.base import ArrayRaster, FloatImage, Progress, Raster


class NetworkRunner(Protocol):
    """A loaded network together with the engine that runs it."""

    @property
    def name(self) -> str: ...

    @property
    def weights_sha256(self) -> str | tuple[str, ...]:
        """Of the file, or of each file where two are blended."""
        ...

    @property
    def scale(self) -> int:
        """Output pixels per input pixel, per side."""
        ...

    @property
    def radius(self) -> int:
        """Input pixels around a place that the network looks at."""
        ...

    def run(self, source: Raster, progress: Progress) -> Iterator[FloatImage]:
        """The network's unclipped answer, sRGB-encoded, float32 (rows, width * scale, 3).

        source: three channels in [0, 1]. Bands come top to bottom. What is drawn is the same
        to 1/65535, whatever the engine's strips.
        """
        ...


LEVELS = 17
"""Patches from black to white."""

SIDE = 16
"""Pixels per side of a patch. Larger ones (32, 48) cost 4 and 9 times as much, and change the
restoration of photographs by less than 0.01 dB."""


class NetworkToneCurve:
    """Monotone, per channel; measured once per network on flat grey patches."""

    TABLE = 1 << 18
    """Entries over [-0.5, 1.5]: finer than 1/65535 where a curve is as steep as 2."""

    def __init__(self, levels: npt.NDArray[np.float64], answers: npt.NDArray[np.float64]) -> None:
        """levels: (n,) ascending, what went in; answers: (n, 3), what came out."""
        place = np.linspace(-0.5, 1.5, self.TABLE)
        self._tables = [
            np.interp(place, risen, levels - risen).astype(np.float32)
            for risen in (_rising(answers[:, channel]) for channel in range(3))
        ]
        self.greatest = float(np.abs(answers - levels[:, None]).max())
        """Greatest shift of a flat patch, in [0, 1]."""

    def undo(self, answer: FloatImage) -> FloatImage:
        """float32 (h, w, 3): the answer with flat grey back at its own level."""
        scale = np.float32((self.TABLE - 1) / 2.0)
        place = np.clip((answer + np.float32(0.5)) * scale, 0, self.TABLE - 1).astype(np.int32)
        undone = np.empty_like(answer)
        for channel, table in enumerate(self._tables):
            undone[..., channel] = answer[..., channel] + table[place[..., channel]]
        return undone


def _rising(answers: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Strictly rising: a network may answer two near levels in the wrong order."""
    risen = answers.copy()
    for level in range(1, len(risen)):
        risen[level] = max(risen[level], risen[level - 1] + 1e-4)
    return risen


def measure_tone_curve(network: NetworkRunner) -> NetworkToneCurve:
    """What the network makes of flat grey patches; deterministic, 4,352 network input pixels."""
    levels = np.linspace(0.0, 1.0, LEVELS)
    answers = np.empty((LEVELS, 3))
    for level, value in enumerate(levels):
        patch = ArrayRaster(np.full((SIDE, SIDE, 3), value, np.float32))
        answer = np.concatenate(list(network.run(patch, lambda done, unit: None)))
        # The outer quarters answer to the image's edge, which networks pad with zeros.
        edge = SIDE * network.scale // 4
        answers[level] = answer[edge:-edge, edge:-edge].mean(axis=(0, 1), dtype=np.float64)
    return NetworkToneCurve(levels, answers)
