"""Dust, hairs, scratches and creases, each with its true mask."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from damage.light import Picture, softened

KINDS = ("dust", "hairs", "scratches", "creases")

VISIBLE = 4 / 255
"""Change from which a pixel is damaged: white dust on white paper is not."""

Plane = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Marks:
    """A damaged picture and where the damage lies."""

    pixels: Picture
    mask: npt.NDArray[np.bool_]
    """(h, w): where a change can be seen."""
    masks: dict[str, npt.NDArray[np.bool_]]
    """The same by kind."""


def marked(
    picture: Picture, rng: np.random.Generator, kinds: tuple[str, ...] = KINDS, amount: float = 1.0
) -> Marks:
    """The picture with random marks; amount 1 is a neglected print (about 1 % of its area).

    Marks are lighter than paper white would be there (lost emulsion, dust in a contact print) or
    dark (dirt), never twice the same; soft at their edges as a scanner sees them.
    """
    pixels = picture.copy()
    masks: dict[str, npt.NDArray[np.bool_]] = {}
    for kind in kinds:
        opacity, tone = _DRAW[kind](picture.shape[:2], rng, amount)
        own = tone[:, :, None] * _tint(rng, picture.shape[2])
        changed = pixels + opacity[:, :, None] * (own - pixels)
        masks[kind] = np.abs(changed - pixels).max(axis=2) >= VISIBLE
        pixels = np.clip(changed, 0, 1).astype(np.float32)
    total = np.logical_or.reduce(list(masks.values()))
    return Marks(pixels, total, masks)


def _tint(rng: np.random.Generator, channels: int) -> npt.NDArray[np.float32]:
    """Paper, dirt and fibres are never quite neutral."""
    if channels == 1:
        return np.ones(1, np.float32)
    return np.array([1.0, rng.uniform(0.95, 1.0), rng.uniform(0.85, 1.0)], np.float32)


def _tone(rng: np.random.Generator, light_share: float) -> float:
    light = rng.random() < light_share
    return float(rng.uniform(0.85, 1.0) if light else rng.uniform(0.02, 0.2))


def _overlay(
    opacity: Plane, tone: Plane, shape: npt.NDArray[np.uint8], strength: float, value: float
) -> None:
    """Puts one antialiased shape (0 to 255) on top of those before, in place."""
    own = softened(shape.astype(np.float32)[:, :, None] / np.float32(255), 0.5)[:, :, 0]
    own *= np.float32(strength)
    above = own > opacity
    tone[above] = value
    np.maximum(opacity, own, out=opacity)


def _dust(size: tuple[int, ...], rng: np.random.Generator, amount: float) -> tuple[Plane, Plane]:
    opacity, tone = np.zeros(size, np.float32), np.ones(size, np.float32)
    for _ in range(rng.poisson(max(1.0, amount * 60e-6 * size[0] * size[1]))):
        centre = rng.uniform(0, size[1]), rng.uniform(0, size[0])
        radius = min(12.0, 1.0 + rng.pareto(2.0) * 1.5)
        angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
        reach = radius * rng.uniform(0.6, 1.3, 9)
        points = np.stack([np.cos(angles) * reach, np.sin(angles) * reach], axis=1) + centre
        shape = np.zeros(size, np.uint8)
        cv2.fillPoly(shape, [np.rint(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        _overlay(opacity, tone, shape, rng.uniform(0.7, 1.0), _tone(rng, 0.7))
    return opacity, tone


def _hairs(size: tuple[int, ...], rng: np.random.Generator, amount: float) -> tuple[Plane, Plane]:
    opacity, tone = np.zeros(size, np.float32), np.ones(size, np.float32)
    for _ in range(1 + rng.poisson(max(0.0, amount * 10e-6 * size[0] * size[1]))):
        length = rng.uniform(25, 120)
        heading = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.12, int(length / 2)))
        steps = 2.0 * np.stack([np.cos(heading), np.sin(heading)], axis=1)
        start = np.array([rng.uniform(0, size[1]), rng.uniform(0, size[0])])
        shape = _polyline(size, start + np.cumsum(steps, axis=0), int(rng.integers(1, 4)))
        _overlay(opacity, tone, shape, rng.uniform(0.6, 1.0), _tone(rng, 0.6))
    return opacity, tone


def _scratches(
    size: tuple[int, ...], rng: np.random.Generator, amount: float
) -> tuple[Plane, Plane]:
    opacity, tone = np.zeros(size, np.float32), np.ones(size, np.float32)
    upright = rng.uniform(0, np.pi)
    for _ in range(1 + rng.poisson(max(0.0, amount * 12e-6 * size[0] * size[1]))):
        # Transport and handling scratch along one direction, most of the time.
        angle = upright + rng.normal(0, 0.1) if rng.random() < 0.7 else rng.uniform(0, np.pi)
        length = rng.uniform(0.1, 0.8) * min(size)
        count = max(2, int(length / 12))
        sideways = np.cumsum(rng.normal(0, 0.4, count))
        along = np.linspace(0, length, count)
        start = np.array([rng.uniform(0, size[1]), rng.uniform(0, size[0])])
        direction = np.array([np.cos(angle), np.sin(angle)])
        across = np.array([-direction[1], direction[0]])
        points = start + along[:, None] * direction + sideways[:, None] * across
        shape = _polyline(size, points, int(rng.integers(1, 4)))
        _overlay(opacity, tone, shape, rng.uniform(0.45, 1.0), _tone(rng, 0.8))
    return opacity, tone


def _creases(size: tuple[int, ...], rng: np.random.Generator, amount: float) -> tuple[Plane, Plane]:
    """Folds from edge to edge: cracked emulsion, light and ragged, more or less open."""
    opacity, tone = np.zeros(size, np.float32), np.ones(size, np.float32)
    for _ in range(max(1, round(amount))):
        angle = rng.uniform(0, np.pi)
        direction = np.array([np.cos(angle), np.sin(angle)])
        across = np.array([-direction[1], direction[0]])
        middle = np.array([rng.uniform(0.2, 0.8) * size[1], rng.uniform(0.2, 0.8) * size[0]])
        along = np.arange(-sum(size), sum(size), 4.0)
        wander = np.cumsum(rng.normal(0, 0.35, len(along)))
        points = middle + along[:, None] * direction + (wander - wander.mean())[:, None] * across
        shape = np.zeros(size, np.uint8)
        for begin in range(0, len(points) - 2, 2):
            width = int(rng.integers(2, 7))
            shape = np.maximum(shape, _polyline(size, points[begin : begin + 4], width))
        value = rng.uniform(0.85, 1.0)
        _overlay(opacity, tone, shape, rng.uniform(0.75, 1.0), value)
    return opacity, tone


def _polyline(
    size: tuple[int, ...], points: npt.NDArray[np.float64], width: int
) -> npt.NDArray[np.uint8]:
    shape = np.zeros(size, np.uint8)
    places = np.rint(points * 16).astype(np.int32)
    cv2.polylines(shape, [places], False, 255, width, cv2.LINE_AA, 4)
    return shape


_DRAW = {"dust": _dust, "hairs": _hairs, "scratches": _scratches, "creases": _creases}
