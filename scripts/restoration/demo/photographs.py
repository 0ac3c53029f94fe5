"""The photographs that scikit-image carries in its wheel, with whom to thank for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from restoration.raster.base import Floats


@dataclass(frozen=True)
class Photograph:
    """One photograph and its terms, as scikit-image's own documentation states them."""

    name: str
    """Function of ``skimage.data`` that returns it."""
    title: str
    author: str
    licence: str
    source: str
    grey: bool = False
    """Whether its luma (Rec. ITU-R BT.601) is taken, as a black-and-white film would."""


PHOTOGRAPHS: Mapping[str, Photograph] = {
    f"{photograph.name}-grey" if photograph.grey else photograph.name: photograph
    for photograph in (
        Photograph(
            "astronaut",
            "Eileen Collins, astronaut",
            "NASA",
            "public domain, no known copyright restrictions",
            "NASA Great Images, https://flic.kr/p/r9qvLn",
        ),
        Photograph(
            "astronaut",
            "Eileen Collins, astronaut",
            "NASA",
            "public domain, no known copyright restrictions",
            "NASA Great Images, https://flic.kr/p/r9qvLn",
            grey=True,
        ),
        Photograph(
            "coins",
            "Greek coins from Pompeii",
            "Brooklyn Museum",
            "no known copyright restrictions",
            "https://www.brooklynmuseum.org/opencollection/archives/image/51611",
        ),
        Photograph(
            "camera",
            "Man with a camera",
            "Lav Varshney",
            "CC0, no copyright restrictions",
            "https://github.com/scikit-image/scikit-image/issues/3927",
        ),
        Photograph(
            "chelsea",
            "Chelsea the cat",
            "Stefan van der Walt",
            "CC0, no copyright restrictions",
            "scikit-image",
        ),
        Photograph(
            "coffee",
            "Cup of coffee, Pikolo Espresso Bar",
            "Rachel Michetti",
            "CC0, no copyright restrictions",
            "scikit-image",
        ),
        Photograph(
            "rocket",
            "Launch of DSCOVR on Falcon 9",
            "SpaceX",
            "public domain, released by SpaceX",
            "https://www.flickr.com/photos/spacexphotos/16511594820/",
        ),
    )
}


LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Crop:
    """A part of a photograph, in its own pixels."""

    top: int
    left: int
    height: int
    width: int


def load(name: str, crop: Crop) -> Floats:
    """The crop as float64 (height, width, 1 or 3) in [0, 1], sRGB-encoded. No network is asked.

    Raises ValueError where the crop leaves the photograph.
    """
    # Imported here: the rest of the package can be read without scikit-image's start-up time.
    from skimage import data  # noqa: PLC0415

    pixels = np.asarray(getattr(data, PHOTOGRAPHS[name].name)())
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels[..., :3]
    bottom, right = crop.top + crop.height, crop.left + crop.width
    if crop.top < 0 or crop.left < 0 or bottom > pixels.shape[0] or right > pixels.shape[1]:
        raise ValueError(f"{crop} leaves '{name}', which is {pixels.shape[0]} x {pixels.shape[1]}")
    chosen = pixels[crop.top : bottom, crop.left : right].astype(np.float64) / 255.0
    if PHOTOGRAPHS[name].grey:
        red, green, blue = (LUMA[channel] * chosen[..., channel] for channel in range(3))
        return np.asarray(red + green + blue)[..., None]
    return chosen
