"""FFDNet in the native runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from restoration.engine.native.describe import NativeLayer, NativeNetwork, layer_of


def describe(module: Any) -> NativeNetwork:
    """``networks.ffdnet.FFDNet``."""
    parts = list(module.model)
    network = NativeNetwork(4, 2)
    first = layer_of(parts[0], parts[1])
    # The mean of a block's four noise levels is one channel: a quarter of its weights for each.
    levels = np.repeat(first.weight[:, 12:] / np.float32(4), 4, axis=1)
    weight = np.ascontiguousarray(np.concatenate((first.weight[:, :12], levels), 1))
    tensor = network.convolve(0, NativeLayer(weight, first.bias, first.slope))
    for part, after in zip(parts[2:], [*parts[3:], None], strict=True):
        if isinstance(part, torch.nn.Conv2d):
            tensor = network.convolve(tensor, layer_of(part, after))
    return network.finish(tensor, 2)
