"""What cameras, film, scanners and files do: blur, softness, grain, sensor noise, JPEG."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from scipy.fft import dctn, idctn

from damage.light import Picture, channels_kept, softened, spread, to_encoded, to_light
from support.simulated_scans import jpeg


@dataclass(frozen=True)
class Motion:
    """The camera moved evenly while the shutter was open."""

    length_px: float
    direction_deg: float
    """0 to 180, counter-clockwise from the row direction as displayed."""

    def kernel(self) -> npt.NDArray[np.float32]:
        """Point spread, sum 1, odd sides."""
        angle = np.deg2rad(self.direction_deg)
        along = np.linspace(-0.5, 0.5, 1 + round(20 * self.length_px)) * self.length_px
        return _splatted(-along * np.sin(angle), along * np.cos(angle))


@dataclass(frozen=True)
class Defocus:
    """A round aperture out of focus."""

    radius_px: float

    def kernel(self) -> npt.NDArray[np.float32]:
        """Point spread, sum 1, odd sides."""
        reach = int(np.ceil(self.radius_px)) + 1
        steps = (np.arange((2 * reach + 1) * 16) + 0.5) / 16 - reach - 0.5
        inside = steps[:, None] ** 2 + steps[None, :] ** 2 <= self.radius_px**2
        side = 2 * reach + 1
        cells = inside.reshape(side, 16, side, 16).mean(axis=(1, 3))
        return np.asarray(cells / cells.sum(), np.float32)


@dataclass(frozen=True)
class Grain:
    """Grain of a photograph, on encoded values, strongest in the midtones unless ``even``."""

    sigma: float
    """Standard deviation in the midtones, in 1/255."""
    clump: float
    """Size of the grains: standard deviation of a Gaussian, in pixels."""
    equal_channels: bool
    """Silver: the same in all channels. Dye layers: two thirds of the variance are their own."""
    even: bool = False
    """The same at all tones, for measuring; not what film does."""


def blurred_by(picture: Picture, cause: Motion | Defocus) -> Picture:
    """The blurred picture, of the same size, blurred in linear light."""
    return np.clip(to_encoded(spread(to_light(picture), cause.kernel())), 0, 1)


def grainy(picture: Picture, grain: Grain, rng: np.random.Generator) -> tuple[Picture, Picture]:
    """The grainy picture and the grain itself (what was added, after clipping)."""
    height, width, channels = picture.shape
    layers = np.repeat(rng.standard_normal((height, width, 1)).astype(np.float32), channels, axis=2)
    if channels == 3 and not grain.equal_channels:
        own = rng.standard_normal(picture.shape).astype(np.float32)
        layers = np.float32(np.sqrt(1 / 3)) * layers + np.float32(np.sqrt(2 / 3)) * own
    if grain.clump > 0:
        layers = softened(layers, grain.clump)
        layers = layers / np.float32(layers.std())
    # Density noise of silver and dyes is largest in the midtones (Selwyn's law, film curves).
    curve = np.sqrt(np.clip(4 * picture * (1 - picture), 0.1, 1.0))
    strength = np.float32(grain.sigma / 255) * (np.ones_like(picture) if grain.even else curve)
    grown = np.clip(picture + layers * strength, 0, 1).astype(np.float32)
    return grown, grown - picture


def sensor_noise(picture: Picture, sigmas: tuple[float, ...], rng: np.random.Generator) -> Picture:
    """White Gaussian noise of ``sigmas``/255, one for each channel or one for all; clipped."""
    strength = np.asarray(sigmas, np.float32) / np.float32(255)
    noise = rng.standard_normal(picture.shape).astype(np.float32) * strength
    return np.clip(picture + noise, 0, 1)


def jpeg_copy(
    picture: Picture, quality: int, offset: tuple[int, int] = (0, 0), scale: float = 1.0
) -> Picture:
    """A JPEG that was cropped by ``offset`` rows and columns, then enlarged by ``scale``.

    The block grid then begins at ``(-offset) % 8`` times ``scale``. A grey picture stays grey.
    """
    stored = jpeg(picture if picture.shape[2] == 3 else np.repeat(picture, 3, axis=2), quality)
    if picture.shape[2] == 1:
        stored = stored[:, :, 1:2]
    cropped = stored[offset[0] :, offset[1] :]
    if scale == 1.0:
        return np.ascontiguousarray(cropped)
    size = (round(cropped.shape[1] * scale), round(cropped.shape[0] * scale))
    enlarged = cv2.resize(cropped, size, interpolation=cv2.INTER_CUBIC)
    return np.clip(channels_kept(enlarged), 0, 1)


def soft_scan(
    picture: Picture,
    fraction: float,
    transfer: str,
    sigma: float,
    rng: np.random.Generator,
) -> Picture:
    """A scan of whose resolution only ``fraction`` holds picture, with white sensor noise.

    transfer: ``ideal`` passes everything up to the fraction of Nyquist and nothing above: a
    perfect enlargement by 1/fraction. ``optical`` is a Gaussian that lets 10 % of the contrast
    through at the fraction (MTF10), on a picture enlarged by 0.5/fraction (at most reduced to
    it), so that detail goes on beyond the limit.
    """
    factor = (1.0 if transfer == "ideal" else 0.5) / fraction
    height, width = (round(side * factor) for side in picture.shape[:2])
    result = np.empty((height, width, picture.shape[2]), np.float32)
    down = np.arange(height)[:, None] / (2 * height)
    across = np.arange(width)[None, :] / (2 * width)
    falling = np.exp(-np.log(10.0) * (down**2 + across**2) / (0.5 * fraction) ** 2)
    for channel in range(picture.shape[2]):
        own = dctn(picture[:, :, channel].astype(np.float64), type=2, norm="ortho")
        wide = np.zeros((height, width))
        rows, columns = min(height, own.shape[0]), min(width, own.shape[1])
        wide[:rows, :columns] = own[:rows, :columns]
        if transfer == "optical":
            wide *= falling
        gain = np.sqrt(height * width / (own.shape[0] * own.shape[1]))
        result[:, :, channel] = idctn(wide, type=2, norm="ortho") * gain
    return sensor_noise(result, (sigma,), rng)


def _splatted(
    down: npt.NDArray[np.float64], across: npt.NDArray[np.float64]
) -> npt.NDArray[np.float32]:
    """Points shared out to the four pixels around each."""
    reach = int(np.ceil(max(np.abs(down).max(), np.abs(across).max()))) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    top, left = np.floor(down).astype(int), np.floor(across).astype(int)
    y, x = down - top, across - left
    for dy, wy in ((0, 1 - y), (1, y)):
        for dx, wx in ((0, 1 - x), (1, x)):
            np.add.at(kernel, (top + dy + reach, left + dx + reach), wy * wx)
    return np.asarray(kernel / kernel.sum(), np.float32)
