"""Independent pictures in the public domain or under CC0, from packages that are installed.

scikit-image states the terms in the docstrings of ``skimage.data``; what it does not call public
domain, CC0 or free of known restrictions is not used here. Fabrics are drawn, since none of the
packages carries one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from damage.light import Picture, channels_kept
from support import corpus


@dataclass(frozen=True)
class Source:
    """Where a picture comes from."""

    package: str
    author: str
    licence: str
    colour: bool
    kind: str
    """``photograph``, ``moved photograph`` (blurred when it was taken) or ``texture``."""


_SKIMAGE = "scikit-image"

PICTURES: Mapping[str, Source] = {
    "astronaut": Source(_SKIMAGE, "NASA", "public domain", True, "photograph"),
    "camera": Source(_SKIMAGE, "Lav Varshney", "CC0", False, "photograph"),
    "chelsea": Source(_SKIMAGE, "Stefan van der Walt", "CC0", True, "photograph"),
    "coffee": Source(_SKIMAGE, "Rachel Michetti", "CC0", True, "photograph"),
    "rocket": Source(_SKIMAGE, "SpaceX", "public domain", True, "photograph"),
    "hubble_deep_field": Source(_SKIMAGE, "NASA", "public domain", True, "photograph"),
    "retina": Source(_SKIMAGE, "Mikael Häggström", "CC0", True, "photograph"),
    "immunohistochemistry": Source(
        _SKIMAGE, "CMMI", "no known copyright restrictions", True, "photograph"
    ),
    "coins": Source(
        _SKIMAGE, "Brooklyn Museum", "no known copyright restrictions", False, "photograph"
    ),
    "cell": Source(_SKIMAGE, "Paul Müller and others", "CC0", False, "photograph"),
    "grace_hopper": Source(
        "matplotlib", "James S. Davis, US Navy", "public domain", True, "photograph"
    ),
    "clock": Source(_SKIMAGE, "Stefan van der Walt", "public domain", False, "moved photograph"),
    "brick": Source(_SKIMAGE, "CC0 Textures", "CC0", False, "texture"),
    "grass": Source(_SKIMAGE, "linolafett", "CC0", False, "texture"),
    "gravel": Source(_SKIMAGE, "CC0 Textures", "CC0", False, "texture"),
}
"""Name -> source; each is another subject by another hand or place."""

PHOTOGRAPHS = tuple(name for name, source in PICTURES.items() if source.kind == "photograph")

WEAVES = ("plain", "twill", "herringbone", "knit", "gauze", "tweed")


@cache
def load(name: str) -> Picture:
    """The whole picture, float32 (h, w, 1 or 3), sRGB-encoded; read-only.

    No network is asked. Raises KeyError where the name is not in PICTURES.
    """
    if PICTURES[name].package == _SKIMAGE:
        pixels = corpus.photo(name)
    else:
        import imagecodecs
        from matplotlib import get_data_path

        raw = imagecodecs.imread(f"{get_data_path()}/sample_data/{name}.jpg")
        pixels = raw.astype(np.float32) / np.float32(255)
    pixels.flags.writeable = False
    return pixels


def on_grid(name: str, side: int, rng: np.random.Generator) -> Picture:
    """A square of ``side`` pixels out of a picture that was enlarged to hold it.

    Enlarged by at least 1 and as little as possible, cut out at a random place.
    """
    pixels = load(name)
    factor = max(1.0, side / min(pixels.shape[:2]))
    height, width = (max(side, round(length * factor)) for length in pixels.shape[:2])
    if factor > 1.0:
        enlarged = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_CUBIC)
        pixels = np.clip(channels_kept(enlarged), 0, 1)
    top = int(rng.integers(0, height - side + 1))
    left = int(rng.integers(0, width - side + 1))
    return np.ascontiguousarray(pixels[top : top + side, left : left + side])


def reduced(name: str, factor: int, most: int) -> Picture:
    """Means over factor x factor pixels, which leaves 1/factor of the picture's own noise; at
    most ``most`` pixels on a side, from the middle."""
    pixels = load(name)
    height, width = (length // factor for length in pixels.shape[:2])
    even = np.ascontiguousarray(pixels[: height * factor, : width * factor])
    small = channels_kept(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA))
    top, left = max(0, (height - most) // 2), max(0, (width - most) // 2)
    return np.ascontiguousarray(small[top : top + most, left : left + most])


@dataclass(frozen=True)
class Crop:
    """An undamaged crop and how it came about."""

    name: str
    pixels: Picture


def undamaged(rng: np.random.Generator, per_picture: int, side: int = 448) -> list[Crop]:
    """Random crops of every picture at random sizes, and two of each fabric.

    Half of the crops are the picture's own pixels; the others were reduced or enlarged (0.6 to
    1.6), as scans of any resolution are.
    """
    crops = []
    for name in PICTURES:
        for number in range(per_picture):
            pixels = load(name)
            factor = 1.0 if number % 2 == 0 else float(rng.uniform(0.6, 1.6))
            if factor != 1.0:
                size = (round(pixels.shape[1] * factor), round(pixels.shape[0] * factor))
                kernel = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
                resized = cv2.resize(pixels, size, interpolation=kernel)
                pixels = np.clip(channels_kept(resized), 0, 1)
            tall, wide = min(side, pixels.shape[0]), min(side, pixels.shape[1])
            top = int(rng.integers(0, pixels.shape[0] - tall + 1))
            left = int(rng.integers(0, pixels.shape[1] - wide + 1))
            cut = np.ascontiguousarray(pixels[top : top + tall, left : left + wide])
            crops.append(Crop(f"{name} x{factor:.2f} at {top},{left}", cut))
    for kind in WEAVES:
        for _ in range(2):
            pitch = float(rng.uniform(4.0, 14.0))
            crops.append(Crop(f"{kind} fabric, {pitch:.1f} px", fabric(kind, pitch, side, rng)))
    return crops


def fabric(kind: str, pitch: float, side: int, rng: np.random.Generator) -> Picture:
    """A photograph of cloth: yarns ``pitch`` pixels apart, (side, side, 3).

    Yarns vary in distance, thickness and tone, and the cloth lies in folds and is seen at an
    angle: what tells a fabric from the exact lattice of a screen.
    """
    down, across = _draped(side, pitch, rng)
    warp, weft = np.floor(across).astype(int), np.floor(down).astype(int)
    u, v = across - warp - 0.5, down - weft - 0.5
    over = _over(kind, warp, weft)
    thin = 0.55 if kind == "gauze" else 0.95
    yarn_u = np.sqrt(np.clip(1 - (2 * u / thin) ** 2, 0, 1))
    yarn_v = np.sqrt(np.clip(1 - (2 * v / thin) ** 2, 0, 1))
    if kind == "knit":
        loops = 0.5 + 0.5 * np.cos(2 * np.pi * (u + 0.25 * np.abs(np.sin(np.pi * down))))
        yarn_u, yarn_v = loops, 0.6 * loops
    bulge = np.where(over, yarn_u * (0.75 + 0.25 * yarn_v), yarn_v * (0.75 + 0.25 * yarn_u))
    warp_tone, weft_tone = (_yarn_tones(rng, 0.12 if kind == "tweed" else 0.04) for _ in "uv")
    colours = rng.uniform(0.25, 0.85, (2, 3))
    own = np.where(
        over[..., None],
        colours[0] * warp_tone[warp % len(warp_tone), None],
        colours[1] * weft_tone[weft % len(weft_tone), None],
    )
    fibres = cv2.GaussianBlur(rng.standard_normal((side, side)), (0, 0), 0.8)
    folds = cv2.GaussianBlur(rng.standard_normal((side, side)), (0, 0), side / 9)
    shade = 0.8 + 0.15 * folds / np.abs(folds).max()
    cloth = own * (0.35 + 0.65 * bulge)[..., None] * shade[..., None]
    cloth = cloth + 0.02 * fibres[..., None]
    soft = cv2.GaussianBlur(cloth, (0, 0), 0.7) + rng.normal(0, 1 / 255, cloth.shape)
    return np.asarray(np.clip(soft, 0, 1), np.float32)


def _draped(
    side: int, pitch: float, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Coordinates along weft and warp in yarns, over the picture."""
    rows, columns = np.mgrid[0:side, 0:side] / pitch
    angle = rng.uniform(0, np.pi / 2)
    down = rows * np.cos(angle) + columns * np.sin(angle)
    across = columns * np.cos(angle) - rows * np.sin(angle)
    slope = rng.uniform(-0.25, 0.25, 2)
    far = 1 + slope[0] * rows * pitch / side + slope[1] * columns * pitch / side
    down, across = down / far, across / far
    return _uneven(_bent(down, rng), rng) + 64, _uneven(_bent(across, rng), rng) + 64


