"""Pictures without any damage, for what must leave them alone: photographs, details of them,
scenes and pages that hold what damage is mistaken for, and what scanners and files make of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import imagecodecs
import numpy as np

import damage
from damage.light import Picture, channels_kept
from support import corpus, drawn_pages, drawn_scenes, pictures, presses

PHOTOGRAPHS = "RESTORATION_PHOTOGRAPHS"
"""The environment variable that names a folder of the Kodak photographs (kodim01.png, ...)."""

LEARNED = {
    *(f"kodim{number}" for number in ("01", "03", "05", "07", "11", "17", "21")),
    *("astronaut", "brick", "chelsea", "grass", "gravel", "rocket", "clock", "page", "retina"),
    *("motorcycle left",),
}
"""Photographs that the detector of damage was trained on."""

TUNED = {"kodim09", "kodim19", "camera", "coins", "immunohistochemistry", "cell"}
"""Photographs that decided when its training ended, and its thresholds."""

KIN = {"motorcycle right"}
"""Not trained on, but the other half of a stereo pair of which one half was."""


@dataclass(frozen=True)
class HealthyPicture:
    """A picture to which nothing may be done."""

    name: str
    kind: str
    """What it stands for: photograph, stars, buttons, ..."""
    source: str
    """The photograph that it was made from; empty where it was drawn."""
    draw: Callable[[], Picture]
    """float32 (h, w, 1 or 3) in [0, 1], sRGB-encoded."""

    @property
    def seen(self) -> bool:
        """Whether the detector was trained or tuned on the photograph."""
        return self.source in LEARNED | TUNED | KIN


def healthy_pictures() -> list[HealthyPicture]:
    """All of them. The Kodak photographs are left out where no folder is named."""
    return [*_photographs(), *_kodak(), *_scenes(), *_pages(), *_cloth(), *_made_of_them()]


def kodak_folder() -> Path | None:
    """Where the Kodak photographs lie; None where the variable is not set."""
    named = os.environ.get(PHOTOGRAPHS)
    return None if named is None else Path(named)


def _photographs() -> Iterator[HealthyPicture]:
    for name in pictures.PICTURES:
        kind = {"hubble_deep_field": "stars"}.get(name, "photograph")
        yield HealthyPicture(name, kind, name, lambda name=name: pictures.load(name)[:700, :700])
    for name in ("moon", "text", "page", "horse", "colorwheel"):
        yield HealthyPicture(name, _KINDS.get(name, "photograph"), name,
                             lambda name=name: corpus.photo(name))  # fmt: skip
    for number, side in enumerate(("left", "right")):
        yield HealthyPicture(f"motorcycle {side}", "photograph", f"motorcycle {side}",
                             lambda number=number: _motorcycle(number))  # fmt: skip


_KINDS = {"text": "lettering", "page": "lettering"}


def _motorcycle(number: int) -> Picture:
    from skimage import data

    half = data.stereo_motorcycle()[number]
    return np.ascontiguousarray(half[:480, :640]).astype(np.float32) / np.float32(255)


def _kodak() -> Iterator[HealthyPicture]:
    folder = kodak_folder()
    for path in sorted(folder.glob("kodim*.png")) if folder is not None else ():
        yield HealthyPicture(path.stem, "photograph", path.stem, lambda path=path: read(path))


def read(path: Path) -> Picture:
    """A picture file of 8 bits."""
    pixels = np.atleast_3d(np.asarray(imagecodecs.imread(path)))[:, :, :3]
    return pixels.astype(np.float32) / np.float32(255)


def _drawn(
    name: str, kind: str, draw: Callable[[np.random.Generator], Picture], seed: int
) -> HealthyPicture:
    return HealthyPicture(name, kind, "", lambda: draw(np.random.default_rng(seed)))


def _on(
    name: str, kind: str, source: str, draw: Callable[[Picture, np.random.Generator], Picture]
) -> HealthyPicture:
    return HealthyPicture(
        name, kind, source, lambda: draw(pictures.load(source), np.random.default_rng(57))
    )


def _scenes() -> Iterator[HealthyPicture]:
    scenes = drawn_scenes
    yield _drawn("night sky", "stars", scenes.night_sky, 1)
    yield _drawn("night sky, deeper", "stars", lambda rng: scenes.night_sky(rng, 640, 8.0), 2)
    yield _drawn("night sky, few stars", "stars", lambda rng: scenes.night_sky(rng, 512, 10.5), 3)
    yield _drawn("star trails", "stars", lambda rng: scenes.night_sky(rng, trail_deg=6.0), 4)
    yield HealthyPicture("hubble, enlarged", "stars", "hubble_deep_field",
                         lambda: _detail("hubble_deep_field", 300, 200, 320, 1.7))  # fmt: skip
    yield HealthyPicture("hubble, reduced", "stars", "hubble_deep_field",
                         lambda: pictures.reduced("hubble_deep_field", 2, 480))  # fmt: skip
    for name in ("coffee", "grace_hopper"):
        yield _on(f"snow before {name}", "snow", name, scenes.snowfall)
    yield _on(
        "snow, dense", "snow", "coffee", lambda pixels, rng: scenes.snowfall(pixels, rng, 1400)
    )
    yield _drawn("coat", "buttons", scenes.coat, 11)
    yield _drawn("light coat", "buttons", lambda rng: scenes.coat(rng, radius=3.2, dark=False), 12)
    yield _drawn("uniform", "buttons", lambda rng: scenes.coat(rng, 512, 8.0), 13)
    yield _drawn("pearls", "buttons", scenes.necklace, 14)
    yield _drawn("small beads", "buttons", lambda rng: scenes.necklace(rng, 384, 2.2), 15)
    yield _drawn("street at night", "lamps", scenes.street_at_night, 16)
    yield _drawn("harbour", "masts", scenes.harbour, 21)
    yield _drawn("harbour, another", "masts", scenes.harbour, 22)
    yield _drawn("wires and a railing", "masts", scenes.wires_and_railing, 23)
    yield _drawn("bare trees", "branches", scenes.bare_trees, 24)
    yield _drawn("bare trees, others", "branches", scenes.bare_trees, 25)
    yield _drawn("fur and whiskers", "hair", scenes.fur, 26)
    yield HealthyPicture(
        "whiskers", "hair", "chelsea", lambda: _detail("chelsea", 60, 100, 200, 2.0)
    )
    # Eyes, ears, the rim of a jaw, medals: heads, large enough for a wrinkle to be a scratch.
    for name, top, left, side, factor in (
        *(("astronaut", 0, 140, 200, 2.0), ("grace_hopper", 30, 130, 260, 1.5)),
        *(("grace_hopper", 330, 200, 260, 1.5), ("camera", 70, 190, 110, 3.0)),
    ):
        yield HealthyPicture(f"{name} at {top}, {left}", "face" if top < 100 else "buttons", name,
                             lambda name=name, top=top, left=left, side=side, factor=factor:
                             _detail(name, top, left, side, factor))  # fmt: skip


def _detail(name: str, top: int, left: int, side: int, factor: float) -> Picture:
    part = pictures.load(name)[top : top + side, left : left + side]
    large = cv2.resize(part, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    return np.clip(channels_kept(large), 0, 1)


CAPTION = "Grüße vom Kaffee, 3. VI. 1911 — No. 3142"


def _pages() -> Iterator[HealthyPicture]:
    pages = drawn_pages
    yield _drawn("page of text", "lettering", pages.lettered, 31)
    yield _drawn("title and text", "lettering",
                 lambda rng: pages.lettered(rng, "STIXGeneral", (34, 18, 13, 13)), 32)  # fmt: skip
    yield _drawn("typewriting", "lettering",
                 lambda rng: pages.lettered(rng, "cmtt10", (16,), turn_deg=-1.2), 33)  # fmt: skip
    yield _drawn("white on black", "lettering", lambda rng:
                 pages.lettered(rng, "cmmi10", (24,), paper=0.03, ink=0.75), 34)  # fmt: skip
    for light in (True, False):
        yield _on(f"caption, {'light' if light else 'dark'}", "lettering", "coffee",
                  lambda pixels, rng, light=light: pages.signed(
                      pixels, CAPTION, (0.03, 0.85 if light else 0.03), 24, light))  # fmt: skip
    yield _drawn("sheet music", "music", pages.score, 35)
    yield _drawn("sheet music, small", "music", lambda rng: pages.score(rng, 448, 4.5), 36)
    for name, pitch in (("coffee", 4.0), ("grace_hopper", 6.0)):
        yield _on(f"engraving of {name}", "engraving", name,
                  lambda pixels, rng, pitch=pitch: pages.engraved(pixels, rng, pitch))  # fmt: skip
    yield _drawn("edge of a film", "film edge", pages.film_edge, 37)
    for lpi, angle, spot in (
        (133.0, 45.0, "round"),
        (85.0, 45.0, "ellipse"),
        (65.0, 30.0, "square"),
    ):
        yield _on(f"halftone, {lpi:g} lpi, {spot}", "halftone", "coffee",
                  lambda pixels, rng, lpi=lpi, angle=angle, spot=spot: presses.printed(
                      pixels.mean(axis=2, keepdims=True),
                      presses.Press(lpi=lpi, angles=(("k", angle),), spot=spot)))  # fmt: skip
    yield _on("halftone in four inks", "halftone", "coffee",
              lambda pixels, rng:
              presses.printed(pixels, presses.Press(angles=presses.CMYK)))  # fmt: skip
    yield _on("halftone, rosette", "halftone", "grace_hopper", _rosette)


def _rosette(pixels: Picture, rng: np.random.Generator) -> Picture:
    return damage.printed(pixels, damage.draw_print(rng, 600.0, 120.0, 4), rng).pixels


def _cloth() -> Iterator[HealthyPicture]:
    for number, kind in enumerate(pictures.WEAVES):
        pitch = 5.0 + 1.7 * number
        yield _drawn(f"{kind} fabric", "fabric",
                     lambda rng, kind=kind, pitch=pitch: pictures.fabric(kind, pitch, 448, rng),
                     41 + number)  # fmt: skip


def _made_of_them() -> Iterator[HealthyPicture]:
    """Paper, grain, negatives, noise, JPEG."""
    yield _drawn("paper", "plain", _paper, 51)
    yield _drawn("dark paper", "plain", lambda rng: 0.22 * _paper(rng), 52)
    grains = (("coffee", 14.0, 1.1), ("grace_hopper", 9.0, 1.8), ("moon", 18.0, 0.7))
    for name, sigma, clump in grains:
        yield HealthyPicture(f"{name} with grain", "grain", name,
                             lambda name=name, sigma=sigma, clump=clump:
                             _grainy(name, sigma, clump))  # fmt: skip
    for name in ("coffee", "grace_hopper"):
        yield _on(f"{name}, negative", "negative", name, lambda pixels, rng: 1 - pixels)
        yield _on(f"{name}, noise", "noise", name,
                  lambda pixels, rng: damage.sensor_noise(pixels, (8.0,), rng))  # fmt: skip
        for quality in (35, 70):
            yield _on(f"{name}, JPEG {quality}", "JPEG", name,
                      lambda pixels, rng, quality=quality:
                      damage.jpeg_copy(pixels, quality))  # fmt: skip
        yield _on(f"{name}, enlarged", "photograph", name,
                  lambda pixels, rng, name=name: _detail(name, 80, 90, 330, 1.9))  # fmt: skip
        yield _on(f"{name}, reduced", "photograph", name,
                  lambda pixels, rng, name=name: pictures.reduced(name, 2, 400))  # fmt: skip


def _paper(rng: np.random.Generator) -> Picture:
    """Fibres and clouds, without anything on it."""
    fine = cv2.GaussianBlur(rng.standard_normal((512, 512)), (0, 0), 1.2)
    coarse = cv2.GaussianBlur(rng.standard_normal((512, 512)), (0, 0), 40.0)
    sheet = 0.86 + 0.008 * fine / fine.std() + 0.02 * coarse / coarse.std()
    return (sheet[:, :, None] * np.array([1.0, 0.98, 0.92])).astype(np.float32)


def _grainy(name: str, sigma: float, clump: float) -> Picture:
    pixels = corpus.photo(name) if name == "moon" else pictures.load(name)
    grain = damage.Grain(sigma, clump, equal_channels=True)
    return damage.grainy(pixels, grain, np.random.default_rng(58))[0]
