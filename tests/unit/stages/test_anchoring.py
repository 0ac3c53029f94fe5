"""What an archivist may rely on whatever the network does: tones, edges, colours, greys, seams."""

from __future__ import annotations

import tracemalloc
from typing import Any

import cv2
import numpy as np
import pytest

from restoration.condition.working_resolution import EffectivePicture, grid, working_share
from restoration.raster.base import ArrayRaster, FloatImage, to_uint16
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.resample import Resampled
from restoration.raster.views import Bounds, Mirrored, RecentRows
from restoration.stages.anchoring.anchored_picture import AnchoredPicture, Target
from restoration.stages.anchoring.network_tones import measure_tone_curve
from support import corpus, weights_at_hand
from support.condition import report as report_of
from support.fake_networks import FakeNetwork, copying, enlarged, sharpening

SIGMA = 4.0
WHITE, GREY, BLACK = (0.97,) * 3, (0.5,) * 3, (0.0,) * 3
FLAT = [WHITE, GREY, BLACK, (1.0,) * 3, (0.8, 0.1, 0.1), (0.1, 0.6, 0.2), (0.2, 0.2, 0.9)]
SHARES = [0.25, 0.3535, 1.0]


def restore(
    pixels: FloatImage,
    network: Any,
    share: float = 1.0,
    factor: float = 1.0,
    profile: bytes | None = None,
    strength: float = 1.0,
    findings: dict[str, Any] | None = None,
) -> FloatImage:
    height, width, channels = pixels.shape
    colour = ColourSpace.from_profile(profile, channels)
    target = Target(ArrayRaster(pixels), colour, round(height * factor), round(width * factor))
    curve = measure_tone_curve(network)
    picture = AnchoredPicture(target, grid(height, width, share), network, curve, SIGMA, strength)
    bands = picture.bands(lambda done, unit: None, {} if findings is None else findings)
    return np.concatenate(list(bands))


def resampled(pixels: FloatImage, height: int, width: int) -> FloatImage:
    return Resampled(ArrayRaster(pixels), height, width).read(0, 0, height, width)


def flat(colour: tuple[float, ...], size: int = 48) -> FloatImage:
    return np.full((size, size, len(colour)), colour, np.float32)


def chart(size: int) -> FloatImage:
    """Flat patches side by side."""
    return np.concatenate([flat(colour, size) for colour in FLAT], axis=1)


def halftone(height: int, width: int) -> FloatImage:
    """A 45-degree screen over a ramp: the hardest picture for borders."""
    y, x = np.mgrid[0:height, 0:width]
    screen = np.cos(2 * np.pi * (x + y) / 7.1) + np.cos(2 * np.pi * (x - y) / 7.1)
    return (screen[..., None] / 4 + 0.5 > np.linspace(0.2, 0.8, 3)).astype(np.float32)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("colour", FLAT)
def test_flat_patches_move_by_half_a_code_at_most(colour: tuple[float, ...], share: float) -> None:
    made = restore(flat(colour), FakeNetwork(sharpening), share)
    assert np.abs(made - np.float32(colour)).max() <= 0.5 / 255


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("factor", [1.0, 2.0])
@pytest.mark.parametrize(("dark", "light"), [(0.0, 1.0), (0.1, 0.9), (0.4, 0.6)])
def test_step_edges_overshoot_by_one_code_at_most(
    share: float, factor: float, dark: float, light: float
) -> None:
    edge = flat((dark,) * 3)
    edge[:, 24:] = light
    made = restore(edge, FakeNetwork(sharpening), share, factor)
    assert made.max() <= light + 1 / 255
    assert made.min() >= dark - 1 / 255
    # And the edge is still one.
    assert made[:, -4:].mean() - made[:, :4].mean() > 0.95 * (light - dark)


def test_tones_of_a_photograph_stay_the_scans() -> None:
    photo = corpus.photo("astronaut", 0, 100, 128, 128)

    def brighter(pixels: FloatImage) -> FloatImage:
        return enlarged(pixels * np.float32(0.8) + np.float32(0.15))

    made = restore(photo, FakeNetwork(brighter), 0.5)
    low = [cv2.GaussianBlur(image, (0, 0), 16) for image in (photo, made)]
    assert np.abs(low[0] - low[1]).max() < 1.5 / 255
    raw = brighter(resampled(photo, 64, 64))[::2, ::2]
    assert np.abs(cv2.GaussianBlur(raw, (0, 0), 16) - low[0]).max() > 20 / 255


