"""The engine against the network itself over the whole image: no seam, whatever the geometry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from restoration.config.settings import EngineSettings
from restoration.engine import bands, devices
from restoration.engine.geometry import Padded, cut_strips
from restoration.engine.run import run_network
from restoration.engine.torch_streams.layers import StreamRows
from restoration.errors import CircumstanceError, ScanError
from restoration.networks.architectures.rrdbnet import RrdbnetParameters
from restoration.networks.load import load_network
from restoration.raster.base import ArrayRaster
from support import by_parameters, weights_at_hand
from support.engine_cases import (
    CODE,
    COMPACT,
    CPU,
    RRDB,
    Case,
    Failing,
    Image,
    halftone,
    photograph,
    run,
    seeded,
    worst,
)

NETWORKS: dict[str, Callable[[], Case]] = {
    "rrdbnet": lambda: seeded(RRDB),
    "srvgg": lambda: seeded(COMPACT),
}


def untiled(network: Any, image: Image) -> Image:
    tensor = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None]
    with torch.inference_mode():
        result: Image = network.module(tensor)[0].permute(1, 2, 0).numpy()
    return result


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("make", [photograph, halftone])
@pytest.mark.parametrize("band_rows", [8, 16, 64, 200])
def test_streamed_equals_untiled(
    kind: str, make: Callable[[int, int], Image], band_rows: int
) -> None:
    network, image = NETWORKS[kind](), make(75, 58)
    assert worst(run(network, image, band_rows), untiled(network, image)) < CODE


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize(
    "size", [(1, 1), (1, 37), (37, 1), (2, 5), (7, 9), (8, 8), (15, 16), (16, 15), (17, 33)]
)
def test_odd_and_tiny_sizes(kind: str, size: tuple[int, int]) -> None:
    network, image = NETWORKS[kind](), photograph(*size)
    assert worst(run(network, image, 8), untiled(network, image)) < CODE


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("columns", [23, 40, 89])
def test_strips_equal_untiled(kind: str, columns: int) -> None:
    network, image = NETWORKS[kind](), halftone(50, 90)
    assert worst(run(network, image, 16, columns), untiled(network, image)) < CODE


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("size", [(24, 36), (25, 37), (27, 1)])
def test_networks_that_fold_blocks_are_padded_as_by_the_reference_package(
    scale: int, size: tuple[int, int]
) -> None:
    """RealESRGANer mirrors an image of odd size at its lower and right border."""
    network, image = seeded(RRDB, scale), photograph(*size)
    rows, columns = (-side % network.multiple for side in size)
    mode: Any = "reflect" if min(size) > 1 else "edge"
    extent = ((0, rows), (0, 0), (0, 0)), ((0, 0), (0, columns), (0, 0))
    padded = np.pad(np.pad(image, extent[0], "reflect"), extent[1], mode)
    expected = untiled(network, padded)[: size[0] * scale, : size[1] * scale]
    assert worst(run(network, image, 10), expected) < CODE
    assert worst(run(network, image, 16, 20), expected) < CODE


def test_the_result_does_not_depend_on_the_number_of_threads(monkeypatch: Any) -> None:
    network = seeded(RrdbnetParameters(num_feat=32, num_block=1, num_grow_ch=16))
    image = photograph(70, 90)
    before = torch.get_num_threads()
    monkeypatch.setattr(devices, "_threads", None)
    try:
        devices.use_threads(1)
        one = run(network, image, 32)
        devices.use_threads(2)
        # The calling thread must keep no team of OpenMP's beside that of the networks.
        assert (torch.get_num_threads(), devices.threads_of_networks()) == (1, 2)
        two = run(network, image, 32)
    finally:
        torch.set_num_threads(before)
    assert one.tobytes() == two.tobytes()


def test_the_reference_pipeline_gives_the_same_pixels(tmp_path: Any) -> None:
    """RealESRGANer without tiles, from its own loading of a .pth to its network's output."""
    from realesrgan import RealESRGANer

    network = seeded(RRDB)
    path = tmp_path / "network.pth"
    torch.save({"params_ema": network.module.state_dict()}, path)
    theirs = RealESRGANer(
        scale=4,
        model_path=str(path),
        model=by_parameters.build(RRDB, 4),
        tile=0,
        pre_pad=0,
        half=False,
        device=CPU,
    )
    image = photograph(33, 41)
    theirs.pre_process(image)
    with torch.inference_mode():
        theirs.process()
    expected = theirs.output[0].permute(1, 2, 0).numpy()
    assert worst(run(network, image), expected) < CODE


@pytest.mark.weights
@pytest.mark.parametrize(
    ("name", "size"),
    [("realesrgan-x4plus-packaged", (28, 24)), ("realesr-general-x4v3-ncnn", (75, 80))],
)
@pytest.mark.parametrize("make", [photograph, halftone])
def test_real_networks_streamed_equal_untiled(
    name: str, size: tuple[int, int], make: Callable[[int, int], Image]
) -> None:
    """Within two codes of float32 untiled: torch's own memory formats differ by one."""
    models = weights_at_hand.models_with(name)
    network = load_network(name, models, weights_at_hand.manifest(), CPU)
    image = make(*size)
    assert worst(run(network, image, 24), untiled(network, image)) < 2 * CODE


class Box(torch.nn.Module):
    """A fake network of radius 2 with zero padding, which notes the sizes that it is given."""

    def __init__(self, calls: list[tuple[int, ...]]) -> None:
        super().__init__()
        self.calls = calls
        kernel = torch.arange(1.0, 26).reshape(1, 1, 5, 5) / 325
        self.register_buffer("kernel", kernel.repeat(3, 1, 1, 1))

    def forward(self, tensor: torch.Tensor) -> torch.Tensor:
        self.calls.append(tuple(tensor.shape))
        blurred = torch.nn.functional.conv2d(tensor, self.kernel, padding=2, groups=3)
        return torch.nn.functional.interpolate(blurred, scale_factor=2)


