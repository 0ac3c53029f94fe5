"""Damaged pictures of known truth: the material on which the detector is trained and judged."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from training.damage.content.canvas import Plane
from training.damage.drawn_marks import DRAWN_MARKS
from training.damage.overlays import Overlays
from training.damage.pictures import PictureSource

KINDS = ("dust", "hairs", "scratches", "cracks", "stains", "losses")
"""In the order of the network's answers; 0 is no damage."""

SEEN, UNSEEN = 0.09, 0.02
"""Change of luminance from which a pixel is damage, and up to which it is none; what lies between
is not judged."""

IGNORED = 255
"""Label of pixels that are not judged."""

SOUND = 0.22
"""Share of the pictures that have no damage at all."""

SOURCES: dict[str, float] = {
    "dirt": 1.0,
    "spots": 1.2,
    "sprinkles": 0.8,
    "hair": 1.3,
    "hair-short": 1.0,
    "lint": 1.2,
    "scratches": 2.0,
    "dots": 0.3,
    "smut": 0.4,
    "stain": 0.5,
    "specks": 2.6,
    "hairs": 1.6,
    "scratches drawn": 1.6,
    "film scratches": 1.2,
    "cracks": 2.0,
    "creases": 1.2,
    "stains": 0.6,
    "losses": 0.4,
}
"""Where damage comes from, and how often: folders of overlays, and what is drawn."""

_NAMES = tuple(SOURCES)
_SHARES = np.array(list(SOURCES.values())) / sum(SOURCES.values())


@dataclass
class DamagedPicture:
    """One square picture."""

    pixels: npt.NDArray[np.uint8]
    """Luminance (side, side), sRGB-encoded, as a scan has it."""
    label: npt.NDArray[np.uint8]
    """0 no damage, 1 and up the kind's place in KINDS + 1, IGNORED where not judged."""
    clean: npt.NDArray[np.uint8]
    """The same picture without the damage, before the scanner's noise."""
    names: list[str] = field(default_factory=list)
    """Of the sources of its damage."""


def damaged_picture(
    pictures: PictureSource, overlays: Overlays | None, side: int, rng: np.random.Generator
) -> DamagedPicture:
    """A picture of ``side`` pixels with none or up to three sorts of damage."""
    clean = pictures.crop(side, rng)
    pixels = clean.copy()
    change = np.full(clean.shape, 0.0, np.float32)
    label = np.zeros(clean.shape, np.uint8)
    names: list[str] = []
    if rng.random() >= SOUND:
        tone = _tone(clean, rng)
        for _ in range(int(rng.choice((1, 2, 3), p=(0.6, 0.28, 0.12)))):
            name = _NAMES[int(rng.choice(len(_NAMES), p=_SHARES))]
            opacity, kind = _opacity(name, overlays, side, rng)
            # What lies on one page mostly has one colour.
            here = tone if rng.random() < 0.8 else _tone(clean, rng)
            before = pixels
            pixels = _laid(pixels, opacity, here, kind, rng)
            more = np.abs(pixels - before)
            label[more > np.maximum(change, UNSEEN)] = 1 + KINDS.index(kind)
            change = np.maximum(change, more)
            names.append(name)
    # Two marks may cancel each other: what counts is what is seen in the end.
    change = np.minimum(change, np.abs(pixels - clean))
    label[change < UNSEEN] = 0
    label[(change >= UNSEEN) & (change < SEEN)] = IGNORED
    codes = np.rint(255 * np.clip(clean, 0, 1)).astype(np.uint8)
    return DamagedPicture(_scanned(pixels, rng), label, codes, names)


