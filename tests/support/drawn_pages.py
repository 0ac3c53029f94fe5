"""Printed and written pages: lettering, music, engraving, film edges; drawn, then scanned.

Typefaces are those that matplotlib carries. Pictures are float32 (h, w, 1) in [0, 1], sRGB-encoded;
nothing here shares code with what the detector of damage is trained on.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from damage.light import Picture, to_light
from support.drawn_scenes import FINE, taken

WORDS = (
    "The ferry left at 7.15 a.m. on 3 June 1911, with 284 persons aboard; Mrs. O'Hara (No. 18), "
    "her two boys and the dog stood at the rail. Fig. 12: view from the i-th pier, i = 1, 2, ... "
    'Prints 9 x 12 cm; negative lost. "It\'s all there," he wrote: "every button, every star." '
)


def _font(name: str, size: float) -> ImageFont.FreeTypeFont:
    from matplotlib import get_data_path

    return ImageFont.truetype(f"{get_data_path()}/fonts/ttf/{name}.ttf", round(size * FINE))


def lettered(
    rng: np.random.Generator,
    name: str = "cmr10",
    sizes: Sequence[float] = (11.0,),
    side: int = 512,
    *,
    paper: float = 0.75,
    ink: float = 0.02,
    turn_deg: float = 0.3,
) -> Picture:
    """Rows of text. name: a typeface file of matplotlib's; sizes: pixels, in turn by rows."""
    sheet = Image.new("L", (side * FINE, side * FINE), 0)
    pen, y, row = ImageDraw.Draw(sheet), 0.04 * side, 0
    while y < 0.96 * side:
        size = sizes[row % len(sizes)]
        start = int(rng.integers(0, len(WORDS)))
        line = (WORDS[start:] + WORDS * 4)[: int(1.9 * side / size)]
        pen.text((0.05 * side * FINE, y * FINE), line, fill=255, font=_font(name, size))
        y, row = y + 1.35 * size, row + 1
    margin = int(0.95 * side * FINE)
    pen.rectangle([margin, 0, side * FINE, side * FINE], fill=0)
    cover = np.asarray(sheet.rotate(turn_deg, Image.Resampling.BICUBIC), np.float64) / 255
    # Ink spreads, unevenly.
    uneven = cv2.resize(
        rng.uniform(0.75, 1.0, (90, 90)), cover.shape, interpolation=cv2.INTER_LINEAR
    )
    return taken(paper + cover * uneven * (ink - paper), rng, rng.uniform(0.5, 0.8), 0.006)


def signed(
    scene: Picture, words: str, place: tuple[float, float], size: float, light: bool
) -> Picture:
    """A photograph with a caption written across it, as on picture postcards.

    place: left and top as shares of the width and height; size: pixels.
    """
    height, width = scene.shape[:2]
    sheet = Image.new("L", (width * FINE, height * FINE), 0)
    at = (place[0] * width * FINE, place[1] * height * FINE)
    ImageDraw.Draw(sheet).text(at, words, fill=255, font=_font("STIXGeneralItalic", size))
    cover = np.asarray(sheet.resize((width, height), Image.Resampling.BOX), np.float32) / 255
    cover = cv2.GaussianBlur(cover, (0, 0), 0.6)[:, :, None]
    return np.asarray(scene + cover * (np.float32(0.95 if light else 0.05) - scene), np.float32)


