"""3 x 3 convolutions with half of the products: Winograd's F(4, 3) along the columns of the image.

Four rows of a result depend on six rows of what is convolved. As polynomials the three weights of
a column of the filter and the six samples have a product of six coefficients; it is computed at
six points instead, one product each in place of three per row, 6 instead of 12. Along the rows of
the image the convolution stays what it is: at each point ("frequency") it is a 1 x 3 convolution
over rows of tiles, with the network's zero padding left and right.

The points are 0, +-sqrt(1/2), +-sqrt(2) and infinity: the usual +-1 and +-2 err by about twice as
much in float32 (Barabasz et al., "Error Analysis and Improving the Accuracy of Winograd
Convolution for Deep Neural Networks", ACM TOMS 46, 2020).

Rows of an image are (rows, columns, channels) here, frequencies (6, tile rows, columns, channels),
float32 both. What a tile's result is depends on its six rows alone, whatever tiles are computed
beside it, and on no number of threads.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from restoration.engine.torch_streams.layers import Tensor

TILE = 4
"""Rows of a result that are computed together."""
FREQUENCIES = 6
HALO = 2
"""Rows that a tile's source has more than its result: one above and one below."""

_A, _B = math.sqrt(0.5), math.sqrt(2.0)
_POINTS = np.array([0.0, _A, -_A, _B, -_B])

# Columns in a row of tiles times rows of tiles that are multiplied at once: what a product and its
# source occupy (13 MB for 192 channels) is then reused by the allocator, not mapped anew each time.
_AT_ONCE = 1 << 14


def suits(weight: Tensor) -> bool:
    """Whether a network with such weights is computed in tiles: on the processor, in float32.

    Elsewhere the libraries choose among such algorithms themselves.
    """
    on_processor = weight.device.type == "cpu" and weight.dtype == torch.float32
    # The products need oneDNN, which builds for some processors lack.
    return on_processor and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]


class Filter:
    """The weights of a 3 x 3 convolution at each frequency."""

    def __init__(self, convolution: torch.nn.Conv2d) -> None:
        if convolution.kernel_size != (3, 3) or convolution.padding != (1, 1):
            raise TypeError(f"expected a 3 x 3 convolution with padding 1, found {convolution}")
        self.channels, self.results = convolution.in_channels, convolution.out_channels
        # Rows of the filter first, the channels last: (3, results * 3 * channels).
        weight = convolution.weight.detach().permute(2, 0, 3, 1)
        spectra = torch.from_numpy(_filter_matrix()) @ weight.reshape(3, -1).double()
        self._weights = [
            spectrum.view(self.results, 1, 3, self.channels).permute(0, 3, 1, 2)
            for spectrum in spectra.float()
        ]
        # The bias is added where it costs nothing: to products of which all four rows get it once.
        shares = np.linalg.lstsq(_result_matrix(), np.ones(TILE), rcond=None)[0]
        bias = convolution.bias
        self._biases = [
            None if bias is None else (bias.detach().double() * share).float() for share in shares
        ]

    def apply(self, frequencies: Tensor, rows: Tensor) -> None:
        """Fill ``rows``, 4 for each row of tiles, with the convolution of ``frequencies``."""
        columns = frequencies.shape[2]
        step = max(1, _AT_ONCE // columns)
        for top in range(0, frequencies.shape[1], step):
            part = frequencies[:, top : top + step]
            products = [
                _along_rows(seen, weight, bias)
                for seen, weight, bias in zip(part, self._weights, self._biases, strict=True)
            ]
            _from_frequencies(products, rows[top * TILE : (top + step) * TILE])


def to_frequencies(rows: Tensor, frequencies: Tensor) -> None:
    """Fill ``frequencies`` of as many rows of tiles as fit into ``rows``.

    Parameters
    ----------
    rows
        (4 t + 2, columns, channels): the first is the one above the first tile.
    frequencies
        (6, t, columns, channels).
    """
    step = max(1, _AT_ONCE // rows.shape[1])
    for top in range(0, frequencies.shape[1], step):
        bottom = min(top + step, frequencies.shape[1])
        _to_frequencies(rows[top * TILE : bottom * TILE + HALO], frequencies[:, top:bottom])


def _filter_matrix() -> np.ndarray:
    """(6, 3): the polynomial of three weights at each point, divided as Lagrange's formula asks."""
    rows = [
        [point**k / np.prod(point - np.delete(_POINTS, index)) for k in range(3)]
        for index, point in enumerate(_POINTS)
    ]
    return np.array([*rows, [0.0, 0.0, 1.0]])


def _result_matrix() -> np.ndarray:
    """(4, 6): what ``_from_frequencies`` computes."""
    powers = np.array([_POINTS**row for row in range(TILE)])
    return np.column_stack((powers, np.eye(TILE)[:, -1]))


def _along_rows(rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """A 1 x 3 convolution of (rows, columns, channels)."""
    # Not functional.conv2d, which takes another algorithm for few rows: then a result would depend
    # on how many were computed at once.
    image = rows[None].permute(0, 3, 1, 2)
    result = torch.mkldnn_convolution(image, weight, bias, (0, 1), (1, 1), (1, 1), 1)
    return result[0].permute(1, 2, 0)


def _to_frequencies(rows: Tensor, frequencies: Tensor) -> None:
    count = frequencies.shape[1]
    d = [rows[k : k + TILE * (count - 1) + 1 : TILE] for k in range(FREQUENCIES)]
    for point, above, below in ((_A, 1, 2), (_B, 3, 4)):
        # Both points of a pair share the sums of their even and of their odd powers.
        rest = 1 / point**2
        even = torch.sub(d[4], d[2], alpha=rest)
        odd = torch.sub(d[3], d[1], alpha=rest)
        torch.add(even, odd, alpha=point, out=frequencies[above])
        torch.sub(even, odd, alpha=point, out=frequencies[below])
    torch.sub(torch.add(d[0], d[4], out=even), d[2], alpha=2.5, out=frequencies[0])
    torch.sub(torch.add(d[1], d[5], out=odd), d[3], alpha=2.5, out=frequencies[5])


def _from_frequencies(products: list[Tensor], rows: Tensor) -> None:
    """The products are overwritten."""
    m = products
    y = [rows[k::TILE] for k in range(TILE)]
    sum_a, sum_b = torch.add(m[1], m[2]), torch.add(m[3], m[4])
    difference_a, difference_b = m[1].sub_(m[2]), m[3].sub_(m[4])
    torch.add(m[0].add_(sum_a), sum_b, out=y[0])
    torch.add(m[5].add_(difference_a, alpha=_A**3), difference_b, alpha=_B**3, out=y[3])
    torch.add(difference_a.mul_(_A), difference_b, alpha=_B, out=y[1])
    torch.add(sum_a.mul_(_A**2), sum_b, alpha=_B**2, out=y[2])