def _opacity(
    name: str, overlays: Overlays | None, side: int, rng: np.random.Generator
) -> tuple[Plane, str]:
    drawn = name.removesuffix(" drawn")
    if name in DRAWN_MARKS or drawn != name or overlays is None:
        draw, kind = DRAWN_MARKS.get(drawn, DRAWN_MARKS["specks"])
        return draw(side, rng), kind
    out, kind = overlays.draw(side, name, rng)
    for _ in range(int(rng.integers(0, 4)) if name in ("spots", "hair-short", "dirt") else 0):
        np.maximum(out, overlays.draw(side, name, rng)[0], out=out)
    return out, kind


def _tone(clean: Plane, rng: np.random.Generator) -> float:
    """White as bare paper or dust on a negative, black as dust on a slide, or between."""
    which = rng.random()
    if which < 0.55:
        return float(rng.uniform(0.82, 1.0))
    if which < 0.88:
        return float(rng.uniform(0.0, 0.15))
    return float(rng.uniform(0.1, 0.9))


def _laid(pixels: Plane, opacity: Plane, tone: float, kind: str, rng: np.random.Generator) -> Plane:
    """The picture under damage of one tone, more or less opaque, more or less even."""
    least = 0.25 if kind in ("stains", "scratches", "hairs") else 0.5
    strength = np.float32(1.0 if rng.random() < 0.4 else rng.uniform(least, 1.0))
    colour: float | Plane = tone
    if rng.random() < 0.35:
        rough = rng.standard_normal(pixels.shape, np.float32)
        rough = cv2.GaussianBlur(rough, (0, 0), float(rng.uniform(0.5, 2.0)))
        colour = np.float32(tone) + np.float32(rng.uniform(0.02, 0.15)) * rough
    if rng.random() < 0.25:
        opacity = cv2.GaussianBlur(opacity, (0, 0), float(rng.uniform(0.4, 1.2)))
    out = pixels + strength * opacity * (colour - pixels)
    if kind == "cracks" and rng.random() < 0.6:
        out = _raised(out, opacity, rng)
    return np.clip(out, 0, 1).astype(np.float32)


def _raised(pixels: Plane, opacity: Plane, rng: np.random.Generator) -> Plane:
    """A broken edge stands up, a fold is a ridge: a shadow on one side, now and then light on the
    other."""
    turn, far = rng.uniform(0, 2 * np.pi), rng.uniform(0.7, 2.5)
    shift = np.array([[1, 0, far * np.cos(turn)], [0, 1, far * np.sin(turn)]])
    wide = cv2.GaussianBlur(opacity, (0, 0), float(rng.uniform(0.4, 1.6)))
    height, width = opacity.shape
    beside = cv2.warpAffine(wide, shift, (width, height), flags=cv2.INTER_LINEAR) - opacity
    pixels = pixels * (1 - np.float32(rng.uniform(0.1, 0.55)) * np.clip(beside, 0, 1))
    if rng.random() < 0.4:
        shift[:, 2] *= -1
        lit = cv2.warpAffine(wide, shift, (width, height), flags=cv2.INTER_LINEAR) - opacity
        pixels = pixels + np.float32(rng.uniform(0.05, 0.35)) * np.clip(lit, 0, 1)
    return np.asarray(pixels, np.float32)


def _scanned(pixels: Plane, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Through a scanner: its softness, noise, sharpening, and the file's compression."""
    out = pixels
    if rng.random() < 0.4:
        out = cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.3, 0.9)))
    if rng.random() < 0.15:
        soft = cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.7, 1.5)))
        out = out + np.float32(rng.uniform(0.3, 1.0)) * (out - soft)
    if rng.random() < 0.5:
        noise = rng.standard_normal(out.shape, np.float32)
        out = out + np.float32(rng.uniform(0.2, 4.0) / 255) * noise
    codes = np.rint(255 * np.clip(out, 0, 1)).astype(np.uint8)
    if rng.random() < 0.2:
        quality = int(rng.integers(55, 97))
        stored = cv2.imencode(".jpg", codes, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        codes = np.asarray(cv2.imdecode(stored, cv2.IMREAD_GRAYSCALE), np.uint8)
    return codes
