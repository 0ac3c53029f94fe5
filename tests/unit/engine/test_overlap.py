"""Reading, computing and writing at the same time: shown by events, never by the clock; the bytes
are those of one after the other, and whatever fails, no thread is left."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from restoration.config.settings import EngineSettings
from restoration.config.stages.cleanup import CleanupSettings
from restoration.engine import bands, transfer, windows
from restoration.engine.native import build
from restoration.engine.run import run_network
from restoration.errors import CircumstanceError, ScanError
from restoration.networks.ffdnet import FFDNet
from restoration.networks.registry import ARCHITECTURES
from restoration.raster.base import ArrayRaster, FloatImage, Raster
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.prefetch import THREAD, closing
from restoration.raster.resample import Axis
from restoration.raster.tiff import write_intermediate as write
from restoration.raster.tiff.page import open_page
from restoration.raster.tiff.segments import SegmentReader
from restoration.raster.views import RecentRows
from restoration.stages.base import Page, Restored
from restoration.stages.cleanup.stage import CleanupStage
from restoration.stages.denoise.noise_level import LEVELS
from restoration.stages.denoise.scales import Denoiser
from support import corpus
from support.condition import report
from support.engine_cases import COMPACT, CPU, RRDB, Case, photograph, seeded

SOON = 20.0
"""Seconds after which an event that never comes fails a test."""


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == THREAD]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    assert not threads()


def one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """All in one thread, as if nothing overlapped."""

    def plain(items: Iterable[Any], depth: int = 1) -> Iterator[Any]:
        with closing(items):
            yield from items

    for module in (bands, windows, write):
        monkeypatch.setattr(module, "ahead", plain)


class Runner:
    """A network with its engine, as stages are given it."""

    weights_sha256 = "0" * 64
    name = "seeded"

    def __init__(self, case: Any, runtime: str = "torch", band_rows: int = 16) -> None:
        self.case, self.runtime = case, runtime
        self.scale, self.radius = case.scale, case.radius
        self.engine = EngineSettings(band_rows=band_rows)

    def __call__(self, name: str, **blend: float) -> Runner:
        return self

    def run(self, source: Raster, progress: Callable[[float, str], None]) -> Iterator[FloatImage]:
        return run_network(self.case, source, self.engine, CPU, progress, self.runtime)


def write_tiff(path: Path, pixels: FloatImage) -> Path:
    height, width, channels = pixels.shape
    size = {"height": height, "width": width, "channels": channels}
    write.write_intermediate(path, [pixels], **size, ppi=(600.0, 600.0), profile=None)
    return path


def cleaned(scan: Path, made: Path, network: Runner, findings: dict[str, Any]) -> str:
    """The cleanup stage from file to file, and the SHA-256 of what it wrote."""
    stage = CleanupStage()
    stage.setup(CleanupSettings.model_validate({"apply": "always"}), network)
    resolution = {"value": 300.0, "detail": {"fraction": 0.5}}
    told = report(effective_resolution=resolution, noise={"value": 4.0})
    with open_page(scan) as source:
        colour = ColourSpace.from_profile(None, 3)
        result = stage.apply(Page("a", 1, source, colour, (600.0, 600.0), told, "0" * 64))
        assert isinstance(result, Restored)
        digest = write.write_intermediate(
            made, result.bands, height=150, width=100, channels=3, ppi=None, profile=None
        )
    findings.update(result.findings)
    return digest


@pytest.mark.parametrize("runtime", ["torch", "native"])
@pytest.mark.parametrize("parameters", [RRDB, COMPACT])
def test_a_stage_writes_the_same_bytes(
    runtime: str, parameters: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if runtime == "native" and build.tested() is None:
        pytest.skip("the native runtime was not built")
    scan = write_tiff(tmp_path / "scan.tif", corpus.photo("coffee", 40, 100, 150, 100))
    found: list[dict[str, Any]] = [{}, {}]
    network = Runner(seeded(parameters), runtime)
    overlapping = cleaned(scan, tmp_path / "one.tif", network, found[0])
    one_after_the_other(monkeypatch)
    assert cleaned(scan, tmp_path / "two.tif", network, found[1]) == overlapping
    assert found[0] == found[1]


def test_windows_on_a_grid_give_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    class Window(Case):
        overlap = 32

    network, image = Window(Blur(), 1, 16), corpus.photo("coffee", 0, 0, 400, 600)
    overlapping = list(run_network(network, ArrayRaster(image), EngineSettings(), CPU))
    one_after_the_other(monkeypatch)
    plain = list(run_network(network, ArrayRaster(image), EngineSettings(), CPU))
    assert [a.tobytes() for a in overlapping] == [b.tobytes() for b in plain]


class Blur(torch.nn.Module):
    """A fake network of scale 1 and radius 1."""

    def forward(self, tensor: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.avg_pool2d(tensor, 3, 1, 1)


class Diary:
    """What has happened so far, in order; threads can wait for an entry."""

    def __init__(self) -> None:
        self._entries: list[str] = []
        self._change = threading.Condition()

    def note(self, entry: str) -> None:
        with self._change:
            self._entries.append(entry)
            self._change.notify_all()

    def came(self, entry: str) -> bool:
        with self._change:
            return self._change.wait_for(lambda: entry in self._entries, SOON)


class Noting:
    """A raster that notes each window that is read."""

    def __init__(self, pixels: FloatImage, diary: Diary) -> None:
        self._raster, self._diary, self._count = ArrayRaster(pixels), diary, 0
        self.height, self.width, self.channels = pixels.shape

    def read(self, top: int, left: int, height: int, width: int) -> FloatImage:
        self._diary.note(f"reading {self._count}")
        self._count += 1
        return self._raster.read(top, left, height, width)


class Waiting(torch.nn.Module):
    """A network of scale 1 that ends no band but the last before the next has been read."""

    def __init__(self, diary: Diary, count: int) -> None:
        super().__init__()
        self.diary, self.count, self.calls = diary, count, 0
        self.in_time: list[bool] = []

    def forward(self, tensor: torch.Tensor) -> torch.Tensor:
        number, self.calls = self.calls, self.calls + 1
        self.diary.note(f"computing {number}")
        if number + 1 < self.count:
            self.in_time.append(self.diary.came(f"reading {number + 1}"))
        return tensor.clone()


def test_the_next_window_is_read_while_one_is_computed() -> None:
    diary = Diary()
    network = Waiting(diary, 5)
    source = Noting(photograph(40, 10), diary)
    made = list(run_network(Case(network, 1, 2), source, EngineSettings(band_rows=8), CPU))
    assert np.array_equal(np.concatenate(made), photograph(40, 10))
    assert network.in_time == [True] * 4


def test_the_next_band_is_computed_while_one_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    diary = Diary()
    network = Waiting(diary, 10)
    source = Noting(photograph(160, 16), diary)
    in_time: list[bool] = []

    def compress(tile: Any) -> bytes:
        # The rows of band k have come; band k + 1 must not wait for their compression.
        band = len(in_time)
        in_time.append(band == 9 or diary.came(f"computing {band + 1}"))
        return zstd(tile)

    zstd = write._zstd
    monkeypatch.setattr(write, "TILE", 16)
    monkeypatch.setattr(write, "_zstd", compress)
    engine = EngineSettings(band_rows=16)
    write.write_intermediate(
        tmp_path / "made.tif",
        run_network(Case(network, 1, 2), source, engine, CPU),
        **{"height": 160, "width": 16, "channels": 3},
        ppi=None,
        profile=None,
    )
    assert in_time == [True] * 10


def test_the_next_band_is_made_while_one_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever makes them: anchoring, resampling, a stage without a network."""
    diary = Diary()
    in_time: list[bool] = []
    zstd = write._zstd

    def made() -> Iterator[FloatImage]:
        for number in range(6):
            diary.note(f"making {number}")
            yield photograph(16, 16)

    def compress(tile: Any) -> bytes:
        in_time.append(len(in_time) == 5 or diary.came(f"making {len(in_time) + 1}"))
        return zstd(tile)

    monkeypatch.setattr(write, "TILE", 16)
    monkeypatch.setattr(write, "_zstd", compress)
    size = {"height": 96, "width": 16, "channels": 3}
    write.write_intermediate(tmp_path / "a.tif", made(), **size, ppi=None, profile=None)
    assert in_time == [True] * 6


