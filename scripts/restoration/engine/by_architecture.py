"""What of the engine works for one architecture alone: modules that its object names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, Protocol, cast

from restoration.engine.native.describe import NativeNetwork
from restoration.engine.torch_streams.layers import StreamRows, Tensor
from restoration.networks.architecture import Architecture


class Stream(Protocol):
    """A network over one image, row by row."""

    lag: int
    """Input rows that must be pushed beyond a row until its output has come."""

    def push(self, rows: StreamRows) -> Iterator[Tensor]:
        """The output rows that ``rows`` complete, in pieces, top to bottom."""
        ...


class StreamCode(Protocol):
    """A module of ``engine.torch_streams`` that ``Architecture.stream`` names."""

    def open_stream(self, module: Any, height: int, band_rows: int) -> Stream:
        """The network as a stream over an image of that height.

        height: rows that will be pushed, a multiple of what the network folds; band_rows: rows at
        a time, a multiple likewise.
        """
        ...

    def column_bytes(self, module: Any) -> int:
        """Memory of a stream for each column of the image; the height adds nothing."""
        ...


class NativeCode(Protocol):
    """A module of ``engine.native`` that ``Architecture.native`` names."""

    def describe(self, module: Any) -> NativeNetwork:
        """The list of operations that the native runtime runs."""
        ...


class FaceCode(Protocol):
    """A module of ``engine.faces`` that ``Architecture.runner`` names."""

    def face_network(self, module: Any) -> Callable[[Tensor], Tensor]:
        """(1, 3, side, side), sRGB-encoded, in [0, 1], to the same, about [0, 1], not clipped; the
        same bytes with any number of threads.

        It raises ScanError where it made NaN or infinity, CircumstanceError where memory ran out
        or the device failed.
        """
        ...


def stream_code(kind: Architecture | None) -> StreamCode | None:
    """None where the network is run in bands that overlap."""
    if kind is None or kind.stream is None:
        return None
    return cast("StreamCode", import_module(kind.stream))


def native_code(kind: Architecture | None) -> NativeCode | None:
    """None where the native runtime cannot run it."""
    if kind is None or kind.native is None:
        return None
    return cast("NativeCode", import_module(kind.native))


def face_code(kind: Architecture) -> FaceCode | None:
    """None where the network's own class is run as it is."""
    return None if kind.runner is None else cast("FaceCode", import_module(kind.runner))
