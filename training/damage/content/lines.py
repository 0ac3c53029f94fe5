"""Masts, wires, fences, hair, branches, rivers, panels, folds: lines that are no scratches."""

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
    polygon,
    stroke,
    tone_against,
    wander,
)


def _shaded(
    plane: Plane, rng: np.random.Generator, line: Points, widths: Points, tone: float
) -> None:
    """A rod: its tone, and along it a lighter and a darker side."""
    cover = bare(plane)
    stroke(cover, line, widths)
    lay(plane, cover, tone, rng.uniform(0.8, 1.0))
    if float(widths.mean()) > 2.2 and rng.random() < 0.8:
        along = line[-1] - line[0]
        across = np.array([-along[1], along[0]]) / max(1e-6, float(np.hypot(*along)))
        for side in (-1, 1):
            edge = bare(plane)
            stroke(edge, line + side * across * widths.mean() * 0.27, widths * 0.35)
            change = side * rng.uniform(0.05, 0.35)
            lay(plane, cv2.min(edge, cover), float(np.clip(tone + change, 0, 1)))


def poles(plane: Plane, rng: np.random.Generator) -> None:
    """Masts, tripods, booms, gutters, girders: straight, tapered, shaded, ending at something; most
    upright, the others any way."""
    height, width = plane.shape
    tripod = rng.random() < 0.25
    upright = np.pi / 2 + rng.normal(0, 0.05) if rng.random() < 0.5 else rng.uniform(0, np.pi)
    foot = anywhere(rng, plane)
    length = rng.uniform(0.2, 1.6) * height
    wide = Span(1.6, 9.0).draw(rng)
    tone = tone_against(rng, plane, None, 0.15)
    for number in range(3 if tripod else int(rng.integers(1, 5))):
        turn = upright + (0.22 * (number - 1) if tripod else rng.normal(0, 0.03))
        end = foot - length * rng.uniform(0.8, 1.1) * np.array([np.cos(turn), np.sin(turn)])
        line = np.linspace(end if not tripod else foot, foot if not tripod else 2 * foot - end, 9)
        taper = np.linspace(rng.uniform(0.3, 1.0), 1.0, 9) * wide
        _shaded(plane, rng, line, taper, float(np.clip(tone + rng.normal(0, 0.04), 0, 1)))
        if rng.random() < 0.4 and not tripod:
            # A yard, a cross-arm, a sign.
            at = line[int(rng.integers(0, 8))]
            arm = rng.uniform(5, 60) * np.array([np.sin(turn), -np.cos(turn)])
            _shaded(plane, rng, np.linspace(at - arm, at + arm, 5), np.full(5, 0.7 * wide), tone)
        if not tripod:
            foot = foot + np.array([rng.uniform(8, 0.5 * width), rng.normal(0, 4)])


def wires(plane: Plane, rng: np.random.Generator) -> None:
    """Wires, ropes, rigging, washing lines: catenaries from one point to others, often many."""
    height, width = plane.shape
    tone = tone_against(rng, plane, None, 0.1)
    thin = Span(0.5, 2.6).draw(rng)
    fan, hub = rng.random() < 0.4, anywhere(rng, plane, 0.5)
    start, end = anywhere(rng, plane, 0.3), anywhere(rng, plane, 0.3)
    if rng.random() < 0.6:
        start[0], end[0] = -5, width + 5
    step = np.array([rng.normal(0, 2), rng.uniform(3, 30)])
    for number in range(int(rng.integers(2, 9))):
        one = hub if fan else start + number * step
        two = anywhere(rng, plane, 0.4) if fan else end + number * step * rng.uniform(0.7, 1.3)
        run = np.linspace(0, 1, 24)[:, None]
        sag = rng.choice([0.0, rng.uniform(0, 0.12) * height])
        line = one + run * (two - one) + np.array([0, 4 * sag]) * run * (1 - run)
        if thin > 1.8 and rng.random() < 0.3:
            line = line + np.array([0, 0.5]) * np.sin(np.arange(24) * 2.0)[:, None]
        cover = bare(plane)
        stroke(cover, line, thin)
        lay(plane, cover, tone, rng.uniform(0.5, 1.0))


