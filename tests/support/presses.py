"""Printed dots as a lattice, one ink or four."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.float32]


INKS = {
    "c": (0.10, 0.70, 0.88),
    "m": (0.82, 0.12, 0.45),
    "y": (0.94, 0.86, 0.12),
    "k": (0.05, 0.05, 0.05),
}
"""Linear reflectance of solid inks in red, green and blue."""


@dataclass(frozen=True)
class Press:
    """How a simulated print was made and scanned."""

    ppi: float = 600.0
    lpi: float = 133.0
    angles: tuple[tuple[str, float], ...] = (("k", 45.0),)
    """Ink and screen angle in degrees, counter-clockwise; one ink k makes a grey print."""
    gain: float = 0.08
    """Dot gain at 50 %, share of the area."""
    blur: float = 0.6
    """Standard deviation of the scanner's blur, pixels."""
    noise: float = 0.006
    """Standard deviation, linear light."""
    spot: str = "round"
    """``round``, ``ellipse``, ``square`` or ``line``."""
    seed: int = 3


@functools.cache
def _threshold(spot: str, side: int = 192) -> Image:
    """Threshold cell: the share of the dot's area that is printed before each place, (0, 1)."""
    axis = (np.arange(side) + 0.5) / side
    across, down = np.cos(2 * np.pi * axis)[None, :], np.cos(2 * np.pi * axis)[:, None]
    if spot == "square":
        place = np.abs(axis - 0.5)
        rank = np.maximum(place[None, :], place[:, None]) + 1e-9 * axis[:, None]
        cell = np.empty(side * side, np.float32)
        cell[rank.ravel().argsort()] = (np.arange(side * side) + 0.5) / (side * side)
        return cell.reshape(side, side)
    weight = {"round": (1.0, 1.0), "ellipse": (1.0, 0.75), "line": (1.0, 0.0)}[spot]
    order = (-weight[0] * across - weight[1] * down + 1e-9 * axis[:, None]).ravel().argsort()
    cell = np.empty(side * side, np.float32)
    cell[order] = (np.arange(side * side) + 0.5) / (side * side)
    return cell.reshape(side, side)


def dots(cover: Image, press: Press, angle: float, shift: float) -> Image:
    """Share of each pixel that is inked, (h, w) in [0, 1], for a wanted cover (h, w)."""
    height, width = cover.shape
    over = int(np.clip(np.ceil(16.0 / (press.ppi / press.lpi)), 2, 6))
    wanted = np.clip(cover + press.gain * 4.0 * cover * (1.0 - cover), 0.0, 1.0)
    turn, cell = np.deg2rad(angle), _threshold(press.spot)
    per_pixel = press.lpi / press.ppi
    side, inked = cell.shape[0], np.empty((height, width), np.float32)
    columns = (np.arange(width * over, dtype=np.float32) + 0.5) / over
    for top in range(0, height, 128):
        rows = np.arange(top * over, min(height, top + 128) * over, dtype=np.float32)
        rows = ((rows + 0.5) / over)[:, None]
        u = (columns * np.cos(turn) - rows * np.sin(turn)) * per_pixel + shift
        v = (columns * np.sin(turn) + rows * np.cos(turn)) * per_pixel + 0.37 * shift
        index = (np.floor(v % 1.0 * side).astype(np.intp) % side) * side
        index += np.floor(u % 1.0 * side).astype(np.intp) % side
        part = wanted[top : top + 128]
        fine = cv2.resize(part, (width * over, part.shape[0] * over))
        on = (cell.ravel()[index] < fine).astype(np.float32)
        size = (width, part.shape[0])
        inked[top : top + 128] = cv2.resize(on, size, interpolation=cv2.INTER_AREA)
    return inked


def linear(encoded: Image) -> Image:
    low = encoded <= 0.04045
    return np.where(low, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4).astype(np.float32)


def encoded(light: Image) -> Image:
    light = np.clip(light, 0.0, 1.0)
    high = 1.055 * light ** (1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, light * 12.92, high).astype(np.float32)


def printed(picture: Image, press: Press) -> Image:
    """The scan of a print of a picture, encoded float32 (h, w, 1 or 3), same size.

    picture: encoded, (h, w, 1) for one ink k, else (h, w, 3).
    """
    light = linear(picture)
    if len(press.angles) == 1 and picture.shape[2] == 1:
        cover = {press.angles[0][0]: 1.0 - light[:, :, 0]}
    else:
        cmy = 1.0 - light
        black = 0.7 * np.clip(cmy.min(axis=2) - 0.2, 0.0, 1.0)
        rest = np.clip((cmy - black[:, :, None]) / (1.0 - black[:, :, None]), 0.0, 1.0)
        cover = {"c": rest[:, :, 0], "m": rest[:, :, 1], "y": rest[:, :, 2], "k": black}
    scan = np.full(picture.shape, 0.88, np.float32)
    for number, (ink, angle) in enumerate(press.angles):
        inked = dots(cover[ink], press, angle, 0.13 + 0.29 * number)
        for channel in range(picture.shape[2]):
            scan[:, :, channel] *= 1.0 - inked * (1.0 - INKS[ink][channel])
    rng = np.random.default_rng(press.seed)
    for channel in range(picture.shape[2]):
        scan[:, :, channel] = cv2.GaussianBlur(scan[:, :, channel], (0, 0), press.blur)
    scan += rng.standard_normal(scan.shape).astype(np.float32) * np.float32(press.noise)
    return encoded(scan)


CMYK = (("c", 15.0), ("m", 75.0), ("y", 0.0), ("k", 45.0))


@functools.cache
def scene(side: int, channels: int = 3, seed: int = 7) -> Image:
    """A picture with light and dark, edges and soft shades: encoded float32 (side, side, c)."""
    rng = np.random.default_rng(seed)
    coarse = rng.random((9, 9, channels)).astype(np.float32)
    soft = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    picture = 0.15 + 0.75 * np.clip(soft.reshape(side, side, channels), 0.0, 1.0)
    for _ in range(12):
        centre = tuple(int(place) for place in rng.integers(0, side, 2))
        tone = tuple(float(value) for value in 0.1 + 0.8 * rng.random(channels))
        overlay = np.ascontiguousarray(picture)
        cv2.circle(overlay, centre, int(rng.integers(side // 30, side // 8)), tone, -1)
        picture = overlay
    return np.asarray(picture, np.float32).reshape(side, side, channels)


def weave(side: int, thread: float, wander: float, turn: float, seed: int = 5) -> Image:
    """Plain weave of equal thread counts, encoded (side, side, 1).

    thread: pixels per thread; wander: standard deviation of a thread's width, share of it; turn:
    degrees.
    """
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float64)
    angle, count = np.deg2rad(turn), int(3 * side / thread)
    place = []
    for across in (np.cos(angle), np.sin(angle)):
        other = -np.sin(angle) if across == np.cos(angle) else np.cos(angle)
        ends = np.cumsum(np.maximum(rng.normal(thread, wander * thread, count), 0.3 * thread))
        along = (columns * across + rows * other + side).ravel()
        number = np.searchsorted(ends, along)
        inside = (along - ends[number - 1]) / (ends[number] - ends[number - 1])
        place.append((number.reshape(side, side), inside.reshape(side, side)))
    (warp, one), (weft, other_one) = place
    over = (warp + weft) % 2
    height = over * np.sin(np.pi * one) + (1 - over) * 0.9 * np.sin(np.pi * other_one)
    cloth = 0.35 + 0.3 * height + 0.008 * rng.standard_normal(height.shape)
    return cv2.GaussianBlur(cloth.astype(np.float32), (0, 0), 0.6)[:, :, None]
