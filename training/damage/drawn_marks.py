"""Damage that is drawn: opacity of specks, hairs, scratches, cracks, creases, stains and losses."""

from __future__ import annotations

from collections.abc import Callable

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
    polygon,
    stroke,
    wander,
)

FINE = 2
"""Drawn at twice the size, so that thin marks have the edges of a scan."""

MarkDrawer = Callable[[int, np.random.Generator], Plane]
"""Side of the square to opacity, float32 (side, side) in [0, 1]."""


def specks(side: int, rng: np.random.Generator) -> Plane:
    """Dust: uneven outlines, a pixel and a half to fourteen across, alone or in clusters."""
    cover = bare(np.empty((side * FINE, side * FINE), np.float32))
    size = Span(1.2, float(rng.choice((4.0, 8.0, 14.0))))
    count = 1 + int(rng.exponential(float(rng.choice((3.0, 12.0, 40.0)))))
    cluster = anywhere(rng, cover) if rng.random() < 0.3 else None
    for _ in range(min(count, 120)):
        place = anywhere(rng, cover)
        if cluster is not None:
            place = cluster + rng.normal(0, 0.15 * side * FINE, 2)
        _speck(cover, place, size.draw(rng) * FINE / 2, rng)
    return _small(cover)


def _speck(cover: Cover, place: Points, radius: float, rng: np.random.Generator) -> None:
    count = 9 if radius > 3 else 6
    angles = np.sort(rng.uniform(0, 2 * np.pi, count))
    reach = radius * rng.uniform(0.5, 1.35, count)
    points = np.stack([np.cos(angles), np.sin(angles)], axis=1) * reach[:, None]
    turn, flat = rng.uniform(0, np.pi), rng.uniform(0.35, 1.0)
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    polygon(cover, (points * (1.0, flat)) @ spin + place)


def hairs(side: int, rng: np.random.Generator) -> Plane:
    """Hairs and fibres that bend, curl and taper."""
    cover = bare(np.empty((side * FINE, side * FINE), np.float32))
    for _ in range(1 + int(rng.poisson(1.5))):
        length = Span(15, 1.5 * side).draw(rng) * FINE
        bend = Span(0.05, 0.3).draw(rng)
        points = wander(rng, anywhere(rng, cover), rng.uniform(0, 2 * np.pi), length, bend)
        if rng.random() < 0.3:
            # A curl: it turns to one side all along.
            turns = np.cumsum(np.full(len(points) - 1, rng.normal(0, 0.06)))
            steps = np.diff(points, axis=0)
            spun = steps[:, 0] + 1j * steps[:, 1]
            spun = np.cumsum(spun * np.exp(1j * turns))
            points[1:] = points[0] + np.stack([spun.real, spun.imag], axis=1)
        width = Span(0.8, 2.6).draw(rng) * FINE
        taper = np.interp(np.linspace(0, 1, len(points)), (0, 0.2, 0.8, 1), (0.4, 1, 1, 0.4))
        stroke(cover, points, width * taper)
    return _small(cover)


def scratches(side: int, rng: np.random.Generator) -> Plane:
    """Straight or slightly bent lines of uneven depth, often with one direction, now and then
    interrupted."""
    out = np.zeros((side, side), np.float32)
    common = rng.uniform(0, np.pi)
    for _ in range(1 + int(rng.poisson(2.0))):
        cover = bare(np.empty((side * FINE, side * FINE), np.float32))
        angle = common + rng.normal(0, 0.08) if rng.random() < 0.7 else rng.uniform(0, np.pi)
        length = Span(0.12, 1.6).draw(rng) * side * FINE
        start = anywhere(rng, cover, 0.1)
        points = wander(rng, start, angle, length, Span(0.002, 0.03).draw(rng), 8.0)
        stroke(cover, points, Span(0.5, 2.2).draw(rng) * FINE)
        depth = 1.0 - _broken(side, rng) if rng.random() < 0.75 else 1.0
        np.maximum(out, _small(cover) * np.float32(rng.uniform(0.45, 1)) * depth, out=out)
    return out


def film_scratches(side: int, rng: np.random.Generator) -> Plane:
    """Lines right across, along the run of the film: nearly parallel, wavering by a pixel, thin."""
    out = np.zeros((side, side), np.float32)
    along = np.linspace(-4, side * FINE + 4, 40)
    slope = rng.normal(0, 0.01)
    upright = rng.random() < 0.5
    for _ in range(1 + int(rng.poisson(1.5))):
        cover = bare(np.empty((side * FINE, side * FINE), np.float32))
        waver = np.cumsum(rng.normal(0, 0.25, 40)) * rng.uniform(0, 1)
        across = rng.uniform(0, side) * FINE + slope * along + waver
        pair = (across, along) if upright else (along, across)
        stroke(cover, np.stack(pair, axis=1), Span(0.4, 2.0).draw(rng) * FINE)
        depth = 1.0 - _broken(side, rng) if rng.random() < 0.5 else 1.0
        np.maximum(out, _small(cover) * np.float32(rng.uniform(0.35, 1)) * depth, out=out)
    return out


def cracks(side: int, rng: np.random.Generator) -> Plane:
    """Cracked emulsion: jagged lines that branch and meet, of uneven width."""
    cover = bare(np.empty((side * FINE, side * FINE), np.float32))
    width = Span(0.8, 4.5).draw(rng) * FINE
    jag = rng.uniform(0.15, 0.5)
    for _ in range(1 + int(rng.poisson(0.8))):
        start = anywhere(rng, cover, 0.1)
        _branch(cover, start, rng.uniform(0, 2 * np.pi), width, jag, 3, rng)
    return _small(cover)


