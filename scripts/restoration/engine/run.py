"""Running a network over an image of any size: windows in, output rows out, exact at every border.

RRDBNet and SRVGGNetCompact are streamed row by row (``rrdbnet``, ``compact``): nothing is computed
twice and the result equals that of the network over the whole image. Any other module with a stated
receptive radius is run on bands that overlap by it. An image wider than ``engine.strip_columns`` is
cut into strips that overlap by the radius.

Memory of a stream, whatever the height of the image: about 320 KB for x4plus and 20 KB for
general-x4v3 for each column of a strip, and about 200 KB for the rows that are computed at a time
(``band_rows`` = 64).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
import torch

from restoration.engine.compact import CompactStream
from restoration.engine.devices import exact_arithmetic
from restoration.engine.geometry import Padded, Strip, cut_strips
from restoration.engine.layers import Rows, Tensor
from restoration.engine.rrdbnet import RrdbnetStream
from restoration.engine.spool import Spool
from restoration.errors import CircumstanceError, ScanError
from restoration.raster.base import FloatImage, Raster
from restoration.settings import EngineSettings

Progress = Callable[[float, str], None]


class RunnableNetwork(Protocol):
    """What the engine needs to know of a network; ``networks.load.Network`` is one."""

    @property
    def module(self) -> torch.nn.Module:
        """On its device, in eval mode; (1, 3, h, w) to (1, 3, h * scale, w * scale)."""
        ...

    @property
    def scale(self) -> int: ...

    @property
    def radius(self) -> int:
        """Receptive radius in input pixels."""
        ...


class _Stream(Protocol):
    lag: int

    def push(self, rows: Rows) -> Iterator[Tensor]: ...


def run_network(
    network: RunnableNetwork,
    source: Raster,
    engine: EngineSettings,
    device: torch.device,
    progress: Progress = lambda done, unit: None,
) -> Iterator[FloatImage]:
    """The network's output over the whole of ``source``, in bands from top to bottom.

    Parameters
    ----------
    network
        The network; its module lies on ``device``. Attributes ``architecture`` (``rrdbnet`` or
        ``srvgg``) and ``multiple`` (sizes must be multiples of it) are used where it has them.
    source
        float32, 3 channels. A grey image is three equal channels.
    engine
        Band and strip geometry. The result depends on it by less than one 16-bit code.
    device
        Where the network runs, from ``devices.choose_device``.
    progress
        Called with the share done and the unit, for example ``"band 3 of 40"``.

    Yields
    ------
    numpy.ndarray
        float32 (rows, source.width * scale, 3), not clipped; ``source.height * scale`` rows in all.

    Raises
    ------
    ScanError
        The network made NaN or infinity: nothing is written.
    CircumstanceError
        Memory, scratch space or the device gave out.
    """
    if source.channels != 3:
        raise ValueError(f"a network takes 3 channels, the source has {source.channels}")
    exact_arithmetic()
    multiple = int(getattr(network, "multiple", 1))
    padded = Padded(source, multiple) if multiple > 1 else source
    rows_left, columns = source.height * network.scale, source.width * network.scale
    for band in _padded_bands(network, padded, engine, device, progress):
        rows = min(rows_left, band.shape[0])
        rows_left -= rows
        if rows > 0:
            yield band[:rows, :columns]


def _padded_bands(
    network: RunnableNetwork,
    source: Raster,
    engine: EngineSettings,
    device: torch.device,
    progress: Progress,
) -> Iterator[FloatImage]:
    multiple = int(getattr(network, "multiple", 1))
    strips = cut_strips(source.width, engine.strip_columns, network.radius, multiple)
    work = _Work(network, source, engine, device, progress, len(strips))
    if len(strips) == 1:
        yield from work.columns(strips[0], 0)
        return
    shape = (source.height * network.scale, 3)
    with Spool(shape[0], [s.keep_width * network.scale for s in strips[:-1]]) as spool:
        for index, strip in enumerate(strips[:-1]):
            spool.write(index, work.columns(strip, index))
        # The last strip needs no scratch space: its rows complete those of the others.
        for band in work.columns(strips[-1], len(strips) - 1):
            yield spool.beside(band)


class _Work:
    """One run of a network: the strips and bands of one image."""

    def __init__(
        self,
        network: RunnableNetwork,
        source: Raster,
        engine: EngineSettings,
        device: torch.device,
        progress: Progress,
        strips: int,
    ) -> None:
        self._network = network
        self._source = source
        self._device = device
        self._progress = progress
        self._strips = strips
        self._columns = engine.strip_columns
        multiple = int(getattr(network, "multiple", 1))
        self._band = engine.band_rows + -engine.band_rows % multiple

    def columns(self, strip: Strip, index: int) -> Iterator[FloatImage]:
        """The kept output columns of a strip, in bands from top to bottom."""
        scale = self._network.scale
        start = (strip.keep_left - strip.left) * scale
        stop = start + strip.keep_width * scale
        stream = self._stream()
        bands = (
            self._overlapping(strip, index) if stream is None else self._streamed(stream, strip, index)
        )
        for tensor in bands:
            yield _as_image(tensor[:, :, :, start:stop])

    def _stream(self) -> _Stream | None:
        module: Any = self._network.module
        match getattr(self._network, "architecture", None):
            case "rrdbnet":
                return RrdbnetStream(module, self._source.height, self._band)
            case "srvgg":
                return CompactStream(module, self._source.height)
            case _:
                return None

    def _streamed(self, stream: _Stream, strip: Strip, index: int) -> Iterator[Tensor]:
        height, band = self._source.height, self._band
        count = -(-(height + stream.lag) // band)
        for step in range(count):
            top = min(height, step * band)
            rows = self._read(top, min(height, top + band) - top, strip)
            # A list, so that inference mode never reaches the caller between two pieces.
            yield from self._guarded(lambda rows=rows, step=step: list(stream.push(Rows(rows, (step + 1) * band))))
            self._report(step + 1, count, index)

    def _overlapping(self, strip: Strip, index: int) -> Iterator[Tensor]:
        height, radius, scale = self._source.height, self._network.radius, self._network.scale
        # Bands of at least twice the radius: half of the work, at most, is done twice.
        band = max(self._band, 2 * radius)
        count = -(-height // band)
        for step in range(count):
            keep_top, keep_bottom = step * band, min(height, (step + 1) * band)
            top, bottom = max(0, keep_top - radius), min(height, keep_bottom + radius)
            rows = self._read(top, bottom - top, strip)
            (result,) = self._guarded(lambda rows=rows: [self._network.module(rows)])
            expected = (1, 3, rows.shape[2] * scale, rows.shape[3] * scale)
            if result.shape != expected:
                raise ValueError(f"network made {tuple(result.shape)}, expected {expected}")
            yield result[:, :, (keep_top - top) * scale : (keep_bottom - top) * scale]
            self._report(step + 1, count, index)
