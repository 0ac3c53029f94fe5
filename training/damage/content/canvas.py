"""Strokes, stamps and tones on a plane, with edges between the pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float32]
Cover = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]
Drawer = Callable[[Plane, np.random.Generator], None]

FINE = 4
"""Bits after the point of OpenCV's coordinates."""


def bare(plane: Plane) -> Cover:
    """A cover on which nothing is drawn, of the plane's size: uint8 (h, w), 255 hides all."""
    return np.zeros(plane.shape, np.uint8)


def lay(plane: Plane, cover: Cover | Plane, tone: float | Plane, opacity: float = 1.0) -> None:
    """Puts a tone, or a plane of tones, onto the plane where the cover says, in place.

    cover: uint8 to 255, or float32 to 1.
    """
    share = np.float32(opacity / 255.0 if cover.dtype == np.uint8 else opacity)
    plane += cover * share * (np.asarray(tone, np.float32) - plane)


def stroke(cover: Cover, points: Points, widths: float | Points) -> None:
    """A line through points (n, 2), x before y, in place.

    widths: pixels, of the whole line or at every point; a line thinner than a pixel is a fainter
    one of a pixel.
    """
    if len(points) < 2:
        return
    if isinstance(widths, float | int):
        wide = float(widths)
        value = 255 if wide >= 1 else int(255 * wide)
        places = np.rint(points * (1 << FINE)).astype(np.int32)
        thick = max(1, round(wide))
        cv2.polylines(cover, [places], False, value, thick, cv2.LINE_AA, FINE)
        return
    along = np.gradient(points, axis=0)
    along /= np.maximum(np.hypot(along[:, :1], along[:, 1:]), 1e-6)
    # OpenCV's smooth edges add about a pixel.
    half = np.maximum(widths - 0.8, 0.1)[:, None] / 2
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) * half
    outline = np.concatenate([points + across, (points - across)[::-1]])
    places = np.rint(outline * (1 << FINE)).astype(np.int32)
    value = 255 if float(widths.max()) >= 1 else int(255 * float(widths.max()))
    cv2.fillPoly(cover, [places], value, cv2.LINE_AA, FINE)


def polygon(cover: Cover, points: Points, value: int = 255) -> None:
    """A filled outline (n, 2), in place."""
    places = np.rint(points * (1 << FINE)).astype(np.int32)
    cv2.fillPoly(cover, [places], value, cv2.LINE_AA, FINE)


def circle(cover: Cover, x: float, y: float, radius: float, value: int = 255) -> None:
    """A filled disc, in place."""
    unit = 1 << FINE
    place = round(float(x) * unit), round(float(y) * unit)
    cv2.circle(cover, place, max(1, int(radius * unit)), value, -1, cv2.LINE_AA, FINE)


def wander(
    rng: np.random.Generator,
    start: Points,
    heading: float,
    length: float,
    bend: float,
    step: float = 4.0,
) -> Points:
    """A line that turns by about ``bend`` radians at every ``step`` pixels: points (n, 2)."""
    count = max(3, int(length / step))
    turns = heading + np.cumsum(rng.normal(0.0, bend, count))
    steps = step * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    return np.concatenate([start[None], start + np.cumsum(steps, axis=0)])


def anywhere(rng: np.random.Generator, plane: Plane | Cover, beyond: float = 0.0) -> Points:
    """A random place (x, y); up to ``beyond`` of the size outside."""
    height, width = plane.shape
    return rng.uniform(-beyond, 1.0 + beyond, 2) * (width, height)


@dataclass(frozen=True)
class Span:
    """Sizes of which the small ones are as likely as the large ones, in ratio."""

    low: float
    high: float

    def draw(self, rng: np.random.Generator) -> float:
        """One size."""
        return float(np.exp(rng.uniform(np.log(self.low), np.log(self.high))))


def tone_against(
    rng: np.random.Generator, plane: Plane, place: Points | None = None, least: float = 0.1
) -> float:
    """A tone lighter or darker than the plane, there or on the whole, by ``least`` or more."""
    if place is None:
        near = float(plane[:: max(1, plane.shape[0] // 16), :: max(1, plane.shape[1] // 16)].mean())
    else:
        y = int(np.clip(place[1], 0, plane.shape[0] - 1))
        x = int(np.clip(place[0], 0, plane.shape[1] - 1))
        near = float(plane[max(0, y - 4) : y + 5, max(0, x - 4) : x + 5].mean())
    lighter = rng.random() < np.clip(0.5 + (0.5 - near) * 1.2, 0.08, 0.92)
    room = (1.0 - near) if lighter else near
    change = min(room, least) + rng.uniform(0.0, 1.0) * max(0.0, room - least)
    return float(np.clip(near + (change if lighter else -change), 0.0, 1.0))


def clouds(
    rng: np.random.Generator, shape: tuple[int, ...], grain: float, octaves: int = 1
) -> Plane:
    """Smooth noise of mean 0 and about unit deviation, whose features are ``grain`` pixels wide."""
    height, width = shape
    out = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        size = max(grain / 2**octave, 1.0)
        coarse = (max(2, int(height / size) + 2), max(2, int(width / size) + 2))
        noise = rng.standard_normal(coarse, np.float32) * np.float32(0.6**octave)
        out += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return out * np.float32(1.3)


@dataclass(frozen=True)
class Stamp:
    """A small thing that is drawn once and put down many times."""

    tone: Plane
    alpha: Plane
    """(2r + 1, 2r + 1), from 0 to 1."""

    def press(self, plane: Plane, x: float, y: float, change: float = 0.0) -> None:
        """Puts it down with its centre at (x, y), in place; what is outside is left off."""
        reach = self.alpha.shape[0] // 2
        left, top = int(np.floor(x)) - reach, int(np.floor(y)) - reach
        size = self.alpha.shape[0]
        x0, y0 = max(0, left), max(0, top)
        x1, y1 = min(plane.shape[1], left + size), min(plane.shape[0], top + size)
        if x0 >= x1 or y0 >= y1:
            return
        shift = np.array([[1, 0, x - np.floor(x)], [0, 1, y - np.floor(y)]], np.float32)
        alpha = cv2.warpAffine(self.alpha, shift, (size, size))
        tone = cv2.warpAffine(self.tone, shift, (size, size), borderMode=cv2.BORDER_REPLICATE)
        part = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
        own = plane[y0:y1, x0:x1]
        own += alpha[part] * (tone[part] + np.float32(change) - own)


def rings(radius: float) -> tuple[Plane, Plane, Plane]:
    """x, y and the distance from the centre, on a stamp that holds a disc of this radius."""
    reach = int(np.ceil(radius)) + 3
    axis = np.arange(-reach, reach + 1, dtype=np.float32)
    x, y = np.meshgrid(axis, axis)
    return x, y, np.hypot(x, y)


def inside(distance: Plane, radius: float) -> Plane:
    """1 inside a disc, 0 outside, between at its edge."""
    return np.asarray(np.clip(np.float32(radius + 0.5) - distance, 0, 1), np.float32)
