"""Denoise: when it applies, what it tells the network, what of the noise goes and what stays."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
import pytest

from restoration.condition.noise import ReportedNoise
from restoration.config.stages.denoise import DenoiseSettings
from restoration.errors import ConfigError
from restoration.raster.base import ArrayRaster, FloatImage, Raster
from restoration.raster.colour.colour_space import ColourSpace
from restoration.stages.base import Declined, Page, Restored
from restoration.stages.denoise import noise_level, picture, scales
from restoration.stages.denoise.stage import DenoiseStage
from support import corpus
from support.condition import report
from support.fake_networks import FakeNetwork

PHOTO = corpus.photo("coffee", 40, 100, 90, 114)
NO_GRAIN = {"found": False, "sigma": 0.0, "channel_correlation": 0.0}


def neighbours(pixels: FloatImage) -> FloatImage:
    """Means of 3 x 3, added up in a fixed order."""
    padded = np.pad(pixels, ((1, 1), (1, 1), (0, 0)), mode="edge")
    height, width = pixels.shape[:2]
    total = np.zeros_like(pixels)
    for down in range(3):
        for across in range(3):
            total += padded[down : down + height, across : across + width]
    return total * np.float32(1 / 9)


def smoothing(pixels: FloatImage) -> FloatImage:
    """The more noise it is told of, the more it smooths."""
    share = np.minimum(pixels[..., 3:] * np.float32(20), np.float32(1))
    return pixels[..., :3] + share * (neighbours(pixels[..., :3]) - pixels[..., :3])


def copying(pixels: FloatImage) -> FloatImage:
    return pixels[..., :3].copy()


@dataclass
class FakeDenoiser(FakeNetwork):
    """Told the noise level, as FFDNet; remembers it."""

    answer: Callable[[FloatImage], FloatImage] = smoothing
    scale: int = 1
    channels: int = 4
    generative: bool = False
    levels: list[FloatImage] = field(default_factory=list)

    def run(self, source: Raster, progress: Callable[[float, str], None]) -> Iterator[FloatImage]:
        assert source.channels == self.channels
        if self.channels == 4:
            self.levels.append(source.read(0, 0, source.height, source.width)[..., 3] * 255)
        return super().run(source, progress)


def noise(
    value: float | None, half: float = 0.5, quarter: float = 0.25, **detail: Any
) -> dict[str, Any]:
    """The report's noise; half, quarter: as shares of the whole."""
    if value is None:
        return {"value": None, "detail": {"reason": "a screen hides it", **detail}}
    shares = {"full": 1.0, "half": half, "quarter": quarter}
    at = {name: {"sigma": 0.1, "total": share * value} for name, share in shares.items()}
    return {"value": value, "detail": {**at, "grain": NO_GRAIN, **detail}}


WHITE = {"sigma": 6.0, "total": 8.0}
"""At full scale: more white noise than any other figure leaves room for."""


def grain(sigma: float, equal: bool = True, likeness: float | None = None) -> dict[str, Any]:
    return {
        "found": True,
        "sigma": sigma,
        "equal_channels": equal,
        "size_px": 2.8,
        "channel_correlation": likeness,
    }


def page(
    noise_found: dict[str, Any],
    blocking: dict[str, Any] | None = None,
    pixels: FloatImage = PHOTO,
    profile: bytes | None = None,
) -> Page:
    told = report(noise=noise_found, blocking=blocking)
    colour = ColourSpace.from_profile(profile, pixels.shape[2])
    return Page("box-1", 1, ArrayRaster(pixels), colour, (600.0, 600.0), told, "0" * 64)


def stage(network: FakeNetwork, /, **settings: Any) -> DenoiseStage:
    made = DenoiseStage()
    made.setup(DenoiseSettings.model_validate(settings), network)
    return made


def drawn(result: Restored | Declined) -> tuple[FloatImage, Restored]:
    assert isinstance(result, Restored)
    return np.concatenate(list(result.bands)), result


