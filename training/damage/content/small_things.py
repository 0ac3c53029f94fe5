"""Buttons, eyes, lamps, stars, snow, confetti, glints: small things that are no dust."""

from __future__ import annotations

import cv2
import numpy as np

from training.damage.content.canvas import (
    Plane,
    Points,
    Span,
    Stamp,
    anywhere,
    bare,
    circle,
    clouds,
    inside,
    lay,
    polygon,
    rings,
    stroke,
    tone_against,
    wander,
)


def button(rng: np.random.Generator, radius: float, tone: float) -> Stamp:
    """A disc with shade, rim, holes and a highlight, each of them or not."""
    x, y, distance = rings(radius)
    light = rng.uniform(0, 2 * np.pi)
    slope = (x * np.float32(np.cos(light)) + y * np.float32(np.sin(light))) / np.float32(radius)
    shade = np.float32(rng.choice([0.04, 0.1, 0.2, 0.4]) * rng.uniform(0.5, 1.2))
    face: Plane = np.asarray(tone + shade * slope, np.float32)
    if rng.random() < 0.45:
        dome = rng.uniform(-0.35, 0.25)
        face = face + np.float32(dome) * (distance / np.float32(radius)) ** 2
    if rng.random() < 0.5 and radius > 2.5:
        at, wide = rng.uniform(0.6, 0.9) * radius, max(0.6, 0.1 * radius)
        rim = np.exp(-0.5 * ((distance - np.float32(at)) / np.float32(wide)) ** 2)
        face = face + rim * (np.float32(rng.uniform(-0.3, 0.3)) + slope * shade)
    if rng.random() < 0.45 and radius > 3.5:
        count, turn = int(rng.choice([1, 2, 4])), rng.uniform(0, np.pi)
        away = 0.0 if count == 1 else 0.3 * radius
        for hole in range(count):
            angle = turn + 2 * np.pi * hole / count
            gone = np.hypot(
                x - np.float32(away * np.cos(angle)), y - np.float32(away * np.sin(angle))
            )
            mark = inside(gone, max(0.6, 0.1 * radius))
            face = face + mark * (np.float32(rng.choice([0.05, 0.1, 0.9])) - face)
    if rng.random() < 0.5:
        off = rng.uniform(0.15, 0.55) * radius
        gone = np.hypot(x - np.float32(off * np.cos(light)), y - np.float32(off * np.sin(light)))
        wide = max(0.6, rng.uniform(0.1, 0.3) * radius)
        face = face + np.float32(rng.uniform(0.2, 0.9)) * np.exp(-0.5 * (gone / wide) ** 2)
    alpha = inside(distance, radius)
    if rng.random() < 0.5:
        # The shadow that it casts.
        off = 0.3 * radius
        gone = np.hypot(x + np.float32(off * np.cos(light)), y + np.float32(off * np.sin(light)))
        cast = np.clip(inside(gone, radius) - alpha, 0, 1) * np.float32(rng.uniform(0.2, 0.7))
        face = np.where(alpha > 0, face, np.float32(0.05))
        alpha = np.maximum(alpha, cast)
    return Stamp(np.clip(face, 0, 1).astype(np.float32), alpha.astype(np.float32))


def buttons(plane: Plane, rng: np.random.Generator) -> None:
    """Rows and groups of buttons, beads, rivets, studs; single ones as well."""
    radius = Span(1.3, 13.0).draw(rng)
    for _ in range(int(rng.integers(1, 4))):
        start = anywhere(rng, plane, 0.1)
        places = _arranged(rng, start, radius)
        if len(places) < 3 and radius < 3:
            # Alone and too small for a shape of its own: nobody could tell it from dust.
            continue
        stamp = button(rng, radius, tone_against(rng, plane, start, 0.12))
        for place in places:
            x, y = place + rng.normal(0, 0.04 * radius, 2)
            stamp.press(plane, x, y, rng.normal(0, 0.02))


