"""Lettering, music, engraving, fabrics, screens, foliage: fields of marks that are no damage."""

from __future__ import annotations

import itertools
import string

import cv2
import numpy as np

from training.damage.content.canvas import (
    Cover,
    Plane,
    Span,
    anywhere,
    bare,
    clouds,
    lay,
    stroke,
    tone_against,
    wander,
)

FONTS = (0, 1, 2, 3, 4, 5, 6, 7)
"""The stroked fonts of OpenCV; 16 more is their italic."""

_SIGNS = np.array(list(string.ascii_letters + string.digits + "    .,:;-/()'!?&"))


def _letters(rng: np.random.Generator, count: int) -> str:
    return "".join(rng.choice(_SIGNS, count))


def lettering(plane: Plane, rng: np.random.Generator) -> None:
    """Rows of text, signs, numbers, writing: any size from 8 to 60 px, light or dark."""
    height, width = plane.shape
    size = Span(8, 60).draw(rng)
    font = int(rng.choice(FONTS)) + (16 if rng.random() < 0.25 else 0)
    thick = max(1, round(size * rng.uniform(0.03, 0.18)))
    cover = bare(plane)
    rows = 1 if rng.random() < 0.35 else int(rng.integers(2, 14))
    place, lead = anywhere(rng, plane, 0.1), size * rng.uniform(1.15, 2.0)
    if rows > 3:
        place = np.array([rng.uniform(-20, 20), rng.uniform(0, 30)])
    if rng.random() < 0.5:
        # The sheet, label or board on which it stands.
        sheet = rng.uniform(0.6, 1.0) if rng.random() < 0.7 else rng.uniform(0.0, 0.3)
        low = (int(place[0] - size), int(place[1] - 1.3 * size))
        high = (int(place[0] + rng.uniform(0.4, 1) * width), int(place[1] + rows * lead))
        cv2.rectangle(plane, low, high, float(sheet), -1)
        tone = float(np.clip(1 - sheet + rng.uniform(-0.1, 0.1), 0, 1))
        tone = tone if abs(tone - sheet) > 0.2 else float(sheet < 0.5)
    else:
        tone = tone_against(rng, plane, place, 0.2)
    for row in range(rows):
        words = _letters(rng, int(rng.integers(1, 7)) if rows == 1 else int(width / size * 2))
        at = int(place[0]), int(place[1] + row * lead)
        cv2.putText(cover, words, at, font, size / 30, 255, thick, cv2.LINE_AA)
    if rng.random() < 0.3:
        view = cv2.getRotationMatrix2D((width / 2, height / 2), rng.normal(0, 12), 1.0)
        cover = cv2.warpAffine(cover, view, (width, height))
    if rng.random() < 0.25 and thick > 2:
        cover = cv2.morphologyEx(cover, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    if rng.random() < 0.3:
        lay(plane, np.roll(cover, (2, 2), (0, 1)), rng.uniform(0, 0.3), rng.uniform(0.3, 0.8))
    lay(plane, cover, tone, rng.uniform(0.6, 1.0))


def music(plane: Plane, rng: np.random.Generator) -> None:
    """Staves with notes, stems, beams and bar lines on paper."""
    height, width = plane.shape
    paper, ink = rng.uniform(0.65, 1.0), rng.uniform(0.0, 0.3)
    if rng.random() < 0.15:
        paper, ink = ink, paper
    plane += np.float32(rng.uniform(0.75, 1.0)) * (np.float32(paper) - plane)
    gap, cover = rng.uniform(3.5, 14), bare(plane)
    thin = max(0.6, gap * rng.uniform(0.08, 0.18))
    tilt = rng.normal(0, 0.01) * width
    for top in np.arange(rng.uniform(-10, 40), height, gap * rng.uniform(8, 13)):
        for line in range(5):
            y = top + line * gap
            stroke(cover, np.array([[-5, y], [width + 5.0, y + tilt]]), thin)
        x = rng.uniform(0, 30)
        while x < width:
            y = top + gap / 2 * int(rng.integers(-2, 11)) + tilt * x / width
            axes = (int(0.62 * gap * 16), int(0.45 * gap * 16))
            body = -1 if rng.random() < 0.7 else max(1, round(thin))
            at = (int(x * 16), int(y * 16))
            cv2.ellipse(cover, at, axes, -20, 0, 360, 255, body, cv2.LINE_AA, 4)
            side = rng.choice([-0.6, 0.6]) * gap
            stem = np.array([[x + side, y], [x + side, y - np.sign(side) * 3.4 * gap]])
            stroke(cover, stem, thin)
            if rng.random() < 0.3:
                stroke(
                    cover, np.stack([stem[1], stem[1] + [2.5 * gap, rng.normal(0, 3)]]), 0.5 * gap
                )
            x += gap * rng.uniform(1.6, 5)
            if rng.random() < 0.15:
                stroke(cover, np.array([[x, top], [x, top + 4 * gap]]), thin)
                x += 2 * gap
    lay(plane, cover, ink)


def engraving(plane: Plane, rng: np.random.Generator) -> None:
    """A print from lines that swell with the shade; crossed ones, stippled ones, banknotes."""
    height, width = plane.shape
    pitch = Span(2.6, 9).draw(rng)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    shade = cv2.GaussianBlur(plane, (0, 0), 0.8 * pitch)
    # An engraver uses all of the plate, whatever the picture.
    shade = (shade - shade.min()) / max(float(np.ptp(shade)), 0.05) * 0.85 + 0.05
    bend = clouds(rng, plane.shape, rng.uniform(50, 200)) * np.float32(pitch * rng.uniform(0, 3))
    turn, paper = rng.uniform(0, np.pi), np.float32(rng.uniform(0.75, 1.0))
    out = np.ones_like(plane)
    for number in range(int(rng.integers(1, 3))):
        own = turn + number * rng.uniform(0.6, 1.6)
        u = columns * np.float32(np.cos(own)) + rows * np.float32(np.sin(own)) + bend
        phase = np.abs((u / np.float32(pitch)) % 1.0 - 0.5) * 2
        ink = np.clip((1 - shade - 0.35 * number) * 1.1, 0, 1)
        edge = np.float32(pitch / 2)
        out *= 1 - np.clip((ink - phase) * edge + 0.5, 0, 1) * (ink > 0.04)
    dark = np.float32(rng.uniform(0, 0.25))
    plane[:] = dark + out * (paper - dark)


def fabric(plane: Plane, rng: np.random.Generator) -> None:
    """Weave, stripes, checks, herringbone, knitting, lace, wickerwork, on a part of the plane."""
    height, width = plane.shape
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    turn, bend = rng.uniform(0, np.pi), np.float32(rng.uniform(0, 6))
    bent = clouds(rng, plane.shape, rng.uniform(50, 150)) * bend
    u = columns * np.float32(np.cos(turn)) + rows * np.float32(np.sin(turn)) + bent
    v = -columns * np.float32(np.sin(turn)) + rows * np.float32(np.cos(turn)) + bent
    pitch, form = np.float32(Span(2.5, 30).draw(rng)), rng.random()
    a, b = np.sin(u * (2 * np.pi / pitch)), np.sin(v * (2 * np.pi / pitch))
    if form < 0.25:
        cloth = np.clip(a * np.float32(rng.uniform(1, 6)), -1, 1)
    elif form < 0.45:
        cloth = np.clip(a * 4, -1, 1) + np.clip(b * 4, -1, 1)
    elif form < 0.65:
        over = (np.floor(2 * u / pitch) + np.floor(2 * v / pitch)) % 2
        cloth = np.where(over > 0, np.abs(a), np.abs(b)) * 2 - 1
    elif form < 0.8:
        zig = np.abs((v / (4 * pitch)) % 1 - 0.5) * 4 * pitch
        cloth = np.sin((u + zig) * (2 * np.pi / pitch))
    else:
        cloth = np.clip((a * b - 0.1) * np.float32(rng.uniform(2, 9)), -1, 1)
    where = np.clip(clouds(rng, plane.shape, rng.uniform(60, 200)) * 8 + 4, 0, 1)
    shade = rng.uniform(0.2, 0.8) + rng.uniform(0.05, 0.35) * cloth
    if rng.random() < 0.5:
        shade = plane + (shade - 0.5) * 0.6
        where = np.ones_like(where)
    lay(plane, where.astype(np.float32), np.clip(shade, 0, 1).astype(np.float32))


def polka(plane: Plane, rng: np.random.Generator) -> None:
    """Dots of a dress, holes of a grille, pegboards, sequins, blossom: a lattice, bent or torn."""
    height, width = plane.shape
    radius = Span(0.9, 8).draw(rng)
    pitch, turn = radius * Span(2.4, 9).draw(rng), rng.choice([0, np.pi / 4, rng.uniform(0, 3)])
    count = int(max(plane.shape) / pitch) + 2
    if count > 30:
        pitch, count = max(plane.shape) / 30, 30
    grid = np.stack(np.meshgrid(np.arange(-count, count), np.arange(-count, count)), -1)
    places = grid.reshape(-1, 2) * (pitch * (0.72 if turn else 1.0))
    places[:, 0] += (np.round(places[:, 1] / pitch) % 2) * pitch / 2 * (rng.random() < 0.5)
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    places = places @ spin + anywhere(rng, plane)
    places += rng.normal(0, rng.choice([0.02, 0.2]) * pitch, places.shape)
    held = (places > -radius).all(1) & (places[:, 0] < width + radius)
    held &= places[:, 1] < height + radius
    bend = clouds(rng, plane.shape, 80) * np.float32(0.3 * pitch)
    limit = anywhere(rng, plane), rng.uniform(30, 200)
    held &= np.hypot(*(places - limit[0]).T) < limit[1]
    cover = bare(plane)
    for x, y in places[held]:
        off = bend[int(np.clip(y, 0, height - 1)), int(np.clip(x, 0, width - 1))]
        at = (int((x + off) * 16), int((y + off) * 16))
        cv2.circle(cover, at, int(radius * 16), 255, -1, cv2.LINE_AA, 4)
    lay(plane, cover, tone_against(rng, plane, limit[0], 0.12), rng.uniform(0.5, 1.0))


def halftone(plane: Plane, rng: np.random.Generator) -> None:
    """A screened print: dots or lines whose size is the tone, at 45° or any other angle."""
    height, width = plane.shape
    pitch = np.float32(Span(2.6, 12).draw(rng))
    turn = np.pi / 4 if rng.random() < 0.5 else rng.uniform(0, np.pi)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    u = columns * np.float32(np.cos(turn)) + rows * np.float32(np.sin(turn))
    v = -columns * np.float32(np.sin(turn)) + rows * np.float32(np.cos(turn))
    way = 2 * np.pi / pitch
    line = rng.random() < 0.15
    screen = np.cos(u * way) if line else (np.cos(u * way) + np.cos(v * way)) / 2
    tone = cv2.GaussianBlur(plane, (0, 0), float(0.3 * pitch))
    threshold = (tone - 0.5) * np.float32(1.9)
    dots = np.clip((threshold - screen) * np.float32(pitch / 2.5) + 0.5, 0, 1)
    ink, paper = np.float32(rng.uniform(0.02, 0.25)), np.float32(rng.uniform(0.75, 1.0))
    plane[:] = ink + dots * (paper - ink)


def foliage(plane: Plane, rng: np.random.Generator) -> None:
    """Leaves, gravel, pebbles, blossoms, crowds: light and dark specks without number."""
    where = np.clip(clouds(rng, plane.shape, rng.uniform(50, 150)) * 4 + 2, 0, 1)
    fine = clouds(rng, plane.shape, Span(1.8, 9).draw(rng), 2)
    sharp = np.float32(rng.uniform(0.5, 4))
    leaves = rng.uniform(0.2, 0.7) + np.clip(fine * sharp, -1.5, 1.5) * rng.uniform(0.1, 0.35)
    lay(plane, where.astype(np.float32), np.clip(leaves, 0, 1).astype(np.float32))


def trimmings(plane: Plane, rng: np.random.Generator) -> None:
    """Borders of collars, braid, stitches, zips, scalloped edges, pleats along a line."""
    for _ in range(int(rng.integers(1, 4))):
        step = Span(2.5, 12).draw(rng)
        line = wander(
            rng, anywhere(rng, plane, 0.1), rng.uniform(0, 6.3), rng.uniform(40, 240), 0.03, step
        )
        tone, wide = tone_against(rng, plane, line[0], 0.12), max(0.7, step * rng.uniform(0.1, 0.6))
        along = np.gradient(line, axis=0)
        across = np.stack([-along[:, 1], along[:, 0]], 1)
        cover, form = bare(plane), rng.random()
        if form < 0.35:
            for start, end in itertools.pairwise(line):
                stroke(cover, np.stack([start, start + 0.55 * (end - start)]), wide)
        elif form < 0.7:
            tall = rng.uniform(0.3, 1.5)
            for at, side in zip(line, across, strict=True):
                stroke(cover, np.stack([at, at + tall * side]), wide)
        else:
            zigzag = line + across * np.where(np.arange(len(line)) % 2, 0.5, -0.5)[:, None]
            stroke(cover, zigzag, wide)
        if rng.random() < 0.6:
            _edge(cover, line, across, wide)
        lay(plane, cover, tone, rng.uniform(0.5, 1.0))


def _edge(cover: Cover, line: np.ndarray, across: np.ndarray, wide: float) -> None:
    stroke(cover, line - across, wide)
    stroke(cover, line + across, wide)
