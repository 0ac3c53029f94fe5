"""GFPGAN (GFPGANv1Clean) over one aligned face, with the sums in an order that costs less.

A U-Net reads the face; what it finds on each scale steers a StyleGAN2 generator, layer by layer.
Three rewritings, each equal in exact arithmetic, make it fast; the differences are rounding:

* The generator scales the weights of each convolution by the face's style. Its demodulation
  factors need the energy of every pair of channels alone, which is the same for every face
  (Karras et al., Analyzing and Improving the Image Quality of StyleGAN, CVPR 2020, section 2.2).
* A convolution of a picture that was doubled by bilinear interpolation is done before the
  interpolation: a transposed convolution, then a filter on each channel. It takes a quarter of
  the multiplications, and the picture is enlarged with the fewer channels that come out. StyleGAN2
  itself is built so (its ``upsample_conv_2d``).
* A 1 x 1 convolution of an enlarged picture is done before it is enlarged.

The noise is what the weights' file holds. ``gfpgan`` draws new noise for every call, so that two
runs of it differ.

Tensors are float32 (1, channels, height, width) in channels-last order.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from restoration.engine.faces.doubled import (
    channels_last,
    convolve_doubled,
    doubled,
    interpolation,
    turned,
)
from restoration.engine.faces.face_answer import face_answer
from restoration.engine.torch_streams.layers import Tensor

_SLOPE = 0.2

_RGB = 4
"""Channels of a picture in work: with three, enlarging is not the same for all thread counts."""


def _leaky(tensor: Tensor) -> Tensor:
    return functional.leaky_relu_(tensor, _SLOPE)


def _halved(tensor: Tensor) -> Tensor:
    """Bilinear interpolation to half the size is the mean of 2 x 2."""
    return functional.avg_pool2d(tensor, 2)


def _mixed(tensor: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """A 1 x 1 convolution, as a product of matrices; ``weight``: (results, channels).

    The sums of torch's 1 x 1 convolution differ with the number of threads.
    """
    pixels = tensor.permute(0, 2, 3, 1)
    return functional.linear(pixels, weight, bias).permute(0, 3, 1, 2)


class _Mix:
    """A 1 x 1 convolution."""

    def __init__(self, convolution: Any) -> None:
        self._weight = convolution.weight.detach()[:, :, 0, 0]
        self._bias = None if convolution.bias is None else convolution.bias.detach()

    def __call__(self, tensor: Tensor) -> Tensor:
        return _mixed(tensor, self._weight, self._bias)


class _Convolution:
    """A 3 x 3 convolution with zero padding 1."""

    def __init__(self, convolution: Any) -> None:
        self._weight = channels_last(convolution.weight)
        self._bias = convolution.bias.detach()

    def __call__(self, tensor: Tensor) -> Tensor:
        return functional.conv2d(tensor, self._weight, self._bias, padding=1)


class _DoublingConvolution:
    """A convolution after bilinear interpolation to twice the size."""

    def __init__(self, convolution: Any) -> None:
        self._turned = turned(convolution.weight)
        self._bias = convolution.bias.detach()
        self._kernel = interpolation(len(self._bias), self._bias)

    def __call__(self, tensor: Tensor) -> Tensor:
        return convolve_doubled(tensor, self._turned, self._bias, self._kernel)


class _Down:
    """``ResBlock`` of mode down: to half the size."""

    def __init__(self, block: Any) -> None:
        self._first, self._second = _Convolution(block.conv1), _Convolution(block.conv2)
        self._around = _Mix(block.skip)

    def __call__(self, tensor: Tensor) -> Tensor:
        result = _leaky(self._second(_halved(_leaky(self._first(tensor)))))
        return result.add_(self._around(_halved(tensor)))


class _Up:
    """``ResBlock`` of mode up: to twice the size."""

    def __init__(self, block: Any) -> None:
        self._first, self._second = _Convolution(block.conv1), _DoublingConvolution(block.conv2)
        self._around = _Mix(block.skip)

    def __call__(self, tensor: Tensor) -> Tensor:
        result = _leaky(self._second(_leaky(self._first(tensor))))
        return result.add_(doubled(self._around(tensor)))


class _Condition:
    """``condition_scale`` and ``condition_shift`` side by side: two layers of convolutions."""

    def __init__(self, scale: Any, shift: Any) -> None:
        pairs = [(scale[at], shift[at]) for at in (0, 2)]
        self._weights = [channels_last(torch.cat([c.weight for c in pair])) for pair in pairs]
        self._biases = [torch.cat([c.bias for c in pair]).detach() for pair in pairs]

    def __call__(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Scale and shift, of the features' size."""
        inner = _leaky(functional.conv2d(features, self._weights[0], self._biases[0], padding=1))
        both = functional.conv2d(inner, self._weights[1], self._biases[1], padding=1, groups=2)
        middle = both.shape[1] // 2
        return both[:, :middle], both[:, middle:]


