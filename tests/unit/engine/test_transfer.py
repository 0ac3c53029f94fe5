"""The way to a device and back: on the processor as it is, for CUDA with a stand-in that notes
what it is told and does it at once; and networks in half precision, which run the same code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Any

import numpy as np
import pytest
import torch

from restoration.config.settings import EngineSettings
from restoration.engine import bands, transfer, windows
from restoration.engine.run import run_network
from restoration.engine.torch_streams.layers import StreamRows
from restoration.engine.transfer import PinnedTransfer, PlainTransfer
from restoration.errors import CircumstanceError, ScanError
from restoration.raster.base import ArrayRaster
from support.engine_cases import (
    COMPACT,
    CPU,
    RRDB,
    Case,
    Failing,
    Image,
    photograph,
    seeded,
    worst,
)


class Half(Case):
    """A network in bfloat16, which processors compute with too."""

    dtype = torch.bfloat16


def in_half(case: Case) -> Half:
    module = case.module.to(torch.bfloat16)
    return Half(module, case.scale, case.radius, case.architecture, case.multiple)


class Box(torch.nn.Module):
    """A network of radius 1 that is run on overlapping bands."""

    def __init__(self) -> None:
        super().__init__()
        self.blur = torch.nn.Conv2d(3, 3, 3, padding=1).requires_grad_(False)

    def forward(self, tensor: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.blur(tensor)
        return result


class Fading(Case):
    overlap = 32


class HalfFading(Fading):
    dtype = torch.bfloat16


def run(network: Any, image: Image, band_rows: int = 16) -> Image:
    engine = EngineSettings(band_rows=band_rows)
    return np.concatenate(list(run_network(network, ArrayRaster(image), engine, CPU)))


class Cuda:
    """Streams and events that note what they are told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.current = "computing"
        self.streams = cycle(("up", "down"))
        self.count = 0

    def put_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(torch.cuda, "Stream", self.stream)
        monkeypatch.setattr(torch.cuda, "Event", self.event)
        monkeypatch.setattr(torch.cuda, "stream", self.on)
        monkeypatch.setattr(torch.cuda, "current_stream", lambda device: Stream(self, self.current))
        monkeypatch.setattr(transfer, "_pinned", lambda n, dtype: torch.empty(n, dtype=dtype))
        monkeypatch.setattr(transfer, "_keep_for", self.keep)

    def stream(self, device: torch.device) -> Stream:
        return Stream(self, next(self.streams))

    def event(self, *, blocking: bool) -> Event:
        assert blocking
        self.count += 1
        return Event(self, self.count)

    @contextmanager
    def on(self, stream: Stream) -> Iterator[None]:
        before, self.current = self.current, stream.name
        yield
        self.current = before

    def keep(self, tensor: torch.Tensor, stream: Stream) -> None:
        self.told.append(f"memory kept for {stream.name}")


class Stream:
    def __init__(self, cuda: Cuda, name: str) -> None:
        self.cuda, self.name = cuda, name

    def wait_event(self, event: Event) -> None:
        self.cuda.told.append(f"{self.name} waits for {event.number}")

    def wait_stream(self, other: Stream) -> None:
        self.cuda.told.append(f"{self.name} waits for {other.name}")


class Event:
    def __init__(self, cuda: Cuda, number: int) -> None:
        self.cuda, self.number = cuda, number

    def record(self, stream: Stream) -> None:
        self.cuda.told.append(f"{self.number} behind {stream.name}")

    def synchronize(self) -> None:
        self.cuda.told.append(f"await {self.number}")


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Cuda:
    stand_in = Cuda()
    stand_in.put_in(monkeypatch)
    return stand_in


def test_a_window_goes_up_on_its_own_stream_and_is_waited_for_on_the_device(cuda: Cuda) -> None:
    way = PinnedTransfer(CPU, torch.bfloat16)
    pixels = photograph(5, 7)
    sent = way.up(pixels)
    assert sent.ready.number == 5, "four buffers have an event each"
    assert cuda.told == ["await 1", "1 behind up", "5 behind up"]
    tensor = way.arrived(sent)
    assert cuda.told[3:] == ["computing waits for 5", "memory kept for computing"]
    assert (tensor.dtype, tuple(tensor.shape)) == (torch.bfloat16, (1, 3, 5, 7))
    assert tensor.is_contiguous(memory_format=torch.channels_last)
    assert np.abs(tensor[0].permute(1, 2, 0).float().numpy() - pixels).max() < 2**-8


def test_a_buffer_is_filled_again_only_when_its_last_window_has_left(cuda: Cuda) -> None:
    way = PinnedTransfer(CPU, torch.float32)
    for _ in range(3):
        way.up(photograph(5, 7))
    assert [told for told in cuda.told if told.startswith("await")] == [
        "await 1",
        "await 2",
        "await 1",
    ]


def test_an_answer_comes_down_while_the_next_is_computed(cuda: Cuda) -> None:
    way = PinnedTransfer(CPU, torch.float32)

    def compute() -> Iterator[torch.Tensor]:
        for number in range(3):
            cuda.told.append(f"compute {number}")
            yield torch.full((1, 3, 2, 4), float(number))

    down = [
        "down waits for computing",
        "{} behind down",
        "memory kept for down",
        "memory kept for down",
    ]
    images = []
    for number, image in enumerate(way.down(compute())):
        cuda.told.append(f"taken {number}")
        images.append(image)
    assert cuda.told == [
        *("compute 0", *(line.format(3) for line in down)),
        *("compute 1", *(line.format(4) for line in down)),
        # Answer 0 is waited for when the work for answer 1 lies with the device.
        *("await 3", "taken 0"),
        *("compute 2", *(line.format(3) for line in down)),
        *("await 4", "taken 1", "await 3", "taken 2"),
    ]
    assert [float(image[0, 0, 0]) for image in images] == [0.0, 1.0, 2.0]
    assert all(image.shape == (2, 4, 3) for image in images)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("way", [PlainTransfer, PinnedTransfer])
