"""The bands of one strip: streamed where the network's layers are known, else with overlap.

Three threads work at a time: one reads the next window, one computes, the consumer's own takes the
answers. What waits between them is one window of ``band_rows`` rows (12 bytes a pixel) and one
band of answers in slices (12 bytes a pixel of the output).
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from restoration.engine.by_architecture import Stream, stream_code
from restoration.engine.devices import compute_here, dtype_of
from restoration.engine.geometry import Strip
from restoration.engine.native.kernels import best_kernels
from restoration.engine.native.stream import NativeStream
from restoration.engine.packed import described
from restoration.engine.torch_streams.layers import StreamRows, Tensor
from restoration.engine.transfer import Transfer, transfer
from restoration.errors import CircumstanceError
from restoration.raster.base import FloatImage, Raster
from restoration.raster.prefetch import ahead, closing

BandProgress = Callable[[int, int], None]
"""Called with the bands done and the bands there are."""

SLICES = 16
"""Of a band's output, which is ``scale`` squared as large as its input: as many may wait."""


@dataclass(frozen=True)
class BandStep:
    """One window of the source, and what the network makes of it."""

    top: int
    bottom: int
    strip: Strip
    compute: Callable[[Tensor], Iterator[Tensor]]
    """(1, channels, rows, columns) to (1, 3, rows * scale, columns * scale), in pieces, of what
    has become known."""


def strip_bands(
    network: Any,
    source: Raster,
    strip: Strip,
    band_rows: int,
    device: torch.device,
    progress: BandProgress,
    runtime: str = "torch",
) -> Iterator[FloatImage]:
    """The output of a strip's kept columns, in bands from top to bottom.

    Parameters
    ----------
    network
        As ``run.RunnableNetwork``.
    source
        float32, the network's channels; sizes are multiples of what the network folds.
    strip
        The columns that are read and kept.
    band_rows
        Input rows at a time, a multiple likewise.
    device
        Where the network's module lies.
    progress
        Called from the thread that computes.
    runtime
        ``torch`` or ``native``.

    Raises
    ------
    ScanError, CircumstanceError
        As ``run.run_network``.
    """
    stream = _stream(network, source.height, band_rows, runtime)
    steps = (
        _overlapping_steps(network, source.height, strip, band_rows)
        if stream is None
        else _streamed_steps(stream, source.height, strip, band_rows)
    )
    start = (strip.keep_left - strip.left) * network.scale
    columns = slice(start, start + strip.keep_width * network.scale)
    rows = -(-band_rows * network.scale // SLICES)

    def cut(answer: Tensor) -> Iterator[Tensor]:
        yield from torch.split(answer[:, :, :, columns], rows, 2)

    way = transfer(device, dtype_of(network))
    geometry = f"{strip.width} columns by {band_rows} rows"
    yield from ahead(answers(source, steps, way, geometry, progress, cut), SLICES)


def _stream(network: Any, height: int, band_rows: int, runtime: str = "torch") -> Stream | None:
    kind = getattr(network, "architecture", None)
    if runtime == "native":
        return NativeStream(described(network.module, kind), height, best_kernels())
    code = stream_code(kind)
    return None if code is None else code.open_stream(network.module, height, band_rows)


def _streamed_steps(stream: Stream, height: int, strip: Strip, band_rows: int) -> list[BandStep]:
    def step(stop: int) -> BandStep:
        top, bottom = min(height, stop - band_rows), min(height, stop)
        return BandStep(top, bottom, strip, lambda tensor: stream.push(StreamRows(tensor, stop)))

    count = -(-(height + stream.lag) // band_rows)
    return [step((index + 1) * band_rows) for index in range(count)]


def _overlapping_steps(network: Any, height: int, strip: Strip, band_rows: int) -> list[BandStep]:
    radius, scale = network.radius, network.scale
    # Bands of at least twice the radius: at most half of the work is done twice.
    band = max(band_rows, 2 * radius)

    def step(keep_top: int) -> BandStep:
        keep_bottom = min(height, keep_top + band)
        top, bottom = max(0, keep_top - radius), min(height, keep_bottom + radius)
        kept = slice((keep_top - top) * scale, (keep_bottom - top) * scale)

        def compute(rows: Tensor) -> Iterator[Tensor]:
            yield whole_answer(network, rows)[:, :, kept]

        return BandStep(top, bottom, strip, compute)

    return [step(keep_top) for keep_top in range(0, height, band)]


def whole_answer(network: Any, rows: Tensor) -> Tensor:
    """The module's own answer. Raises ValueError where its size is not the input's times scale."""
    result: Tensor = network.module(rows)
    expected = (1, 3, rows.shape[2] * network.scale, rows.shape[3] * network.scale)
    if tuple(result.shape) != expected:
        raise ValueError(f"network made {tuple(result.shape)}, expected {expected}")
    return result


def answers(
    source: Raster,
    steps: Sequence[BandStep],
    way: Transfer,
    geometry: str,
    progress: BandProgress,
    cut: Callable[[Tensor], Iterator[Tensor]] = lambda answer: iter((answer,)),
) -> Iterator[FloatImage]:
    """What the steps make, as images; the next window is read while one is computed.

    Parameters
    ----------
    way
        To the device and back.
    geometry
        What an error of memory is said to be about.
    cut
        Cuts what a step makes into the pieces that are yielded.

    Raises
    ------
    ScanError, CircumstanceError
        As ``run.run_network``.
    """

    def read() -> Iterator[Any]:
        for step in steps:
            yield step, way.up(_window(source, step))

    def computed() -> Iterator[Tensor]:
        compute_here()
        with closing(ahead(read())) as windows:
            for done, (step, window) in enumerate(windows, 1):
                for answer in step.compute(way.arrived(window)):
                    yield from cut(answer)
                progress(done, len(steps))

    with closing(way.down(computed())) as images:
        yield from _explaining(iter(images), geometry)


def _window(source: Raster, step: BandStep) -> FloatImage:
    if step.top == step.bottom:
        return np.empty((0, step.strip.width, source.channels), np.float32)
    return source.read(step.top, step.strip.left, step.bottom - step.top, step.strip.width)


def _explaining(images: Iterator[FloatImage], geometry: str) -> Iterator[FloatImage]:
    """The same images, each drawn in inference mode, which must not reach the caller."""
    while True:
        try:
            with torch.inference_mode():
                image = next(images, None)
        except (MemoryError, RuntimeError) as error:
            told = explained(error, geometry)
            if told is None:
                raise
            try:
                raise told from error
            finally:
                # It knows this frame: a circle would keep the network's buffers.
                del told
        if image is None:
            return
        yield image
        del image


def explained(
    error: Exception,
    geometry: str,
    smaller: str = ", or lower engine.memory_gib",
) -> CircumstanceError | None:
    """What to say of failures of memory and device; None for others, which are mistakes.

    ``smaller`` is what makes the work itself smaller, where something does.
    """
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    out_of_memory = (
        isinstance(error, MemoryError | torch.OutOfMemoryError)
        or "DefaultCPUAllocator" in text
        or f"[Errno {errno.ENOMEM}]" in text
    )
    if out_of_memory:
        return CircumstanceError(
            f"out of memory in a network over {geometry} ({text}); "
            f"give the job more memory{smaller}"
        )
    if isinstance(error, torch.AcceleratorError) or "CUDA error" in text or "CUDNN" in text:
        return CircumstanceError(f"the device failed ({text}); run again, or set `device: cpu`")
    return None
