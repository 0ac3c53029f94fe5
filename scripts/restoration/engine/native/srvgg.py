"""SRVGGNetCompact in the native runtime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from restoration.engine.native.describe import NativeNetwork, layer_of


def describe(module: Any) -> NativeNetwork:
    """``realesrgan.archs.srvgg_arch.SRVGGNetCompact``."""
    parts = list(module.body)
    network = NativeNetwork(parts[0].in_channels)
    return network.finish(_chain(network, parts), int(module.upscale), around=True)


def _chain(network: NativeNetwork, parts: Sequence[Any]) -> int:
    """Convolutions in a row, each with the activation that may follow it."""
    tensor = 0
    for part, after in zip(parts, [*parts[1:], None], strict=True):
        if isinstance(part, torch.nn.Conv2d):
            activation = None if isinstance(after, torch.nn.Conv2d) else after
            tensor = network.convolve(tensor, layer_of(part, activation))
    return tensor