ERRORS = [
    (torch.OutOfMemoryError("CUDA out of memory. Tried"), CircumstanceError, "out of memory"),
    (torch.AcceleratorError("CUDA error: device lost"), CircumstanceError, "the device failed"),
    (MemoryError(), CircumstanceError, "more memory"),
    (ScanError("damaged"), ScanError, "damaged"),
    (CircumstanceError("the mount went away"), CircumstanceError, "mount"),
]


class Failing(torch.nn.Module):
    """Fails in its third band, and remembers what it was given without keeping it."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error, self.given = error, []

    def forward(self, tensor: torch.Tensor) -> torch.Tensor:
        self.given.append(weakref.ref(tensor))
        if len(self.given) == 3:
            raise self.error
        return tensor.clone()


@pytest.mark.parametrize(("error", "kind", "said"), ERRORS)
def test_errors_of_the_computing_thread_end_the_run(
    error: Exception, kind: type[Exception], said: str, tmp_path: Path
) -> None:
    network = Failing(error)
    made = run_network(
        Case(network, 1, 2), ArrayRaster(photograph(160, 16)), EngineSettings(band_rows=16), CPU
    )
    size = {"height": 160, "width": 16, "channels": 3}
    with pytest.raises(kind, match=said):
        write.write_intermediate(tmp_path / "a.tif", made, **size, ppi=None, profile=None)
    assert not threads()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("error", "kind", "said"), ERRORS)
def test_errors_of_the_reading_thread_end_the_run(
    error: Exception, kind: type[Exception], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The window is uploaded there: a full or lost device may show itself in that thread."""
    calls = 0
    up = transfer.PlainTransfer.up

    def failing(self: Any, pixels: FloatImage) -> Any:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise error
        return up(self, pixels)

    monkeypatch.setattr(transfer.PlainTransfer, "up", failing)
    source = ArrayRaster(photograph(80, 16))
    with pytest.raises(kind, match=said):
        list(run_network(seeded(COMPACT), source, EngineSettings(band_rows=8), CPU))
    assert not threads()


