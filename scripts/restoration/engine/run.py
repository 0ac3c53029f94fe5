"""Running a network over an image of any size: windows in, output rows out, exact at every border.

RRDBNet and SRVGGNetCompact are streamed row by row (``rrdbnet``, ``compact``): nothing is computed
twice, and the result equals that of the network over the whole image. Any other module with a
stated receptive radius is run on bands that overlap by it. An image wider than
``engine.strip_columns`` is cut into strips that overlap by the radius.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import torch

from restoration.engine.bands import strip_bands
from restoration.engine.devices import exact_arithmetic
from restoration.engine.geometry import Padded, cut_strips
from restoration.engine.spool import Spool
from restoration.raster.base import FloatImage, Raster
from restoration.settings import EngineSettings

Progress = Callable[[float, str], None]


class RunnableNetwork(Protocol):
    """What the engine needs to know of a network; ``networks.load.Network`` is one."""

    @property
    def module(self) -> Any:
        """In eval mode, on its device; (1, 3, h, w) to (1, 3, h * scale, w * scale)."""
        ...

    @property
    def scale(self) -> int: ...

    @property
    def radius(self) -> int:
        """Receptive radius in input pixels."""
        ...


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
        The network, its module on ``device``. ``architecture`` (``rrdbnet`` or ``srvgg``) and
        ``multiple`` (sizes must be multiples of it) are used where it has these attributes.
    source
        float32, 3 channels. A grey image is three equal channels.
    engine
        Band and strip geometry; it moves the result by less than one 16-bit code.
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
        The network made NaN or infinity.
    CircumstanceError
        Memory, scratch space or the device gave out.
    """
    if source.channels != 3:
        raise ValueError(f"a network takes 3 channels, the source has {source.channels}")
    exact_arithmetic()
    multiple = int(getattr(network, "multiple", 1))
    padded = Padded(source, multiple) if multiple > 1 else source
    rows_left, columns = source.height * network.scale, source.width * network.scale
    for band in _whole_width(network, padded, engine, device, progress, multiple):
        rows = min(rows_left, band.shape[0])
        rows_left -= rows
        if rows > 0:
            yield band[:rows, :columns]


def _whole_width(
    network: RunnableNetwork,
    source: Raster,
    engine: EngineSettings,
    device: torch.device,
    progress: Progress,
    multiple: int,
) -> Iterator[FloatImage]:
    strips = cut_strips(source.width, engine.strip_columns, network.radius, multiple)
    band_rows = engine.band_rows + -engine.band_rows % multiple

    def bands(index: int) -> Iterator[FloatImage]:
        def report(done: int, count: int) -> None:
            strip = f"strip {index + 1} of {len(strips)}, " if len(strips) > 1 else ""
            share = (index + done / count) / len(strips)
            progress(share, f"{strip}band {done} of {count}")

        return strip_bands(network, source, strips[index], band_rows, device, report)

    last = len(strips) - 1
    if last == 0:
        yield from bands(0)
        return
    widths = [strip.keep_width * network.scale for strip in strips[:last]]
    with Spool(source.height * network.scale, widths) as spool:
        for index in range(last):
            spool.write(index, bands(index))
        # The last strip needs no scratch space: its rows complete those of the others.
        for band in bands(last):
            yield spool.beside(band)
