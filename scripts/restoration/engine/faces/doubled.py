"""A 3 x 3 convolution of a picture doubled by bilinear interpolation, done before it is doubled.

Interpolation puts zeros between the pixels and runs a filter of 4 x 4 over each channel. As
convolutions commute, the network's own comes first, on a quarter of the pixels, and the picture is
enlarged with the fewer channels that come out. StyleGAN2 itself is built so (its
``upsample_conv_2d``).

Tensors are float32 (1, channels, height, width) in channels-last order.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from restoration.engine.torch_streams.layers import Tensor


def channels_last(tensor: Tensor) -> Tensor:
    """Weights or pixels as the convolutions here are quickest with."""
    return tensor.detach().contiguous(memory_format=torch.channels_last)


def doubled(tensor: Tensor) -> Tensor:
    """Bilinear interpolation to twice the size."""
    return functional.interpolate(tensor, scale_factor=2, mode="bilinear")


def turned(weight: Tensor) -> Tensor:
    """A convolution's weights as those of the transposed convolution that does the same."""
    return channels_last(weight.flip(2, 3).transpose(0, 1))


def convolve_doubled(tensor: Tensor, weight: Tensor, bias: Tensor, kernel: Tensor) -> Tensor:
    """The 3 x 3 convolution, zero padding 1, of ``doubled(tensor)``.

    Parameters
    ----------
    tensor
        (1, channels, height, width)
    weight
        (channels, results, 3, 3), see ``turned``.
    bias
        (results,)
    kernel
        (results, 1, 4, 4), see ``interpolation``.

    Returns
    -------
    (1, results, 2 height, 2 width)
    """
    # Interpolation at the border repeats the outermost pixels.
    framed = functional.pad(tensor, (1, 1, 1, 1), mode="replicate")
    spread = functional.conv_transpose2d(framed, weight, stride=2, padding=1)
    result = functional.conv2d(spread, kernel, bias, groups=kernel.shape[0])
    # The outermost results see the convolution's zeros, not pixels interpolated beyond the border.
    for axis in (2, 3):
        first, last = _outermost(tensor, weight, bias, axis)
        result.narrow(axis, 0, 1).copy_(first)
        result.narrow(axis, -1, 1).copy_(last)
    return result


def _outermost(tensor: Tensor, weight: Tensor, bias: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """First and last row (axis 2) or column (axis 3) of ``convolve_doubled``, each (1, ...)."""
    ends = torch.cat((tensor.narrow(axis, 0, 2), tensor.narrow(axis, -2, 2)))
    four = doubled(ends)
    zeros = torch.zeros_like(four.narrow(axis, 0, 1)[:1])
    first = torch.cat((zeros, four[:1].narrow(axis, 0, 2)), axis)
    last = torch.cat((four[1:].narrow(axis, 2, 2), zeros), axis)
    # A transposed convolution's padding is what it cuts off: of 3 lines spread over 5, the middle.
    padding = (2, 1) if axis == 2 else (1, 2)
    lines = functional.conv_transpose2d(torch.cat((first, last)), weight, bias, padding=padding)
    return lines[:1], lines[1:]


def interpolation(channels: int, like: Tensor) -> Tensor:
    """The filter that follows pixels spread by zeros: bilinear interpolation to twice the size.

    Even pixels are 1/4 of the one before and 3/4 of their own, odd ones 3/4 and 1/4 of the next.
    """
    line = like.new_tensor([0.25, 0.75, 0.75, 0.25])
    return torch.outer(line, line).expand(channels, 1, 4, 4).contiguous()
