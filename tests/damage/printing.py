"""A picture as print: amplitude-modulated screens in one or four inks, and stochastic screens.

A halftone is a mean of light: inks of constant strength cover a varying share of the paper
(Murray-Davies), several inks overlap by chance (Demichel) and each lets through a share of the
light. The truth of such a print is that mean, seen through the same optics and without the
scanner's noise. No screen holds more picture than it has dots for: prepress sends 1.5 to 2.5
samples per screen period, and the truth is limited in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from damage.light import Picture, channels_kept, softened, to_encoded, to_light

FINE = 4
"""Subsamples per pixel and direction at which dots are drawn."""

TABLE = 128
"""Steps of the threshold table along each side of the screen's cell."""

TRANSMITTANCE = {
    "black": (0.03, 0.03, 0.03),
    "cyan": (0.08, 0.66, 0.84),
    "magenta": (0.78, 0.09, 0.62),
    "yellow": (0.96, 0.88, 0.10),
}
"""Share of linear red, green and blue light that solid ink lets through: process inks with their
unwanted absorptions, rounded."""

CLASSICAL_ANGLES = {"cyan": 15.0, "magenta": 75.0, "yellow": 0.0, "black": 45.0}
"""Degrees; three inks 30 degrees apart, the faintest between them."""

SHAPES = ("euclidean", "round", "elliptic", "line")


@dataclass(frozen=True)
class Screen:
    """The screen of one ink."""

    ink: str
    ruling_lpi: float
    angle_deg: float
    """0 to 90, of the first lattice vector, counter-clockwise from the row direction."""
    shape: str
    phase: tuple[float, float]
    """Place of the lattice, in cells."""

    def vectors(self, ppi: float) -> tuple[tuple[float, float], tuple[float, float]]:
        """The two fundamental frequencies, (fy, fx) in cycles per pixel."""
        frequency = self.ruling_lpi / ppi
        angle = np.deg2rad(self.angle_deg)
        across, up = float(np.cos(angle)), float(np.sin(angle))
        # Rows run downwards: counter-clockwise is towards smaller row numbers.
        return (-frequency * up, frequency * across), (-frequency * across, -frequency * up)


@dataclass(frozen=True)
class Print:
    """How a picture is printed and scanned."""

    ppi: float
    screens: tuple[Screen, ...]
    gain: float
    """Dot gain beyond what the press was prepared for: change of coverage at 50 %."""
    samples: float
    """Picture samples per screen period along each direction."""
    paper: tuple[float, float, float]
    """Linear reflectance of the bare paper."""
    optics: float
    """Standard deviation, in pixels, of paper and scanner together."""
    noise: float
    """Sensor noise, in 1/255 of encoded values."""
    black_share: float
    """Share of the grey component that black prints; only with four inks."""

    @property
    def period(self) -> float:
        """Screen period in pixels."""
        return self.ppi / self.screens[0].ruling_lpi


@dataclass(frozen=True)
class Printed:
    """A scan of a print and what it shows."""

    pixels: Picture
    truth: Picture
    parameters: Print


def draw_print(
    rng: np.random.Generator, ppi: float, ruling_lpi: float, inks: int, shape: str | None = None
) -> Print:
    """A print with random angle, dot shape, gain, paper and optics.

    inks: 1 (black) or 4 (a rosette). The ruling is off its nominal value by up to 3 %, as a
    reproduction that was enlarged or reduced a little.
    """
    turn = float(rng.uniform(0.0, 90.0))
    ruling = ruling_lpi * float(rng.uniform(0.97, 1.03))
    shape = shape or str(rng.choice(SHAPES[:3]))
    names = ("black",) if inks == 1 else tuple(CLASSICAL_ANGLES)
    screens = tuple(
        Screen(
            ink,
            ruling,
            (CLASSICAL_ANGLES[ink] + turn) % 90.0,
            shape,
            (float(rng.random()), float(rng.random())),
        )
        for ink in names
    )
    white = rng.uniform(0.78, 0.95)
    tint = np.array([1.0, rng.uniform(0.96, 1.0), rng.uniform(0.86, 0.99)])
    red, green, blue = (float(value) for value in white * tint)
    return Print(
        ppi=ppi,
        screens=screens,
        gain=float(rng.uniform(-0.05, 0.15)),
        samples=float(rng.uniform(1.5, 2.5)),
        paper=(red, green, blue),
        optics=float(rng.uniform(0.35, 0.6) * (1.5 if ppi > 900 else 1.0)),
        noise=float(rng.uniform(0.2, 0.8)),
        black_share=float(rng.uniform(0.3, 0.9)),
    )


