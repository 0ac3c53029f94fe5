"""Pages through the repair stage, and cards with marks of known place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from restoration.config.settings import ExamineSettings
from restoration.config.stages.repair import RepairSettings
from restoration.examine.damage.damage import DamageMeasurer
from restoration.examine.page import examine_page
from restoration.raster.area import Allowed, Area
from restoration.raster.base import ArrayRaster, to_uint16
from restoration.raster.colour.colour_space import ColourSpace
from restoration.stages.base import Declined, Page, Restored
from restoration.stages.repair.stage import RepairStage
from support import condition
from support import simulated_scans as sim
from support.film import Mask, Pixels, on_grid


def report(pixels: Pixels, ppi: float | None = None) -> dict[str, Any]:
    """What the condition report says of damage."""
    page = sim.SimulatedPage(to_uint16(pixels), ppi=None if ppi is None else (ppi, ppi))
    colour = ColourSpace.from_profile(None, page.channels)
    entries: dict[str, Any] = examine_page(page, ExamineSettings(), colour, [DamageMeasurer])
    return entries


def repaired(
    pixels: Pixels,
    entries: Mapping[str, Any] | None = None,
    *,
    user: Mask | None = None,
    fill: tuple[tuple[str, Area], ...] = (),
    exclude: tuple[Area, ...] = (),
    infrared: Pixels | None = None,
    material: str = "print",
    infrared_setting: str = "auto",
    key: str = "0" * 64,
    ppi: float | None = None,
    changed_before: bool = False,
    networks: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Restored | Declined:
    """entries: of the condition report; None: what it says of this page. changed_before: an earlier
    stage changed the page since; networks: by name, what the stage is handed."""
    stage = RepairStage()
    known = networks or {}
    stage.setup(
        RepairSettings(infrared=infrared_setting, **settings), lambda name, **blend: known[name]
    )
    marked = None if user is None else ArrayRaster(user.astype(np.float32)[:, :, None])
    source = ArrayRaster(pixels)
    return stage.apply(
        Page(
            scan="box 12, 0034",
            number=1,
            source=source,
            colour=ColourSpace.from_profile(None, pixels.shape[2]),
            ppi=None if ppi is None else (ppi, ppi),
            report=condition.report(report(pixels, ppi) if entries is None else entries),
            key=key,
            material=material,
            infrared=None if infrared is None else ArrayRaster(infrared),
            damage=marked,
            fill=fill,
            allowed=Allowed(*pixels.shape[:2], (1.0, 1.0), None, exclude, 4.0) if exclude else None,
            master=ArrayRaster(pixels) if changed_before else source,
        )
    )


def drawn(result: Restored | Declined) -> tuple[Pixels, Mask]:
    """All pixels, and the mask that is saved."""
    assert isinstance(result, Restored), result
    pixels = np.concatenate(list(result.bands))
    assert result.mask is not None
    marks = np.concatenate(list(result.mask()))
    assert marks.dtype == np.uint8
    assert marks.shape == (*pixels.shape[:2], 1)
    assert set(np.unique(marks)) <= {0, 255}
    return pixels, marks[:, :, 0] > 0


def wider(mask: Mask, by: int) -> Mask:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by + 1, 2 * by + 1))
    return cv2.dilate(mask.astype(np.uint8), disc) > 0


def spotted(level: float = 0.5, sigma: float = 3.0, side: int = 320) -> tuple[Pixels, Mask]:
    """A grey card under a grain of known strength, with seven white specks."""
    rng = np.random.default_rng(6)
    white = rng.normal(0, 1, (side, side)).astype(np.float32)
    grain = cv2.GaussianBlur(white, (0, 0), 0.7)
    card = level + grain * np.float32(sigma / 255 / grain.std())
    hole = np.zeros((side, side), np.bool_)
    for number in range(7):
        centre = (40 + 37 * number, 60 + 29 * (number * 3 % 7))
        hole |= cv2.circle(np.zeros((side, side), np.uint8), centre, 3, 1, -1) > 0
    spots = np.where(wider(hole, 0), np.float32(0.97), card)[:, :, None]
    return on_grid(np.clip(spots, 0, 1)), hole


def card(
    *places: tuple[int, int],
    lines: tuple[tuple[int, int, int, int], ...] = (),
    faint: tuple[tuple[int, int], ...] = (),
    side: int = 320,
) -> tuple[Pixels, Mask]:
    """A quiet card with a white speck at each place (row, column), dark lines of three pixels from
    row, column to row, column, and faint specks; and where the specks and lines lie."""
    rng = np.random.default_rng(3)
    page = 0.5 + rng.normal(0, 1 / 255, (side, side)).astype(np.float32)
    true = np.zeros((side, side), np.bool_)
    for level, specks in ((0.96, places), (0.635, faint)):
        spots = np.zeros((side, side), np.uint8)
        for row, column in specks:
            cv2.ellipse(spots, (column, row), (4, 3), 30.0, 0, 360, 1, -1)
        cover = cv2.GaussianBlur(spots.astype(np.float32), (0, 0), 0.5)
        page += cover * (level - page)
        true |= (spots > 0) & (level > 0.9)
    for top, left, bottom, right in lines:
        line = np.zeros((side, side), np.uint8)
        cv2.line(line, (left, top), (right, bottom), 1, 3)
        page = np.where(line > 0, np.float32(0.05), page)
        true |= line > 0
    return on_grid(np.clip(page, 0, 1).astype(np.float32)[:, :, None]), true
