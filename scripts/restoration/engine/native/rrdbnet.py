"""RRDBNet in the native runtime."""

from __future__ import annotations

from typing import Any

from restoration.engine.native.describe import NativeNetwork, layer_of


def describe(module: Any) -> NativeNetwork:
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