def fences(plane: Plane, rng: np.random.Generator) -> None:
    """Railings, fences, grids, shutters, planks, window bars, scaffolds: parallel, at a pitch."""
    pitch = Span(5, 70).draw(rng)
    wide = max(0.7, pitch * rng.uniform(0.04, 0.4))
    tone = tone_against(rng, plane, None, 0.1)
    turn = rng.choice([0.0, np.pi / 2, rng.uniform(0, np.pi)]) + rng.normal(0, 0.05)
    both = rng.random() < 0.4
    middle, reach = anywhere(rng, plane), rng.uniform(0.15, 1.2) * max(plane.shape)
    lens = rng.normal(0, 0.0015)
    cover = bare(plane)
    for way in (turn, turn + np.pi / 2)[: 2 if both else 1]:
        along, across = np.array([np.cos(way), np.sin(way)]), np.array([-np.sin(way), np.cos(way)])
        extent = reach * rng.uniform(0.2, 1.0)
        offsets = np.arange(-reach, reach, pitch * (1 if way == turn else rng.uniform(0.6, 3)))
        for offset in offsets:
            run = np.linspace(-extent, extent, 8)[:, None]
            line = middle + offset * across + run * along + lens * offset * run * across
            stroke(cover, line, wide)
    if rng.random() < 0.5:
        rail = np.linspace(-reach, reach, 4)[:, None] * [-np.sin(turn), np.cos(turn)] + middle
        stroke(cover, rail, 1.5 * wide)
    lay(plane, cover, tone, rng.uniform(0.6, 1.0))
    if wide > 2 and rng.random() < 0.6:
        shade = cv2.subtract(np.roll(cover, (1, 1), (0, 1)), cover)
        lay(plane, shade, rng.uniform(0, 0.2), rng.uniform(0.3, 0.9))


def strands(plane: Plane, rng: np.random.Generator) -> None:
    """Hair, whiskers, fur, grass, straw, fringes: bundles of curves that share their direction."""
    kind = rng.random()
    count = int(rng.integers(3, 9)) if kind < 0.3 else int(rng.integers(15, 70))
    heading, bend = rng.uniform(0, 2 * np.pi), rng.uniform(0.0, 0.12)
    spread = rng.uniform(0.03, 0.5)
    length = Span(15, 220).draw(rng)
    wide = Span(0.6, 3.0).draw(rng)
    root, patch = anywhere(rng, plane), Span(3, 120).draw(rng)
    tone = tone_against(rng, plane, root, 0.12)
    covers = [bare(plane), bare(plane)]
    curl = np.cumsum(rng.normal(0, bend, 40)) + rng.normal(0, 0.03) * np.arange(40)
    for _ in range(count):
        start = root + rng.normal(0, patch, 2)
        own = heading + rng.normal(0, spread) + curl + rng.normal(0, 0.02) * np.arange(40)
        step = length * rng.uniform(0.5, 1.2) / 40
        line = start + np.cumsum(step * np.stack([np.cos(own), np.sin(own)], 1), 0)
        taper = wide * np.linspace(1.0, rng.uniform(0.2, 0.8), 40)
        stroke(covers[int(rng.random() < 0.6)], line[::3], taper[::3])
    lay(plane, covers[0], tone, rng.uniform(0.5, 1.0))
    lay(plane, covers[1], float(np.clip(tone + rng.normal(0, 0.2), 0, 1)), rng.uniform(0.4, 1.0))