def test_a_failed_run_frees_its_buffers_at_once() -> None:
    network = Failing(torch.OutOfMemoryError("CUDA out of memory. Tried"))
    streams: list[weakref.ref[Any]] = []

    class Kept(torch.nn.Module):
        pass

    def run() -> None:
        kept = Kept()
        streams.append(weakref.ref(kept))
        case = Case(network, 1, 2)
        source = ArrayRaster(photograph(160, 16))
        for _ in run_network(case, source, EngineSettings(band_rows=16), CPU):
            pass

    # The collector would also free what hangs together in a circle, at a time of its own.
    gc.disable()
    try:
        with pytest.raises(CircumstanceError):
            run()
        network.error.__traceback__ = None
        network.error = RuntimeError()
        assert all(tensor() is None for tensor in network.given)
        assert streams[0]() is None
    finally:
        gc.enable()


def test_a_disk_that_fails_ends_reading_and_computing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(tile: Any) -> bytes:
        raise OSError(28, "No space left on device")

    scan = write_tiff(tmp_path / "scan.tif", corpus.photo("coffee", 40, 100, 150, 100))
    monkeypatch.setattr(write, "_zstd", full)
    # Tiles of a few rows: the disk fails while the first bands are being computed.
    monkeypatch.setattr(write, "TILE", 16)
    with pytest.raises(CircumstanceError, match="No space left"):
        cleaned(scan, tmp_path / "made.tif", Runner(seeded(RRDB)), {})
    assert not threads()
    assert [path.name for path in tmp_path.iterdir()] == ["scan.tif"]


