"""Spectacles, hoops, brows, the borders of sheets: outlines that are no hairs or cracks."""

from __future__ import annotations

import cv2
import numpy as np

from training.damage.content.canvas import (
    Cover,
    Plane,
    Points,
    Span,
    anywhere,
    bare,
    clouds,
    lay,
    stroke,
    tone_against,
)


def _loop(
    rng: np.random.Generator, centre: Points, size: float, turn: float, corner: float
) -> Points:
    """A closed curve between an ellipse (corner 2) and a box with round corners (corner 6)."""
    angles = np.linspace(0, 2 * np.pi, 48)
    flat = rng.uniform(0.55, 1.0)
    x = np.sign(np.cos(angles)) * np.abs(np.cos(angles)) ** (2 / corner) * size
    y = np.sign(np.sin(angles)) * np.abs(np.sin(angles)) ** (2 / corner) * size * flat
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return np.asarray(np.stack([x, y], 1) @ spin + centre)


def _drawn(
    plane: Plane, rng: np.random.Generator, lines: list[Points], wide: float, tone: float
) -> None:
    """Metal or horn: a tone, and light that runs along parts of it."""
    cover: Cover = bare(plane)
    for line in lines:
        stroke(cover, line, wide)
    lay(plane, cover, tone, rng.uniform(0.6, 1.0))
    if rng.random() < 0.7:
        shine = bare(plane)
        for line in lines:
            stroke(shine, line - wide * rng.uniform(0, 0.5), max(0.5, 0.4 * wide))
        parts = np.clip(clouds(rng, plane.shape, 12) * 2, 0, 1)
        seen = np.multiply(shine, parts / np.float32(255), dtype=np.float32)
        lay(plane, seen, float(rng.uniform(0.7, 1.0)))


def spectacles(plane: Plane, rng: np.random.Generator) -> None:
    """Two rims, a bridge, the sides; light on the metal, a shadow on the cheek."""
    size, turn = Span(5, 40).draw(rng), rng.normal(0, 0.3)
    along = np.array([np.cos(turn), np.sin(turn)])
    centre, corner = anywhere(rng, plane), rng.uniform(2, 6)
    apart = size * rng.uniform(1.15, 1.4)
    seed = int(rng.integers(1 << 31))
    lines = [
        _loop(np.random.default_rng(seed), centre + side * apart * along, size, turn, corner)
        for side in (-1, 1)
    ]
    gap = apart - size
    lines.append(np.stack([centre - gap * along, centre + gap * along]))
    for side in (-1, 1):
        start = centre + side * (apart + size) * along
        away = side * along * size * rng.uniform(0.2, 1.2) + np.array(
            [0, size * rng.normal(0, 0.3)]
        )
        lines.append(np.stack([start, start + away]))
    wide = Span(0.7, max(1.0, 0.16 * size)).draw(rng)
    if rng.random() < 0.5:
        cast = bare(plane)
        for line in lines[:3]:
            stroke(cast, line + np.array([0, 1.5 * wide]), 1.5 * wide)
        lay(plane, cv2.GaussianBlur(cast, (0, 0), 0.6 * wide + 0.3), 0.1, rng.uniform(0.1, 0.5))
    _drawn(plane, rng, lines, wide, tone_against(rng, plane, centre, 0.2))


def hoops(plane: Plane, rng: np.random.Generator) -> None:
    """Rings, wheels, handles, straps, seams, hems, ribs of a parasol: loops and long arcs."""
    tone, wide = tone_against(rng, plane, None, 0.12), Span(1.4, 6).draw(rng)
    centre, size = anywhere(rng, plane, 0.2), Span(6, 150).draw(rng)
    step = rng.normal(0, 0.4 * size, 2)
    for _ in range(int(rng.integers(1, 5))):
        line = _loop(rng, centre, size, rng.uniform(0, np.pi), rng.uniform(2, 4))
        if rng.random() < 0.6:
            first = int(rng.integers(48))
            line = np.roll(line[:-1], first, axis=0)[: int(rng.integers(8, 40))]
        _drawn(plane, rng, [line], wide, tone)
        centre, size = centre + step, size * rng.uniform(0.7, 1.3)


def brows(plane: Plane, rng: np.random.Generator) -> None:
    """Brows, lips, moustaches, folds about eyes and mouth: short thick arcs with tapered ends."""
    centre, size = anywhere(rng, plane), Span(5, 45).draw(rng)
    turn, bend = rng.normal(0, 0.4), rng.normal(0, 0.35)
    tone = tone_against(rng, plane, centre, 0.1)
    for number in range(int(rng.integers(1, 4))):
        along = np.linspace(-1, 1, 20)
        x, y = along * size, bend * size * (1 - along**2)
        spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        place = centre + np.array([2.6 * size * number, rng.normal(0, 0.1 * size)])
        widths = size * rng.uniform(0.08, 0.35) * (1.0 - 0.9 * np.abs(along) ** 1.5)
        cover = bare(plane)
        stroke(cover, np.stack([x, y], 1) @ spin + place, np.maximum(widths, 0.6))
        soft = cv2.GaussianBlur(cover, (0, 0), 0.3 + size * rng.uniform(0.0, 0.06))
        lay(plane, soft, tone, rng.uniform(0.4, 1.0))


def borders(plane: Plane, rng: np.random.Generator) -> None:
    """The edge of the print, a margin, a mount, the lid of the scanner beyond: a straight edge with
    a line or a shadow along it."""
    height, width = plane.shape
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    for _ in range(1 if rng.random() < 0.7 else 2):
        turn = rng.choice([0, 0.5, 1.0, 1.5]) * np.pi + rng.normal(0, 0.02)
        far = np.float32(np.cos(turn)) * (columns - width / 2) + np.float32(np.sin(turn)) * (
            rows - height / 2
        )
        away = far - np.float32(rng.uniform(0.15, 0.5) * min(height, width))
        away = away + np.float32(rng.uniform(0, 0.8)) * clouds(rng, plane.shape, rng.uniform(4, 60))
        beyond = float(rng.choice((0.0, 0.05, 0.15, 0.85, 0.95, 1.0)) + rng.normal(0, 0.02))
        lay(plane, np.clip(away + 0.5, 0, 1), float(np.clip(beyond, 0, 1)))
        for _ in range(int(rng.integers(0, 4))):
            at, wide = np.float32(rng.normal(0, 6)), Span(0.6, 4).draw(rng)
            line = np.clip(np.float32(wide / 2 + 0.5) - np.abs(away - at), 0, 1)
            lay(plane, line, float(rng.choice((0.0, 0.1, 0.9, 1.0))), rng.uniform(0.2, 1.0))