def box() -> Case:
    calls: list[tuple[int, ...]] = []
    return Case(Box(calls), 2, 2, calls=calls)


@pytest.mark.parametrize("columns", [8192, 31, 7])
@pytest.mark.parametrize("size", [(1, 1), (50, 61), (8, 40), (9, 40)])
def test_any_other_network_runs_on_overlapping_bands(size: tuple[int, int], columns: int) -> None:
    network, image = box(), photograph(*size)
    assert worst(run(network, image, 8, columns), untiled(network, image)) < CODE


def test_no_call_is_larger_than_band_and_strip_with_their_overlap() -> None:
    network = box()
    run(network, photograph(50, 61), 8, 31)
    assert max(rows for _, _, rows, _ in network.calls) == 8 + 2 * 2
    assert max(columns for _, _, _, columns in network.calls) <= 31 + 2 * 2


def test_strips_tile_the_image_and_overlap_by_the_radius() -> None:
    for width, columns, multiple in [(100, 100, 1), (101, 100, 1), (1000, 256, 4), (777, 300, 2)]:
        strips = cut_strips(width, columns, 34, multiple)
        position = 0
        for strip in strips:
            assert strip.keep_left == position
            assert strip.left % multiple == 0
            assert strip.left <= max(0, strip.keep_left - 34)
            right, keep_right = strip.left + strip.width, strip.keep_left + strip.keep_width
            assert right >= min(width, keep_right + 34)
            assert strip.keep_width <= columns
            position = keep_right
        assert position == width


def test_a_padded_raster_is_the_same_by_any_window() -> None:
    image = photograph(7, 10)
    padded = Padded(ArrayRaster(image), 4)
    whole = padded.read(0, 0, 8, 12)
    assert np.array_equal(whole, np.pad(image, ((0, 1), (0, 2), (0, 0)), "reflect"))
    assert np.array_equal(padded.read(7, 9, 1, 3), whole[7:8, 9:12])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_are_never_written(value: float) -> None:
    network, image = seeded(COMPACT), photograph(20, 20).copy()
    image[10, 10] = value
    with pytest.raises(ScanError, match="NaN or infinity"):
        run(network, image, 8)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried"), "engine.memory_gib"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate"), "more memory"),
        (MemoryError(), "more memory"),
        (RuntimeError("CUDA error: device-side assert"), "the device failed"),
    ],
)
def test_memory_and_device_are_failures_of_circumstance(error: Exception, said: str) -> None:
    with pytest.raises(CircumstanceError, match=said):
        run(Case(Failing(error), 2, 2), photograph(9, 9))


def test_a_mistake_in_a_network_stays_what_it_is() -> None:
    with pytest.raises(RuntimeError, match="a mistake"):
        run(Case(Failing(RuntimeError("a mistake")), 2, 2), photograph(9, 9))
    with pytest.raises(ValueError, match="expected"):
        run(Case(torch.nn.Identity(), 2, 2), photograph(9, 9))


def test_scratch_space_that_is_too_small_says_what_to_set(monkeypatch: Any) -> None:
    from restoration.engine import spool

    class Full:
        free = 10

    monkeypatch.setattr(spool.shutil, "disk_usage", lambda folder: Full)
    with pytest.raises(CircumstanceError, match="TMPDIR"):
        run(seeded(COMPACT), photograph(20, 60), 8, 30)


def test_progress_ends_at_one_and_names_the_band() -> None:
    seen: list[tuple[float, str]] = []
    settings = EngineSettings(band_rows=16).model_copy(update={"strip_columns": 40})
    source = ArrayRaster(photograph(40, 60))
    for _ in run_network(
        seeded(COMPACT), source, settings, CPU, lambda done, unit: seen.append((done, unit))
    ):
        pass
    shares = [share for share, _ in seen]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert seen[0][1].startswith("strip 1 of 2, band 1 of ")


def test_inference_mode_does_not_leak_into_the_caller() -> None:
    for _ in run_network(seeded(COMPACT), ArrayRaster(photograph(20, 20)), EngineSettings(), CPU):
        assert not torch.is_inference_mode_enabled()


def kept_bytes(value: Any, seen: set[int]) -> int:
    """Bytes of all tensors that a stream holds between two steps, weights excepted."""
    if id(value) in seen or isinstance(value, torch.nn.Module):
        return 0
    seen.add(id(value))
    if isinstance(value, torch.Tensor):
        return value.untyped_storage().nbytes()
    if isinstance(value, list):
        return sum(kept_bytes(item, seen) for item in value)
    if type(value).__module__.startswith("restoration."):
        return sum(kept_bytes(item, seen) for item in vars(value).values())
    return 0


@pytest.mark.parametrize("kind", NETWORKS)
def test_memory_does_not_grow_with_the_height(kind: str) -> None:
    network = NETWORKS[kind]()
    held = []
    for height in (160, 320):
        stream = bands._stream(network, height, 16)
        most = 0
        for top in range(0, height, 16):
            rows = torch.rand(1, 3, 16, 20).contiguous(memory_format=torch.channels_last)
            with torch.inference_mode():
                list(stream.push(StreamRows(rows, top + 16)))
            most = max(most, kept_bytes(stream, set()))
        held.append(most)
    assert held[0] == held[1] > 0


def test_a_device_that_is_not_there_is_an_error_and_not_replaced() -> None:
    assert devices.choose_device("cpu") == CPU
    if not torch.cuda.is_available():
        assert devices.choose_device("auto") == CPU
        with pytest.raises(CircumstanceError, match="device: cpu"):
            devices.choose_device("cuda")