def test_detail_that_the_network_restores_arrives() -> None:
    truth = corpus.photo("coffee", 60, 150, 128, 128)
    soft = cv2.GaussianBlur(truth, (0, 0), 1.5)

    class Oracle(FakeNetwork):
        """Knows the truth, and shifts its tones."""

        def run(self, source: Any, progress: Any) -> Any:
            if source.height < 20:
                yield from FakeNetwork(copying).run(source, progress)
                return
            margin = (source.height - 64) // 2
            seen = np.pad(truth, ((2 * margin,) * 2, (2 * margin,) * 2, (0, 0)), mode="symmetric")
            yield resampled(seen, source.height * 4, source.width * 4) + np.float32(5 / 255)

    def error(image: FloatImage) -> float:
        return float(np.sqrt(np.mean((image - truth) ** 2)))

    made = restore(soft, Oracle(), 0.5)
    assert error(made) < 0.35 * error(soft)


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_a_colour_outside_srgb_survives(share: float) -> None:
    profile = corpus.PROFILES["Adobe RGB"]()
    green = (0.05, 0.95, 0.05)
    patch = flat(green)
    srgb = ColourSpace.from_profile(profile, 3).to_srgb(patch)
    assert srgb.min() < -0.1
    findings: dict[str, Any] = {}
    made = restore(patch, FakeNetwork(sharpening), share, profile=profile, findings=findings)
    assert np.abs(made - np.float32(green)).max() <= 0.5 / 255
    assert findings["outside_srgb_share"] > 0.3


@pytest.mark.parametrize("profile", [None, "Adobe RGB", "wide gamut"])
def test_grey_in_three_channels_leaves_as_grey(profile: str | None) -> None:
    grey = np.repeat(corpus.photo("camera", 100, 150, 96, 96, grey=True), 3, axis=2)
    icc = None if profile is None else corpus.PROFILES[profile]()
    findings: dict[str, Any] = {}
    made = restore(grey, FakeNetwork(sharpening), 0.5, profile=icc, findings=findings)
    assert np.array_equal(made[..., 0], made[..., 1])
    assert np.array_equal(made[..., 0], made[..., 2])
    assert findings["neutral"]
    assert np.abs(made - grey).max() > 5 / 255


def test_one_coloured_pixel_makes_a_colour_scan() -> None:
    grey = np.repeat(corpus.photo("camera", 100, 150, 64, 64, grey=True), 3, axis=2)
    grey[63, 63, 0] += np.float32(0.1)
    findings: dict[str, Any] = {}
    restore(grey, FakeNetwork(sharpening), findings=findings)
    assert not findings["neutral"]


@pytest.mark.parametrize("profile", [None, "grey"])
def test_a_grey_scan_has_one_channel_and_its_tones(profile: str | None) -> None:
    icc = None if profile is None else corpus.PROFILES[profile]()
    photo = corpus.photo("camera", 100, 150, 96, 96, grey=True)
    made = restore(photo, FakeNetwork(sharpening), 0.5, profile=icc)
    assert made.shape == photo.shape
    low = [cv2.GaussianBlur(image, (0, 0), 16) for image in (photo[..., 0], made[..., 0])]
    assert np.abs(low[0] - low[1]).max() < 2 / 255
    patch = restore(flat((0.97,)), FakeNetwork(sharpening), 0.5, profile=icc)
    assert np.abs(patch - 0.97).max() <= 0.5 / 255