def _branch(
    cover: Cover,
    rng: np.random.Generator,
    start: Points,
    heading: float,
    length: float,
    wide: float,
    crook: float,
    depth: int = 5,
) -> None:
    if depth == 0 or length < 5:
        return
    line = wander(rng, start, heading, length, crook, 6.0)
    stroke(cover, line, np.linspace(max(wide, 0.5), max(0.65 * wide, 0.4), len(line)))
    places = rng.integers(len(line) // 3, len(line), int(rng.integers(2, 4)))
    for at in line[places]:
        turn = heading + rng.choice((-1, 1)) * rng.uniform(0.25, 0.95)
        own = length * rng.uniform(0.45, 0.8)
        _branch(cover, rng, at, turn, own, 0.6 * wide, crook, depth - 1)


def branches(plane: Plane, rng: np.random.Generator) -> None:
    """Bare trees against the sky, roots, corals, coats of bark."""
    if rng.random() < 0.6:
        # A bright sky, as it stands behind a tree.
        sky = np.linspace(rng.uniform(0.5, 1), rng.uniform(0.6, 1), plane.shape[0])[:, None]
        plane += np.float32(rng.uniform(0.3, 1.0)) * (sky.astype(np.float32) - plane)
    cover = bare(plane)
    for _ in range(int(rng.integers(1, 3))):
        foot = anywhere(rng, plane, 0.2)
        if rng.random() < 0.7:
            foot[1] = plane.shape[0] * rng.uniform(0.7, 1.1)
        length = rng.uniform(0.2, 0.6) * plane.shape[0]
        up = -np.pi / 2 + rng.normal(0, 0.5)
        _branch(cover, rng, foot, up, length, Span(1.2, 9).draw(rng), rng.uniform(0.03, 0.2))
    lay(plane, cover, tone_against(rng, plane, None, 0.2))


def veins(plane: Plane, rng: np.random.Generator) -> None:
    """Rivers, roads on a map, veins, ribs of a leaf, marble: soft, with smaller ones joining."""
    form = rng.random()
    cover = bare(plane)
    wide = Span(1.5, 6).draw(rng)
    tone = tone_against(rng, plane, None, 0.06)
    if form < 0.35:
        start, heading = anywhere(rng, plane), rng.uniform(0, 2 * np.pi)
        rib = wander(rng, start, heading, rng.uniform(60, 260), 0.03, 5.0)
        stroke(cover, rib, np.linspace(wide, 0.3 * wide, len(rib)))
        lean, gap = rng.uniform(0.6, 1.2), int(rng.integers(2, 6))
        for at in rib[2::gap]:
            for side in (-1, 1):
                off = wander(rng, at, heading + side * lean, rng.uniform(20, 60), 0.04, 5.0)
                stroke(cover, off, np.linspace(0.5 * wide, 0.4, len(off)))
    elif form < 0.7:
        for _ in range(int(rng.integers(1, 4))):
            line = wander(rng, anywhere(rng, plane), rng.uniform(0, 6.3), 320, 0.25, 6.0)
            line[:, 0] = cv2.GaussianBlur(line[:, :1], (1, 5), 1.2)[:, 0]
            stroke(cover, line, np.linspace(wide, 1.6 * wide, len(line)))
    else:
        field = clouds(rng, plane.shape, rng.uniform(20, 70), 3)
        line = np.exp(-((field / np.float32(rng.uniform(0.03, 0.12))) ** 2))
        lay(plane, line.astype(np.float32), tone, rng.uniform(0.2, 0.8))
        return
    cover = cv2.GaussianBlur(cover, (0, 0), rng.uniform(0.7, 2.0))
    lay(plane, cover, tone, rng.uniform(0.3, 1.0))


def bricks(plane: Plane, rng: np.random.Generator) -> None:
    """Brickwork, tiles, paving, parquet, slates, clapboards: joints lighter or darker."""
    height, width = plane.shape
    tall = Span(5, 40).draw(rng)
    long = tall * rng.uniform(1.0, 4.0)
    joint = max(0.6, tall * rng.uniform(0.04, 0.2))
    cover = bare(plane)
    shift = rng.choice([0.0, 0.5, rng.random()])
    boards = rng.random() < 0.2
    block = np.zeros((int(height / tall) + 3, int(width / long) + 3), np.float32)
    block += rng.normal(0, rng.uniform(0, 0.12), block.shape)
    for row, y in enumerate(np.arange(-rng.uniform(0, tall), height + tall, tall)):
        stroke(cover, np.array([[-9, y], [width + 9.0, y]]) + rng.normal(0, 0.15, (2, 2)), joint)
        if boards:
            continue
        for x in np.arange(-long + shift * (row % 2) * long, width + long, long):
            line = np.array([[x, y], [x, y + tall]]) + rng.normal(0, 0.2, (2, 2))
            stroke(cover, line, joint)
    turn = rng.choice([0.0, rng.normal(0, 0.15), np.pi / 4])
    faces = cv2.resize(block, (width, height), interpolation=cv2.INTER_NEAREST)
    if turn:
        view = cv2.getRotationMatrix2D((width / 2, height / 2), float(np.rad2deg(turn)), 1.4)
        cover = cv2.warpAffine(cover, view, (width, height), flags=cv2.INTER_AREA)
    plane += np.float32(rng.uniform(0.0, 0.8)) * (plane.mean() - plane) + faces
    lay(plane, cover, tone_against(rng, plane, None, 0.08), rng.uniform(0.3, 1.0))
    np.clip(plane, 0, 1, out=plane)


def panels(plane: Plane, rng: np.random.Generator) -> None:
    """Doors, frames, drawers, books, mouldings: thin light and dark lines side by side."""
    for _ in range(int(rng.integers(1, 4))):
        corner, size = anywhere(rng, plane, 0.2), rng.uniform(20, 200, 2)
        box = corner + np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) * size
        box += rng.normal(0, 1.5, box.shape)
        box[4] = box[0]
        wide = Span(0.7, 3).draw(rng)
        for number in range(int(rng.integers(1, 4))):
            inset = 1 - 2 * number * (wide + 1) / size
            own = (box - box[:4].mean(0)) * inset + box[:4].mean(0)
            light = bare(plane)
            cut = np.s_[:] if rng.random() < 0.5 else np.s_[1:4]
            stroke(light, own[cut], wide)
            lay(plane, light, tone_against(rng, plane, corner, 0.08), rng.uniform(0.3, 1))