def test_a_consumer_that_stops_early_leaves_no_thread() -> None:
    source = ArrayRaster(photograph(160, 40))
    for case in (seeded(RRDB), seeded(COMPACT), Case(Blur(), 1, 1)):
        made = run_network(case, source, EngineSettings(band_rows=8), CPU)
        next(made)
        assert threads()
        made.close()  # type: ignore[attr-defined]
        assert not threads()


class Counting:
    """A raster that counts the rows that are read."""

    def __init__(self, raster: Raster) -> None:
        self._raster, self.rows, self._lock = raster, 0, threading.Lock()
        self.height, self.width, self.channels = raster.height, raster.width, raster.channels

    def read(self, top: int, left: int, height: int, width: int) -> FloatImage:
        with self._lock:
            self.rows += height
        return self._raster.read(top, left, height, width)


def test_reading_ahead_decodes_no_tile_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[int] = []
    decode = SegmentReader._decoded

    def counted(self: Any, index: int) -> Any:
        decoded.append(index)
        return decode(self, index)

    monkeypatch.setattr(SegmentReader, "_decoded", counted)
    tall = np.tile(corpus.photo("coffee", 0, 0, 150, 100), (8, 3, 1))
    scan = write_tiff(tmp_path / "scan.tif", tall)
    network = Runner(seeded(COMPACT))
    with open_page(scan) as page:
        made = network.run(page, lambda done, unit: None)
        assert sum(len(band) for band in made) == 4 * 1200
    assert sorted(decoded) == list(range(10))


def test_a_network_that_reads_ahead_reads_no_row_twice_for_denoising() -> None:
    """The denoiser and its consumer share recent rows: they are enough for the bands between."""
    torch.manual_seed(0)
    module = FFDNet(num_feat=8, num_conv=12).eval().requires_grad_(False)

    class Told(Case):
        channels = 4

    network = Runner(Told(module, 1, 26, ARCHITECTURES["ffdnet"], 2), band_rows=64)
    source = Counting(ArrayRaster(np.tile(photograph(100, 24), (10, 1, 1))))
    curve = np.ones(LEVELS, np.float32)
    denoiser = Denoiser(network, ColourSpace.from_profile(None, 3), curve)
    taken = 0
    for band in denoiser.answers(source, 5.0, lambda done, unit: None):
        if taken == 0:
            # All that may run ahead has run ahead.
            wait_until_still(source)
        taken += len(band)
    assert (taken, source.rows) == (1000, 1000)


def wait_until_still(source: Counting) -> None:
    before, still = -1, threading.Event()
    while source.rows != before:
        before = source.rows
        still.wait(0.1)


def test_rows_shared_by_two_threads_are_right_however_far_apart() -> None:
    rng = np.random.default_rng(5)
    pixels = rng.random((300, 7, 3), np.float32)
    shared = RecentRows(ArrayRaster(pixels), 20)

    def go_down(start: int) -> None:
        for top in [*range(start, 290, 3), *range(0, 290, 7)]:
            assert np.array_equal(shared.read(top, 1, 10, 5), pixels[top : top + 10, 1:6])

    in_threads([lambda start=start: go_down(start) for start in (0, 15, 100, 200)])


def test_weights_shared_by_two_threads_are_right() -> None:
    axis, own = Axis(900, 301), Axis(900, 301)

    def go_along(step: int) -> None:
        for first in range(0, 280, step):
            low, high = axis.span(first, step)
            found, expected = (a.matrix(first, step, low, high) for a in (axis, own))
            assert (found != expected).nnz == 0

    in_threads([lambda step=step: go_along(step) for step in (1, 2, 3, 5)])


def in_threads(jobs: list[Callable[[], None]]) -> None:
    """All at once; the first error is raised."""
    errors: list[BaseException] = []

    def run(job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:  # Raised below, in the test's own thread.
            errors.append(error)

    workers = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if errors:
        raise errors[0]
