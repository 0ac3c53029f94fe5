"""A network over one image in the native runtime: rows in, rows out, as the torch streams."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch

from restoration.engine.devices import threads_of_networks
from restoration.engine.native.describe import NativeNetwork, describe
from restoration.engine.native.library import best_kernels, floats
from restoration.engine.torch_streams.layers import Rows, Tensor

_described: WeakKeyDictionary[Any, tuple[tuple[int, ...], NativeNetwork]] = WeakKeyDictionary()


def described(module: Any, architecture: str | None) -> NativeNetwork:
    """``describe``, once for a module: its packed weights are four times as large as its own."""
    # Tensors made in inference mode count no versions; nothing may change them either.
    state = tuple(
        number
        for tensor in module.parameters()
        for number in (tensor.data_ptr(), 0 if tensor.is_inference() else tensor._version)
    )
    found = _described.get(module)
    if found is None or found[0] != state:
        found = state, describe(module, architecture)
        _described[module] = found
    return found[1]


_WIDTHS = (1024, 2048)
"""Columns, after folding, that tell the law: above them a step's rows are the same for all."""


def native_bytes(network: NativeNetwork, band_rows: int) -> tuple[int, int]:
    """Memory of a stream over an image: bytes whatever the width, and bytes for each column.

    Streams of two widths are laid out, which takes no memory as long as nothing is computed.
    """
    # One thread: what the others need beside it is small, and must not move the geometry.
    streams = [NativeStream(network, 1 << 14, threads=1) for _ in _WIDTHS]
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
        From ``described``.
    height
        Rows of the image that will be pushed.
    threads
        Processor threads; they change no result. ``devices.threads_of_networks`` where None.
    kernels
        One of ``library.KERNELS``; the best that passes its test where None.

    Raises
    ------
    CircumstanceError
        The runtime was not built, or failed its test.
    """

    def __init__(
        self,
        network: NativeNetwork,
        height: int,
        threads: int | None = None,
        kernels: str | None = None,
    ) -> None:
        self._network = network
        self._library = network.library
        self._height = height
        self._threads = threads or threads_of_networks()
        self._kernels = kernels or best_kernels()
        self._handle: Any = None
        self._width = 0
        self.lag: int = self._library.checked("lag", network.handle)
        """Input rows that must be pushed beyond a row until its output has come."""

    def __del__(self) -> None:
        if getattr(self, "_handle", None) is not None:
            self._library.call("stream_free", self._handle)

    def push(self, rows: Rows) -> Iterator[Tensor]:
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