def score(rng: np.random.Generator, side: int = 512, gap: float = 7.0) -> Picture:
    """Sheet music: staves, clefs, notes, beams, dots, fingering."""
    sheet = Image.new("L", (side * FINE, side * FINE), 0)
    pen = ImageDraw.Draw(sheet)
    unit = gap * FINE
    for top in np.arange(2.5 * unit, side * FINE - 6 * unit, 10 * unit):
        for line in range(5):
            y = top + line * unit
            pen.line([unit, y, side * FINE - unit, y], 255, max(2, round(0.12 * unit)))
        # An F clef: a hook and its two points.
        pen.arc([1.4 * unit, top, 3.6 * unit, top + 3 * unit], 180, 80, 255, round(0.3 * unit))
        for y in (0.5, 1.5):
            pen.ellipse([4 * unit, top + y * unit - 5, 4 * unit + 10, top + y * unit + 5], 255)
        x = 6 * unit
        while x < side * FINE - 6 * unit:
            count = int(rng.choice([1, 1, 2, 4]))
            steps = rng.integers(0, 9, count)
            heads = [
                (x + k * 2.2 * unit, top + (4.5 - 0.5 * s) * unit) for k, s in enumerate(steps)
            ]
            for u, v in heads:
                pen.ellipse([u - 0.6 * unit, v - 0.42 * unit, u + 0.6 * unit, v + 0.42 * unit], 255)
                pen.line(
                    [u + 0.55 * unit, v, u + 0.55 * unit, top - 2 * unit], 255, round(0.14 * unit)
                )
                if rng.random() < 0.2:
                    pen.ellipse([u + unit, v - 6, u + unit + 9, v + 3], 255)
                if rng.random() < 0.2:
                    number = str(int(rng.integers(1, 6)))
                    pen.text(
                        (u, top + 5.5 * unit),
                        number,
                        fill=255,
                        font=_font("STIXGeneral", gap * 1.3),
                    )
            if count > 1:
                pen.line([heads[0][0] + 0.55 * unit, top - 2 * unit, heads[-1][0] + 0.55 * unit,
                          top - 2 * unit], 255, round(0.5 * unit))  # fmt: skip
            x = heads[-1][0] + rng.uniform(2, 4) * unit
            if rng.random() < 0.25:
                pen.line([x, top, x, top + 4 * unit], 255, round(0.16 * unit))
                x += 1.5 * unit
    cover = np.asarray(sheet, np.float64) / 255
    return taken(0.78 + cover * (0.03 - 0.78), rng, 0.7, 0.006)


def engraved(scene: Picture, rng: np.random.Generator, pitch: float = 4.0) -> Picture:
    """A steel engraving of a picture: one set of swelling lines that follows its forms, a second
    one across in the shades, stipple in the lights."""
    height, width = scene.shape[:2]
    shade = to_light(scene).mean(axis=2)
    shade = cv2.resize(cv2.GaussianBlur(shade, (0, 0), 2.0), (width * FINE, height * FINE))
    rows, columns = np.mgrid[: height * FINE, : width * FINE].astype(np.float64)
    form = cv2.GaussianBlur(shade, (0, 0), 12.0 * FINE) * 60 * FINE
    dark = 1 - (shade - shade.min()) / (np.ptp(shade) + 1e-6)
    unit = pitch * FINE
    one = np.abs(((rows + form) / unit) % 1 - 0.5) < 0.5 * np.clip(dark * 1.05, 0.0, 0.9)
    slant = (0.8 * rows + 0.6 * columns - form) / (1.2 * unit)
    two = np.abs(slant % 1 - 0.5) < 0.5 * np.clip(2.2 * (dark - 0.55), 0.0, 0.7)
    dots = np.hypot(rows % unit - unit / 2, columns % (1.6 * unit) - 0.8 * unit) < 0.12 * unit
    lines = np.where(dark > 0.12, one | two, dots)
    return taken(0.8 + lines * (0.03 - 0.8), rng, 0.6, 0.006)


def film_edge(rng: np.random.Generator, side: int = 512) -> Picture:
    """The rebate of a roll film: perforations with round corners, frame numbers, maker's name,
    the corner of two frames."""
    fine = side * FINE
    light = np.full((fine, fine), 0.012)
    scene = cv2.resize(rng.uniform(0.05, 0.6, (6, 8)), (fine, fine), interpolation=cv2.INTER_CUBIC)
    top = int(0.24 * fine)
    light[top:, : int(0.46 * fine)] = scene[top:, : int(0.46 * fine)]
    light[top:, int(0.5 * fine) :] = scene[::-1][top:, int(0.5 * fine) :]
    sheet = Image.new("L", (fine, fine), 0)
    pen = ImageDraw.Draw(sheet)
    for x in np.arange(0.02, 1.0, 0.078) * fine:
        pen.rounded_rectangle(
            [x, 0.07 * fine, x + 0.034 * fine, 0.13 * fine], 0.009 * fine, fill=255
        )
    for x, words in ((0.1, "12"), (0.33, "12A"), (0.55, "SAFETY FILM"), (0.85, "13")):
        pen.text(
            (x * fine, 0.165 * fine), words, fill=150, font=_font("DejaVuSans-Bold", 0.03 * side)
        )
    cover = np.asarray(sheet, np.float64) / 255
    return taken(light + cover * (0.9 - light), rng, 0.8, 0.01)