@pytest.mark.parametrize("picture", ["photo", "halftone"])
@pytest.mark.parametrize(("share", "factor"), [(1.0, 1.0), (0.3535, 1.0), (0.5, 1.7), (1.0, 2.0)])
def test_no_seam_whatever_the_bands(
    picture: str, share: float, factor: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = corpus.photo("coffee", 40, 100, 90, 75)
    pixels = photo if picture == "photo" else halftone(90, 75)
    whole = restore(pixels, FakeNetwork(sharpening, band_rows=1000), share, factor)
    monkeypatch.setattr("restoration.stages.anchoring.anchored_picture.BLOCK_PIXELS", 700)
    monkeypatch.setattr("restoration.raster.resample.BLOCK_PIXELS", 300)
    for rows in (1, 7, 16):
        banded = restore(pixels, FakeNetwork(sharpening, band_rows=rows), share, factor)
        assert np.array_equal(to_uint16(banded), to_uint16(whole))
        assert np.array_equal(banded, whole)


def test_strength_is_the_share_of_the_change() -> None:
    photo = corpus.photo("coffee", 40, 100, 64, 64)
    full = restore(photo, FakeNetwork(sharpening), 0.5)
    half = restore(photo, FakeNetwork(sharpening), 0.5, strength=0.5)
    assert np.abs(half - (photo + full) / 2).max() < 1e-6


def test_a_network_that_invents_nothing_leaves_a_sharp_scan() -> None:
    """At full resolution the base is the scan itself; what is left is the fake's coarse pixels."""
    photo = corpus.photo("coffee", 40, 100, 64, 64)
    findings: dict[str, Any] = {}
    made = restore(photo, FakeNetwork(copying), 1.0, findings=findings)
    assert np.abs(made - photo).mean() < 2 / 255
    assert findings["tone_curve_greatest_255"] < 1e-4
    assert findings["network_input_px"] == {"width": 64, "height": 64}


def test_the_margin_keeps_the_edge_of_a_flat_scan() -> None:
    """Networks pad with black: without a margin the first rows answer to it."""

    def padded_with_black(pixels: FloatImage) -> FloatImage:
        padded = np.pad(pixels, ((1, 1), (1, 1), (0, 0)))
        middle = padded[1:-1, 1:-1]
        around = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
        return enlarged((middle + around / 4) / 2)

    photo = corpus.photo("coffee", 40, 100, 48, 48)
    made = restore(photo, FakeNetwork(padded_with_black, band_rows=1000))
    assert np.abs(made - photo)[0].mean() < 2 * np.abs(made - photo)[8:-8].mean()


def test_memory_does_not_grow_with_the_scan() -> None:
    class Tall:
        channels, width = 3, 400

        def __init__(self, height: int) -> None:
            self.height = height

        def read(self, top: int, left: int, height: int, width: int) -> FloatImage:
            rows = np.linspace(top, top + height, height, dtype=np.float32)[:, None, None]
            return np.broadcast_to(0.5 + 0.4 * np.sin(rows / 9), (height, width, 3)).copy()

    peaks = []
    for height in (1500, 6000):
        network = FakeNetwork(copying, band_rows=32)
        colour = ColourSpace.from_profile(None, 3)
        target = Target(Tall(height), colour, height, 400)
        picture = AnchoredPicture(
            target, grid(height, 400, 0.5), network, measure_tone_curve(network), SIGMA
        )
        tracemalloc.start()
        rows = sum(len(band) for band in picture.bands(lambda done, unit: None, {}))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert rows == height
    assert peaks[1] < 1.1 * peaks[0]


def test_the_tone_curve_is_undone() -> None:
    def curved(pixels: FloatImage) -> FloatImage:
        return enlarged(pixels ** np.float32(0.9) + np.array([0.0, 0.01, 0.02], np.float32))

    curve = measure_tone_curve(FakeNetwork(curved))
    ramp = np.repeat(np.linspace(0.05, 1, 64, dtype=np.float32)[None, :, None], 3, axis=2)
    undone = curve.undo(curved(ramp))
    assert np.abs(undone - enlarged(ramp)).max() < 1.5 / 255
    assert curve.greatest > 10 / 255


def test_a_network_that_swaps_two_tones_is_still_undone_monotonely() -> None:
    curve = measure_tone_curve(FakeNetwork(lambda p: enlarged(np.minimum(p, np.float32(0.9)))))
    ramp = np.repeat(np.linspace(0, 1, 500, dtype=np.float32)[None, :, None], 3, axis=2)
    assert np.diff(curve.undo(ramp)[0, :, 0]).min() >= 0


def test_a_hair_may_gain_contrast_and_a_plateau_may_not() -> None:
    scan = np.full((41, 41, 1), 0.5, np.float32)
    scan[:, 20] = 0.7
    bounds = Bounds(ArrayRaster(scan)).read(0, 0, 41, 41)
    assert bounds[20, 20, 1] == pytest.approx(0.9)
    assert bounds[20, 10, 1] == pytest.approx(0.5)
    scan[:, 20:] = 0.7
    bounds = Bounds(ArrayRaster(scan)).read(0, 0, 41, 41)
    assert bounds[..., 1].max() == pytest.approx(0.7)
    assert bounds[..., 0].min() == pytest.approx(0.5)


@pytest.mark.parametrize("view", [Bounds, lambda r: Mirrored(r, 9), lambda r: RecentRows(r, 20)])
def test_views_hold_the_same_bits_by_any_window(view: Any) -> None:
    photo = corpus.photo("coffee", 40, 100, 60, 50)
    seen = view(ArrayRaster(photo))
    full = seen.read(0, 0, seen.height, seen.width)
    generator = np.random.default_rng(3)
    for _ in range(40):
        top, left = int(generator.integers(seen.height)), int(generator.integers(seen.width))
        rows = int(generator.integers(1, seen.height - top + 1))
        columns = int(generator.integers(1, seen.width - left + 1))
        window = seen.read(top, left, rows, columns)
        assert np.array_equal(window, full[top : top + rows, left : left + columns])


def test_the_mirror_may_be_wider_than_the_scan() -> None:
    tiny = np.arange(6, dtype=np.float32).reshape(2, 3, 1)
    seen = Mirrored(ArrayRaster(tiny), 7)
    expected = np.pad(tiny, ((7, 7), (7, 7), (0, 0)), mode="symmetric")
    assert np.array_equal(seen.read(0, 0, seen.height, seen.width), expected)


@pytest.mark.parametrize(
    ("measured", "share"),
    [(1.0, 1.0), (0.9, 1.0), (0.5, 0.7071), (0.25, 0.3536), (0.2, 0.25), (0.01, 0.125)],
)
def test_the_working_resolution_lies_above_the_measured_one(measured: float, share: float) -> None:
    assert working_share(measured) == pytest.approx(share, abs=1e-3)


def test_two_scans_of_one_print_get_one_working_resolution() -> None:
    assert working_share(290 / 1200) == working_share(310 / 1200)


def evidence(said: dict[str, Any], ppi: tuple[float, float] | None) -> EffectivePicture:
    return EffectivePicture.of(report_of(said), ppi)


def test_evidence_is_taken_from_the_condition_report() -> None:
    report = {
        "effective_resolution": {"value": 300.0, "detail": {"fraction": 0.25}},
        "noise": {"value": 3.5},
    }
    assert evidence(report, None) == EffectivePicture(300.0, 0.25, 3.5, None, "")
    report["effective_resolution"] = {"value": 300.0}
    assert evidence(report, (1200.0, 1200.0)).share == 0.25
    unknown = {"effective_resolution": {"value": None, "detail": {"reason": "an empty page"}}}
    assert evidence(unknown, (1200.0, 1200.0)) == EffectivePicture(
        None, None, None, None, "an empty page"
    )


def test_grain_is_no_noise_of_the_scan() -> None:
    noise = {"value": 5.0, "detail": {"grain": {"found": True, "sigma": 4.0}}}
    found = evidence({"noise": noise}, None)
    assert (found.noise, found.grain) == (pytest.approx(3.0), 4.0)
    noise["detail"]["grain"]["found"] = False
    assert evidence({"noise": noise}, None).noise == 5.0


def test_noise_beside_grain_is_what_is_white() -> None:
    detail = {"full": {"sigma": 0.5, "total": 4.9}, "grain": {"found": True, "sigma": 5.5}}
    found = evidence({"noise": {"value": 7.1, "detail": detail}}, None)
    assert (found.noise, found.grain) == (0.5, 5.5)


def test_what_may_be_grain_is_kept_as_grain() -> None:
    noise = {"value": 5.0, "detail": {"grain": {"found": None, "sigma": 4.0}}}
    found = evidence({"noise": noise}, None)
    assert (found.noise, found.grain) == (pytest.approx(3.0), 4.0)
    # Nothing was measured that could be told from texture.
    noise["detail"]["grain"]["sigma"] = None
    assert evidence({"noise": noise}, None).noise == 5.0


@pytest.mark.slow
@pytest.mark.weights
def test_real_weights_keep_flat_patches_and_edges() -> None:
    torch = pytest.importorskip("torch")
    from restoration.config.settings import EngineSettings
    from restoration.engine.run import run_network
    from restoration.networks.load import load_network

    name = "realesrgan-x4plus-packaged"
    device = torch.device("cpu")
    models = weights_at_hand.models_with(name)
    loaded = load_network(name, models, weights_at_hand.manifest(), device)
    engine = EngineSettings.model_validate({})

    class Real(FakeNetwork):
        def run(self, source: Any, progress: Any) -> Any:
            return run_network(loaded, source, engine, device, progress)

    patches = chart(24)
    made = restore(patches, Real(), 0.5)
    for index, colour in enumerate(FLAT):
        middle = made[8:16, index * 24 + 9 : index * 24 + 15]
        assert np.abs(middle - np.float32(colour)).max() <= 0.5 / 255, colour
    edge = flat((0.1, 0.1, 0.1), 32)
    edge[:, 16:] = 0.9
    made = restore(edge, Real(), 1.0)
    assert made.max() <= 0.9 + 1 / 255
    assert made.min() >= 0.1 - 1 / 255
