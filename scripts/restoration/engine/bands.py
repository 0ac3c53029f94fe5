"""The bands of one strip: streamed where the network's layers are known, else with overlap."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
import torch

from restoration.engine.compact import CompactStream
from restoration.engine.ffdnet import FfdnetStream
from restoration.engine.geometry import Strip
from restoration.engine.layers import Rows, Tensor
from restoration.engine.native.stream import NativeStream, described
from restoration.engine.rrdbnet import RrdbnetStream
from restoration.errors import CircumstanceError, ScanError
from restoration.raster.base import FloatImage, Raster

Progress = Callable[[int, int], None]
"""Called with the bands done and the bands there are."""


class _Stream(Protocol):
    lag: int

    def push(self, rows: Rows) -> Iterator[Tensor]: ...


def strip_bands(
    network: Any,
    source: Raster,
    strip: Strip,
    band_rows: int,
    device: torch.device,
    progress: Progress,
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
    runtime
        ``torch`` or ``native``.

    Raises
    ------
    ScanError, CircumstanceError
        As ``run.run_network``.
    """
    stream = _stream(network, source.height, band_rows, runtime)
    start = (strip.keep_left - strip.left) * network.scale
    columns = slice(start, start + strip.keep_width * network.scale)
    steps = (
        _overlapping_steps(network, source, strip, band_rows, device)
        if stream is None
        else _streamed_steps(stream, source, strip, band_rows, device)
    )
    for done, count, compute in steps:
        yield from computed(compute, columns, f"{strip.width} columns by {band_rows} rows")
        progress(done, count)


_Step = tuple[int, int, Callable[[], Iterator[Tensor]]]


def _stream(network: Any, height: int, band_rows: int, runtime: str = "torch") -> _Stream | None:
    if runtime == "native":
        return NativeStream(described(network.module, network.architecture), height)
    match getattr(network, "architecture", None):
        case "rrdbnet":
            return RrdbnetStream(network.module, height, band_rows)
        case "srvgg":
            return CompactStream(network.module, height)
        case "ffdnet":
            return FfdnetStream(network.module, height)
        case _:
            return None


def _streamed_steps(
    stream: _Stream, source: Raster, strip: Strip, band_rows: int, device: torch.device
) -> Iterator[_Step]:
    height = source.height
    count = -(-(height + stream.lag) // band_rows)
    for step in range(count):
        top, bottom = (min(height, (step + k) * band_rows) for k in (0, 1))
        rows = Rows(tensor_of(source, top, bottom, strip, device), (step + 1) * band_rows)
        yield step + 1, count, lambda rows=rows: stream.push(rows)  # type: ignore[misc]


def _overlapping_steps(
    network: Any, source: Raster, strip: Strip, band_rows: int, device: torch.device
) -> Iterator[_Step]:
    height, radius, scale = source.height, network.radius, network.scale
    # Bands of at least twice the radius: at most half of the work is done twice.
    band = max(band_rows, 2 * radius)
    count = -(-height // band)
    for step in range(count):
        keep_top, keep_bottom = step * band, min(height, (step + 1) * band)
        top, bottom = max(0, keep_top - radius), min(height, keep_bottom + radius)
        rows = tensor_of(source, top, bottom, strip, device)
        kept = slice((keep_top - top) * scale, (keep_bottom - top) * scale)

        def compute(rows: Tensor = rows, kept: slice = kept) -> Iterator[Tensor]:
            result = network.module(rows)
            expected = (1, 3, rows.shape[2] * scale, rows.shape[3] * scale)
            if tuple(result.shape) != expected:
                raise ValueError(f"network made {tuple(result.shape)}, expected {expected}")
            yield result[:, :, kept]

        yield step + 1, count, compute


def tensor_of(source: Raster, top: int, bottom: int, strip: Strip, device: torch.device) -> Tensor:
    """float32 (1, channels, rows, columns), channels last, on the device."""
    if top == bottom:
        return torch.empty((1, source.channels, 0, strip.width), device=device)
    window = source.read(top, strip.left, bottom - top, strip.width)
    # A copy: a network may work in place, and the window may be the raster's own memory.
    pixels = np.array(window, dtype=np.float32, order="C")
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].to(device)


def computed(
    compute: Callable[[], Iterator[Tensor]], columns: slice, geometry: str
) -> list[FloatImage]:
    """One step's output rows as images. A list: inference mode must not reach the caller."""
    try:
        with torch.inference_mode():
            return [_image(tensor[:, :, :, columns]) for tensor in compute()]
    except (MemoryError, RuntimeError) as error:
        told = explained(error, geometry)
        if told is None:
            raise
        raise told from error


def _image(tensor: Tensor) -> FloatImage:
    image: FloatImage = tensor[0].permute(1, 2, 0).contiguous().cpu().numpy()
    if not np.isfinite(image).all():
        raise ScanError(
            "the network made NaN or infinity, which is never written; its input or its weights "
            "are at fault"
        )
    return image


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
