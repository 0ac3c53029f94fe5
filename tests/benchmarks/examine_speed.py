"""The condition report of a large page: seconds and memory, finding by finding, pixels read once.

Prints JSON. Run by the benchmark, in a process of its own per size:
python tests/benchmarks/examine_speed.py --height 9600 --width 12000
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "scripts")]
sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from restoration.config.settings import ExamineSettings
from restoration.examine.measurer import Measurer
from restoration.examine.page import examine_page
from restoration.examine.registry import MEASURERS
from restoration.examine.survey import Survey
from restoration.examine.window import EarlierFindings, PageFacts, ReadWindow, Window
from restoration.findings.base import AnyFinding
from restoration.raster.colour.colour_space import ColourSpace
from support import corpus

PHOTOGRAPHS = ("astronaut", "coffee", "chelsea", "rocket")


class Album:
    """A page of any size made of photographs, enlarged threefold as a 1200-ppi scan of a print is,
    with noise; pixel by pixel from the place alone, so that no page lies in memory."""

    channels, bits, profile = 3, 16, None
    ppi = (1200.0, 1200.0)

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = height, width
        self.read = 0
        self._prints = [
            np.rint(corpus.photo(name)[:300, :300] * 65535).astype(np.uint16)
            for name in PHOTOGRAPHS
        ]
        self._noise = np.random.default_rng(7).integers(-300, 301, (1024, 1024, 3), np.int32)

    def read_codes(self, top: int, left: int, height: int, width: int) -> npt.NDArray[np.uint16]:
        self.read += height * width
        out = np.empty((height, width, 3), np.uint16)
        rows, columns = np.arange(top, top + height), np.arange(left, left + width)
        side = 900
        for down in np.unique(rows // side):
            for across in np.unique(columns // side):
                own_rows, own_columns = rows // side == down, columns // side == across
                photograph = self._prints[(int(down) * 3 + int(across)) % len(self._prints)]
                place = np.ix_((rows[own_rows] % side) // 3, (columns[own_columns] % side) // 3)
                noise = self._noise[np.ix_(rows[own_rows] % 1024, columns[own_columns] % 1024)]
                seen = np.clip(photograph[place] + noise, 0, 65535)
                out[np.ix_(own_rows, own_columns)] = seen
        return out


def timed(measurer: type[Measurer], seconds: dict[str, float]) -> type[Measurer]:
    """The measurer with a clock."""
    name = measurer.__name__

    class Timed(measurer):  # type: ignore[misc, valid-type]
        def begin(self, page: PageFacts) -> None:
            super().begin(page)
            seconds.setdefault(name, 0.0)

        def see(self, window: Window) -> None:
            started = time.perf_counter()
            super().see(window)
            seconds[name] += time.perf_counter() - started

        def conclude(self, survey: Survey, earlier: EarlierFindings) -> AnyFinding:
            started = time.perf_counter()
            found: AnyFinding = super().conclude(survey, earlier)
            seconds[name] += time.perf_counter() - started
            return found

    class Again(Timed):
        def look_again(
            self, read: ReadWindow, found: AnyFinding, earlier: EarlierFindings
        ) -> AnyFinding:
            started = time.perf_counter()
            again: AnyFinding = super().look_again(read, found, earlier)
            seconds[name] += time.perf_counter() - started
            return again

    return Again if hasattr(measurer, "look_again") else Timed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--height", type=int, default=9600)
    parser.add_argument("--width", type=int, default=12000)
    parser.add_argument("--faces", default="off")
    parser.add_argument("--models", type=Path)
    given = parser.parse_args()
    page = Album(given.height, given.width)
    started = time.perf_counter()
    for top in range(0, page.height, 1024):
        for left in range(0, page.width, 1024):
            page.read_codes(top, left, min(1024, page.height - top), min(1024, page.width - left))
    making, page.read = time.perf_counter() - started, 0
    seconds: dict[str, float] = {}
    settings = ExamineSettings.model_validate({"faces": given.faces})
    colour = ColourSpace.from_profile(None, 3)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    started = time.perf_counter()
    report: dict[str, Any] = examine_page(
        page,
        settings,
        colour,
        measurers=[timed(measurer, seconds) for measurer in MEASURERS],
        models_dir=given.models,
    )
    taken = time.perf_counter() - started - making
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    megapixels = page.height * page.width / 1e6
    result = {
        "megapixels": round(megapixels, 1),
        "seconds": round(taken, 2),
        "seconds_per_megapixel": round(taken / megapixels, 4),
        "peak_mib": round(peak),
        "before_mib": round(before),
        "times_read": round(page.read / (page.height * page.width), 3),
        "seconds_per_megapixel_of": {
            name: round(s / megapixels, 4) for name, s in sorted(seconds.items())
        },
        "unknown": [n for n, found in report.items() if n != "warnings" and found["value"] is None],
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