@pytest.mark.parametrize(
    ("found", "settings", "said"),
    [
        (noise(0.6), {}, "^its noise is 0.6/255, denoise begins above 1/255"),
        (noise(3.0), {"noisy_above": 4.0}, "denoise begins above 4/255"),
        (noise(None), {}, "its noise is unknown: a screen hides it"),
        (noise(None), {"apply": "always"}, "its noise is unknown"),
        (noise(0.0), {"apply": "always"}, "there is no noise to remove"),
        (noise(8.0), {"network": "none"}, "names no network"),
        (
            noise(8.0, 0.9, 0.7, grain=grain(8.0)),
            {},
            r"^grain of the photograph, 8/255 of a noise of 8/255, 2.8 px wide, "
            "which the recipe has denoise leave$",
        ),
        (
            noise(8.0, 0.9, 0.7, grain=grain(6.0, equal=False), full=WHITE),
            {},
            "5.3/255 of other noise cannot be told from it",
        ),
        (
            noise(8.0, 0.9, 0.7, grain={"found": None}),
            {},
            "coarser than the pixels and may be grain",
        ),
    ],
)
def test_what_is_left_alone_says_why(
    found: dict[str, Any], settings: dict[str, Any], said: str
) -> None:
    network = FakeDenoiser()
    result = stage(network, **settings).apply(page(found))
    assert isinstance(result, Declined)
    assert re.search(said, result.reason), result.reason
    assert result.findings["noise_255"] == found["value"]
    assert network.pixels == 0


def test_what_is_denoised_because_it_is_asked_for_says_so_and_what_was_measured() -> None:
    _, result = drawn(stage(FakeDenoiser(), apply="always").apply(page(noise(0.6))))
    assert result.findings["reason"].startswith("the recipe asks for it at any strength: ")
    assert "0.6/255" in result.findings["reason"]


def test_a_report_without_the_findings_leaves_the_page_alone() -> None:
    result = stage(FakeDenoiser()).apply(replace(page(noise(1.0)), report=report()))
    assert isinstance(result, Declined)
    assert "unknown" in result.reason


def test_white_noise_is_removed_in_one_run_that_is_told_its_strength() -> None:
    network = FakeDenoiser()
    made, result = drawn(stage(network).apply(page(noise(6.0))))
    assert made.shape == PHOTO.shape
    assert made.dtype == np.float32
    assert made.min() >= 0.0
    assert made.max() <= 1.0
    (level,) = network.levels
    assert np.allclose(level, 6.0, atol=0.05)
    found = result.findings
    assert found["passes"] == [{"scale": 1, "sigma_255": 6.0}]
    assert found["reason"] == "noisy: 6/255"
    assert (found["network"], found["generative"], result.generative) == ("fake", False, False)
    assert found["mean_change_255"] > 0.5


def test_noise_coarser_than_the_pixels_is_removed_from_the_coarsest_scale_on() -> None:
    network = FakeDenoiser()
    _, result = drawn(stage(network).apply(page(noise(10.0, 0.9, 0.7))))
    steps = [(step["scale"], step["sigma_255"]) for step in result.findings["passes"]]
    assert [scale for scale, _ in steps] == [4, 2, 1]
    # What the coarser runs took away is not there any more.
    assert [sigma for _, sigma in steps] == pytest.approx(
        [7.0, (81 - 49) ** 0.5, (100 - 81) ** 0.5], abs=1e-3
    )
    heights = [level.shape[0] - 2 * scales.MARGIN for level in network.levels]
    assert heights == [round(90 / 4), 45, 90]


def test_noise_of_a_half_size_picture_is_not_looked_for_at_a_quarter() -> None:
    steps = ReportedNoise.of(report(noise=noise(8.0, 0.9, 0.5))).passes(0.0)
    assert [step.scale for step in steps] == [2, 1]


def test_scales_that_hold_texture_are_left_out() -> None:
    found = noise(8.0, 0.9, 0.7)
    found["detail"]["full"]["kind"] = "texture"
    steps = ReportedNoise.of(report(noise=found)).passes(0.0)
    assert [(step.scale, round(step.sigma, 2)) for step in steps] == [(4, 5.6), (2, 4.53)]


