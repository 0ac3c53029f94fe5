"""Group photographs that never were: heads of known place and size before a textured wall.

Heads are two public domain portraits (Eileen Collins by NASA, Grace Hopper by the U.S. Navy),
mirrored, tilted, lit and cropped differently. Pictures are float32 (h, w, 3) in [0, 1].
"""

from __future__ import annotations

import functools
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from restoration.raster.boxes import rows_first
from support import corpus

Pixels = npt.NDArray[np.float32]

PORTRAITS = {"astronaut": ((65, 170), 100), "hopper": ((140, 176), 190)}
"""Top left corner and side of the face, from the brows to the chin."""

HEAD = 1.34
"""Height of a head, of its face."""


@functools.cache
def portrait(name: str) -> Pixels:
    """The whole photograph."""
    if name == "astronaut":
        return corpus.photo("astronaut")
    cbook = pytest.importorskip("matplotlib.cbook")
    with cbook.get_sample_data("grace_hopper.jpg") as file:
        data = np.frombuffer(file.read(), np.uint8)
    return cv2.imdecode(data, cv2.IMREAD_COLOR)[:, :, ::-1].astype(np.float32) / np.float32(255)


def head(name: str, face: int, seed: int) -> tuple[Pixels, Pixels]:
    """A head and shoulders whose face measures ``face`` pixels in the middle of a square of 2.4
    times that side, and how much of the wall it covers."""
    rng = np.random.default_rng(seed)
    (top, left), side = PORTRAITS[name]
    out = round(2.4 * face)
    centre = (left + side / 2, top + side / 2)
    turn = cv2.getRotationMatrix2D(centre, float(rng.uniform(-7, 7)), face / side)
    turn[:, 2] += out / 2 - np.array(centre)
    source = portrait(name)
    if face < side:
        source = cv2.GaussianBlur(source, (0, 0), max(0.01, 0.4 * side / face))
    pixels = cv2.warpAffine(source, turn, (out, out), borderMode=cv2.BORDER_REFLECT_101)
    pixels = np.clip(pixels ** float(rng.uniform(0.8, 1.25)) * float(rng.uniform(0.85, 1.0)), 0, 1)
    rows, columns = np.mgrid[:out, :out] / out - 0.5
    oval = 1.0 - ((columns / 0.34) ** 2 + (np.minimum(rows, 0) / 0.4) ** 2)
    cover = np.clip(oval / 0.25, 0.0, 1.0).astype(np.float32)[:, :, None]
    if rng.random() < 0.5:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
    return pixels.astype(np.float32), cover


def wall(height: int, width: int, seed: int = 0) -> Pixels:
    """Plaster and planks: texture at several scales, and straight edges."""
    rng = np.random.default_rng(seed)
    total = np.full((height, width), 0.45, np.float32)
    for cell, strength in ((2, 0.02), (9, 0.03), (60, 0.05)):
        coarse = rng.standard_normal((height // cell + 2, width // cell + 2)).astype(np.float32)
        fine = cv2.resize(coarse, None, fx=cell, fy=cell, interpolation=cv2.INTER_CUBIC)
        total += strength * fine[:height, :width]
    total[:, :: max(40, width // 17)] -= 0.15
    tint = np.array([1.0, 0.93, 0.8], np.float32)
    return np.clip(total[:, :, None] * tint, 0.0, 1.0)


def group(
    height: int, width: int, rows: int, columns: int, face: int, seed: int = 0
) -> tuple[Pixels, list[tuple[float, float]]]:
    """A group, the back row first, and the middles of its faces (down, right)."""
    rng = np.random.default_rng(seed)
    page = wall(height, width, seed)
    names, places = sorted(PORTRAITS), []
    down_step, across_step = height / (rows + 0.6), width / columns
    for number in range(rows * columns):
        row, column = divmod(number, columns)
        down = (row + 0.65) * down_step + rng.uniform(-0.15, 0.15) * face
        right = (column + 0.5) * across_step + rng.uniform(-0.2, 0.2) * face
        pixels, cover = head(names[number % 2], face, seed * 1000 + number)
        top, left = round(down - pixels.shape[0] / 2), round(right - pixels.shape[1] / 2)
        bottom, end = min(height, top + len(pixels)), min(width, left + len(pixels))
        own = np.s_[max(0, -top) : bottom - top, max(0, -left) : end - left]
        place = page[max(0, top) : bottom, max(0, left) : end]
        place += cover[own] * (pixels[own] - place)
        places.append((down, right))
    return page, places


def times_found(places: list[tuple[float, float]], boxes: list[Any]) -> list[int]:
    """How many boxes lie about each place: ``Detection`` s, or [left, top, width, height]."""
    spans = [
        rows_first(box) if isinstance(box, list) else (box.top, box.left, box.side, box.side)
        for box in boxes
    ]
    return [
        sum(t <= down < t + h and left <= right < left + w for t, left, h, w in spans)
        for down, right in places
    ]
