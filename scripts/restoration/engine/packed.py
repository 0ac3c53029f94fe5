"""Networks packed for the native runtime, each once."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from restoration.engine.by_architecture import native_code
from restoration.engine.native.describe import NativeNetwork
from restoration.networks.architecture import Architecture

_described: WeakKeyDictionary[Any, tuple[tuple[int, ...], NativeNetwork]] = WeakKeyDictionary()


def described(module: Any, kind: Architecture | None) -> NativeNetwork:
    """The network of a torch module, once for each: packed weights are four times as large as its
    own. Raises ValueError where the native runtime cannot run the architecture."""
    # Tensors made in inference mode count no versions; nothing may change them either.
    state = tuple(
        number
        for tensor in module.parameters()
        for number in (tensor.data_ptr(), 0 if tensor.is_inference() else tensor._version)
    )
    found = _described.get(module)
    if found is None or found[0] != state:
        code = native_code(kind)
        if code is None:
            raise ValueError(f"the native runtime cannot run {None if kind is None else kind.name}")
        found = state, code.describe(module)
        _described[module] = found
    return found[1]
