"""Dust, hairs, scratches and creases of known place on pictures of known truth.

Pictures are float32 (h, w, channels) in [0, 1]; masks are bool (h, w), true where the damage hides
at least a fifth of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

FINE = 4
"""Damage is drawn at four times the scan's resolution, so that its edges are those of a scanner."""

SEEN = 0.2
"""Least opacity that counts as damage."""


@dataclass(frozen=True)
class Damaged:
    """A picture, what became of it, and where."""

    truth: Image
    pixels: Image
    masks: dict[str, Mask]
    """By kind: dust, hairs, scratches, creases."""

    @property
    def mask(self) -> Mask:
        """All kinds together."""
        return np.any(list(self.masks.values()), axis=0)


def damaged(
    truth: Image,
    seed: int,
    *,
    dust: int = 40,
    hairs: int = 3,
    scratches: int = 3,
    creases: int = 0,
    light: float = 0.7,
    softness: float = 0.45,
    noise: float = 1.0,
    sharpening: float = 0.0,
    jpeg: int | None = None,
) -> Damaged:
    """Damage on a picture of any size.

    dust, hairs, scratches, creases: how many of each.
    light: chance that a piece is lighter than any paper rather than black.
    softness: standard deviation of the scanner's blur of the damage, in pixels.
    noise: standard deviation of the scanner's noise, 1/255, on the picture and the damage.
    sharpening: amount of the unsharp mask, of 1 pixel, by the scanner's software.
    jpeg: quality of the JPEG file in between, colour at half the resolution; None for none.
    """
    rng = np.random.default_rng(seed)
    out, masks = truth.astype(np.float32), {}
    drawers = (
        ("dust", dust, _speck),
        ("hairs", hairs, _hair),
        ("scratches", scratches, _scratch),
    )
    for kind, count, draw in drawers:
        hidden = np.zeros(truth.shape[:2], np.float32)
        for _ in range(count):
            cover, opacity = draw(rng, *truth.shape[:2])
            cover = cv2.GaussianBlur(cover, (0, 0), softness) * opacity
            tone = rng.uniform(0.88, 1.0) if rng.random() < light else rng.uniform(0.0, 0.1)
            tint = np.clip(tone + rng.uniform(-0.02, 0.02, truth.shape[2]), 0.0, 1.0)
            out += cover[:, :, None] * (tint.astype(np.float32) - out)
            hidden = np.maximum(hidden, cover)
        masks[kind] = hidden >= SEEN
    masks["creases"] = np.zeros(truth.shape[:2], np.bool_)
    for _ in range(creases):
        out, folded = _creased(rng, out)
        masks["creases"] |= folded
    out = out + rng.normal(0.0, noise / 255.0, out.shape).astype(np.float32)
    if sharpening:
        soft = cv2.GaussianBlur(out, (0, 0), 1.0).reshape(out.shape)
        out = out + np.float32(sharpening) * (out - soft)
    out = np.clip(out, 0.0, 1.0)
    return Damaged(truth, out if jpeg is None else _compressed(out, jpeg), masks)


def _compressed(pixels: Image, quality: int) -> Image:
    """Through a baseline JPEG file and back."""
    codes = np.rint(pixels * 255.0).astype(np.uint8)
    stored = cv2.imencode(".jpg", codes[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    read = cv2.imdecode(stored, cv2.IMREAD_UNCHANGED).reshape(pixels.shape)[:, :, ::-1]
    return np.ascontiguousarray(read).astype(np.float32) / np.float32(255)


def _area(cover: npt.NDArray[np.uint8], height: int, width: int) -> Image:
    small = cv2.resize(cover, (width, height), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / np.float32(255)


def _speck(rng: np.random.Generator, height: int, width: int) -> tuple[Image, float]:
    """A grain of dust: an uneven outline, 1.5 to 8 pixels across."""
    canvas = np.zeros((height * FINE, width * FINE), np.uint8)
    across = float(np.exp(rng.uniform(np.log(1.5), np.log(8.0)))) * FINE / 2
    angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
    radii = across * rng.uniform(0.6, 1.3, 9)
    stretch, turn = rng.uniform(0.5, 1.0), rng.uniform(0, np.pi)
    points = np.stack([radii * np.cos(angles), radii * stretch * np.sin(angles)], 1)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    centre = rng.uniform(0, 1, 2) * (width, height) * FINE
    cv2.fillPoly(canvas, [np.rint(points @ rotation + centre).astype(np.int32)], 255)
    return _area(canvas, height, width), float(rng.uniform(0.55, 1.0))


def _hair(rng: np.random.Generator, height: int, width: int) -> tuple[Image, float]:
    """A fibre: a line that bends, 25 to 120 pixels long."""
    length = float(rng.uniform(25, 120))
    bends = np.cumsum(rng.normal(0, 0.12, 40)) + rng.uniform(0, 2 * np.pi)
    steps = np.stack([np.cos(bends), np.sin(bends)], 1) * length / 40
    points = np.cumsum(steps, 0) + rng.uniform(0, 1, 2) * (width, height)
    return _stroke(points, float(rng.uniform(1.0, 2.2)), height, width), float(rng.uniform(0.5, 1))


def _scratch(rng: np.random.Generator, height: int, width: int) -> tuple[Image, float]:
    """A line that hardly bends, across a quarter of the picture or more, of uneven strength."""
    length = float(rng.uniform(0.25, 1.0)) * max(height, width)
    heading = rng.uniform(0, 2 * np.pi) + rng.normal(0, 0.1) * np.linspace(-1, 1, 60)
    steps = np.stack([np.cos(heading), np.sin(heading)], 1) * length / 60
    walk = np.cumsum(steps, 0)
    points = walk - walk[30] + rng.uniform(0.15, 0.85, 2) * (width, height)
    cover = _stroke(points, float(rng.uniform(0.9, 2.5)), height, width)
    uneven = cv2.resize(
        rng.uniform(0.75, 1.25, (8, 8)).astype(np.float32), (width, height), interpolation=1
    )
    return cover * np.minimum(uneven, 1.0), float(rng.uniform(0.4, 0.9))


def _stroke(points: npt.NDArray[np.float64], wide: float, height: int, width: int) -> Image:
    canvas = np.zeros((height * FINE, width * FINE), np.uint8)
    fine = np.rint(points * FINE).astype(np.int32)
    cv2.polylines(canvas, [fine], False, 255, max(1, round(wide * FINE)), cv2.LINE_8)
    return _area(canvas, height, width)


def _creased(rng: np.random.Generator, pixels: Image) -> tuple[Image, Mask]:
    """A fold right across the print: a light ridge beside a shadow, its emulsion cracked."""
    height, width = pixels.shape[:2]
    turn = rng.uniform(0, np.pi)
    normal = np.array([-np.sin(turn), np.cos(turn)])
    centre = rng.uniform(0.3, 0.7, 2) * (width, height)
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    along = (x - centre[0]) * np.cos(turn) + (y - centre[1]) * np.sin(turn)
    bend = 2.0 * np.sin(along / rng.uniform(60, 140))
    across = (x - centre[0]) * normal[0] + (y - centre[1]) * normal[1] + bend
    wide = rng.uniform(2.0, 4.0)
    ridge = np.exp(-0.5 * (across / wide) ** 2)
    shadow = np.exp(-0.5 * ((across - 2.2 * wide) / wide) ** 2)
    out = pixels + (0.55 * ridge * (1.0 - pixels.mean()) - 0.2 * shadow)[:, :, None]
    return np.clip(out, 0.0, 1.0).astype(np.float32), np.maximum(ridge, 0.4 * shadow) >= SEEN
