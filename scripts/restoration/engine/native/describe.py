"""The operations that the native runtime runs, and layers of torch modules for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from restoration.engine.native.library import c_floats, floats, ints, load, pointers
from restoration.raster.base import Floats32

Terms = Sequence[tuple[int, float]]
"""Tensors that are added to a result, each with its factor."""


@dataclass(frozen=True)
class NativeLayer:
    """A 3 x 3 convolution with zero padding 1 and what follows it."""

    weight: Floats32
    """(results, channels, 3, 3)."""
    bias: Floats32 | None = None
    slope: Floats32 | None = None
    """For negative results, one for each channel: 0 is ReLU. None: no activation."""


class NativeNetwork:
    """Packed weights and operations; independent of the image, shared by all streams.

    Tensors are numbered: 0 is the input, its blocks of ``fold`` x ``fold`` pixels folded into
    channels.
    """

    def __init__(self, channels: int, fold: int = 1) -> None:
        self.library = load()
        self.channels = channels
        self.scale = 0
        self.fold = fold
        self._scales = [1]
        self.handle = self.library.checked("network", channels, fold)

    def __del__(self) -> None:
        if hasattr(self, "handle"):
            self.library.call("network_free", self.handle)

    def convolve(
        self, source: int, layer: NativeLayer, terms: Terms = (), *, doubled: bool = False
    ) -> int:
        """activation(convolution(source)) + terms; ``doubled``: of the source twice as large."""
        self._scales.append(self._scales[source] * (2 if doubled else 1))
        tensor: int = self.library.checked(
            *("convolution", self.handle, source, int(doubled), layer.weight.shape[0]),
            *(floats(layer.weight), floats(layer.bias), floats(layer.slope), 1.0),
            *_c_terms(terms),
        )
        return tensor

    def dense(self, source: int, layers: Sequence[NativeLayer], factor: float, terms: Terms) -> int:
        """factor x the last of ``layers``, each over the source and all results before, + terms."""
        self._scales.append(self._scales[source])
        tensor: int = self.library.checked(
            *("dense", self.handle, source, len(layers)),
            ints([layer.weight.shape[0] for layer in layers]),
            pointers([layer.weight for layer in layers]),
            pointers([layer.bias for layer in layers]),
            pointers([layer.slope for layer in layers]),
            factor,
            *_c_terms(terms),
        )
        return tensor

    def begin_tail(self) -> None:
        """Layers from here on run on few rows at a time."""
        self.library.checked("begin_tail", self.handle)

    def finish(self, tensor: int, unfold: int = 1, *, around: bool = False) -> NativeNetwork:
        """The output: channels unfolded into blocks of pixels; the enlarged input is added."""
        self.library.checked("finish", self.handle, tensor, 3, unfold, int(around))
        scaled, rest = divmod(self._scales[tensor] * unfold, self.fold)
        assert rest == 0
        self.scale = scaled
        return self


def _c_terms(terms: Terms) -> tuple[int, Any, Any]:
    return (
        len(terms),
        ints([tensor for tensor, _ in terms]),
        c_floats([factor for _, factor in terms]),
    )


def layer_of(convolution: torch.nn.Conv2d, activation: Any = None) -> NativeLayer:
    """A convolution's weights, and its activation as slopes."""
    plain = (
        convolution.kernel_size == (3, 3)
        and convolution.padding == (1, 1)
        and convolution.stride == convolution.dilation == (1, 1)
        and convolution.groups == 1
        and convolution.padding_mode == "zeros"
    )
    if not plain:
        raise TypeError(f"expected a 3 x 3 convolution with padding 1, found {convolution}")
    bias = None if convolution.bias is None else _array(convolution.bias)
    results = convolution.out_channels
    return NativeLayer(_array(convolution.weight), bias, _slopes(activation, results))


def _slopes(activation: Any, results: int) -> Floats32 | None:
    match activation:
        case None:
            return None
        case float():
            slope: Any = activation
        case torch.nn.ReLU():
            slope = 0.0
        case torch.nn.LeakyReLU():
            slope = activation.negative_slope
        case torch.nn.PReLU():
            slope = _array(activation.weight)
        case _:
            raise TypeError(f"an activation that the native runtime does not know: {activation}")
    return np.ascontiguousarray(np.broadcast_to(np.asarray(slope, np.float32), (results,)))


def _array(tensor: torch.Tensor) -> Floats32:
    array: Floats32 = tensor.detach().to("cpu", torch.float32).contiguous().numpy()
    return array