class _Style:
    """``ModulatedConv2d.modulation``: the factor of each channel."""

    def __init__(self, modulation: Any) -> None:
        self._weight, self._bias = modulation.weight.detach(), modulation.bias.detach()

    def __call__(self, latent: Tensor) -> Tensor:
        """(channels,) from (num_style_feat,)."""
        return functional.linear(latent, self._weight, self._bias)


class _StyleConvolution:
    """``StyleConv``: a convolution with the style's weights, noise, bias and leaky ReLU."""

    def __init__(self, part: Any, noise: Tensor) -> None:
        convolution = part.modulated_conv
        weight = convolution.weight.detach()[0]
        self._doubling = convolution.sample_mode == "upsample"
        self._style = _Style(convolution.modulation)
        self._energy = weight.double().square().sum((2, 3)).float()
        self._epsilon = float(convolution.eps)
        self._weight = turned(weight) if self._doubling else channels_last(weight)
        self._bias = part.bias.detach().reshape(-1)
        self._kernel = interpolation(len(self._bias), self._bias)
        self._noise = noise.detach() * part.weight.detach()

    def __call__(self, tensor: Tensor, latent: Tensor) -> Tensor:
        style = self._style(latent)
        energy = functional.linear(style.square(), self._energy)
        # The factor of sqrt(2) is StyleConv's own.
        demodulation = torch.rsqrt(energy + self._epsilon) * math.sqrt(2)
        if self._doubling:
            weight = self._weight * torch.outer(style, demodulation)[:, :, None, None]
            result = convolve_doubled(tensor, weight, self._bias, self._kernel)
        else:
            weight = self._weight * torch.outer(demodulation, style)[:, :, None, None]
            result = functional.conv2d(tensor, weight, self._bias, padding=1)
        return _leaky(result.add_(self._noise))


class _ToRgb:
    """``ToRGB``: a picture of features, a 1 x 1 convolution with the style's weights."""

    def __init__(self, part: Any) -> None:
        convolution = part.modulated_conv
        self._style = _Style(convolution.modulation)
        weight, bias = convolution.weight.detach()[0, :, :, 0, 0], part.bias.detach().reshape(-1)
        more = _RGB - len(bias)
        self._weight = functional.pad(weight, (0, 0, 0, more))
        self._bias = functional.pad(bias, (0, more))

    def __call__(self, tensor: Tensor, latent: Tensor) -> Tensor:
        return _mixed(tensor, self._weight * self._style(latent), self._bias)