def _arranged(rng: np.random.Generator, start: Points, radius: float) -> Points:
    gap = radius * Span(2.05, 12.0).draw(rng)
    heading = rng.choice([0.0, np.pi / 2, rng.uniform(0, np.pi)]) + rng.normal(0, 0.06)
    count = int(rng.integers(1, 9))
    kind = rng.random()
    if kind < 0.55:
        one = start + np.cumsum(np.full((count, 2), gap) * [np.cos(heading), np.sin(heading)], 0)
        if rng.random() < 0.3:
            across = gap * rng.uniform(0.8, 2.5) * np.array([-np.sin(heading), np.cos(heading)])
            return np.concatenate([one, one + across])
        return np.asarray(one)
    if kind < 0.8:
        # Beads on a string, pearls at a neck.
        line = wander(rng, start, heading, gap * 1.05 * (count + 6), rng.uniform(0.02, 0.25), 2.1)
        return line[:: max(1, round(gap / 2.1))]
    if kind < 0.9:
        turns = np.arange(count + 4) * 2 * np.pi / (count + 4)
        away = max(gap, 2.2 * radius) * (count + 4) / 6.3
        return np.asarray(start + away * np.stack([np.cos(turns), np.sin(turns)], 1))
    return np.asarray(start[None] + rng.normal(0, 2 * gap, (count, 2)))


def eyes(plane: Plane, rng: np.random.Generator) -> None:
    """Pupils with the catchlight of a window or lamp, white of the eye and lid about them."""
    for _ in range(int(rng.integers(1, 4))):
        iris = Span(1.5, 12.0).draw(rng)
        centre, turn = anywhere(rng, plane), rng.normal(0, 0.25)
        apart = iris * rng.uniform(5, 9) * np.array([np.cos(turn), np.sin(turn)])
        glint = rng.uniform(-0.45, 0.45, 2) * iris
        white, dark = rng.uniform(0.45, 0.9), rng.uniform(0.03, 0.3)
        for place in (centre, centre + apart)[: 2 if rng.random() < 0.7 else 1]:
            cover = bare(plane)
            unit = 16
            axes = (int(2.1 * iris * unit), int(rng.uniform(0.7, 1.2) * iris * unit))
            at = tuple(int(v * unit) for v in place)
            cv2.ellipse(cover, at, axes, np.rad2deg(turn), 0, 360, 255, -1, cv2.LINE_AA, 4)
            lid = cv2.dilate(cover, np.ones((3, 3), np.uint8))
            lay(plane, lid, dark, rng.uniform(0.2, 0.8))
            lay(plane, cover, white, rng.uniform(0.3, 0.9))
            disc = bare(plane)
            circle(disc, place[0], place[1], iris)
            lay(plane, cv2.min(disc, lid), dark + 0.1 * rng.random())
            disc[:] = 0
            circle(disc, place[0], place[1], 0.45 * iris)
            lay(plane, disc, 0.02)
            disc[:] = 0
            glass = place + glint
            circle(disc, glass[0], glass[1], max(0.5, rng.uniform(0.1, 0.3) * iris))
            lay(plane, disc, rng.uniform(0.8, 1.0), rng.uniform(0.7, 1.0))


def lamps(plane: Plane, rng: np.random.Generator) -> None:
    """Bright discs in a halo; heads of street lamps, candles, windows at night."""
    if rng.random() < 0.5:
        plane *= np.float32(rng.uniform(0.15, 0.7))
    height, width = plane.shape
    rows, columns = np.ogrid[:height, :width]
    place, step = anywhere(rng, plane), rng.normal(0, 30, 2)
    size = Span(1.2, 10).draw(rng)
    for _ in range(int(rng.integers(1, 6))):
        away = np.hypot(columns - place[0], rows - place[1]).astype(np.float32)
        core = np.clip(size + 0.5 - away, 0, 1)
        reach = np.float32(size * rng.uniform(0.5, 4))
        glow = np.float32(rng.uniform(0.0, 0.6)) / (1 + (np.maximum(away - size, 0) / reach) ** 2)
        lay(plane, np.maximum(core, glow).astype(np.float32), rng.uniform(0.85, 1.0))
        if rng.random() < 0.4:
            post = bare(plane)
            end = place + np.array([rng.normal(0, 2), rng.uniform(20, 200)])
            stroke(post, np.stack([place + np.array([0, size]), end]), rng.uniform(1, 5))
            lay(plane, post, rng.uniform(0, 0.25))
        place = place + step + rng.normal(0, 4, 2)
        size = max(0.8, size * rng.uniform(0.75, 1.1))


