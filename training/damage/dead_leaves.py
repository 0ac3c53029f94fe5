"""Pictures without end: shapes of all sizes that hide each other (dead leaves).

Lee, Mumford, Huang: Occlusion models for natural images (2001): radii that follow an inverse cube
law give the edges, flats and spectrum of photographs.
"""

from __future__ import annotations

import cv2
import numpy as np

from training.damage.content.canvas import Plane, clouds

OVER = 2
"""Drawn at twice the size, so that edges fall between pixels."""

_ANGLES = np.linspace(0, 2 * np.pi, 32, endpoint=False)
_ROUND = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], 1)
_BOX = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
_WAVES = np.stack([wave(k * _ANGLES) for k in (2, 3, 5) for wave in (np.cos, np.sin)])


def dead_leaves(height: int, width: int, rng: np.random.Generator) -> Plane:
    """A clean picture: float32 (h, w) in [0, 1]."""
    size = (height * OVER, width * OVER)
    # Smaller ones, each by itself on an even ground, would be specks of dust to anybody.
    low, high = float(rng.uniform(4, 14)) * OVER, float(rng.uniform(0.2, 0.6)) * max(size)
    count = int(rng.integers(60, 320))
    # Radii by the inverse of the distribution that falls with the cube.
    share = rng.uniform(0, 1, count)
    radii = 1 / np.sqrt(share / high**2 + (1 - share) / low**2)
    # Those that others hide come first; the largest ones behind.
    radii[: count // 8] = rng.uniform(0.3, 1.0, count // 8) * high
    label = np.zeros(size, np.int32)
    form = rng.random(3)
    for number, radius in enumerate(radii, start=1):
        centre = rng.uniform(-0.1, 1.1, 2) * (size[1], size[0])
        _leaf(label, number, centre, radius, form, rng)
    picture = _textured(label, count + 1, rng)
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), float(rng.uniform(0.45, 1.4)))
    light = 1 + 0.12 * clouds(rng, (height, width), 0.6 * max(height, width))
    small = small * light.astype(np.float32)
    gain = float(rng.choice([0.0, rng.uniform(0, 4), rng.uniform(0, 10)])) / 255
    small += np.float32(gain) * rng.standard_normal(small.shape, np.float32)
    return np.asarray(np.clip(small, 0, 1), np.float32)


def _leaf(
    label: np.ndarray,
    number: int,
    centre: np.ndarray,
    radius: float,
    form: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """One shape: an ellipse, a box or a blob; the picture prefers some of them."""
    kind = rng.choice(3, p=form / form.sum())
    turn, flat = rng.uniform(0, np.pi), rng.uniform(0.25, 1.0)
    if kind == 0:
        outline = _ROUND * (1.0, flat)
    elif kind == 1:
        outline = _BOX * (1.0, flat)
    else:
        waves = rng.normal(0, (0.18, 0.18, 0.12, 0.12, 0.07, 0.07)) @ _WAVES
        outline = _ROUND * (1 + waves)[:, None]
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    points = np.rint(radius * outline @ spin + centre).astype(np.int32)
    cv2.fillPoly(label, [points], number)


def _textured(label: np.ndarray, count: int, rng: np.random.Generator) -> Plane:
    """Every leaf with its tone, its slope of light and its texture."""
    height, width = label.shape
    spread, middle = rng.uniform(0.08, 0.35), rng.uniform(0.25, 0.75)
    tones = np.clip(rng.normal(middle, spread, count), 0.02, 0.98).astype(np.float32)
    out = tones[label]
    slope = (rng.normal(0, 0.18, (2, count)) / max(height, width)).astype(np.float32)
    out += slope[0][label] * np.arange(width, dtype=np.float32)
    out += slope[1][label] * np.arange(height, dtype=np.float32)[:, None]
    amount = rng.uniform(0, 0.08)
    for grain in rng.choice((2.0, 5.0, 18.0), 2, replace=False):
        noise = clouds(rng, (height, width), grain * OVER * rng.uniform(0.6, 1.6))
        strength = np.abs(rng.normal(0, amount, count)) * (rng.random(count) < 0.5)
        out += strength.astype(np.float32)[label] * noise
    if rng.random() < 0.4:
        turn, pitch = rng.uniform(0, np.pi), rng.uniform(3, 14) * OVER
        u = np.arange(width, dtype=np.float32) * np.float32(np.cos(turn) * 2 * np.pi / pitch)
        v = np.arange(height, dtype=np.float32) * np.float32(np.sin(turn) * 2 * np.pi / pitch)
        strength = np.abs(rng.normal(0, 0.1, count)) * (rng.random(count) < 0.2)
        out += strength.astype(np.float32)[label] * np.sin(u + v[:, None])
    return np.asarray(out, np.float32)