def printed(picture: Picture, how: Print, rng: np.random.Generator) -> Printed:
    """The print of a picture that lies on the scan's grid already.

    One ink on a grey picture gives a grey scan, on a colour picture its luminance in RGB on
    tinted paper; four inks need a colour picture.
    """
    held = _as_the_screen_holds(picture, how.period / how.samples)
    if len(how.screens) == 1:
        coverage = {"black": _coverage_of_black(to_light(held))}
    else:
        coverage = _separations(to_light(held), how.black_share)
    channels = picture.shape[2]
    paper = np.asarray(how.paper[:channels] if channels == 3 else how.paper[1:2], np.float32)
    mean = np.broadcast_to(paper, picture.shape).copy()
    dots = np.repeat(np.repeat(mean, FINE, axis=0), FINE, axis=1)
    for screen in how.screens:
        covered = _with_gain(coverage[screen.ink], how.gain)
        blocked = np.float32(1) - np.asarray(TRANSMITTANCE[screen.ink][:channels], np.float32)
        mean *= 1 - covered[:, :, None] * blocked
        _print_dots(dots, covered, screen, how.ppi, blocked)
    height, width = picture.shape[:2]
    light = channels_kept(cv2.resize(dots, (width, height), interpolation=cv2.INTER_AREA))
    seen = to_encoded(softened(light, how.optics))
    noise = rng.standard_normal(seen.shape).astype(np.float32) * np.float32(how.noise / 255)
    truth = to_encoded(softened(mean, how.optics))
    return Printed(np.clip(seen + noise, 0, 1), truth, how)


def stochastic_print(
    picture: Picture, dot: int, optics: float, rng: np.random.Generator
) -> Picture:
    """Grey picture (h, w, 1) in error diffusion (Floyd and Steinberg 1976), dots of ``dot`` pixels.

    Runs alternate in direction, and the threshold trembles, so that no rhythm comes about.
    """
    height, width = picture.shape[0] // dot, picture.shape[1] // dot
    light = cv2.resize(to_light(picture), (width, height), interpolation=cv2.INTER_AREA)
    left = light.astype(np.float64).tolist()
    tremble = (0.5 + rng.uniform(-0.25, 0.25, (height, width))).tolist()
    spill = [0.0] * (width + 2)
    paper = np.empty((height, width), np.float32)
    for row in range(height):
        line, thresholds = left[row], tremble[row]
        incoming, spill, carried = spill, [0.0] * (width + 2), 0.0
        forward = row % 2 == 0
        step = 1 if forward else -1
        for column in range(width) if forward else range(width - 1, -1, -1):
            value = line[column] + incoming[column + 1] + carried
            white = value > thresholds[column]
            error = value - white
            paper[row, column] = white
            carried = error * 7 / 16
            spill[column + 1 - step] += error * 3 / 16
            spill[column + 1] += error * 5 / 16
            spill[column + 1 + step] += error / 16
    dots = np.repeat(np.repeat(paper, dot, axis=0), dot, axis=1)
    rest = picture[: dots.shape[0], : dots.shape[1]]
    assert rest.shape[:2] == dots.shape
    seen = softened((dots * np.float32(0.85) + np.float32(0.03))[:, :, None], optics)
    noise = rng.standard_normal(seen.shape).astype(np.float32) * np.float32(0.5 / 255)
    return np.clip(to_encoded(seen) + noise, 0, 1)