def _splash(shape: tuple[int, ...], places: Points, values: Points) -> Plane:
    """Points of light between the pixels, as impulses."""
    out = np.zeros(shape, np.float32)
    whole = np.floor(places).astype(int)
    rest = places - whole
    for right in (0, 1):
        for down in (0, 1):
            share = np.abs(1 - right - rest[:, 0]) * np.abs(1 - down - rest[:, 1])
            x, y = whole[:, 0] + right, whole[:, 1] + down
            held = (x >= 0) & (y >= 0) & (x < shape[1]) & (y < shape[0])
            np.add.at(out, (y[held], x[held]), (values * share)[held])
    return out


def stars(plane: Plane, rng: np.random.Generator) -> None:
    """A night sky: points of power-law brightness, the picture sunk into the dark, a Milky Way."""
    height, width = plane.shape
    sky = rng.uniform(0.0, 0.3)
    if rng.random() < 0.6:
        plane *= np.float32(rng.uniform(0.0, 0.25))
        plane += np.float32(sky)
    else:
        # Sky above, a landscape below.
        slope = rng.uniform(0.2, 0.9) + 0.06 * clouds(rng, (1, width), 40)
        ground = np.arange(height, dtype=np.float32)[:, None] / height > slope
        plane[:] = np.where(ground, plane * np.float32(rng.uniform(0.1, 0.5)), np.float32(sky))
    if rng.random() < 0.4:
        plane += np.float32(0.04) * np.abs(clouds(rng, plane.shape, 60, 2))
    count = int(Span(8, 600).draw(rng) * height * width / 65536) + 1
    places = rng.uniform(0, 1, (count, 2)) * (width, height)
    bright = 0.05 * (1 + rng.pareto(rng.uniform(0.7, 1.6), count))
    sigma = rng.uniform(0.5, 1.6)
    for low, high, wide in ((0, 1, 1.0), (1, 3, 1.3), (3, 1e9, 1.9)):
        own = (bright >= low) & (bright < high)
        if own.any():
            points = _splash(plane.shape, places[own], np.minimum(bright[own], 12))
            blur = float(sigma * wide)
            spread = cv2.GaussianBlur(points, (0, 0), blur) * np.float32(2 * np.pi * blur**2)
            plane += np.minimum(spread, 1.0)
    if rng.random() < 0.5:
        _galaxies(plane, rng)
    if rng.random() < 0.3:
        _spiked(plane, rng)
    np.clip(plane, 0, 1, out=plane)


def _galaxies(plane: Plane, rng: np.random.Generator) -> None:
    """Oval bodies of light that fade outwards, of many sizes, and the small ones sharp."""
    height, width = plane.shape
    for _ in range(int(Span(2, 60).draw(rng) * height * width / 36864) + 1):
        size, flat, turn = Span(0.5, 7.0).draw(rng), rng.uniform(0.2, 1.0), rng.uniform(0, np.pi)
        reach = int(6 * size) + 2
        axis = np.arange(-reach, reach + 1, dtype=np.float32)
        x, y = axis[None] - np.float32(rng.random()), axis[:, None] - np.float32(rng.random())
        along = np.cos(turn) * x + np.sin(turn) * y
        beside = (np.cos(turn) * y - np.sin(turn) * x) / flat
        far = np.hypot(along, beside) / np.float32(size)
        light = np.exp(-(far ** np.float32(rng.uniform(0.8, 2.0))))
        centre = np.floor(anywhere(rng, plane)).astype(int)
        bright = np.float32(0.04 * (1 + rng.pareto(0.9)))
        top, left = centre[1] - reach, centre[0] - reach
        y0, x0, y1, x1 = max(0, top), max(0, left), top + 2 * reach + 1, left + 2 * reach + 1
        own = plane[y0:y1, x0:x1]
        part = light[y0 - top : y0 - top + own.shape[0], x0 - left : x0 - left + own.shape[1]]
        own += np.minimum(bright, np.float32(1.5)) * part


