"""A torch module as the list of operations that the native runtime runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from restoration.engine.native import KNOWN
from restoration.engine.native.library import Floats, c_floats, floats, ints, load, pointers

Terms = Sequence[tuple[int, float]]
"""Tensors that are added to a result, each with its factor."""


@dataclass(frozen=True)
class Layer:
    """A 3 x 3 convolution with zero padding 1 and what follows it."""

    weight: Floats
    """(results, channels, 3, 3)."""
    bias: Floats | None = None
    slope: Floats | None = None
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
        self, source: int, layer: Layer, terms: Terms = (), *, doubled: bool = False
    ) -> int:
        """activation(convolution(source)) + terms; ``doubled``: of the source twice as large."""
        self._scales.append(self._scales[source] * (2 if doubled else 1))
        tensor: int = self.library.checked(
            *("convolution", self.handle, source, int(doubled), layer.weight.shape[0]),
            *(floats(layer.weight), floats(layer.bias), floats(layer.slope), 1.0),
            *_c_terms(terms),
        )
        return tensor

    def dense(self, source: int, layers: Sequence[Layer], factor: float, terms: Terms) -> int:
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


def describe(module: Any, architecture: str | None) -> NativeNetwork:
    """The network of a torch module. KeyError where the architecture is not known."""
    return _ARCHITECTURES[architecture or ""](module)


def known(architecture: str | None) -> bool:
    """Whether ``describe`` knows it."""
    return architecture in KNOWN


def layer_of(convolution: torch.nn.Conv2d, activation: Any = None) -> Layer:
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
    return Layer(_array(convolution.weight), bias, _slopes(activation, results))


def _slopes(activation: Any, results: int) -> Floats | None:
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


def _array(tensor: torch.Tensor) -> Floats:
    array: Floats = tensor.detach().to("cpu", torch.float32).contiguous().numpy()
    return array


def _rrdbnet(module: Any) -> NativeNetwork:
    """``basicsr.archs.rrdbnet_arch.RRDBNet``: 0.2 is its slope and its share of each block."""
    fold = {4: 1, 2: 2, 1: 4}[module.scale]
    network = NativeNetwork(module.conv_first.in_channels // fold**2, fold)
    first = layer_of(module.conv_first)
    trunk = network.convolve(0, first)
    for block in module.body:
        around, inside = trunk, trunk
        for part in (block.rdb1, block.rdb2, block.rdb3):
            convolutions = [getattr(part, f"conv{k}") for k in range(1, 6)]
            layers = [*(layer_of(c, 0.2) for c in convolutions[:4]), layer_of(convolutions[4])]
            if part is not block.rdb3:
                inside = network.dense(inside, layers, 0.2, [(inside, 1.0)])
            else:
                # The way around the three blocks, in the same pass.
                trunk = network.dense(inside, layers, 0.04, [(inside, 0.2), (around, 1.0)])
    body = network.convolve(trunk, layer_of(module.conv_body))
    # The way around the trunk is hundreds of rows long. Three channels of input are kept, not 64
    # of features: the first convolution is computed again, a thousandth of the work.
    features = network.convolve(0, first, [(body, 1.0)])
    network.begin_tail()
    tensor = network.convolve(features, layer_of(module.conv_up1, 0.2), doubled=True)
    tensor = network.convolve(tensor, layer_of(module.conv_up2, 0.2), doubled=True)
    tensor = network.convolve(tensor, layer_of(module.conv_hr, 0.2))
    return network.finish(network.convolve(tensor, layer_of(module.conv_last)))


def _chain(network: NativeNetwork, parts: Sequence[Any]) -> int:
    """Convolutions in a row, each with the activation that may follow it."""
    tensor = 0
    for part, after in zip(parts, [*parts[1:], None], strict=True):
        if isinstance(part, torch.nn.Conv2d):
            activation = None if isinstance(after, torch.nn.Conv2d) else after
            tensor = network.convolve(tensor, layer_of(part, activation))
    return tensor


def _srvgg(module: Any) -> NativeNetwork:
    """``realesrgan.archs.srvgg_arch.SRVGGNetCompact``."""
    parts = list(module.body)
    network = NativeNetwork(parts[0].in_channels)
    return network.finish(_chain(network, parts), int(module.upscale), around=True)


def _ffdnet(module: Any) -> NativeNetwork:
    """``networks.ffdnet.FFDNet``."""
    parts = list(module.model)
    network = NativeNetwork(4, 2)
    first = layer_of(parts[0], parts[1])
    # The mean of a block's four noise levels is one channel: a quarter of its weights for each.
    levels = np.repeat(first.weight[:, 12:] / np.float32(4), 4, axis=1)
    weight = np.ascontiguousarray(np.concatenate((first.weight[:, :12], levels), 1))
    tensor = network.convolve(0, Layer(weight, first.bias, first.slope))
    for part, after in zip(parts[2:], [*parts[3:], None], strict=True):
        if isinstance(part, torch.nn.Conv2d):
            tensor = network.convolve(tensor, layer_of(part, after))
    return network.finish(tensor, 2)


_ARCHITECTURES: dict[str, Callable[[Any], NativeNetwork]] = {
    "rrdbnet": _rrdbnet,
    "srvgg": _srvgg,
    "ffdnet": _ffdnet,
}