def test_darker_tones_are_told_their_own_noise() -> None:
    ramp = np.repeat(np.linspace(0.02, 0.98, 200, dtype=np.float32)[None, :, None], 40, 0)
    ramp = np.repeat(ramp, 3, 2) * np.array([1, 0.999, 1], np.float32)
    network = FakeDenoiser()
    tones = [8.0, None, 4.0, 4.0, 3.0, 2.0]
    drawn(stage(network).apply(page(noise(4.0, tones=tones), pixels=ramp)))
    level = network.levels[0][scales.MARGIN + 20, scales.MARGIN : -scales.MARGIN]
    assert level[10] == pytest.approx(8.0, abs=0.1)
    assert level[50] == pytest.approx(6.0, abs=0.5)
    assert level[100] == pytest.approx(4.0, abs=0.1)
    assert level[190] == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("profile", ["wide gamut", "Adobe RGB"])
def test_the_level_is_that_of_what_the_network_sees(profile: str) -> None:
    """Noise of the file's own values is another noise once they are encoded for sRGB."""
    colour = ColourSpace.from_profile(corpus.PROFILES[profile](), 3)
    found = ReportedNoise.of(report(noise=noise(4.0)))
    curve = noise_level.noise_curve(found, colour)
    rng = np.random.default_rng(2)
    for tone in (0.2, 0.5, 0.8):
        flat = tone + rng.normal(0, 0.004, (64, 64, 3)).astype(np.float32)
        seen = float(np.sqrt(colour.to_srgb(flat.astype(np.float32)).var(axis=(0, 1)).mean()))
        told = np.interp(tone, np.linspace(0, 1, curve.size), curve) * 0.004
        assert told == pytest.approx(seen, rel=0.05)


@pytest.mark.parametrize("channels", [1, 3])
def test_grey_pages_stay_grey_and_are_told_the_noise_that_the_channels_share(
    channels: int,
) -> None:
    """A colour denoiser expects the mean of the channels to be less noisy than each."""
    grey = np.repeat(corpus.photo("camera", 100, 200, 60, 70), channels, 2)

    def tinting(pixels: FloatImage) -> FloatImage:
        return smoothing(pixels) + np.array([0.02, 0, -0.01], np.float32) * pixels[..., :1]

    network = FakeDenoiser(tinting)
    made, result = drawn(stage(network).apply(page(noise(5.0), pixels=grey)))
    assert made.shape == grey.shape
    assert result.findings["neutral"]
    assert np.array_equal(made, np.repeat(made[..., :1], channels, 2))
    assert np.abs(made - grey).max() > 2 / 255
    assert network.levels[0].mean() == pytest.approx(5.0 * 3**0.5, abs=0.05)


