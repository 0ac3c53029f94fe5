"""How a print ages and how a scanner sees it: the physics behind the demo's damages.

Light adds up, so blur, dots and sensor noise act on linear light; grain and JPEG act on the
encoded values, where film density and files live. All arithmetic is float64 and all noise comes
from raw generator bits, so that a file has the same bytes on every run and machine.
"""

from __future__ import annotations

from collections.abc import Callable

import imagecodecs
import numpy as np

from restoration.raster.base import Floats
from restoration.raster.colour.tone_curve import srgb_tone

KernelFunction = Callable[[Floats], Floats]


class SensorNoise:
    """Reproducible, nearly normal noise.

    NumPy keeps the raw bits of a generator stable between versions (NEP 19), but not what its
    methods make of them; so the normal values are sums of twelve uniform ones (Irwin-Hall).
    """

    def __init__(self, seed: int) -> None:
        self._bits = np.random.PCG64(seed)

    def normal(self, shape: tuple[int, ...]) -> Floats:
        """Independent values of mean 0 and variance 1, within +-6."""
        words = self._bits.random_raw(3 * int(np.prod(shape))).astype("<u8").view("<u2")
        parts = words.reshape(-1, 12).astype(np.int64).sum(axis=1)
        # Twelve uniform whole numbers below 65536: mean 6 x 65535, variance 65536^2 - 1.
        return np.asarray((parts - 6 * 65535) / np.sqrt(65536.0**2 - 1.0)).reshape(shape)


def to_light(encoded: Floats) -> Floats:
    """Linear light of sRGB-encoded values."""
    return srgb_tone().decode(encoded)


def to_encoded(light: Floats) -> Floats:
    """sRGB-encoded values of linear light."""
    return srgb_tone().encode(light)


def lanczos3(x: Floats) -> Floats:
    """Windowed sinc of three lobes."""
    return np.where(np.abs(x) < 3.0, np.sinc(x) * np.sinc(x / 3.0), 0.0)


def b_spline(x: Floats) -> Floats:
    """Cubic B-spline: a printed dot's spread. Nowhere negative, as light cannot be."""
    a = np.abs(x)
    inner = (4.0 - 6.0 * a**2 + 3.0 * a**3) / 6.0
    return np.where(a < 1.0, inner, np.where(a < 2.0, (2.0 - np.minimum(a, 2.0)) ** 3 / 6.0, 0.0))


def resample(
    pixels: Floats, height: int, width: int, kernel: KernelFunction, reach: float
) -> Floats:
    """The picture on another grid that covers the same area.

    kernel: of unit distance between samples; it is widened when the grid becomes coarser.
    reach: distance at which the kernel has become 0.
    """
    rows = _weights(pixels.shape[0], height, kernel, reach)
    columns = _weights(pixels.shape[1], width, kernel, reach)
    tall = np.tensordot(rows, pixels, axes=(1, 0))
    return np.ascontiguousarray(np.moveaxis(np.tensordot(columns, tall, axes=(1, 1)), 0, 1))


def _weights(before: int, after: int, kernel: KernelFunction, reach: float) -> Floats:
    """float64 (after, before); edges are continued by their own value."""
    step = before / after
    widening = max(1.0, step)
    centres = (np.arange(after) + 0.5) * step - 0.5
    margin = int(np.ceil(reach * widening)) + 1
    places = np.arange(-margin, before + margin)
    raw = kernel((places[None, :] - centres[:, None]) / widening)
    raw /= raw.sum(axis=1, keepdims=True)
    weights = raw[:, margin:-margin].copy()
    weights[:, 0] += raw[:, :margin].sum(axis=1)
    weights[:, -1] += raw[:, -margin:].sum(axis=1)
    return weights


def enlarged(encoded: Floats, height: int, width: int) -> Floats:
    """A photograph on the finer grid of a scan, by Lanczos, within [0, 1].

    On encoded values: in linear light the same overshoot would blacken every shadow edge.
    """
    if encoded.shape[:2] == (height, width):
        return encoded
    return np.clip(resample(encoded, height, width, lanczos3, 3.0), 0.0, 1.0)


def blurred(encoded: Floats, sigma: float) -> Floats:
    """Optical softness: a Gaussian of ``sigma`` pixels, in linear light."""
    if sigma <= 0:
        return encoded
    return to_encoded(_gaussian(to_light(encoded), sigma))


def _gaussian(light: Floats, sigma: float) -> Floats:
    height, width = light.shape[:2]
    return resample(light, height, width, lambda x: np.exp(-0.5 * (x / sigma) ** 2), 4.0 * sigma)


def grainy(encoded: Floats, sigma: float, clump: float, noise: SensorNoise) -> Floats:
    """Grain of a print: ``sigma``/255 on encoded values, weaker towards paper white and black.

    clump: size of the grains, the standard deviation of a Gaussian in pixels. Grains lie where
    they will and not on the dots of a printer, so this acts on the scan's grid. In colour, two
    thirds of the variance belong to each dye layer alone.
    """
    if sigma <= 0:
        return encoded
    layers = noise.normal((*encoded.shape[:2], 1))
    if encoded.shape[2] == 3:
        layers = np.sqrt(1 / 3) * layers + np.sqrt(2 / 3) * noise.normal(encoded.shape)
    # A Gaussian of standard deviation s leaves 1 / (4 pi s^2) of the variance of white noise.
    grain = _gaussian(layers, clump) * np.sqrt(4.0 * np.pi) * clump
    # Density noise of silver and dyes is largest in the midtones (Selwyn's law, film curves).
    strength = sigma / 255.0 * np.sqrt(np.clip(4.0 * encoded * (1.0 - encoded), 0.1, 1.0))
    return np.asarray(np.clip(encoded + grain * strength, 0.0, 1.0))


def jpeg(encoded: Floats, quality: int) -> Floats:
    """What a JPEG file with halved colour resolution leaves of the picture."""
    codes = np.rint(np.clip(encoded, 0.0, 1.0) * 255.0).astype(np.uint8)
    stored = imagecodecs.jpeg8_encode(np.squeeze(codes), level=quality, subsampling="420")
    decoded = np.asarray(imagecodecs.jpeg8_decode(stored))
    return decoded.reshape(encoded.shape).astype(np.float64) / 255.0


def printed(encoded: Floats, height: int, width: int) -> Floats:
    """The light that dots of a print send back, seen at the finer grid of the scan."""
    return to_encoded(resample(to_light(encoded), height, width, b_spline, 2.0))


def scanned(encoded: Floats, electrons: float, mtf_sigma: float, noise: SensorNoise) -> Floats:
    """What a scanner makes of it: its optics, and the shot noise of its sensor.

    electrons: full well; the variance at relative light y is y/electrons plus a read noise of
        two parts in ten thousand of white, squared.
    """
    light = to_light(encoded)
    if mtf_sigma > 0:
        light = _gaussian(light, mtf_sigma)
    deviation = np.sqrt(np.maximum(light, 0.0) / electrons + 2e-4**2)
    noisy = light + noise.normal(light.shape) * deviation
    return np.clip(to_encoded(np.maximum(noisy, 0.0)), 0.0, 1.0)
