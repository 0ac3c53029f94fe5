"""Scans for golden results: uint16 (h, w, channels), the same codes on every processor.

Noise is made of whole numbers, all else in double precision and rounded once.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from support import corpus

Codes = npt.NDArray[np.uint16]
Floats = npt.NDArray[np.float64]


def codes_of(values: Floats) -> Codes:
    return np.rint(np.clip(values, 0.0, 1.0) * 65535.0).astype(np.uint16)


def photograph(name: str, top: int, left: int, height: int, width: int, grey: bool) -> Floats:
    """A crop of a packaged photograph; float64 (h, w, 1 or 3) in [0, 1]."""
    pixels = np.rint(corpus.photo(name, top, left, height, width) * 255.0).astype(np.float64)
    if grey and pixels.shape[2] == 3:
        pixels = (54.0 * pixels[..., :1] + 183.0 * pixels[..., 1:2] + 19.0 * pixels[..., 2:]) / 256
    return pixels / 255.0


def noise(shape: tuple[int, ...], sigma: float, seed: int) -> Floats:
    """Nearly normal: twelve even numbers added up; sigma in 1/255."""
    sums = np.random.default_rng(seed).integers(0, 4096, (12, *shape)).sum(axis=0)
    return (sums - 12 * 2047.5) / 4096.0 * (sigma / 255.0)


def softened(values: Floats, times: int = 1) -> Floats:
    """Binomial 3 x 3, the edge repeated."""
    for _ in range(times):
        for axis in (0, 1):
            around = [(1, 1) if at == axis else (0, 0) for at in range(values.ndim)]
            wide = np.pad(values, around, mode="edge")
            low, middle, high = (
                np.take(wide, range(at, at + values.shape[axis]), axis) for at in range(3)
            )
            values = 0.25 * low + 0.5 * middle + 0.25 * high
    return values


def linear(encoded: Floats) -> Floats:
    low = encoded / 12.92
    return np.where(encoded <= 0.04045, low, ((encoded + 0.055) / 1.055) ** 2.4)


def encoded(light: Floats) -> Floats:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def screen_vectors(period: float, degrees: float) -> tuple[Floats, Floats]:
    """f1, f2 (rows, columns; cycles per pixel) of a screen."""
    turn = np.deg2rad(degrees)
    f1 = np.array([-np.sin(turn), np.cos(turn)]) / period
    return f1, np.array([-f1[1], f1[0]])


def colour_halftone(picture: Floats, period: float, angles: tuple[float, ...]) -> Codes:
    """A print whose inks each darken one channel, with blank paper around."""
    planes = [
        halftone(picture[..., at : at + 1], period, degrees, seed=20 + at)
        for at, degrees in enumerate(angles)
    ]
    return np.concatenate(planes, axis=2)


def halftone(picture: Floats, period: float, degrees: float, seed: int = 5) -> Codes:
    """A print of a grey picture: round dots, seen at 4 x 4 places of each pixel. White is paper
    without a dot."""
    wanted = linear(picture[..., 0])
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float64)
    f1, f2 = screen_vectors(period, degrees)
    inked = np.zeros(wanted.shape)
    for down in (-0.375, -0.125, 0.125, 0.375):
        for right in (-0.375, -0.125, 0.125, 0.375):
            y, x = rows + down, columns + right
            waves = np.cos(2 * np.pi * (f1[0] * y + f1[1] * x + 0.13))
            waves = waves + np.cos(2 * np.pi * (f2[0] * y + f2[1] * x + 0.57))
            inked += 1.0 - wanted > 0.5 - 0.25 * waves
    light = softened(0.9 - 0.87 * inked / 16.0)[..., None]
    return codes_of(encoded(np.maximum(light, 0.0)) + noise(light.shape, 1.0, seed))


def dusty(picture: Floats, count: int, seed: int) -> tuple[Codes, npt.NDArray[np.bool_]]:
    """Light and dark specks of 2 to 5 pixels and a hair; and where they hide the picture."""
    rng = np.random.default_rng(seed)
    height, width = picture.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float64)
    cover = np.zeros((height, width))
    tone = np.zeros((height, width))
    for number in range(count):
        y, x = rng.integers(8, height - 8), rng.integers(8, width - 8)
        radius = 1.0 + rng.integers(0, 4) / 2.0
        disc = np.clip(radius + 0.5 - np.hypot(rows - y, columns - x), 0.0, 1.0)
        tone = np.where(disc > cover, 0.97 if number % 3 else 0.04, tone)
        cover = np.maximum(cover, disc)
    bend = 0.6 * height + 8.0 * np.sin(columns / 23.0)
    hair = np.clip(1.6 - np.abs(rows - bend), 0.0, 1.0) * (np.abs(columns - width / 2) < 45)
    tone = np.where(hair > cover, 0.95, tone)
    cover = np.maximum(cover, hair)
    mixed = picture + cover[..., None] * (tone[..., None] - picture)
    grain = 2.0 * softened(noise(picture.shape, 1.6, seed + 1))
    return codes_of(softened(mixed) + grain), cover >= 0.2


def scratched(picture: Floats) -> Codes:
    """Two light lines across the page."""
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float64)
    seen = picture
    for start, slope in ((40.0, 0.21), (170.0, -0.34)):
        cover = np.clip(1.4 - np.abs(rows - start - slope * columns), 0.0, 1.0)[..., None]
        seen = seen + 0.8 * cover * (0.97 - seen)
    return codes_of(softened(seen) + noise(picture.shape, 1.2, 12))


def aged(picture: Floats, kept: tuple[float, ...], stain: tuple[float, ...], margin: int) -> Codes:
    """A print on its paper whose dyes kept these shares of their density, with a stain over all."""
    height, width, channels = picture.shape
    density = np.full((height + 2 * margin, width + 2 * margin, channels), 0.05)
    light = np.maximum(linear(picture), 0.008)
    density[margin : margin + height, margin : margin + width] = 0.05 - np.log10(light)
    old = 0.05 + np.array(kept) * (density - 0.05) + np.array(stain)
    return codes_of(encoded(10.0**-old) + noise(old.shape, 0.5, 9))


def waves(height: int, width: int, channels: int) -> Codes:
    """A smooth picture with codes between those of 8 bits."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    planes = [
        0.5 + 0.2 * np.sin(x / 31 + c) * np.cos(y / 27 - c) + 0.03 * np.sin((x + y) / 3.0)
        for c in range(channels)
    ]
    return codes_of(np.stack(planes, axis=-1))


_LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61), (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56), (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77), (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101), (72, 92, 95, 98, 112, 100, 103, 99),
)  # fmt: skip
"""Of ISO/IEC 10918-1, annex K."""


def in_blocks(picture: Floats, quality: int) -> Floats:
    """What JPEG's quantising leaves of each channel, sides a multiple of 8 (without colour
    conversion, so that no decoder's rounding enters)."""
    table = np.floor((np.array(_LUMINANCE) * (5000 // quality) + 50) / 100)
    k, n = np.mgrid[:8, :8]
    basis = np.cos((2 * n + 1) * k * np.pi / 16) * np.where(k == 0, np.sqrt(1 / 8), 0.5)
    height, width, channels = picture.shape
    blocks = picture.reshape(height // 8, 8, width // 8, 8, channels) * 255.0 - 128.0
    coded = np.einsum("ky,aybxc,lx->akblc", basis, blocks, basis)
    step = table[None, :, None, :, None]
    # A ten-thousandth off the halves, where no sum's last digit decides.
    kept = np.floor(coded / step + 0.5001) * step
    back = np.einsum("ky,akblc,lx->aybxc", basis, kept, basis)
    return np.clip((back.reshape(picture.shape) + 128.0) / 255.0, 0.0, 1.0)
