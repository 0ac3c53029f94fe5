"""FFDNet: the network, its stream, and what its weights do to pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch.nn import functional

from restoration.config.settings import EngineSettings
from restoration.config.stages.denoise import DenoiseSettings
from restoration.engine.run import run_network
from restoration.networks.architectures.ffdnet import FfdnetParameters
from restoration.networks.load import Network, load_network
from restoration.raster.base import ArrayRaster, FloatImage, Raster
from restoration.raster.colour.colour_space import ColourSpace
from restoration.stages.base import Page, Restored
from restoration.stages.denoise.stage import DenoiseStage
from support import by_parameters, corpus, weights_at_hand
from support.condition import report

CPU = torch.device("cpu")
SMALL = FfdnetParameters(num_feat=6, num_conv=4)


def small_network() -> Network:
    torch.manual_seed(3)
    module = by_parameters.build(SMALL, 1).eval().requires_grad_(False)
    return Network(
        name="small",
        module=module.to(memory_format=torch.channels_last),  # type: ignore[call-overload]
        scale=1,
        radius=by_parameters.receptive_radius(SMALL, 1),
        multiple=by_parameters.multiple(SMALL, 1),
        weights=("small",),
        weights_sha256=("0" * 64,),
        licence="none",
        architecture=by_parameters.kind_of(SMALL),
        channels=4,
        generative=False,
    )


def engine(**changes: int) -> EngineSettings:
    return EngineSettings.model_validate(changes)


def image(height: int, width: int) -> FloatImage:
    return np.random.default_rng(4).random((height, width, 4), dtype=np.float32)


@pytest.mark.parametrize("size", [(40, 600), (37, 41), (3, 2), (1, 1)])
@pytest.mark.parametrize("geometry", [{}, {"band_rows": 8}, {"strip_columns": 256}])
def test_bands_and_strips_equal_the_whole(size: tuple[int, int], geometry: dict[str, int]) -> None:
    network, pixels = small_network(), image(*size)
    bands = run_network(network, ArrayRaster(pixels), engine(**geometry), CPU)
    made = np.concatenate(list(bands))
    even = np.pad(pixels, [(0, side % 2) for side in size] + [(0, 0)], mode="edge")
    if min(size) > 1:
        even = np.pad(pixels, [(0, side % 2) for side in size] + [(0, 0)], mode="reflect")
    whole = network.module(torch.from_numpy(even).permute(2, 0, 1)[None])[0]
    expected = whole.permute(1, 2, 0).numpy()[: size[0], : size[1]]
    assert made.shape == (*size, 3)
    assert np.abs(made - expected).max() < 1 / 65535


def test_it_computes_what_the_paper_says() -> None:
    """Blocks of 2 x 2 into channels, the level beside them, convolutions with ReLU between."""
    network, pixels = small_network(), image(8, 10)
    tensor = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    folded = [
        tensor[:, channel, down::2, across::2]
        for channel in range(3)
        for down in range(2)
        for across in range(2)
    ]
    level = functional.avg_pool2d(tensor[:, 3:], 2)
    layer = torch.cat([torch.stack(folded, 1), level], 1)
    state = network.module.state_dict()
    for number in range(SMALL.num_conv):
        weight, bias = (state[f"model.{2 * number}.{part}"] for part in ("weight", "bias"))
        layer = functional.conv2d(layer, weight, bias, padding=1)
        layer = functional.relu(layer) if number < SMALL.num_conv - 1 else layer
    ours = network.module(tensor)
    for channel in range(3):
        for down in range(2):
            for across in range(2):
                expected = layer[0, 4 * channel + 2 * down + across]
                assert torch.allclose(ours[0, channel, down::2, across::2], expected, atol=1e-6)


def test_a_picture_without_its_noise_level_is_refused() -> None:
    with pytest.raises(ValueError, match="takes 4 channels, the source has 3"):
        next(run_network(small_network(), ArrayRaster(image(8, 8)[..., :3]), engine(), CPU))


# From here on with the real weights.


class Runner:
    def __init__(self, network: Network) -> None:
        self._network = network
        self.name, self.scale, self.radius = network.name, network.scale, network.radius
        self.channels, self.generative = network.channels, network.generative
        self.weights_sha256 = network.weights_sha256

    def run(self, source: Raster, progress: Callable[[float, str], None]) -> Iterator[FloatImage]:
        return run_network(self._network, source, EngineSettings(), CPU, progress)


@pytest.fixture(scope="module")
def ffdnet() -> Runner:
    name = "ffdnet-color"
    models: Path = weights_at_hand.models_with(name)
    return Runner(load_network(name, models, weights_at_hand.manifest(), CPU))


def denoised(
    ffdnet: Runner, pixels: FloatImage, noise: dict[str, Any], **settings: Any
) -> FloatImage:
    stage = DenoiseStage()
    stage.setup(DenoiseSettings.model_validate(settings), lambda name, **blend: ffdnet)
    colour = ColourSpace.from_profile(None, pixels.shape[2])
    page = Page("box-1", 1, ArrayRaster(pixels), colour, None, report(noise=noise), "0" * 64)
    result = stage.apply(page)
    assert isinstance(result, Restored)
    return np.concatenate(list(result.bands))


def white(sigma: float) -> dict[str, Any]:
    scales = {"full": sigma, "half": sigma / 2, "quarter": sigma / 4}
    return {"value": sigma, "detail": {k: {"sigma": v, "kind": "white"} for k, v in scales.items()}}


def psnr(pixels: FloatImage, truth: FloatImage) -> float:
    error = np.clip(pixels, 0, 1).astype(np.float64) - truth
    return float(-10 * np.log10(np.mean(error**2)))


def noisy(truth: FloatImage, sigma: float) -> FloatImage:
    noise = np.random.default_rng(11).normal(0, sigma / 255, truth.shape)
    return np.clip(truth + noise, 0, 1).astype(np.float32)


def rivals(pixels: FloatImage, truth: FloatImage, sigma: float) -> float:
    """The best PSNR of non-local means and total variation, tuned to the truth itself."""
    from skimage.restoration import denoise_nl_means, denoise_tv_chambolle

    axis, s = -1, sigma / 255
    codes = np.rint(pixels * 255).astype(np.uint8)
    found = []
    for strength in (0.7, 1.0, 1.3):
        if pixels.shape[2] == 3:
            made = cv2.fastNlMeansDenoisingColored(
                codes, None, strength * sigma, strength * sigma, 7, 21
            )
        else:
            made = cv2.fastNlMeansDenoising(codes, None, strength * sigma, 7, 21)[..., None]
        found.append(made.astype(np.float32) / 255)
    found.append(denoise_nl_means(pixels, 5, 6, h=0.8 * s, sigma=s, channel_axis=axis))
    found += [denoise_tv_chambolle(pixels, weight=w * s, channel_axis=axis) for w in (0.8, 1.2)]
    return max(psnr(np.reshape(made, truth.shape), truth) for made in found)


@pytest.mark.weights
@pytest.mark.parametrize("sigma", [5, 15, 25, 50])
@pytest.mark.parametrize("grey", [False, True])
def test_it_is_nearer_to_the_truth_than_the_alternatives(
    ffdnet: Runner, sigma: float, grey: bool
) -> None:
    truth = corpus.photo("coffee", 120, 200, 96, 128, grey=grey)
    pixels = noisy(truth, sigma)
    ours = psnr(denoised(ffdnet, pixels, white(sigma)), truth)
    assert ours > rivals(pixels, truth, sigma) + 0.5
    assert ours > psnr(pixels, truth) + 4


@pytest.mark.weights
def test_noise_that_was_enlarged_with_the_picture_goes(ffdnet: Runner) -> None:
    truth = corpus.photo("chelsea", 30, 120, 128, 128)
    coarse = np.random.default_rng(5).normal(0, 1, (64, 64, 3)).astype(np.float32)
    noise = cv2.resize(coarse, (128, 128), interpolation=cv2.INTER_CUBIC)
    noise *= 8 / 255 / noise.std()
    pixels = np.clip(truth + noise, 0, 1)
    sigmas = {"full": 8.0, "half": 7.2, "quarter": 4.0}
    detail = {k: {"sigma": 1.0, "total": v, "kind": "correlated"} for k, v in sigmas.items()}
    seen = {"value": 8.0, "detail": detail}
    ours = psnr(denoised(ffdnet, pixels, seen, grain="remove"), truth)
    at_full_scale = psnr(denoised(ffdnet, pixels, white(8.0)), truth)
    assert ours > at_full_scale + 1.5
    assert ours > psnr(pixels, truth) + 4


@pytest.mark.weights
@pytest.mark.parametrize("level", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("sigma", [5.0, 25.0])
def test_no_tone_moves(ffdnet: Runner, level: float, sigma: float) -> None:
    flat = np.full((64, 64, 3), level, np.float32)
    made = denoised(ffdnet, flat, white(sigma))
    assert np.abs(made.mean(axis=(0, 1)) - level).max() < 0.1 / 255


@pytest.mark.weights
def test_kept_grain_keeps_its_spectrum_while_the_noise_of_the_colours_goes(
    ffdnet: Runner,
) -> None:
    truth = corpus.photo("astronaut", 20, 120, 128, 128)
    rng = np.random.default_rng(6)
    grain = cv2.GaussianBlur(rng.normal(0, 1, (128, 128)), (0, 0), 1.2)[..., None]
    grain *= 7 / grain.std()
    sensor = rng.normal(0, 3, truth.shape)
    pixels = np.clip(truth + (grain + sensor) / 255, 0, 1).astype(np.float32)
    total = float(np.hypot(7, 3))
    facts = {"found": True, "sigma": 7.0, "equal_channels": True, "channel_correlation": 0.84}
    scales = {"full": total, "half": 6.4, "quarter": 4.6}
    detail = {k: {"sigma": v, "total": v, "kind": "correlated"} for k, v in scales.items()}
    detail |= {"grain": facts, "channels": [total] * 3}
    made = denoised(ffdnet, pixels, {"value": total, "detail": detail})

    def spectrum(values: FloatImage) -> float:
        return float((np.abs(np.fft.rfft2(values - values.mean())) ** 2).sum())

    change = (made - pixels).mean(axis=2)
    # The grain lies in the mean of the channels: a thousandth of its power at most may change.
    assert spectrum(change) < 1e-3 * spectrum((pixels - truth).mean(axis=2))

    def colour(values: FloatImage) -> FloatImage:
        return values - values.mean(axis=2, keepdims=True)

    before, after = (np.std(colour(x) - colour(truth)) for x in (pixels, made))
    assert after < 0.75 * before