def folds(plane: Plane, rng: np.random.Generator) -> None:
    """Folds of cloth, wrinkles of skin, creases of leather: soft ridges of light and shade."""
    height, width = plane.shape
    if rng.random() < 0.5:
        plane += np.float32(rng.uniform(0.4, 1)) * (np.float32(rng.uniform(0.15, 0.85)) - plane)
    heading, spread = rng.uniform(0, 2 * np.pi), rng.uniform(0.05, 0.5)
    relief = np.zeros((height, width), np.float32)
    for _ in range(int(rng.integers(2, 10))):
        cover = bare(plane)
        line = wander(
            rng,
            anywhere(rng, plane, 0.2),
            heading + rng.normal(0, spread),
            rng.uniform(30, 260),
            0.05,
            6.0,
        )
        wide = Span(1.2, 14).draw(rng)
        stroke(cover, line, wide * np.sin(np.linspace(0.1, np.pi, len(line))))
        soft = cv2.GaussianBlur(cover, (0, 0), 0.25 * wide + 0.6).astype(np.float32) / 255
        relief += soft * np.float32(rng.uniform(0.1, 0.5) * rng.choice([-1, 1]))
        if rng.random() < 0.6:
            # Light on one flank, shade on the other.
            off = max(1, round(wide * 0.5))
            relief -= np.roll(soft, (off, off), (0, 1)) * np.float32(rng.uniform(0.1, 0.4))
    plane += relief
    np.clip(plane, 0, 1, out=plane)


def rims(plane: Plane, rng: np.random.Generator) -> None:
    """Edges between two regions with a bright or dark rim: jaws against light, roofs, horizons."""
    height, width = plane.shape
    count = int(rng.integers(4, 9))
    turns = np.sort(rng.uniform(0, 2 * np.pi, count))
    reach = rng.uniform(0.1, 0.7) * max(plane.shape) * rng.uniform(0.6, 1.2, count)
    corners = np.stack([np.cos(turns) * reach, np.sin(turns) * reach], 1) + anywhere(rng, plane)
    if rng.random() < 0.7:
        # Round: the corners' curve, cut three times (Chaikin).
        for _ in range(3):
            after = np.roll(corners, -1, 0)
            corners = np.stack([0.75 * corners + 0.25 * after, 0.25 * corners + 0.75 * after], 1)
            corners = corners.reshape(-1, 2)
    cover = bare(plane)
    polygon(cover, corners)
    body = rng.uniform(0.05, 0.9) + 0.05 * clouds(rng, (height, width), rng.uniform(30, 100))
    lay(plane, cover, np.clip(body, 0, 1).astype(np.float32), rng.uniform(0.6, 1.0))
    edge = bare(plane)
    outline = np.concatenate([corners, corners[:1]])
    length = int(len(outline) * rng.uniform(0.3, 1.0)) + 2
    stroke(edge, outline[:length], Span(0.7, 3.5).draw(rng))
    lay(plane, edge, float(rng.choice([rng.uniform(0.75, 1.0), rng.uniform(0, 0.2)])), 0.9)