def _spiked(plane: Plane, rng: np.random.Generator) -> None:
    """Bright stars with a halo and the cross that the mirror's holder draws."""
    rows, columns = np.ogrid[: plane.shape[0], : plane.shape[1]]
    turn = rng.uniform(0, np.pi / 2)
    for _ in range(int(rng.integers(1, 4))):
        centre, size = anywhere(rng, plane), Span(1.0, 5.0).draw(rng)
        x = (columns - centre[0]).astype(np.float32)
        y = (rows - centre[1]).astype(np.float32)
        along, beside = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
        plane += np.clip(np.float32(2.0) * np.exp(-((np.hypot(x, y) / size) ** 2)), 0, 1)
        plane += np.float32(0.3) / (1 + (np.hypot(x, y) / size) ** 2)
        for one, other in ((along, beside), (beside, along)):
            length = np.float32(size * rng.uniform(3, 10))
            plane += np.float32(0.6) * np.exp(-np.abs(one) / length) * np.exp(-((other / 0.7) ** 2))


def snow(plane: Plane, rng: np.random.Generator) -> None:
    """Flakes that fall in front of the scene: soft, of many sizes, out of focus, all over."""
    fall, streak = rng.uniform(0, np.pi), rng.uniform(0, 1) < 0.3
    tone = rng.uniform(0.75, 1.0)
    density = Span(0.3, 3.0).draw(rng) * plane.size / 65536
    for _ in range(int(rng.integers(1, 4))):
        cover = bare(plane)
        radius = Span(0.8, 7.0).draw(rng)
        for _ in range(1 + int(density * 60 / (0.5 + radius))):
            place = anywhere(rng, plane, 0.02)
            own = radius * rng.uniform(0.6, 1.4)
            if streak:
                half = own * rng.uniform(1, 3) * np.array([np.cos(fall), np.sin(fall)])
                stroke(cover, np.stack([place - half, place + half]), 2 * own)
            elif rng.random() < 0.3:
                turns = np.linspace(0, 2 * np.pi, 9)[:8]
                reach = own * rng.uniform(0.6, 1.3, 8)
                polygon(cover, place + np.stack([np.cos(turns) * reach, np.sin(turns) * reach], 1))
            else:
                circle(cover, place[0], place[1], own)
        soft = cv2.GaussianBlur(cover, (0, 0), 0.3 + radius * rng.uniform(0.1, 0.6))
        lay(plane, soft, tone, rng.uniform(0.3, 1.0))


def confetti(plane: Plane, rng: np.random.Generator) -> None:
    """Scraps of paper, petals, leaves, birds, crumbs: many of a kind, each turned its own way."""
    size, tall = Span(1.5, 8).draw(rng), rng.uniform(0.25, 1.0)
    tones = [tone_against(rng, plane) for _ in range(int(rng.integers(1, 4)))]
    covers = [bare(plane) for _ in tones]
    for _ in range(int(rng.integers(14, 70))):
        turn, own = rng.uniform(0, 2 * np.pi), size * rng.uniform(0.6, 1.4)
        flat = tall * rng.uniform(0.3, 1.0)
        box = np.array([[-1, -flat], [1, -flat], [1, flat], [-1, flat]]) * own
        spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        polygon(covers[int(rng.integers(len(covers)))], box @ spin + anywhere(rng, plane, 0.05))
    for cover, tone in zip(covers, tones, strict=True):
        lay(plane, cover, tone)


