"""Seconds of the search and of the filling of large pages, both cores free.

A page of photographs with noise, at 1200 ppi: healthy, with 40 specks, and full of damage.
"""

from __future__ import annotations

import time
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from quality_scans import networks

from damage.marks import marked
from restoration.config.settings import ExamineSettings
from restoration.config.stages.repair import RepairSettings
from restoration.examine.damage.damage import DamageMeasurer
from restoration.examine.page import examine_page
from restoration.findings.damage import KINDS
from restoration.findings.report import ConditionReport
from restoration.raster.colour.colour_space import ColourSpace
from restoration.stages.base import Page, Restored
from restoration.stages.repair.stage import RepairStage
from support import corpus
from support.simulated_scans import SimulatedPage

SIZES = {"5.0 MP": (1824, 2736), "34.6 MP": (4800, 7200)}
PPI = 1200.0
SPECKS = 40


def timed_pages(quick: bool) -> list[dict[str, Any]]:
    """A row for every size and damage."""
    sizes = dict(list(SIZES.items())[:1]) if quick else SIZES
    return [
        _row(name, damage, *size)
        for name, size in sizes.items()
        for damage in ("none", f"{SPECKS} specks", "heavy")
    ]


def _row(name: str, damage: str, height: int, width: int) -> dict[str, Any]:
    codes = _album(height, width)
    if damage == "heavy":
        _damage_all(codes)
    elif damage != "none":
        _strew(codes, SPECKS)
    page = SimulatedPage(codes, 16, (PPI, PPI))
    colour = ColourSpace.from_profile(None, 3)
    started = time.perf_counter()
    found = examine_page(page, ExamineSettings(faces="off"), colour, (DamageMeasurer,))
    examined = time.perf_counter() - started
    stage = RepairStage()
    stage.setup(RepairSettings(kinds=KINDS, most_share=0.5), networks)
    given = Page(
        scan="bench",
        number=1,
        source=page,
        colour=colour,
        ppi=page.ppi,
        report=ConditionReport.model_validate({"damage": found["damage"]}),
        key="0" * 64,
    )
    started = time.perf_counter()
    result = stage.apply(given)
    searched = time.perf_counter() - started
    filled = 0.0
    if isinstance(result, Restored):
        started = time.perf_counter()
        for _ in result.bands:
            pass
        filled = time.perf_counter() - started
    area = height * width / 1e6
    return {
        "part": "speed",
        "page": name,
        "damage": damage,
        "examine s": examined,
        "search s": searched,
        "fill s": filled,
        "examine s/MP": examined / area,
        "search s/MP": searched / area,
        "fill s/MP": filled / area,
        "repair s": searched + filled,
    }


def _album(height: int, width: int) -> npt.NDArray[np.uint16]:
    """Photographs side by side, enlarged threefold as a 1200-ppi scan of a print is."""
    rng = np.random.default_rng(8)
    out = np.empty((height, width, 3), np.uint16)
    names = ("coffee", "astronaut", "chelsea", "rocket")
    prints = [
        cv2.resize(corpus.photo(name)[:300, :300], (900, 900), interpolation=cv2.INTER_CUBIC)
        for name in names
    ]
    for row, top in enumerate(range(0, height, 900)):
        for column, left in enumerate(range(0, width, 900)):
            part = out[top : top + 900, left : left + 900]
            own = prints[(row * 3 + column) % len(prints)][: part.shape[0], : part.shape[1]]
            noise = rng.standard_normal(own.shape, np.float32) * np.float32(1.5 / 255)
            part[:] = np.rint(np.clip(own + noise, 0, 1) * 65535)
    return out


def _strew(codes: npt.NDArray[np.uint16], count: int) -> None:
    """White specks of 4 to 14 pixels, in place."""
    rng = np.random.default_rng(9)
    for _ in range(count):
        y, x = (int(rng.integers(30, side - 30)) for side in codes.shape[:2])
        cover = np.zeros((41, 41), np.uint8)
        axes = (int(rng.integers(2, 8)), int(rng.integers(2, 6)))
        cv2.ellipse(cover, (20, 20), axes, float(rng.uniform(0, 180)), 0, 360, 255, -1, cv2.LINE_AA)
        share = cv2.GaussianBlur(cover, (0, 0), 0.8)[:, :, None].astype(np.float32) / 255
        part = codes[y - 20 : y + 21, x - 20 : x + 21]
        part[:] = np.rint(part + share * (62000 - part.astype(np.float32)))


def _damage_all(codes: npt.NDArray[np.uint16]) -> None:
    """Marks of a neglected print all over, in place, square by square."""
    rng = np.random.default_rng(10)
    for top in range(0, codes.shape[0], 900):
        for left in range(0, codes.shape[1], 900):
            part = codes[top : top + 900, left : left + 900]
            clean = part.astype(np.float32) / np.float32(65535)
            part[:] = np.rint(marked(clean, rng, ("dust", "hairs", "scratches")).pixels * 65535)
