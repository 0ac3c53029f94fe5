"""Between the image's memory and the device's: windows go up, answers come down.

On CUDA both travel on streams of their own, through memory that the driver may read at any time
(pinned), two buffers each way: while the network computes, the next window goes up and the last
answer comes down. Narrower numbers than float32 are made of it, and it of them, on the device.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import cycle
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch

from restoration.engine.torch_streams.layers import Tensor
from restoration.errors import ScanError
from restoration.raster.base import FloatImage

NOT_FINITE = (
    "the network made NaN or infinity, which is never written; its input or its weights are at "
    "fault"
)


class PendingWindow(NamedTuple):
    """A window on its way to the device."""

    tensor: Tensor
    ready: Any = None
    """The event behind which it has arrived; None where it is there."""


class Transfer(Protocol):
    """The way to a device and back."""

    def up(self, pixels: FloatImage) -> PendingWindow:
        """Sends float32 (rows, columns, channels), which stays as it is. From the reading thread.

        On the device it is (1, channels, rows, columns) in the network's precision, channels last.
        """
        ...

    def arrived(self, window: PendingWindow) -> Tensor:
        """The window, for what the calling thread computes next."""
        ...

    def down(self, answers: Iterator[Tensor]) -> Iterator[FloatImage]:
        """Each answer, (1, channels, rows, columns), as float32 (rows, columns, channels).

        Raises ScanError for NaN and infinity.
        """
        ...


def transfer(device: torch.device, dtype: torch.dtype) -> Transfer:
    """The way to the device, for a network of that precision."""
    if device.type == "cuda":
        return PinnedTransfer(device, dtype)
    return PlainTransfer(device, dtype)


class PlainTransfer:
    """For the processor, where nothing travels, and devices that copy when they are told to."""

    def __init__(self, device: torch.device, dtype: torch.dtype) -> None:
        self._device, self._dtype = device, dtype

    def up(self, pixels: FloatImage) -> PendingWindow:
        # A copy: a network may work in place, and the window may be the raster's own memory.
        own = np.array(pixels, dtype=np.float32, order="C")
        return PendingWindow(_channels_last(torch.from_numpy(own)).to(self._device).to(self._dtype))

    def arrived(self, window: PendingWindow) -> Tensor:
        return window.tensor

    def down(self, answers: Iterator[Tensor]) -> Iterator[FloatImage]:
        for answer in answers:
            image: FloatImage = _rows_of(answer).cpu().numpy()
            if not np.isfinite(image).all():
                raise ScanError(NOT_FINITE)
            yield image


class PinnedTransfer:
    """For CUDA. What order the work has is said by events, never by waiting for the device."""

    def __init__(self, device: torch.device, dtype: torch.dtype) -> None:
        self._device, self._dtype = device, dtype
        self._uploads, self._downloads = _stream(device), _stream(device)
        self._sources = cycle([_Buffer(), _Buffer()])
        self._targets = cycle([_Buffer(), _Buffer()])

    def up(self, pixels: FloatImage) -> PendingWindow:
        buffer = next(self._sources)
        # What was sent from here before must have left.
        buffer.done.synchronize()
        pinned = buffer.pixels(pixels.shape)
        np.copyto(pinned.numpy(), pixels)
        ready = _event()
        with torch.cuda.stream(self._uploads):
            sent = pinned.to(self._device, non_blocking=True)
            tensor = _channels_last(sent).to(self._dtype)
            buffer.done.record(self._uploads)
            ready.record(self._uploads)
        return PendingWindow(tensor, ready)

    def arrived(self, window: PendingWindow) -> Tensor:
        computing = torch.cuda.current_stream(self._device)
        computing.wait_event(window.ready)
        # Made on another stream: its memory must not be given away while this one reads it.
        _keep_for(window.tensor, computing)
        return window.tensor

    def down(self, answers: Iterator[Tensor]) -> Iterator[FloatImage]:
        travelling: deque[tuple[_Buffer, Tensor]] = deque()
        for answer in answers:
            travelling.append(self._send_down(answer))
            # The one before is taken once the work behind this one has been handed to the device.
            if len(travelling) == 2:
                yield _landed(*travelling.popleft())
        while travelling:
            yield _landed(*travelling.popleft())

    def _send_down(self, answer: Tensor) -> tuple[_Buffer, Tensor]:
        rows = _rows_of(answer)
        finite = torch.isfinite(rows).all()
        buffer = next(self._targets)
        pinned = buffer.pixels(rows.shape)
        self._downloads.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(self._downloads):
            pinned.copy_(rows, non_blocking=True)
            buffer.finite.copy_(finite, non_blocking=True)
            buffer.done.record(self._downloads)
        # Freed by this thread's names long before they have come down.
        _keep_for(rows, self._downloads)
        _keep_for(finite, self._downloads)
        return buffer, pinned


class _Buffer:
    """Pinned memory for one transfer at a time; ``done`` says when the last one has ended."""

    def __init__(self) -> None:
        self.done = _event()
        self.finite = _pinned(1, torch.bool)[0]
        self._memory = _pinned(0, torch.float32)

    def pixels(self, shape: tuple[int, ...]) -> Tensor:
        """float32 of that shape; the same memory as before where it is large enough."""
        count = int(np.prod(shape))
        if self._memory.numel() < count:
            self._memory = _pinned(count, torch.float32)
        return self._memory[:count].view(*shape)


def _landed(buffer: _Buffer, pinned: Tensor) -> FloatImage:
    buffer.done.synchronize()
    if not bool(buffer.finite):
        raise ScanError(NOT_FINITE)
    # A copy: the next transfer but one takes the buffer.
    image: FloatImage = pinned.numpy().copy()
    return image


def _channels_last(pixels: Tensor) -> Tensor:
    """(rows, columns, channels) seen as (1, channels, rows, columns)."""
    return pixels.permute(2, 0, 1)[None]


def _rows_of(answer: Tensor) -> Tensor:
    """(1, channels, rows, columns) as float32 (rows, columns, channels), in one piece."""
    return answer[0].permute(1, 2, 0).float().contiguous()


def _stream(device: torch.device) -> Any:
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]


def _event() -> Any:
    # Blocking: a thread that waits for it sleeps instead of asking again and again.
    return torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]


def _pinned(count: int, dtype: torch.dtype) -> Tensor:
    return torch.empty(count, dtype=dtype, pin_memory=True)


def _keep_for(tensor: Tensor, stream: Any) -> None:
    """The allocator gives the tensor's memory away only behind what the stream does now."""
    tensor.record_stream(stream)
