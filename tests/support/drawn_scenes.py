"""Scenes with what looks like damage and is none: stars, snow, buttons, rigging, trees, pages.

They are drawn in linear light at several times their size and then photographed: optics, grain,
encoding. Nothing here shares code with what the detector of damage is trained on. Pictures are
float32 (h, w, 1) in [0, 1], sRGB-encoded.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from damage.light import Picture, softened, to_encoded

FINE = 3
"""Fine pixels per pixel and direction."""

Light = npt.NDArray[np.float64]


def taken(
    light: Light, rng: np.random.Generator, blur: float = 0.7, noise: float = 0.004
) -> Picture:
    """Fine linear light (FINE h, FINE w) as a camera records it."""
    size = (light.shape[1] // FINE, light.shape[0] // FINE)
    small = cv2.resize(light.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    seen = softened(small[:, :, None], blur)
    # Photon noise grows with the root of the light.
    seen = seen + rng.normal(0, 1, seen.shape) * noise * np.sqrt(np.maximum(seen, 0) + 0.01)
    return np.asarray(to_encoded(np.clip(seen, 0, 1).astype(np.float32)), np.float32)


def _backdrop(rng: np.random.Generator, side: int, low: float, high: float, cells: int) -> Light:
    coarse = rng.uniform(low, high, (cells, cells))
    return np.asarray(cv2.resize(coarse, (side * FINE,) * 2, interpolation=cv2.INTER_CUBIC))


def _masks(side: int, draw: Callable[[ImageDraw.ImageDraw], None]) -> Light:
    sheet = Image.new("L", (side * FINE, side * FINE), 0)
    draw(ImageDraw.Draw(sheet))
    return np.asarray(sheet, np.float64) / 255


# ---- the sky ---------------------------------------------------------------------------------


def night_sky(
    rng: np.random.Generator, side: int = 512, deepest: float = 9.0, trail_deg: float = 0.0
) -> Picture:
    """Stars as Moffat discs; their number grows by 10^0.45 a magnitude, as counts of stars do.

    deepest: magnitudes between the faintest star and one that fills the scale. trail_deg: the
    turn of the sky during the exposure.
    """
    count = int(0.0022 * side * side)
    magnitude = deepest + np.log10(rng.uniform(1e-4, 1.0, count)) / 0.45
    flux = 10 ** (-0.4 * magnitude) * 60
    places = rng.uniform(0, side, (count, 2))
    width, beta = rng.uniform(1.2, 2.4), rng.uniform(2.2, 3.6)
    sky = np.linspace(0.003, rng.uniform(0.006, 0.03), side)[:, None] * np.ones((1, side))
    if trail_deg:
        pole = np.array([0.5, 0.8]) * side
        for turn in np.deg2rad(np.linspace(0, trail_deg, 90)):
            spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
            _add_stars(sky, (places - pole) @ spin + pole, flux / 20, width, beta)
    else:
        _add_stars(sky, places, flux, width, beta)
    seen = sky + rng.normal(0, 1, sky.shape) * 0.02 * np.sqrt(sky)
    return to_encoded(np.clip(seen, 0, 1).astype(np.float32)[:, :, None])


def _add_stars(
    sky: Light, places: Light, flux: Light, width: float, beta: float, reach: int = 13
) -> None:
    axis = np.arange(-reach, reach + 1)
    side = sky.shape[0]
    for (x, y), own in zip(places, flux, strict=True):
        if not (reach < x < side - reach - 1 and reach < y < side - reach - 1):
            continue
        left, top = int(x), int(y)
        away = (axis - (x - left))[None, :] ** 2 + (axis - (y - top))[:, None] ** 2
        disc = own * (1 + away / width**2) ** -beta
        sky[top - reach : top + reach + 1, left - reach : left + reach + 1] += disc


def snowfall(scene: Picture, rng: np.random.Generator, count: int = 500) -> Picture:
    """Flakes between the lens and the scene: nearer ones larger, those out of focus spread."""
    height, width = scene.shape[:2]
    light = np.power(scene.mean(axis=2), 2.2)
    focus = rng.uniform(3, 9)
    for distance in np.sort(rng.uniform(1.0, 12.0, count) ** 1.0)[::-1]:
        radius = 9.0 / distance * rng.uniform(0.5, 1.2)
        spread = radius + 5 * abs(1 / distance - 1 / focus)
        reach = int(spread) + 3
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
        away = np.hypot(rows - y % 1, columns - x % 1)
        cover = np.clip(spread + 0.5 - away, 0, 1) * min(1.0, (radius / spread) ** 2)
        top, left = int(y) - reach, int(x) - reach
        y0, x0 = max(0, top), max(0, left)
        y1, x1 = min(height, top + 2 * reach + 1), min(width, left + 2 * reach + 1)
        own = cover[y0 - top : y1 - top, x0 - left : x1 - left]
        light[y0:y1, x0:x1] += own * (0.85 - light[y0:y1, x0:x1])
    seen = softened(light.astype(np.float32)[:, :, None], 0.5)
    seen = seen + rng.normal(0, 0.004, seen.shape).astype(np.float32)
    return np.power(np.clip(seen, 0, 1), 1 / 2.2).astype(np.float32)


# ---- small round things ------------------------------------------------------------------------


def _domes(side: int, places: Light, radius: float, flat: float, sun: Light) -> tuple[Light, Light]:
    """Cover and Lambert's light of caps of a sphere. flat: 0 a half sphere, near 1 a disc."""
    fine = side * FINE
    cover, shade = np.zeros((fine, fine)), np.zeros((fine, fine))
    reach = int(radius * FINE) + 2
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1] / (radius * FINE)
    away = np.hypot(rows, columns)
    normal = np.stack([columns, rows, np.sqrt(np.clip(1 - away**2, 0.0, 1)) + 3 * flat], -1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    lit = np.clip(normal @ sun, 0, 1)
    shine = np.clip(2 * lit * normal[..., 2] - sun[2], 0, 1) ** 40
    for x, y in places:
        top, left = round(y * FINE) - reach, round(x * FINE) - reach
        if min(top, left) < 0 or max(top, left) + 2 * reach + 1 > fine:
            continue
        part = np.s_[top : top + 2 * reach + 1, left : left + 2 * reach + 1]
        cover[part] = np.maximum(cover[part], away <= 1)
        shade[part] = np.where(away <= 1, lit + 0.6 * shine, shade[part])
    return cover, shade


def coat(
    rng: np.random.Generator, side: int = 384, radius: float = 5.0, dark: bool = True
) -> Picture:
    """Two rows of buttons with sewn holes on cloth that lies in folds, a buckle between them."""
    cloth = _backdrop(rng, side, *((0.03, 0.12) if dark else (0.35, 0.7)), 7)
    cloth = cloth * (1 + 0.1 * rng.standard_normal(cloth.shape))
    rows = np.arange(1.5, side / (7 * radius) - 1) * 7 * radius
    places = np.array([(x * side, y) for x in (0.38, 0.62) for y in rows])
    places += rng.normal(0, 0.6, places.shape)
    sun = np.array([-0.5, -0.55, 0.67])
    cover, lit = _domes(side, places, radius, 0.35, sun)
    own = rng.uniform(0.5, 0.9) if dark else rng.uniform(0.03, 0.2)
    light = cloth * (1 - cover) + cover * own * lit

    def holes(draw: ImageDraw.ImageDraw) -> None:
        for x, y in places:
            for dx, dy in ((-1, -1), (1, -1), (-1, 1), (1, 1)):
                at = np.array([x + 0.28 * dx * radius, y + 0.28 * dy * radius]) * FINE
                wide = 0.13 * radius * FINE
                draw.ellipse([*(at - wide), *(at + wide)], fill=255)
        belt, tall = 0.5 * side * FINE, 4 * radius * FINE
        draw.rectangle([belt - tall, belt - 0.7 * tall, belt + tall, belt + 0.7 * tall],
                       outline=190, width=round(0.5 * radius * FINE))  # fmt: skip

    marks = _masks(side, holes)
    light = light * (1 - marks) + marks * (0.02 if not dark else 0.3)
    return taken(light, rng, rng.uniform(0.5, 1.0))


def necklace(rng: np.random.Generator, side: int = 384, radius: float = 4.0) -> Picture:
    """Pearls on a string on skin; studs in a row below."""
    skin = _backdrop(rng, side, 0.25, 0.5, 5)
    turn = np.linspace(0.15, np.pi - 0.15, int(0.62 * side / radius))
    bow = np.stack([0.5 + 0.42 * np.cos(turn), 0.15 + 0.38 * np.sin(turn)], 1) * side
    row = np.stack([np.linspace(0.1, 0.9, 15), np.full(15, 0.8)], 1) * side
    sun = np.array([-0.4, -0.6, 0.69])
    cover, lit = _domes(side, np.concatenate([bow, row]), radius, 0.0, sun)
    return taken(skin * (1 - cover) + cover * 0.85 * lit, rng, 0.6)


def street_at_night(rng: np.random.Generator, side: int = 512) -> Picture:
    """Lamps on posts in a row into the distance, their halos, lit windows, wet ground."""
    light = _backdrop(rng, side, 0.002, 0.02, 6)
    rows, columns = np.mgrid[: side * FINE, : side * FINE] / FINE
    posts = []
    for number in range(7):
        far = 0.72**number
        x, y = side * (0.5 - 0.42 * far), side * (0.55 - 0.38 * far)
        away = np.hypot(columns - x, rows - y)
        size = 5.5 * far
        light += np.where(away < size, 1.2, 0) + 0.18 * far / (1 + (away / (2.5 * size)) ** 2)
        light += (
            0.12
            * far
            * np.exp(-(((columns - x) / (2 * size)) ** 2))
            * (rows > 0.75 * side)
            * (0.5 + 0.5 * np.sin(rows * 0.9 + 3 * np.sin(columns * 0.4)))
        )
        posts.append((x, y, size))

    def draw(pen: ImageDraw.ImageDraw) -> None:
        for x, y, size in posts:
            foot = side * 0.58 + 1.1 * size * 8
            pen.line([x * FINE, (y + size) * FINE, x * FINE, foot * FINE], 255, round(size * 1.2))

    light *= 1 - _masks(side, draw)
    for _ in range(40):
        x, y = rng.uniform(0.55, 0.98) * side, rng.uniform(0.1, 0.5) * side
        box = np.s_[int(y * FINE) : int(y * FINE) + 15, int(x * FINE) : int(x * FINE) + 9]
        light[box] = rng.uniform(0.1, 0.7)
    return taken(light, rng, 0.8, 0.02)


# ---- lines -------------------------------------------------------------------------------------


def harbour(rng: np.random.Generator, side: int = 512) -> Picture:
    """Masts with yards, shrouds, ratlines and stays against a cloudy sky, a flag, gulls."""
    sky = _backdrop(rng, side, 0.45, 0.8, 5) + np.linspace(0.1, -0.1, side * FINE)[:, None]
    fine = side * FINE

    def draw(pen: ImageDraw.ImageDraw) -> None:
        for _ in range(5):
            x, top = rng.uniform(0.08, 0.92) * fine, rng.uniform(0.02, 0.3) * fine
            lean, thick = rng.normal(0, 0.015) * fine, rng.uniform(1.5, 6) * FINE
            half = thick / 2
            pen.polygon([(x - half, fine), (x + lean - half / 3, top), (x + lean + half / 3, top),
                         (x + half, fine)], fill=235)  # fmt: skip
            for yard in rng.uniform(0.1, 0.7, 3):
                y, long = top + yard * (fine - top), rng.uniform(0.04, 0.14) * fine
                pen.line([x - long, y + rng.normal(0, 9), x + long, y], 225, round(thick / 2.5))
            for side_of in (-1, 1):
                foot = x + side_of * rng.uniform(0.08, 0.2) * fine
                for rope in range(3):
                    pen.line([x + lean, top + 8, foot + rope * side_of * 22, fine], 170, 2)
                for y in np.arange(0.55, 1.0, 0.035) * fine:
                    inner = (y - top) / (fine - top)
                    start = x + (foot - x) * inner
                    pen.line([start, y, start + side_of * 44 * inner, y + 2], 150, 2)
            pen.line(
                [x + lean, top, rng.uniform(0, 1) * fine, rng.uniform(0.6, 1.0) * fine], 190, 2
            )
        for _ in range(9):
            x, y, wing = *(rng.uniform(0.05, 0.5, 2) * fine), rng.uniform(7, 16)
            pen.line([x - wing, y - wing / 2, x, y, x + wing, y - wing / 2], 220, 3)

    cover = _masks(side, draw)
    return taken(sky * (1 - cover) + 0.04 * cover, rng, 0.7)


def bare_trees(rng: np.random.Generator, side: int = 512) -> Picture:
    """Crowns without leaves against a bright sky."""
    fine = side * FINE

    def draw(pen: ImageDraw.ImageDraw) -> None:
        ends = [
            (x * fine, fine * 1.0, -np.pi / 2 + rng.normal(0, 0.1), 13.0 * FINE)
            for x in (0.3, 0.75)
        ]
        while ends:
            x, y, turn, thick = ends.pop()
            if thick < 1.2:
                continue
            long = thick * rng.uniform(3, 6) + 12
            bent = turn + rng.normal(0, 0.12)
            u, v = x + long * np.cos(bent), y + long * np.sin(bent)
            pen.line([x, y, u, v], 255, max(1, round(thick)))
            fork = rng.uniform(0.2, 0.6)
            ends.append(
                (u, v, bent + fork * rng.uniform(0.1, 0.9), thick * rng.uniform(0.66, 0.86))
            )
            ends.append((u, v, bent - fork, thick * rng.uniform(0.5, 0.8)))

    cover = _masks(side, draw)
    sky = _backdrop(rng, side, 0.5, 0.9, 4)
    return taken(sky * (1 - cover) + 0.05 * cover, rng, 0.8)


def wires_and_railing(rng: np.random.Generator, side: int = 512) -> Picture:
    """Telegraph wires with birds and insulators above an iron railing before a brick wall."""
    fine = side * FINE
    light = _backdrop(rng, side, 0.5, 0.75, 4)
    wall = np.s_[int(0.55 * fine) :, :]
    rows, columns = np.mgrid[: light[wall].shape[0], :fine]
    tall, long = 10 * FINE, 27 * FINE
    shift = (rows // tall % 2) * long // 2
    joint = (rows % tall < 1.6 * FINE) | ((columns + shift) % long < 1.6 * FINE)
    number = (rows // tall * 131 + (columns + shift) // long * 37) % 97
    light[wall] = np.where(joint, 0.42, 0.12 + 0.12 * rng.random(97)[number])

    def draw(pen: ImageDraw.ImageDraw) -> None:
        run = np.linspace(0, 1, 60)
        for wire in range(6):
            y = (0.08 + 0.06 * wire) * fine + (run - 0.5) * 40 + 4 * 60 * run * (run - 1) * -1
            pen.line([*zip(run * fine, y, strict=True)], 210, 3)
            for _ in range(3):
                at = int(rng.integers(2, 58))
                x0, y0 = run[at] * fine, y[at]
                pen.ellipse([x0 - 10, y0 - 15, x0 + 10, y0 + 1], fill=240)
        for x in np.arange(0.02, 1, 0.045) * fine:
            pen.line([x, 0.6 * fine, x, fine], 255, 8)
            pen.polygon([(x - 9, 0.6 * fine), (x, 0.57 * fine), (x + 9, 0.6 * fine)], fill=255)
        for y in (0.63, 0.93):
            pen.line([0, y * fine, fine, y * fine], 255, 9)

    cover = _masks(side, draw)
    return taken(light * (1 - cover) + 0.03 * cover, rng, 0.6)


def fur(rng: np.random.Generator, side: int = 384) -> Picture:
    """Strands of hair that lie along a bent direction, and whiskers that stand out from them."""
    fine = side * FINE
    light = _backdrop(rng, side, 0.08, 0.3, 5)
    field = cv2.resize(rng.uniform(0.3, 1.6, (4, 4)), (fine, fine), interpolation=cv2.INTER_CUBIC)

    def hairs(count: int, long: int, thick: int) -> Callable[[ImageDraw.ImageDraw], None]:
        def draw(pen: ImageDraw.ImageDraw) -> None:
            for _ in range(count):
                x, y = rng.uniform(0, fine, 2)
                line = [(x, y)]
                for _ in range(long):
                    turn = field[int(np.clip(y, 0, fine - 1)), int(np.clip(x, 0, fine - 1))]
                    x, y = x + 9 * np.cos(turn), y + 9 * np.sin(turn)
                    line.append((x, y))
                pen.line(line, int(rng.integers(90, 255)), thick)

        return draw

    fell = _masks(side, hairs(3500, 9, 3))
    light = light * (1 - 0.6 * fell) + 0.45 * fell * 0.6
    whiskers = _masks(side, hairs(14, 60, 4))
    return taken(light * (1 - whiskers) + 0.8 * whiskers, rng, 0.6)
