"""The network architectures that the workflow knows, a line for each.

Part of no result: those in use are asked for their own code (``Architecture.code``), so that one
more line changes no key. Parsed with the Snakefile, so it knows no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module

from restoration.networks.architecture import Architecture

_MODULES = (
    "restoration.networks.architectures.rrdbnet",
    "restoration.networks.architectures.srvgg",
    "restoration.networks.architectures.ffdnet",
    "restoration.networks.architectures.spandrel",
    "restoration.networks.architectures.gfpgan",
    "restoration.networks.architectures.spandrel_face",
    "restoration.networks.architectures.retinaface",
    "restoration.networks.architectures.dlib",
    "restoration.networks.architectures.damage_unet",
    "restoration.networks.architectures.lama",
)
"""Each has its object under the name ``ARCHITECTURE``."""


def _listed() -> dict[str, Architecture]:
    found: list[Architecture] = [import_module(name).ARCHITECTURE for name in _MODULES]
    return {each.name: each for each in found}


ARCHITECTURES = _listed()
"""By the name that resources/models.yaml and the config give them."""


def names_where(fits: Callable[[Architecture], bool]) -> tuple[str, ...]:
    """Names of the architectures that a message lists."""
    return tuple(name for name, each in ARCHITECTURES.items() if fits(each))


def alternatives(names: Iterable[str]) -> str:
    """``a, b or c``, for a message."""
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last
