"""A network over one image in the native runtime: rows in, rows out, as the torch streams."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from restoration.engine.devices import threads_of_networks
from restoration.engine.native.describe import NativeNetwork
from restoration.engine.native.library import floats
from restoration.engine.torch_streams.layers import StreamRows, Tensor

_WIDTHS = (1024, 2048)
"""Columns, after folding, that tell the law: above them a step's rows are the same for all."""


def native_bytes(network: NativeNetwork, band_rows: int, kernels: str) -> tuple[int, int]:
    """Memory of a stream over an image: bytes whatever the width, and bytes for each column.

    Streams of two widths are laid out, which takes no memory as long as nothing is computed.
    """
    # One thread: what the others need beside it is small, and must not move the geometry.
    streams = [NativeStream(network, 1 << 14, kernels, threads=1) for _ in _WIDTHS]
    for stream, columns in zip(streams, _WIDTHS, strict=True):
        stream.start(columns * network.fold)
    narrow, wide = (stream.bytes() for stream in streams)
    column = -(-(wide - narrow) // ((_WIDTHS[1] - _WIDTHS[0]) * network.fold))
    fixed = max(0, narrow - column * _WIDTHS[0] * network.fold)
    rows = max(band_rows, streams[0].room())
    # And the rows of a step, as they come in and as they go out.
    return fixed, column + rows * 4 * (network.channels + 3 * network.scale**2)


class NativeStream:
    """The whole network.

    Parameters
    ----------
    network
        From ``engine.packed.described``.
    height
        Rows of the image that will be pushed.
    kernels
        One of ``library.KERNELS`` that the processor has, from ``kernels.best_kernels``.
    threads
        Processor threads; they change no result. ``devices.threads_of_networks`` where None.
    """

    def __init__(
        self,
        network: NativeNetwork,
        height: int,
        kernels: str,
        threads: int | None = None,
    ) -> None:
        self._network = network
        self._library = network.library
        self._height = height
        self._threads = threads or threads_of_networks()
        self._kernels = kernels
        self._handle: Any = None
        self._width = 0
        self.lag: int = self._library.checked("lag", network.handle)
        """Input rows that must be pushed beyond a row until its output has come."""

    def __del__(self) -> None:
        if getattr(self, "_handle", None) is not None:
            self._library.call("stream_free", self._handle)

    def push(self, rows: StreamRows) -> Iterator[Tensor]:
        """The output rows that ``rows`` complete, in pieces, top to bottom."""
        tensor, stop = rows
        pixels = tensor[0].permute(1, 2, 0).contiguous().numpy()
        if self._handle is None:
            self.start(pixels.shape[1])
        while True:
            count = min(len(pixels), self.room())
            piece = np.ascontiguousarray(pixels[:count])
            self._library.checked("stream_push", self._handle, floats(piece), count)
            pixels = pixels[count:]
            due = self._library.call("stream_due", self._handle, stop)
            if due < 0:
                break
            shape = (due, self._width * self._network.scale, 3)
            result = np.empty(shape, dtype=np.float32)
            self._library.checked("stream_step", self._handle, floats(result))
            if due > 0:
                yield torch.from_numpy(result).permute(2, 0, 1)[None]

    def room(self) -> int:
        """Rows that can be taken in before the next step."""
        return int(self._library.call("stream_room", self._handle))

    def bytes(self) -> int:
        """Memory that the stream holds, weights excepted."""
        return int(self._library.call("stream_bytes", self._handle))

    def start(self, width: int) -> None:
        """Lay out the memory for images of that width."""
        self._width = width
        self._handle = self._library.checked(
            *("stream", self._network.handle, self._kernels.encode()),
            *(self._height, width, self._threads),
        )