def _branch(
    cover: Cover,
    start: Points,
    heading: float,
    width: float,
    jag: float,
    deep: int,
    rng: np.random.Generator,
) -> None:
    side = cover.shape[0]
    length = Span(0.15, 1.2).draw(rng) * side
    step = rng.uniform(4, 9) * FINE
    count = max(3, int(length / step))
    drift = heading + np.cumsum(rng.normal(0, 0.12, count))
    turns = drift + rng.normal(0, jag, count)
    steps = step * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    points = np.concatenate([start[None], start + np.cumsum(steps, axis=0)])
    uneven = np.exp(np.cumsum(rng.normal(0, 0.2, len(points))))
    widths = width * np.clip(uneven, 0.3, 1.8) * np.linspace(1.0, rng.uniform(0.3, 1), len(points))
    stroke(cover, points, widths)
    if deep == 0:
        return
    for _ in range(int(rng.poisson(1.2))):
        where = int(rng.integers(len(points)))
        side_ways = rng.choice((-1, 1)) * rng.uniform(0.4, 1.4)
        _branch(
            cover,
            points[where],
            float(drift[min(where, count - 1)] + side_ways),
            0.7 * float(widths[where]),
            jag,
            deep - 1,
            rng,
        )


def creases(side: int, rng: np.random.Generator) -> Plane:
    """A fold right across: a ragged light line, here and there only a trace of it."""
    cover = bare(np.empty((side * FINE, side * FINE), np.float32))
    middle, angle = anywhere(rng, cover), rng.uniform(0, np.pi)
    along = np.arange(-1.6 * side * FINE, 1.6 * side * FINE, 5.0)
    ragged = rng.normal(0, rng.uniform(0.3, 1.6), len(along)) + np.cumsum(
        rng.normal(0, 0.35, len(along))
    )
    direction = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-direction[1], direction[0]])
    points = middle + along[:, None] * direction + (ragged - ragged.mean())[:, None] * across
    widths = Span(1.0, 7.0).draw(rng) * FINE * np.exp(rng.normal(0, 0.35, len(points)))
    stroke(cover, points, np.clip(widths, 0.5, 10.0 * FINE))
    out = _small(cover)
    if rng.random() < 0.6:
        out = out * (1.0 - np.float32(rng.uniform(0.4, 1.0)) * _broken(side, rng))
    return np.asarray(out, np.float32)


def stains(side: int, rng: np.random.Generator) -> Plane:
    """Blots, foxing and rings of dried water: soft or sharp edges, the picture often shines
    through."""
    height = clouds(rng, (side, side), rng.uniform(0.1, 0.5) * side, 3)
    rows = np.linspace(-1, 1, side, dtype=np.float32)
    place = rng.uniform(-0.8, 0.8, 2).astype(np.float32)
    far = np.hypot(rows - place[0], rows[:, None] - place[1]) / np.float32(rng.uniform(0.15, 0.7))
    soft = Span(0.02, 0.5).draw(rng)
    body = np.clip((1.0 - far + 0.35 * height) / soft, 0, 1)
    if rng.random() < 0.35:
        # The rim of a water stain, where what was dissolved was left.
        inner = np.clip((1.0 - far + 0.35 * height - rng.uniform(0.05, 0.2)) / soft, 0, 1)
        body = np.maximum(body - inner, np.float32(rng.uniform(0, 0.5)) * body)
    grain = 1.0 + 0.3 * clouds(rng, (side, side), rng.uniform(2, 20))
    return np.asarray(np.clip(body * grain, 0, 1), np.float32)


def losses(side: int, rng: np.random.Generator) -> Plane:
    """A torn edge or a missing corner: ragged, opaque, to the border of the picture."""
    rows = np.linspace(0, 1, side, dtype=np.float32)
    x, y = np.meshgrid(rows, rows)
    if rng.random() < 0.5:
        x, y = (x, 1 - y) if rng.random() < 0.5 else (1 - x, y)
        depth = x + np.float32(rng.uniform(0.4, 2.5)) * y
    else:
        depth = (x, y, 1 - x, 1 - y)[int(rng.integers(4))]
    ragged = 0.06 * clouds(rng, (side, side), 0.3 * side, 4) + 0.008 * clouds(rng, (side, side), 2)
    inside = np.float32(rng.uniform(0.02, 0.4)) - depth + np.float32(rng.uniform(0.3, 1)) * ragged
    return np.asarray(np.clip(inside * np.float32(side / rng.uniform(1, 3)), 0, 1), np.float32)


def _broken(side: int, rng: np.random.Generator) -> Plane:
    """Where a line is interrupted: 1 there, 0 elsewhere."""
    noise = clouds(rng, (side, side), Span(3, 60).draw(rng), 2)
    return np.asarray(np.clip(2.0 * (noise - rng.uniform(-0.3, 1.2)), 0, 1), np.float32)


def _small(cover: Cover) -> Plane:
    side = cover.shape[0] // FINE
    small = cv2.resize(cover, (side, side), interpolation=cv2.INTER_AREA)
    out: Plane = np.multiply(small, np.float32(1 / 255), dtype=np.float32)
    return out


DRAWN_MARKS: dict[str, tuple[MarkDrawer, str]] = {
    "specks": (specks, "dust"),
    "hairs": (hairs, "hairs"),
    "scratches": (scratches, "scratches"),
    "film scratches": (film_scratches, "scratches"),
    "cracks": (cracks, "cracks"),
    "creases": (creases, "cracks"),
    "stains": (stains, "stains"),
    "losses": (losses, "losses"),
}
"""What can be drawn, and the kind of damage that it is."""