def _bent(axis: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    bend = cv2.GaussianBlur(rng.standard_normal(axis.shape), (0, 0), axis.shape[0] / 8)
    return np.asarray(axis + bend / np.abs(bend).max() * rng.uniform(0.3, 1.2))


def _uneven(axis: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Yarns lie at distances that vary by some 6 %."""
    low, high = int(np.floor(axis.min())) - 1, int(np.ceil(axis.max())) + 2
    places = np.arange(low, high + 1) + np.cumsum(rng.normal(0, 0.06, high - low + 1))
    return np.interp(axis, np.arange(low, high + 1), places)


def _over(
    kind: str, warp: npt.NDArray[np.intp], weft: npt.NDArray[np.intp]
) -> npt.NDArray[np.bool_]:
    """Where the warp lies on top."""
    if kind == "herringbone":
        turn = np.where((warp // 8) % 2 == 0, 1, -1)
        return np.asarray((warp * turn + weft) % 4 < 2)
    if kind in ("twill", "tweed"):
        return np.asarray((warp + weft) % 4 < 2)
    return np.asarray((warp + weft) % 2 == 0)


def _yarn_tones(rng: np.random.Generator, spread: float) -> npt.NDArray[np.float64]:
    return np.clip(1 + rng.normal(0, spread, 997), 0.5, 1.5)
