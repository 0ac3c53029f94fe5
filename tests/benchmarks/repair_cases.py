"""The cases of the bench of repair: pages of known damage, healthy pages, pages to be filled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from repair_overlays import GROUPS, overlaid, overlay_folder

import damage
from damage.cracks import cracked, creased
from damage.film_scratches import film_scratches
from damage.light import Picture
from damage.marks import marked
from support import corpus, pictures
from support.damaged_scans import damaged
from support.healthy_pictures import kodak_folder, read

SHOWN_KODAK = ("kodim13", "kodim15", "kodim23")
"""Of the photographs of the folder those on which nothing was trained or tuned."""

SHOWN = ("coffee", "grace_hopper", "moon")
"""Of the corpus, likewise."""

DUSTY = 4
"""Pages with heavy dust."""

SPECKS = 100
"""On each of them."""

FILM = 9
"""Scratches along the film, on one page and over three."""

FILLED = ("astronaut", "camera", "chelsea", "coffee", "rocket", "retina", "coins", "grace_hopper",
          "immunohistochemistry", "clock", "moon", "gravel")  # fmt: skip
"""Photographs whose holes are filled under the true mask, beside those of the folder."""


@dataclass(frozen=True)
class Case:
    """One page of the bench."""

    part: str
    """overlays, cracks, dust, film, healthy or fill."""
    picture: str
    group: str = ""
    light: bool | None = None
    seed: int = 0


@dataclass(frozen=True)
class Damage:
    """A clean picture and what became of it."""

    clean: Picture
    pixels: Picture
    lines: list[np.ndarray] = field(default_factory=list)
    """Of scratches along the film: the column in every row."""


def unseen() -> tuple[str, ...]:
    """Names of the photographs on which nothing was trained or tuned."""
    folder = kodak_folder()
    there = (
        () if folder is None else tuple(n for n in SHOWN_KODAK if (folder / f"{n}.png").exists())
    )
    return (*there, *SHOWN)


def photographs_to_fill() -> tuple[str, ...]:
    """Any photographs: filling is given the true mask, and nothing of it is learned."""
    folder = kodak_folder()
    there = () if folder is None else tuple(path.stem for path in sorted(folder.glob("kodim*.png")))
    return (*there, *FILLED)


@cache
def photograph(name: str) -> Picture:
    """By its name in the corpus or in the folder."""
    if name.startswith("kodim"):
        return read(Path(str(kodak_folder())) / f"{name}.png")
    pixels = corpus.photo(name) if name == "moon" else pictures.load(name)
    return np.ascontiguousarray(pixels[:640, :640])


def damaged_cases(quick: bool) -> list[Case]:
    """Damage by others and by ourselves, never by what the detector was trained on."""
    rng = np.random.default_rng(20_021)
    names = unseen()[:1] if quick else unseen()
    groups = [("overlays", group) for group in GROUPS] if overlay_folder() is not None else []
    groups += [("cracks", "cracks"), ("cracks", "creases")]
    found = [
        Case(part, name, group, light, int(rng.integers(1 << 31)))
        for part, group in groups
        for name in names
        for light in (True, False)
    ]
    dusty = [Case("dust", name, "dust", None, int(rng.integers(1 << 31))) for name in unseen()]
    film = [
        Case("film", name, "nine on a page" if number == 0 else "three on a page", None,
             int(rng.integers(1 << 31)))
        for number, name in enumerate(("coffee", *unseen()[:3]))
    ]  # fmt: skip
    return found + dusty[: 1 if quick else DUSTY] + film[: 1 if quick else 4]


def fill_cases(quick: bool) -> list[Case]:
    """Thin marks, the true mask given."""
    rng = np.random.default_rng(20_022)
    names = photographs_to_fill()[:2] if quick else photographs_to_fill()
    return [Case("fill", name, "thin marks", None, int(rng.integers(1 << 31))) for name in names]


def made(case: Case) -> Damage:
    """The page of a case that is neither healthy nor anything else."""
    clean, rng = photograph(case.picture), np.random.default_rng(case.seed)
    noise = (float(rng.uniform(0.5, 2.0)),)
    clean = damage.sensor_noise(clean, noise, rng)
    if case.part == "film":
        count = FILM if case.group == "nine on a page" else FILM // 3
        pixels, lines = film_scratches(clean, rng, count)
        return Damage(clean, pixels, lines)
    if case.part == "overlays":
        return Damage(clean, overlaid(clean, case.group, bool(case.light), rng))
    draw: dict[str, Callable[[], Picture]] = {
        "cracks": lambda: cracked(clean, rng, light=bool(case.light)),
        "creases": lambda: creased(clean, rng),
        "dust": lambda: _dusty(clean, case.seed),
        "thin marks": lambda: marked(clean, rng, ("dust", "hairs", "scratches"), 1.3).pixels,
    }
    return Damage(clean, np.clip(draw[case.group](), 0, 1).astype(np.float32))


def _dusty(clean: Picture, seed: int) -> Picture:
    """Dust alone, on the very pixels of the clean page."""
    return damaged(clean, seed, dust=SPECKS, hairs=0, scratches=0, noise=0.0).pixels