def _as_the_screen_holds(picture: Picture, sample: float) -> Picture:
    """The picture as prepress sampled it, every ``sample`` pixels, back on the scan's grid."""
    if sample <= 1.0:
        return picture
    height, width = picture.shape[:2]
    size = (max(2, round(width / sample)), max(2, round(height / sample)))
    coarse = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    fine = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(channels_kept(fine), 0, 1)


def _coverage_of_black(light: Picture) -> npt.NDArray[np.float32]:
    luminance = light[:, :, 0]
    if light.shape[2] == 3:
        luminance = light @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    return np.asarray(np.clip((1 - luminance) / (1 - TRANSMITTANCE["black"][0]), 0, 1))


def _separations(light: Picture, black_share: float) -> dict[str, npt.NDArray[np.float32]]:
    """Coverage of the four inks, grey component replaced in part; (h, w) each."""
    wanted = {
        ink: np.clip((1 - light[:, :, channel]) / (1 - TRANSMITTANCE[ink][channel]), 0, 1)
        for channel, ink in enumerate(("cyan", "magenta", "yellow"))
    }
    black = np.float32(black_share) * np.minimum.reduce(list(wanted.values()))
    rest = np.maximum(1 - black, np.float32(1e-3))
    coverage = {ink: np.clip((own - black) / rest, 0, 1) for ink, own in wanted.items()}
    return {**coverage, "black": black}


def _with_gain(coverage: npt.NDArray[np.float32], gain: float) -> npt.NDArray[np.float32]:
    grown = coverage + np.float32(4 * gain) * coverage * (1 - coverage)
    return np.clip(grown, 0, 1).astype(np.float32)


def _print_dots(
    dots: Picture,
    coverage: npt.NDArray[np.float32],
    screen: Screen,
    ppi: float,
    blocked: npt.NDArray[np.float32],
) -> None:
    """Takes the light that one ink's dots block, in place; ``dots`` is FINE times as fine."""
    first, second = screen.vectors(ppi)
    table = _thresholds(screen.shape)
    height, width = dots.shape[:2]
    columns = (np.arange(width, dtype=np.float32) + 0.5) / FINE - 0.5
    strip = 64 * FINE
    for top in range(0, height, strip):
        rows = (np.arange(top, min(top + strip, height), dtype=np.float32) + 0.5) / FINE - 0.5
        cells = [
            ((rows * f[0] + phase)[:, None] + (columns * f[1])[None, :])
            for f, phase in zip((first, second), screen.phase, strict=True)
        ]
        places = [((cell - np.floor(cell)) * TABLE).astype(np.intp) % TABLE for cell in cells]
        part = coverage[top // FINE : (top + len(rows)) // FINE]
        fine = np.repeat(np.repeat(part, FINE, axis=0), FINE, axis=1)
        inked = fine > table[places[0], places[1]]
        dots[top : top + len(rows)] *= 1 - inked[:, :, None] * blocked


@cache
def _thresholds(shape: str) -> npt.NDArray[np.float32]:
    """Coverage at which each place of the cell is inked: the ranks of a spot function, so that
    coverage c inks the share c of the cell."""
    steps = (np.arange(TABLE) + 0.5) / TABLE
    u, v = steps[:, None], steps[None, :]
    spot = {
        "euclidean": np.cos(2 * np.pi * u) + np.cos(2 * np.pi * v),
        "round": -((u - 0.5) ** 2) - (v - 0.5) ** 2,
        "elliptic": np.cos(2 * np.pi * u) + 0.7 * np.cos(2 * np.pi * v),
        "line": np.cos(2 * np.pi * u) + 0 * v,
    }[shape]
    order = np.argsort(-spot, axis=None, kind="stable")
    ranks = np.empty(TABLE * TABLE, np.float32)
    ranks[order] = (np.arange(TABLE * TABLE) + 0.5) / TABLE**2
    return ranks.reshape(TABLE, TABLE)
