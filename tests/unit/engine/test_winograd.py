"""Convolutions in tiles: exact by double precision, the same bytes however they are run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from restoration.engine.torch_streams.layers import StreamRows
from restoration.engine.torch_streams.tiled import Steps, TiledConvolution, Workspace, grid_start
from restoration.engine.torch_streams.tiled_dense import TiledDenseBlock
from restoration.engine.torch_streams.winograd import TILE, Filter, suits, to_frequencies
from restoration.networks.architectures.rrdbnet import RrdbnetParameters
from restoration.networks.architectures.srvgg import SrvggParameters
from restoration.networks.ffdnet import FFDNet
from restoration.networks.registry import ARCHITECTURES
from support.engine_cases import CODE, CPU, Case, halftone, photograph, run, seeded, worst
from support.native_answers import exact, real

Image = npt.NDArray[np.float32]
RRDB = RrdbnetParameters(num_feat=12, num_block=2, num_grow_ch=6)


class Denoiser(Case):
    channels = 4


def denoiser() -> Case:
    torch.manual_seed(3)
    return Denoiser(FFDNet(24, 4).eval().requires_grad_(False), 1, 8, ARCHITECTURES["ffdnet"], 2)


NETWORKS: dict[str, Callable[[], Case]] = {
    "rrdbnet": lambda: seeded(RRDB),
    "rrdbnet-x2": lambda: seeded(RRDB, 2),
    "rrdbnet-x1": lambda: seeded(RRDB, 1),
    "srvgg": lambda: seeded(SrvggParameters(num_feat=12, num_conv=6)),
}


@cache
def network_of(kind: str) -> Case:
    return NETWORKS[kind]()


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("size", [(4, 1), (8, 5), (16, 33)])
def test_a_convolution_equals_double_precision(size: tuple[int, int], bias: bool) -> None:
    """With random samples up to 5 and 40 channels; direct convolution errs by 2e-6."""
    torch.manual_seed(5)
    convolution = torch.nn.Conv2d(40, 24, 3, padding=1, bias=bias).requires_grad_(False)
    image = torch.randn(1, 40, *size)
    rows = torch.zeros(size[0] + 2, size[1], 40)
    rows[1:-1] = image[0].permute(1, 2, 0)
    frequencies = torch.empty(6, size[0] // TILE, size[1], 40)
    result = torch.empty(*size, 24)
    to_frequencies(rows, frequencies)
    Filter(convolution).apply(frequencies, result)
    expected = convolution.double()(image.double())[0].permute(1, 2, 0)
    assert float((result - expected).abs().max()) < 5e-6


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("make", [photograph, halftone])
def test_networks_equal_double_precision(kind: str, make: Callable[[int, int], Image]) -> None:
    """More rows than one step, neither a multiple of four."""
    network, image = network_of(kind), make(140, 36)
    assert worst(run(network, image, 64), exact(network, image)) < CODE


@pytest.mark.parametrize("kind", ["rrdbnet", "srvgg"])
@pytest.mark.parametrize(
    "size", [(1, 1), (1, 37), (37, 1), (2, 5), (3, 3), (5, 7), (63, 5), (65, 2), (66, 6), (71, 9)]
)
def test_borders_of_odd_and_tiny_images(kind: str, size: tuple[int, int]) -> None:
    network, image = network_of(kind), halftone(*size)
    assert worst(run(network, image, 8), exact(network, image)) < CODE


def test_a_denoiser_that_is_told_the_noise() -> None:
    network = denoiser()
    image = np.concatenate((photograph(78, 36), photograph(78, 36)[..., :1]), 2)
    assert worst(run(network, image, 16), exact(network, image)) < CODE


@pytest.mark.parametrize("kind", ["rrdbnet", "rrdbnet-x1", "srvgg"])
def test_the_same_bytes_with_any_threads_and_any_bands(kind: str) -> None:
    network, image = network_of(kind), halftone(140, 76)
    torch.set_num_threads(1)
    expected = run(network, image, 64)
    for threads, band_rows in [(2, 64), (2, 8), (3, 200), (1, 16)]:
        torch.set_num_threads(threads)
        assert run(network, image, band_rows).tobytes() == expected.tobytes()


@pytest.mark.weights
@pytest.mark.parametrize(
    ("name", "size"),
    [("realesrgan-x4plus-packaged", (70, 9)), ("realesr-general-x4v3-ncnn", (70, 44))],
)
@pytest.mark.parametrize("make", [photograph, halftone])
def test_real_networks_equal_double_precision(
    name: str, size: tuple[int, int], make: Callable[[int, int], Image]
) -> None:
    network, image = real(name), make(*size)
    assert worst(run(network, image, 64), exact(network, image)) < CODE


@pytest.mark.weights
def test_a_real_network_gives_the_same_bytes_with_any_threads_and_any_bands() -> None:
    network, image = real("realesrgan-x4plus-packaged"), halftone(67, 18)
    torch.set_num_threads(1)
    expected = run(network, image, 64)
    torch.set_num_threads(2)
    assert run(network, image, 24).tobytes() == expected.tobytes()


def test_steps_begin_at_fixed_rows_whatever_pieces_come() -> None:
    rows = torch.arange(21.0).view(1, 1, 21, 1)
    for piece in (1, 5, 21):
        steps, made = Steps(8), []
        for top in range(0, 21 + steps.lag, piece):
            made += steps.push(StreamRows(rows[:, :, top : top + piece], top + piece))
        assert [step.stop for step in made[:3]] == [8, 16, 24]
        assert torch.equal(torch.cat([step.tensor for step in made], 2), rows)


@pytest.mark.parametrize("stop", range(-9, 10))
def test_a_grid_begins_less_than_a_tile_above_the_image(stop: int) -> None:
    assert -TILE < grid_start(stop) <= 0
    assert (stop - grid_start(stop)) % TILE == 0


def test_rows_that_are_no_whole_tiles_are_a_mistake() -> None:
    convolution = torch.nn.Conv2d(3, 3, 3, padding=1).requires_grad_(False)
    layer = TiledConvolution(convolution, 40, None, Workspace())
    layer.push(StreamRows(torch.zeros(1, 3, 8, 5), 8))
    with pytest.raises(AssertionError, match="no whole tiles"):
        layer.push(StreamRows(torch.zeros(1, 3, 6, 5), 14))


def test_other_convolutions_are_refused() -> None:
    with pytest.raises(TypeError, match="3 x 3"):
        Filter(torch.nn.Conv2d(3, 3, 5, padding=2))


def test_only_float32_on_the_processor_is_computed_in_tiles() -> None:
    assert suits(torch.zeros(1, device=CPU))
    assert not suits(torch.zeros(1, device=CPU, dtype=torch.float64))
    assert not suits(torch.zeros(1, device="meta"))


def test_a_dense_block_keeps_rows_that_do_not_grow() -> None:
    """Six rows of its input and one of each of four results, however many were pushed."""
    block: Any = seeded(RRDB).module.body[0].rdb1
    layer = TiledDenseBlock(block, 1000, Workspace(), 0.2, 0.2)
    with torch.inference_mode():
        for stop in range(64, 64 * 5, 64):
            layer.push(StreamRows(torch.zeros(1, 12, 64, 9), stop))
            assert sum(kept.numel() for kept in layer._kept) == 9 * (6 * 12 + 4 * 6)