def glints(plane: Plane, rng: np.random.Generator) -> None:
    """Light that sparkles on water, wet stone, sequins, jewellery, metal: clipped and clustered."""
    height, width = plane.shape
    stretch = rng.uniform(1, 5)
    field = clouds(rng, (height, max(2, int(width / stretch))), rng.uniform(2.0, 6.0), 2)
    field = cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR)
    where = clouds(rng, plane.shape, rng.uniform(40, 120))
    bar = np.float32(rng.uniform(1.6, 3.0))
    shine = np.clip((field + 0.6 * where - bar) * np.float32(rng.uniform(1.5, 5)), 0, 1)
    if rng.random() < 0.5:
        ripple = np.clip(where + 0.5, 0, 1) * np.float32(0.1)
        plane += ripple * field
    lay(plane, shine, rng.uniform(0.85, 1.0))
    np.clip(plane, 0, 1, out=plane)


def perforations(plane: Plane, rng: np.random.Generator) -> None:
    """The edge of a film: a row of holes with round corners, light on dark or dark on light."""
    hole = rng.uniform(5, 26)
    wide, pitch = hole * rng.uniform(0.6, 1.5), hole * rng.uniform(1.5, 2.4)
    flip = rng.random() < 0.5
    work = plane.T if flip else plane
    edge = rng.uniform(0, 0.25) * work.shape[1]
    base, through = (rng.uniform(0, 0.2), rng.uniform(0.8, 1.0))
    if rng.random() < 0.3:
        base, through = through, base
    band = int(min(work.shape[1], edge + wide * rng.uniform(1.3, 2.2)))
    work[:, :band] = base
    cover, corner = np.zeros(work.shape, np.uint8), 0.2 * hole
    for top in np.arange(-rng.uniform(0, pitch), work.shape[0], pitch):
        left = edge + 0.2 * wide
        near, far = left + corner, left + wide - corner
        high, low = top + corner, top + hole - corner
        corners = np.array([[near, high], [far, high], [far, low], [near, low]])
        thick = max(1, int(2 * corner))
        places = np.rint(corners * 16).astype(np.int32)
        cv2.fillPoly(cover, [places], 255, cv2.LINE_AA, 4)
        cv2.polylines(cover, [places], True, 255, thick, cv2.LINE_AA, 4)
    lay(work, cover, through)


def buckles(plane: Plane, rng: np.random.Generator) -> None:
    """Buckles, latches, keyholes, knobs, finials: bright outlines and small bright bodies."""
    for _ in range(int(rng.integers(1, 5))):
        centre, size = anywhere(rng, plane), Span(3, 18).draw(rng)
        turn = rng.choice([0.0, rng.uniform(0, np.pi)])
        flat = rng.uniform(0.4, 1.0)
        spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        corners = np.array([[-1, -flat], [1, -flat], [1, flat], [-1, flat], [-1, -flat]])
        box = (corners * size) @ spin
        tone = tone_against(rng, plane, centre, 0.2)
        cover, form = bare(plane), rng.random()
        wide = max(1.0, size * rng.uniform(0.08, 0.35))
        if form < 0.4:
            stroke(cover, box + centre, wide)
            stroke(cover, np.stack([centre, centre + box[1]]), wide)
        elif form < 0.7:
            polygon(cover, box * 0.6 + centre)
        else:
            for number, radius in enumerate((0.5, 0.35, 0.2)):
                circle(cover, centre[0], centre[1] - number * 0.75 * size, radius * size)
        lay(plane, cover, tone)
        inner = np.roll(cover, (1, 1), (0, 1)) & ~cover
        lay(plane, inner, rng.uniform(0, 0.2), rng.uniform(0.2, 0.8))
        if rng.random() < 0.6:
            shine = bare(plane)
            circle(shine, centre[0] - 0.3 * size, centre[1] - 0.3 * size, max(0.6, 0.15 * size))
            lay(plane, cv2.min(shine, cover), 1.0, rng.uniform(0.5, 1))
