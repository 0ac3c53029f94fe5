"""What is for training, for tuning, for showing: fixed once, for each picture and overlay.

Nothing here is in the repository: the folders are named on the command line. Photographs are those
of Kodak (unrestricted use), further pictures come with scikit-image (public domain), overlays are
those of FilmDamageSimulator (Ivanova et al., Eurographics 2023, MIT), one folder per kind.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import skimage

Part = Literal["training", "tuning", "showing"]

KODAK: dict[Part, tuple[int, ...]] = {
    "training": (1, 3, 5, 7, 11, 17, 21),
    "tuning": (9, 19),
    "showing": (13, 15, 23),
}
"""Numbers of the photographs kodimNN.png."""

PACKAGED: dict[Part, tuple[str, ...]] = {
    "training": (
        "astronaut.png",
        "brick.png",
        "chelsea.png",
        "clock_motion.png",
        "grass.png",
        "gravel.png",
        "motorcycle_left.png",
        "page.png",
        "retina.jpg",
        "rocket.jpg",
    ),
    "tuning": ("camera.png", "coins.png", "cell.png", "ihc.png"),
    "showing": (
        "coffee.png",
        "color.png",
        "horse.png",
        "hubble_deep_field.jpg",
        "moon.png",
        "motorcycle_right.png",
        "text.png",
    ),
}
"""Files in the folder `data` of scikit-image."""

OVERLAY_KINDS: dict[str, str] = {
    "dirt": "dust",
    "spots": "dust",
    "sprinkles": "dust",
    "hair": "hairs",
    "hair-short": "hairs",
    "lint": "hairs",
    "scratches": "scratches",
    "dots": "stains",
    "smut": "stains",
    "stain": "stains",
}
"""The kind of damage that each folder of overlays shows."""

OVERLAY_PLACES: dict[Part, tuple[int, ...]] = {
    "training": (0, 1, 2),
    "tuning": (3,),
    "showing": (4,),
}
"""Of the overlays of a kind, sorted by name: index modulo 5."""


def photograph_files(folder: Path, part: Part) -> list[Path]:
    """Those of Kodak's photographs that are there; the folder may hold a part of them."""
    named = [folder / f"kodim{number:02d}.png" for number in KODAK[part]]
    return [path for path in named if path.exists()]


def packaged_files(part: Part) -> list[Path]:
    """The pictures that scikit-image carries in its wheel."""
    folder = Path(skimage.__file__).parent / "data"
    return [folder / name for name in PACKAGED[part]]


def overlay_files(folder: Path, part: Part) -> dict[str, list[Path]]:
    """By the folder's name: the overlays of this part.

    Raises FileNotFoundError where a kind has none.
    """
    found: dict[str, list[Path]] = {}
    for kind in OVERLAY_KINDS:
        every = sorted((folder / kind).glob("*.png"))
        if not every:
            raise FileNotFoundError(f"{folder / kind}: expected overlays (*.png), found none")
        found[kind] = [
            path for index, path in enumerate(every) if index % 5 in OVERLAY_PLACES[part]
        ]
    return found