class _Level:
    """All that doubles the size once: in the U-Net's way back up, and in the generator."""

    def __init__(self, module: Any, number: int) -> None:
        generator = module.stylegan_decoder
        self._up = _Up(module.conv_body_up[number])
        self._condition = _Condition(module.condition_scale[number], module.condition_shift[number])
        self._first, self._second = (
            _StyleConvolution(
                generator.style_convs[at], getattr(generator.noises, f"noise{at + 1}")
            )
            for at in (2 * number, 2 * number + 1)
        )
        self._to_rgb = _ToRgb(generator.to_rgbs[number])

    def __call__(
        self, features: Tensor, inside: Tensor, picture: Tensor, latents: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The U-Net's features, the generator's and the picture, of twice the size.

        ``latents``: (3, num_style_feat), one for each of the level's three layers with a style.
        """
        features = self._up(features)
        inside = self._first(inside, latents[0])
        scale, shift = self._condition(features)
        # sft_half: the second half of the channels is steered.
        steered = inside[:, inside.shape[1] // 2 :]
        torch.addcmul(shift, steered, scale, out=steered)
        inside = self._second(inside, latents[1])
        picture = self._to_rgb(inside, latents[2]).add_(doubled(picture))
        return features, inside, picture


def face_network(module: Any) -> Callable[[Tensor], Tensor]:
    """As ``engine.by_architecture.FaceCode``."""
    network = FaceNetwork(module)
    # Doubling is exact: the bits are those of the authors' (x - 0.5) / 0.5.
    return lambda face: (network(face * 2.0 - 1.0) + 1.0) / 2.0


class FaceNetwork:
    """The whole network.

    Parameters
    ----------
    module
        A ``gfpgan.archs.gfpganv1_clean_arch.GFPGANv1Clean`` as its authors configured it for their
        weights: ``different_w``, ``input_is_latent`` and ``sft_half``. Its larger weights are
        copied in another order, so it need not be kept.
    """

    def __init__(self, module: Any) -> None:
        generator = module.stylegan_decoder
        if not (module.different_w and module.input_is_latent and generator.sft_half):
            raise TypeError("expected a GFPGAN with different_w, input_is_latent and sft_half")
        self.side = 2**module.log_size
        """Width and height of the face, in pixels."""
        self._features = module.num_style_feat
        self._enter = _Mix(module.conv_body_first)
        self._down = [_Down(block) for block in module.conv_body_down]
        self._bottom = _Convolution(module.final_conv)
        linear = module.final_linear
        self._latents = linear.weight.detach(), linear.bias.detach()
        self._constant = channels_last(generator.constant_input.weight)
        self._first = _StyleConvolution(generator.style_conv1, generator.noises.noise0)
        self._first_rgb = _ToRgb(generator.to_rgb1)
        self._levels = [_Level(module, number) for number in range(len(module.conv_body_up))]

    def __call__(self, face: Tensor) -> Tensor:
        """The restored face.

        Parameters
        ----------
        face
            float32 (1, 3, side, side) in [-1, 1], sRGB-encoded, eyes and mouth where the network
            was trained to find them; on the device of the weights.

        Returns
        -------
        float32 (1, 3, side, side), about [-1, 1], not clipped. The same face gives the same bytes.

        Raises
        ------
        ScanError
            The network made NaN or infinity.
        CircumstanceError
            Memory ran out, or the device failed.
        """
        expected = (1, 3, self.side, self.side)
        if tuple(face.shape) != expected or face.dtype != torch.float32:
            raise ValueError(f"a face is {tuple(face.shape)} {face.dtype}, expected {expected}")
        result = face_answer(lambda: self._run(face), self.side, "the face network")
        # A copy: inference mode must not reach the caller.
        return result.clone(memory_format=torch.contiguous_format)

    def _run(self, face: Tensor) -> Tensor:
        features = _leaky(self._enter(channels_last(face)))
        skips = []
        for down in self._down:
            features = down(features)
            skips.append(features)
        features = _leaky(self._bottom(features))
        # The linear layer was trained on channels first.
        latents = functional.linear(features.reshape(-1), *self._latents).view(-1, self._features)
        inside = self._first(self._constant, latents[0])
        picture = self._first_rgb(inside, latents[1])
        for number, level in enumerate(self._levels):
            features = features + skips.pop()
            # A level's last latent is the next one's first (StyleGAN2's own order).
            own = latents[2 * number + 1 :][:3]
            features, inside, picture = level(features, inside, picture, own)
        return picture[:, :3]
