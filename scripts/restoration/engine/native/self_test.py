"""Kernels against a plain sum in double precision, before they are trusted with a scan."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from restoration.engine.native.describe import NativeLayer, NativeNetwork
from restoration.engine.native.stream import NativeStream
from restoration.engine.torch_streams.layers import StreamRows
from restoration.errors import CircumstanceError

_TOLERANCE = 4e-6
"""Samples are near 1; float32 sums of a few hundred products err by less than 1e-6."""

Doubles = npt.NDArray[np.float64]


def self_test(kernels: str) -> float:
    """The worst error of a small network; CircumstanceError where it is not that of rounding.

    The network has what networks have: odd sizes, channels that fill no block, a dense block, all
    activations, an enlargement, terms that are added.
    """
    random = np.random.default_rng(7)

    def layer(channels: int, results: int, slope: float | None) -> NativeLayer:
        weight = random.normal(0, 0.6 / np.sqrt(9 * channels), (results, channels, 3, 3))
        slopes = None if slope is None else np.full(results, slope, np.float32)
        bias = random.uniform(-0.1, 0.1, results).astype(np.float32)
        return NativeLayer(weight.astype(np.float32), bias, slopes)

    first, last = layer(3, 40, 0.3), layer(40, 12, None)
    block = [layer(40 + 20 * k, 20, 0.2) for k in range(4)]
    block.append(layer(120, 40, None))
    up = layer(40, 40, 0.0)

    network = NativeNetwork(3)
    features = network.convolve(0, first)
    dense = network.dense(features, block, 0.2, [(features, 1.0)])
    network.begin_tail()
    network.finish(network.convolve(network.convolve(dense, up, doubled=True), last), 2)

    image = random.random((141, 19, 3), dtype=np.float32)
    stream = NativeStream(network, len(image), kernels, threads=1)
    tensor = torch.from_numpy(image).permute(2, 0, 1)[None]
    pieces = [*stream.push(StreamRows(tensor, len(image) + stream.lag))]
    found = torch.cat(pieces, 2)[0].permute(1, 2, 0).numpy()

    seen = [_convolved(image.astype(np.float64), first)]
    for each in block:
        seen.append(_convolved(np.concatenate(seen, 2), each))
    expected = seen[0] + 0.2 * seen[-1]
    expected = _convolved(expected.repeat(2, 0).repeat(2, 1), up)
    expected = _unfolded(_convolved(expected, last))
    error = np.abs(found - expected).max() if found.shape == expected.shape else np.inf
    # Written so that NaN fails.
    if not error < _TOLERANCE:
        raise CircumstanceError(
            f"the native runtime computes wrongly on this processor (kernels {kernels}, error "
            f"{error:.2g}); set `engine.runtime: torch`, and report it"
        )
    return float(error)


def _convolved(image: Doubles, layer: NativeLayer) -> Doubles:
    """(h, w, channels) to (h, w, results)."""
    height, width, _ = image.shape
    padded = np.pad(image, ((1, 1), (1, 1), (0, 0)))
    weight = layer.weight.astype(np.float64)
    result = np.zeros((height, width, len(weight)))
    for i in range(3):
        for j in range(3):
            result += padded[i : i + height, j : j + width] @ weight[:, :, i, j].T
    if layer.bias is not None:
        result += layer.bias
    return result if layer.slope is None else np.where(result > 0, result, layer.slope * result)


def _unfolded(image: Doubles) -> Doubles:
    height, width, _ = image.shape
    blocks = image.reshape(height, width, 3, 2, 2).transpose(0, 3, 1, 4, 2)
    return blocks.reshape(2 * height, 2 * width, 3)
