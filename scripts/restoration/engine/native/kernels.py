"""Which kernels of the native runtime this processor runs: tested before they are trusted."""

from __future__ import annotations

from functools import cache

from restoration.engine.native.library import KERNELS, load
from restoration.engine.native.self_test import self_test


@cache
def best_kernels() -> str:
    """The fastest kernels of this processor, tested. CircumstanceError where there are none."""
    library = load()
    name = next(name for name in KERNELS if library.call("has_kernels", name.encode()))
    self_test(name)
    return name
