"""Foam, shingle, bark, water, stone, plaster: textures of any kind, many of them with sparse bright
or dark grains or with a net of thin lines, as nature has them."""

from __future__ import annotations

import cv2
import numpy as np

from training.damage.content.canvas import Plane, Span, anywhere, clouds

ORDINARY = 1e-6


def shaped_noise(
    shape: tuple[int, ...], rng: np.random.Generator, finest: float, coarsest: float
) -> Plane:
    """Noise of mean 0 and unit deviation whose spectrum falls by a power between two wavelengths,
    in pixels, stretched along one direction or not."""
    height, width = shape
    white = rng.standard_normal(shape, np.float32)
    down, across = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    turn, stretch = rng.uniform(0, np.pi), 1.0 if rng.random() < 0.4 else rng.uniform(1.0, 5.0)
    along = np.cos(turn) * across + np.sin(turn) * down
    beside = stretch * (np.cos(turn) * down - np.sin(turn) * across)
    far = np.hypot(along, beside)
    power = rng.uniform(0.2, 2.2)
    gain = np.maximum(far, 1.0 / coarsest) ** -power * np.exp(-((far * finest) ** 2))
    if rng.random() < 0.3:
        # One wavelength stands out: ripples, weave, scales.
        gain = gain * np.exp(-((np.log(far * rng.uniform(finest, coarsest) + ORDINARY) / 0.5) ** 2))
    out = np.fft.irfft2(np.fft.rfft2(white) * gain, s=shape).astype(np.float32)
    return np.asarray((out - out.mean()) / np.float32(out.std() + ORDINARY), np.float32)


def _field(shape: tuple[int, ...], rng: np.random.Generator) -> Plane:
    """A texture, about -1 to 1."""
    finest = rng.uniform(1.2, 6.0)
    coarsest = finest * Span(1.5, 20).draw(rng)
    noise = shaped_noise(shape, rng, finest, coarsest)
    kind = rng.random()
    if kind < 0.2:
        return np.tanh(noise)
    if kind < 0.5:
        # Grains that stand alone: foam, sparkle, pits, flowers in grass.
        bar = rng.uniform(0.8, 2.4)
        return np.asarray(np.clip((noise - bar) * rng.uniform(0.6, 5.0), 0, 1), np.float32)
    if kind < 0.8:
        # Nets of thin lines: bark, caustics, mortar, cracked mud, twigs.
        other = shaped_noise(shape, rng, finest, coarsest) if rng.random() < 0.5 else noise * 0
        away = np.hypot(noise, other) if rng.random() < 0.3 else np.abs(noise + 0.3 * other)
        thin = rng.uniform(0.04, 0.4)
        line = np.exp(-((away / thin) ** 2))
        if rng.random() < 0.4:
            line = line * np.clip(clouds(rng, shape, 40, 2) + rng.uniform(0, 1), 0, 1)
        return np.asarray(line, np.float32)
    # Plates with edges: scales, leaves, shingle.
    steps = rng.uniform(1.0, 4.0)
    return np.asarray(np.tanh(6 * np.sin(steps * noise)) * rng.uniform(0.3, 1), np.float32)


def textures(plane: Plane, rng: np.random.Generator) -> None:
    """One or two textures over the whole picture, or over parts with smooth borders."""
    for _ in range(1 if rng.random() < 0.65 else 2):
        field = _field(plane.shape, rng)
        field = field * np.float32(rng.choice((-1.0, 1.0), p=(0.4, 0.6)))
        strength: Plane | np.float32 = np.float32(Span(0.06, 0.9).draw(rng))
        if rng.random() < 0.6:
            rough = clouds(rng, plane.shape, rng.uniform(30, 150), 2)
            soft = Span(0.02, 1.0).draw(rng)
            strength = strength * np.clip((rough + rng.uniform(-0.6, 1.0)) / soft, 0, 1)
        if rng.random() < 0.35:
            # Weaker with the light: texture on a body, not on the print.
            centre = anywhere(rng, plane, 0.5)
            rows, columns = np.ogrid[: plane.shape[0], : plane.shape[1]]
            far = np.hypot(columns - centre[0], rows - centre[1]) / max(plane.shape)
            strength = strength * np.exp(-((far / rng.uniform(0.3, 1.5)) ** 2)).astype(np.float32)
        if rng.random() < 0.4:
            plane *= 1 + strength * field
        else:
            plane += strength * field
        if rng.random() < 0.3:
            level = np.float32(rng.uniform(0.5, 1.0))
            np.minimum(plane, level, out=plane)
        np.clip(plane, 0, 1, out=plane)
        if rng.random() < 0.2:
            plane[:] = cv2.GaussianBlur(plane, (0, 0), rng.uniform(0.5, 1.5))
