"""Running a network over an image of any size: windows in, output rows out, exact at every border.

An architecture that names a stream is run row by row: nothing is computed twice, and the result
equals that of the network over the whole image. Any other module with a stated receptive radius is
run on bands that overlap by it. An image wider than ``engine.memory_gib`` holds (``memory``) is cut
into strips that overlap by the radius. A module whose radius nobody knows is run in windows on a
fixed grid (``windows``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import torch

from restoration.config.settings import EngineSettings
from restoration.engine.bands import strip_bands
from restoration.engine.by_architecture import native_code
from restoration.engine.devices import dtype_of, exact_arithmetic
from restoration.engine.geometry import Padded, cut_strips
from restoration.engine.memory import check_memory, memory_law, strip_columns
from restoration.engine.spool import Spool
from restoration.engine.windows import window_bands
from restoration.raster.base import FloatImage, Progress, Raster


class RunnableNetwork(Protocol):
    """What the engine needs to know of a network; ``networks.load.Network`` is one.

    Five attributes more are heeded where there are any: ``architecture`` (a
    ``networks.architecture.Architecture``, which names what streams it), ``multiple`` (sizes must
    be multiples of it), ``channels`` (of the input; 3 where it is missing), ``overlap`` (of
    windows, for a network whose radius is unknown) and ``dtype`` (of its weights; float32 where it
    is missing).
    """

    @property
    def module(self) -> Any:
        """In eval mode, on its device; (1, channels, h, w) to (1, 3, h * scale, w * scale)."""
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
    runtime: str = "torch",
) -> Iterator[FloatImage]:
    """The network's output over the whole of ``source``, in bands from top to bottom.

    Parameters
    ----------
    network
        The network, its module on ``device``.
    source
        float32, 3 channels; a grey image is three equal channels. Four where the network is also
        told the noise level, its standard deviation in [0, 1].
    engine
        Band and strip geometry; it moves the result by less than one 16-bit code.
    device
        Where the network runs, from ``devices.choose_device``.
    progress
        Called with the share done and the unit, for example ``"band 3 of 40"``.
    runtime
        ``torch`` or ``native``, as the plan says.

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
    channels = int(getattr(network, "channels", 3))
    if source.channels != channels:
        raise ValueError(f"the network takes {channels} channels, the source has {source.channels}")
    kind = getattr(network, "architecture", None)
    if runtime not in {"torch", "native"} or (runtime == "native" and native_code(kind) is None):
        name = None if kind is None else kind.name
        raise ValueError(f"runtime {runtime} cannot run the architecture {name}")
    if runtime == "native" and dtype_of(network) != torch.float32:
        raise ValueError(f"runtime native computes in float32, the network is {dtype_of(network)}")
    exact_arithmetic()
    if getattr(network, "overlap", None) is not None:
        yield from window_bands(network, source, device, progress)
        return
    multiple = int(getattr(network, "multiple", 1))
    padded = Padded(source, multiple) if multiple > 1 else source
    rows_left, columns = source.height * network.scale, source.width * network.scale
    for band in _whole_width(network, padded, engine, device, progress, multiple, runtime):
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
    runtime: str,
) -> Iterator[FloatImage]:
    law = memory_law(network, engine, runtime)
    kept = strip_columns(law, engine, network.radius, source.width)
    strips = cut_strips(source.width, kept, network.radius, multiple)
    check_memory(law, max(strip.width for strip in strips), device)
    band_rows = engine.band_rows + -engine.band_rows % multiple

    def bands(index: int) -> Iterator[FloatImage]:
        def report(done: int, count: int) -> None:
            strip = f"strip {index + 1} of {len(strips)}, " if len(strips) > 1 else ""
            share = (index + done / count) / len(strips)
            progress(share, f"{strip}band {done} of {count}")

        return strip_bands(network, source, strips[index], band_rows, device, report, runtime)

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
