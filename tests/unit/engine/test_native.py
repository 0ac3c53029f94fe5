"""The native runtime: exact by double precision, and the same bytes in every way of running."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from restoration.config.settings import EngineSettings
from restoration.engine.native import build, library, self_test, srvgg
from restoration.engine.native import kernels as kernels_of
from restoration.engine.native.describe import NativeLayer, NativeNetwork
from restoration.engine.native.kernels import best_kernels
from restoration.engine.native.stream import NativeStream
from restoration.engine.packed import described
from restoration.engine.run import run_network
from restoration.engine.torch_streams.layers import StreamRows
from restoration.errors import CircumstanceError, ScanError
from restoration.networks.architectures.rrdbnet import RrdbnetParameters
from restoration.networks.architectures.srvgg import SrvggParameters
from restoration.networks.ffdnet import FFDNet
from restoration.networks.registry import ARCHITECTURES
from restoration.raster.base import ArrayRaster
from support.engine_cases import CODE, CPU, Case, halftone, photograph, seeded, worst
from support.native_answers import Image, exact, real


def built() -> str:
    """Empty, or why there is no native runtime to test."""
    try:
        build.build()
    except CircumstanceError as error:
        return str(error)
    return ""


needs_compiler = pytest.mark.skipif(bool(built()), reason=built())

# Channels that fill no block of 16, and ones that fill several.
NETWORKS: dict[str, Callable[[], Case]] = {
    "rrdbnet": lambda: seeded(RrdbnetParameters(num_feat=12, num_block=2, num_grow_ch=6)),
    "rrdbnet-36": lambda: seeded(RrdbnetParameters(num_feat=36, num_block=1, num_grow_ch=20)),
    "srvgg": lambda: seeded(SrvggParameters(num_feat=12, num_conv=6)),
    "srvgg-48": lambda: seeded(SrvggParameters(num_feat=48, num_conv=3)),
}


def present_kernels() -> list[str]:
    if built():
        return []
    return [name for name in library.KERNELS if library.load().call("has_kernels", name.encode())]


@cache
def network_of(kind: str) -> Case:
    return NETWORKS[kind]()


def native(
    network: Any, image: Image, rows: int = 64, threads: int = 2, kernels: str | None = None
) -> Image:
    packed = described(network.module, network.architecture)
    stream = NativeStream(packed, image.shape[0], kernels or best_kernels(), threads)
    tensor = torch.from_numpy(image).permute(2, 0, 1)[None]
    pieces = []
    for top in range(0, image.shape[0] + stream.lag, rows):
        pieces += stream.push(StreamRows(tensor[:, :, top : top + rows], top + rows))
    result: Image = torch.cat(pieces, 2)[0].permute(1, 2, 0).contiguous().numpy()
    return result


def run(network: Any, image: Image, band_rows: int = 16, strip_columns: int = 8192) -> Image:
    settings = EngineSettings(band_rows=band_rows).model_copy(
        update={"strip_columns": strip_columns}
    )
    source = ArrayRaster(image)
    return np.concatenate([*run_network(network, source, settings, CPU, runtime="native")])


@needs_compiler
@pytest.mark.parametrize("kernels", present_kernels())
def test_kernels_pass_their_own_test(kernels: str) -> None:
    assert self_test.self_test(kernels) < 1e-6


@needs_compiler
@pytest.mark.parametrize("kernels", present_kernels())
@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("make", [photograph, halftone])
def test_equals_double_precision(
    kind: str, make: Callable[[int, int], Image], kernels: str
) -> None:
    network, image = network_of(kind), make(43, 38)
    assert worst(native(network, image, kernels=kernels), exact(network, image)) < CODE


@needs_compiler
@pytest.mark.weights
@pytest.mark.parametrize(
    ("name", "size"),
    [("realesrgan-x4plus-packaged", (13, 12)), ("realesr-general-x4v3-ncnn", (40, 44))],
)
@pytest.mark.parametrize("make", [photograph, halftone])
def test_real_networks_equal_double_precision(
    name: str, size: tuple[int, int], make: Callable[[int, int], Image]
) -> None:
    network = real(name)
    image = make(*size)
    assert worst(native(network, image), exact(network, image)) < CODE


@needs_compiler
@pytest.mark.parametrize("kind", NETWORKS)
def test_the_same_bytes_with_any_threads_and_any_bands(kind: str) -> None:
    """Taller than one step of the runtime, wider than one panel of a dense block."""
    network, image = network_of(kind), halftone(135, 400)
    expected = native(network, image, 64, 1)
    for rows, threads in [(64, 2), (13, 3)]:
        assert native(network, image, rows, threads).tobytes() == expected.tobytes()


@needs_compiler
@pytest.mark.parametrize("kind", ["rrdbnet", "srvgg"])
@pytest.mark.parametrize(
    "size", [(1, 1), (1, 37), (37, 1), *((height, 5 + height) for height in range(2, 10)), (33, 17)]
)
def test_odd_and_tiny_sizes(kind: str, size: tuple[int, int]) -> None:
    network, image = network_of(kind), photograph(*size)
    assert worst(native(network, image, 8), exact(network, image)) < CODE


@needs_compiler
@pytest.mark.parametrize("height", [127, 128, 129, 260])
@pytest.mark.parametrize("kind", ["rrdbnet", "srvgg"])
def test_heights_about_whole_steps(kind: str, height: int) -> None:
    network, image = network_of(kind), photograph(height, 21)
    assert worst(native(network, image), exact(network, image)) < CODE


@needs_compiler
@pytest.mark.parametrize("scale", [1, 2])
def test_networks_that_fold_blocks(scale: int) -> None:
    network = seeded(RrdbnetParameters(num_feat=12, num_block=2, num_grow_ch=6), scale)
    image = photograph(140, 36)
    assert worst(run(network, image), exact(network, image)) < CODE


@needs_compiler
def test_a_denoiser_that_is_told_the_noise() -> None:
    torch.manual_seed(3)
    module = FFDNet(24, 4).eval().requires_grad_(False)
    network = Case(module, 1, 8, ARCHITECTURES["ffdnet"], 2)
    image = np.concatenate((photograph(40, 36), photograph(40, 36)[..., :1]), 2)
    assert worst(native(network, image), exact(network, image)) < CODE


@needs_compiler
@pytest.mark.parametrize("columns", [23, 40])
@pytest.mark.parametrize("kind", ["rrdbnet", "srvgg"])
def test_strips_equal_the_whole(kind: str, columns: int) -> None:
    network, image = network_of(kind), halftone(50, 90)
    assert worst(run(network, image, 16, columns), exact(network, image)) < CODE


@needs_compiler
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", ["rrdbnet", "srvgg"])
def test_nan_and_infinity_are_never_written(kind: str, value: float) -> None:
    image = photograph(20, 20).copy()
    image[10, 10, 1] = value
    with pytest.raises(ScanError, match="NaN or infinity"):
        run(network_of(kind), image, 8)


@needs_compiler
@pytest.mark.parametrize("kind", ["rrdbnet-36", "srvgg-48"])
def test_memory_grows_with_the_width_alone(kind: str) -> None:
    packed = described(network_of(kind).module, network_of(kind).architecture)
    held = {}
    for height, width in [(300, 800), (3000, 800), (3000, 1600), (3000, 2400)]:
        stream = NativeStream(packed, height, best_kernels(), 2)
        assert [*stream.push(StreamRows(torch.zeros(1, 3, 0, width), 0))] == []
        held[height, width] = stream.bytes()
    assert held[300, 800] == held[3000, 800]
    first, second = held[3000, 1600] - held[3000, 800], held[3000, 2400] - held[3000, 1600]
    assert abs(first - second) < 0.02 * first


@needs_compiler
def test_weights_that_change_are_packed_anew() -> None:
    network, image = seeded(SrvggParameters(num_feat=12, num_conv=2)), photograph(9, 9)
    before = native(network, image)
    with torch.no_grad():
        network.module.body[0].weight.mul_(1.5)
    assert worst(native(network, image), exact(network, image)) < CODE
    assert worst(native(network, image), before) > CODE


@needs_compiler
def test_what_the_runtime_does_not_know_is_refused() -> None:
    module = network_of("srvgg").module
    other = copy.deepcopy(module)
    other.body[1] = torch.nn.GELU()
    with pytest.raises(TypeError, match="GELU"):
        srvgg.describe(other)
    other.body[1] = torch.nn.ReLU()
    other.body[2] = torch.nn.Conv2d(12, 12, 5, padding=2)
    with pytest.raises(TypeError, match="3 x 3"):
        srvgg.describe(other)
    network = NativeNetwork(3)
    with pytest.raises(RuntimeError, match="another shape"):
        network.convolve(0, NativeLayer(np.zeros((20, 3, 3, 3), np.float32)), [(0, 1.0)])


@needs_compiler
def test_kernels_that_compute_wrongly_are_refused(monkeypatch: Any) -> None:
    monkeypatch.setattr(self_test, "_TOLERANCE", 0.0)
    with pytest.raises(CircumstanceError, match="computes wrongly"):
        self_test.self_test("portable")


def test_a_runtime_that_was_not_built_is_said(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setattr(library, "library_path", lambda: tmp_path / "none.so")
    monkeypatch.setattr(library, "load", cache(library.load.__wrapped__))
    monkeypatch.setattr(kernels_of, "load", library.load)
    monkeypatch.setattr(kernels_of, "best_kernels", cache(best_kernels.__wrapped__))
    with pytest.raises(CircumstanceError, match="compiler"):
        kernels_of.best_kernels()
    with pytest.raises(CircumstanceError, match="runtime: torch"):
        library.load()


def test_a_missing_compiler_is_said(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setattr(build, "library_path", lambda: tmp_path / "new.so")
    for name in ("CC", "CXX"):
        monkeypatch.setenv(name, "no-such-compiler")
    with pytest.raises(CircumstanceError, match="could not be compiled"):
        build.build()


def test_a_network_that_it_does_not_know_is_refused() -> None:
    source, settings = ArrayRaster(photograph(9, 9)), EngineSettings()
    with pytest.raises(ValueError, match="cannot run"):
        next(run_network(Case(torch.nn.Identity(), 1, 0), source, settings, CPU, runtime="native"))
