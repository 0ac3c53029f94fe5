"""The native CPU runtime: networks of 3 x 3 convolutions in C++, faster than PyTorch and as exact.

``build`` compiles ``src`` at installation, ``library`` loads and tests the result, ``describe``
turns a torch module into a list of operations, ``stream`` runs it over rows of an image.
"""

from __future__ import annotations

KNOWN = ("rrdbnet", "srvgg", "ffdnet")
"""Architectures that ``describe`` knows."""