@pytest.mark.usefixtures("cuda")
def test_what_is_not_finite_does_not_come_down(way: Any, value: float) -> None:
    answers = [torch.zeros(1, 3, 2, 2), torch.full((1, 3, 2, 2), value)]
    made = way(CPU, torch.float32).down(iter(answers))
    assert next(made).max() == 0.0
    with pytest.raises(ScanError, match="NaN or infinity"):
        next(made)


KINDS = {
    "rrdbnet": lambda: seeded(RRDB),
    "rrdbnet of scale 2": lambda: seeded(RRDB, 2),
    "srvgg": lambda: seeded(COMPACT),
    "overlapping": lambda: Case(Box(), 1, 1),
    "windows": lambda: Fading(Box(), 1, 16),
}


@pytest.mark.parametrize("kind", KINDS)
def test_networks_give_the_same_bytes_through_pinned_memory(
    kind: str, cuda: Cuda, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, image = KINDS[kind](), photograph(75, 58)
    plain = run(network, image)
    monkeypatch.setattr(bands, "transfer", PinnedTransfer)
    monkeypatch.setattr(windows, "transfer", PinnedTransfer)
    assert run(network, image).tobytes() == plain.tobytes()
    assert "computing waits for 5" in cuda.told


@pytest.mark.parametrize("through", [PlainTransfer, PinnedTransfer])
@pytest.mark.parametrize("kind", ["rrdbnet", "rrdbnet of scale 2", "srvgg", "overlapping"])
@pytest.mark.usefixtures("cuda")
def test_half_precision_runs_the_same_code(
    kind: str, through: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """bfloat16 carries 8 bits: these networks of a few layers err by some 1/255."""
    monkeypatch.setattr(bands, "transfer", through)
    network, image = KINDS[kind](), photograph(40, 33)
    exact = run(network, image)
    half = run(in_half(network), image)
    assert half.dtype == np.float32
    error, most = np.abs(half - exact), float(np.abs(exact).max())
    assert 0 < error.mean() < 0.01 * most
    assert error.max() < 0.05 * most


def test_half_precision_is_the_same_whatever_the_bands() -> None:
    """Within its own rounding: a sum of another shape may be added up in another order."""
    network, image = in_half(seeded(RRDB)), photograph(40, 33)
    one, two = run(network, image, 8), run(network, image, 64)
    assert worst(one, two) < 0.05 * float(np.abs(one).max())


def test_windows_run_in_half_precision() -> None:
    module = Box()
    exact = run(Fading(module, 1, 16), photograph(40, 33))
    half = run(HalfFading(module.to(torch.bfloat16), 1, 16), photograph(40, 33))
    assert 0 < worst(exact, half) < 0.05


def kept_precisions(value: Any, seen: set[int]) -> set[torch.dtype]:
    """Of all tensors that a stream holds between two steps, weights excepted."""
    if id(value) in seen or isinstance(value, torch.nn.Module):
        return set()
    seen.add(id(value))
    if isinstance(value, torch.Tensor):
        return {value.dtype}
    parts: list[Any] = []
    if isinstance(value, list):
        parts = value
    elif type(value).__module__.startswith("restoration."):
        parts = list(vars(value).values())
    return set().union(*(kept_precisions(part, seen) for part in parts))


@pytest.mark.parametrize("parameters", [RRDB, COMPACT])
@pytest.mark.parametrize("half", [False, True])
def test_every_buffer_of_a_stream_is_in_the_networks_precision(parameters: Any, half: bool) -> None:
    """Nothing is kept in float32 behind the back of the setting."""
    network = in_half(seeded(parameters)) if half else seeded(parameters)
    dtype = torch.bfloat16 if half else torch.float32
    stream: Any = bands._stream(network, 160, 16)
    with torch.inference_mode():
        for top in range(0, 160, 16):
            rows = torch.rand(1, 3, 16, 20).contiguous(memory_format=torch.channels_last)
            for piece in stream.push(StreamRows(rows.to(dtype), top + 16)):
                assert piece.dtype == dtype
    assert kept_precisions(stream, set()) == {dtype}


def test_the_native_runtime_refuses_half_precision() -> None:
    network = in_half(seeded(COMPACT))
    made = run_network(
        network, ArrayRaster(photograph(9, 9)), EngineSettings(), CPU, runtime="native"
    )
    with pytest.raises(ValueError, match="float32"):
        next(made)


@pytest.mark.usefixtures("cuda")
def test_a_device_that_fails_on_the_way_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was queued before shows its error where something is next waited for."""
    monkeypatch.setattr(bands, "transfer", PinnedTransfer)

    def lost(event: Event) -> None:
        raise torch.AcceleratorError("CUDA error: unspecified launch failure")

    monkeypatch.setattr(Event, "synchronize", lost)
    with pytest.raises(CircumstanceError, match="the device failed"):
        run(seeded(COMPACT), photograph(40, 33))


@pytest.mark.usefixtures("cuda")
def test_memory_that_runs_out_on_the_device_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bands, "transfer", PinnedTransfer)
    error = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
    with pytest.raises(CircumstanceError, match=r"out of memory .* lower engine\."):
        run(Case(Failing(error), 1, 2), photograph(40, 33))
