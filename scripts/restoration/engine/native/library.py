"""The compiled native runtime, loaded."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import POINTER, c_char_p, c_float, c_int, c_size_t, c_void_p
from functools import cache
from typing import Any

import numpy as np

from restoration.engine.native.build import library_path
from restoration.errors import CircumstanceError
from restoration.raster.base import Floats32

KERNELS = ("avx512", "avx2", "portable")
"""Sets of kernels, the fastest first; ``portable`` is SSE2 on Intel and AMD, NEON on ARM."""

_FLOATS = POINTER(c_float)
_INTS = POINTER(c_int)
_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "error": (c_char_p, []),
    "has_kernels": (c_int, [c_char_p]),
    "network": (c_void_p, [c_int, c_int]),
    "network_free": (None, [c_void_p]),
    "convolution": (
        c_int,
        [c_void_p, c_int, c_int, c_int, _FLOATS, _FLOATS, _FLOATS, c_float, c_int, _INTS, _FLOATS],
    ),
    "dense": (
        c_int,
        [
            *(c_void_p, c_int, c_int, _INTS, POINTER(_FLOATS), POINTER(_FLOATS), POINTER(_FLOATS)),
            *(c_float, c_int, _INTS, _FLOATS),
        ],
    ),
    "begin_tail": (c_int, [c_void_p]),
    "finish": (c_int, [c_void_p, c_int, c_int, c_int, c_int]),
    "lag": (c_int, [c_void_p]),
    "stream": (c_void_p, [c_void_p, c_char_p, c_int, c_int, c_int]),
    "stream_free": (None, [c_void_p]),
    "stream_room": (c_int, [c_void_p]),
    "stream_bytes": (c_size_t, [c_void_p]),
    "stream_push": (c_int, [c_void_p, _FLOATS, c_int]),
    "stream_due": (c_int, [c_void_p, c_int]),
    "stream_step": (c_int, [c_void_p, _FLOATS]),
}


class Library:
    """The library's functions: ``library.call("stream_push", ...)``."""

    def __init__(self, path: str) -> None:
        loaded = ctypes.CDLL(path)
        self._functions = {}
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(loaded, f"restoration_{name}")
            function.restype, function.argtypes = result, arguments
            self._functions[name] = function

    def call(self, name: str, *arguments: Any) -> Any:
        """The result as it is."""
        return self._functions[name](*arguments)

    def checked(self, name: str, *arguments: Any) -> Any:
        """The result; -1 and null are errors."""
        result = self._functions[name](*arguments)
        if result is None or result == -1:
            said = self._functions["error"]().decode()
            if said == "out of memory":
                raise MemoryError("in the native runtime")
            raise RuntimeError(f"native runtime: {said}")
        return result


@cache
def load() -> Library:
    """The library. Raises CircumstanceError where it was not built or does not load."""
    path = library_path()
    if not path.exists():
        raise CircumstanceError(
            "the native runtime was not built; install a C++17 compiler and run `make native`, "
            "or set `engine.runtime: torch`"
        )
    try:
        return Library(str(path))
    except (OSError, AttributeError) as error:
        raise CircumstanceError(
            f"the native runtime does not load ({error}); remove {path} and run `make native`"
        ) from error


def floats(array: Floats32 | None) -> Any:
    """A pointer to an array's memory, which the caller keeps alive; null for None."""
    if array is None:
        return None
    assert array.dtype == np.float32
    assert array.flags.c_contiguous
    return array.ctypes.data_as(_FLOATS)


def pointers(arrays: Sequence[Floats32 | None]) -> Any:
    """Pointers to several arrays."""
    return (_FLOATS * len(arrays))(*(floats(array) for array in arrays))


def ints(values: Sequence[int]) -> Any:
    """A C array of integers."""
    return (c_int * len(values))(*values)


def c_floats(values: Sequence[float]) -> Any:
    """A C array of float32."""
    return (c_float * len(values))(*values)