@pytest.mark.parametrize("block", [1 << 19, 3000])
def test_bands_and_blocks_change_no_bit(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    found = noise(9.0, 0.9, 0.7, tones=[4, 6, 8, 9, 9, 9])
    blocks = {"value": True, "detail": {"quality": 40}}
    first, _ = drawn(stage(FakeDenoiser()).apply(page(found, blocks)))
    monkeypatch.setattr(scales, "BLOCK_PIXELS", block)
    monkeypatch.setattr(picture, "BLOCK_PIXELS", block)
    monkeypatch.setattr(scales, "ROWS", 24)
    for rows in (64, 7, 1000):
        made, _ = drawn(stage(FakeDenoiser(band_rows=rows)).apply(page(found, blocks)))
        assert np.array_equal(made, first)


@pytest.mark.parametrize("profile", [None, "wide gamut", "Adobe RGB"])
def test_a_network_that_changes_nothing_leaves_every_bit(profile: str | None) -> None:
    """16-bit values and colours outside sRGB survive the way to the network and back."""
    rng = np.random.default_rng(3)
    pixels = (rng.integers(0, 65536, (50, 60, 3)) / 65535).astype(np.float32)
    icc = None if profile is None else corpus.PROFILES[profile]()
    colour = ColourSpace.from_profile(icc, 3)
    if profile is not None:
        assert (colour.to_srgb(pixels) < -0.01).any()
    made, _ = drawn(
        stage(FakeDenoiser(copying)).apply(page(noise(6.0), pixels=pixels, profile=icc))
    )
    assert np.abs(made - pixels).max() <= 0.5 / 65535


def test_no_tone_moves() -> None:
    def shifting(pixels: FloatImage) -> FloatImage:
        return pixels[..., :3] + np.array([7, 3, -5], np.float32) / 255

    flat = np.full((80, 70, 3), 0.5, np.float32) + np.array([0, 0.01, 0.02], np.float32)
    made, result = drawn(stage(FakeDenoiser(shifting)).apply(page(noise(6.0), pixels=flat)))
    assert np.abs(made - flat).max() < 0.1 / 255
    assert result.findings["low_band_greatest_255"] == pytest.approx(7.0, abs=0.1)


def changed(found: dict[str, Any], **settings: Any) -> FloatImage:
    made, _ = drawn(stage(FakeDenoiser(), **settings).apply(page(found)))
    return made - PHOTO


def test_reduced_grain_keeps_half_of_its_strength() -> None:
    found = noise(8.0, 0.9, 0.7, grain=grain(8.0, likeness=1.0))
    whole, half = changed(found, grain="remove"), changed(found, grain="reduce")
    assert np.abs(whole).max() > 4 / 255
    assert np.abs(half - 0.5 * whole).max() < 1e-5


def test_noise_that_the_channels_share_is_taken_from_their_mean() -> None:
    """The colours hold none of it."""
    change = changed(noise(8.0, 0.9, 0.7, grain=grain(8.0, likeness=1.0)), grain="remove")
    assert np.abs(change).max() > 4 / 255
    inside = ((change + PHOTO) > 0).all(2) & ((change + PHOTO) < 1).all(2)
    assert np.abs(change - change.mean(2, keepdims=True))[inside].max() < 1e-5


def test_where_grain_is_kept_the_noise_of_the_colours_goes() -> None:
    found = noise(
        8.0, 0.9, 0.7, grain=grain(7.2, likeness=0.81), channels=[8.0, 8.0, 8.0], full=WHITE
    )
    network = FakeDenoiser()
    made, result = drawn(stage(network).apply(page(found)))
    assert np.allclose(network.levels[0], 8.0 * (1 - 0.81) ** 0.5, atol=0.05)
    assert (
        "3.5/255 beside grain of the photograph, 7.2/255 of a noise of 8/255"
        in result.findings["reason"]
    )
    change = made - PHOTO
    inside = (made > 0).all(2) & (made < 1).all(2)
    assert np.abs(change.mean(axis=2))[inside].max() < 1e-6
    assert np.abs(change).max() > 1 / 255


def test_strength_is_a_share_of_the_change() -> None:
    whole, part = changed(noise(6.0)), changed(noise(6.0), strength=0.25)
    assert np.abs(part - 0.25 * whole).max() < 1e-5


def blocked(quality: int, factor: float = 1.0) -> tuple[FloatImage, FloatImage]:
    """A stored picture and its truth, both enlarged alike afterwards."""
    truth = corpus.photo("astronaut", 0, 60, 168, 168)
    codes = np.rint(truth * 255).astype(np.uint8)
    _, file = cv2.imencode(".jpg", codes[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    back = cv2.imdecode(file, cv2.IMREAD_COLOR)[..., ::-1].astype(np.float32) / 255
    if factor == 1.0:
        return np.ascontiguousarray(back), truth
    side = round(168 * factor)
    larger = (cv2.resize(x, (side, side), interpolation=cv2.INTER_CUBIC) for x in (back, truth))
    first, second = (np.clip(x, 0, 1) for x in larger)
    return first, second


def psnr(pixels: FloatImage, truth: FloatImage) -> float:
    return float(-10 * np.log10(np.mean((pixels.astype(np.float64) - truth) ** 2)))


@pytest.mark.parametrize(("factor", "gain"), [(1.0, 0.4), (1.5, 0.3)])
def test_jpeg_blocks_go_without_a_network(factor: float, gain: float) -> None:
    seen, truth = blocked(20, factor)
    found = {"value": True, "detail": {"quality": 20, "period_px": [8 * factor, 8 * factor]}}
    network = FakeDenoiser()
    result = stage(network, network="none").apply(page(noise(None), found, seen))
    made, restored = drawn(result)
    assert psnr(made, truth) > psnr(seen, truth) + gain
    assert restored.findings["blocks"]["stored_px"] == {"width": 168, "height": 168}
    assert "quality of about 20" in restored.findings["reason"]
    assert not restored.generative
    assert network.asked == []


@pytest.mark.parametrize(
    ("found", "settings", "said"),
    [
        ({"value": True, "detail": {"quality": None}}, {}, "quality at which it was stored"),
        ({"value": True, "detail": {"quality": 20}}, {"blocking": "never"}, "leave JPEG blocks"),
        ({"value": False}, {}, "denoise begins above"),
        ({"value": None}, {}, "denoise begins above"),
    ],
)
def test_blocks_that_stay_are_named(
    found: dict[str, Any], settings: dict[str, Any], said: str
) -> None:
    result = stage(FakeDenoiser(), **settings).apply(page(noise(0.5), found))
    assert isinstance(result, Declined)
    assert said in result.reason


def test_blocks_go_where_grain_stays() -> None:
    seen, truth = blocked(30)
    found = {"value": True, "detail": {"quality": 30, "period_px": [8.0, 8.0]}}
    kept = noise(5.0, 0.9, 0.7, grain=grain(5.0))
    network = FakeDenoiser()
    made, result = drawn(stage(network).apply(page(kept, found, seen)))
    assert psnr(made, truth) > psnr(seen, truth) + 0.2
    assert "which the recipe has denoise leave" in result.findings["noise_left"]
    assert network.pixels == 0


def test_what_compression_wrote_around_edges_goes_where_there_is_no_grain() -> None:
    seen, _ = blocked(30)
    found = {"value": True, "detail": {"quality": 30}}
    network = FakeDenoiser()
    _, result = drawn(stage(network).apply(page(noise(0.5), found, seen)))
    assert result.findings["passes"] == [{"scale": 1, "sigma_255": pytest.approx(6.4, abs=0.2)}]
    assert "compression" in result.findings["reason"]


def test_a_network_that_judges_for_itself_sees_three_channels() -> None:
    def smooth(pixels: FloatImage) -> FloatImage:
        return neighbours(pixels)

    network = FakeDenoiser(smooth, channels=3, generative=True)
    made, result = drawn(stage(network).apply(page(noise(6.0, 0.9, 0.7))))
    assert [step["scale"] for step in result.findings["passes"]] == [1]
    assert result.generative
    assert np.abs(made - PHOTO).max() > 4 / 255
    asked = {"apply": "always", "grain": "remove"}
    drawn(stage(FakeDenoiser(smooth, channels=3), **asked).apply(page(noise(None))))


def test_a_network_that_enlarges_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"stages\.denoise\.network: 'fake' enlarges 4 times"):
        stage(FakeDenoiser(scale=4)).apply(page(noise(6.0)))


@pytest.mark.parametrize("size", [(3, 2, 3), (1, 1, 1), (5, 400, 3)])
def test_a_tiny_scan_does_not_fail(size: tuple[int, int, int]) -> None:
    tiny = np.full(size, 0.4, np.float32)
    found = {"value": True, "detail": {"quality": 30}}
    made, _ = drawn(stage(FakeDenoiser()).apply(page(noise(6.0, 0.9, 0.7), found, tiny)))
    assert made.shape == tiny.shape
    assert np.abs(made - tiny).max() < 0.5 / 255


def test_progress_reaches_the_end_over_all_runs() -> None:
    seen: list[tuple[float, str]] = []
    told = replace(
        page(noise(9.0, 0.9, 0.7)), progress=lambda done, unit: seen.append((done, unit))
    )
    drawn(stage(FakeDenoiser(band_rows=16)).apply(told))
    shares = [done for done, _ in seen]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)
    assert any(unit.startswith("at 1/4, ") for _, unit in seen)
