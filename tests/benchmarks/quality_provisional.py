"""Faded and soft prints through cleanup and colour: is the network better shown corrected tones?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from quality_colour import AGEINGS, MARGIN, SIDE
from quality_measures import likeness
from quality_scans import as_scan, condition_report, networks, pixels_of
from quality_tables import Goal, Outcome, Row, Table, grouped, mean

from damage.ageing import aged, light_of, on_paper, printed, shown
from damage.light import softened
from restoration.config.stages.cleanup import CleanupSettings
from restoration.config.stages.colour import ColourSettings
from restoration.findings.report import ConditionReport
from restoration.raster.base import ArrayRaster
from restoration.raster.colour.colour_space import ColourSpace
from restoration.stages.base import Declined, Page
from restoration.stages.cleanup.stage import CleanupStage
from restoration.stages.colour.provisional import with_corrected_tones
from restoration.stages.colour.stage import ColourStage
from support import pictures

TITLE = "Networks that are shown corrected tones"
NAMES = ("astronaut", "coffee", "grace_hopper", "chelsea")
KINDS = ("kept in the dark", "hung in the light", "strong")
SOFT = 2.2
PLAIN, SHOWN = "the file's own tones", "corrected tones"


@dataclass(frozen=True)
class Case:
    seed: int
    picture: str
    ageing: str


def cases(quick: bool) -> list[Case]:
    rng = np.random.default_rng(20_062)
    names = NAMES[:1] if quick else NAMES
    return [Case(int(rng.integers(1 << 31)), name, kind) for kind in KINDS for name in names]


def measure(case: Case) -> list[dict[str, Any]]:
    rng = np.random.default_rng(case.seed)
    light = light_of(pictures.on_grid(case.picture, SIDE, rng))
    sheet = on_paper(printed(light, 0.02, case.seed), MARGIN)
    soft = -np.log10(np.maximum(softened((10.0**-sheet).astype(np.float32), SOFT), 1e-6))
    scan = as_scan(shown(aged(soft.astype(np.float64), AGEINGS[case.ageing], case.seed)), 600.0, 16)
    report = condition_report(scan)
    space = ColourSpace.from_profile(None, 3)
    told = _told(report, ColourStage.reads)
    settings = ColourSettings().model_dump(mode="json")
    truth = _inside(shown(sheet))
    rows = []
    for name, seen in (
        (PLAIN, space),
        (SHOWN, with_corrected_tones(space, told, settings, "print")),
    ):
        stage = CleanupStage()
        stage.setup(CleanupSettings(apply="always", network=NETWORK), networks)
        cleaned = stage.apply(_page(scan, seen, _told(report, stage.reads)))
        assert not isinstance(cleaned, Declined)
        made = np.concatenate(list(cleaned.bands))
        rows.append(_row(case, name, _corrected(made, space, told), truth))
    rows.append(_row(case, "no cleanup", _corrected(pixels_of(scan), space, told), truth))
    return rows


NETWORK = "realesrgan-x4plus-packaged"


def _row(case: Case, method: str, result: Any, truth: Any) -> dict[str, Any]:
    known = {"picture": case.picture, "ageing": case.ageing, "method": method}
    return {**known, **likeness(_inside(result), truth)}


def _corrected(pixels: Any, space: ColourSpace, report: Any) -> Any:
    """The page after the stage ``colour``."""
    stage = ColourStage()
    stage.setup(ColourSettings(), networks)
    decision = stage.apply(_page(ArrayRaster(pixels), space, report))
    if isinstance(decision, Declined):
        return pixels
    codes = np.rint(np.clip(pixels, 0, 1) * 65535).astype(np.uint16)
    return decision.tones.mapped(codes, 0, codes.shape[0]).astype(np.float32) / np.float32(65535)


def _told(report: Any, reads: Sequence[str]) -> ConditionReport:
    return ConditionReport.model_validate({name: report.get(name) for name in reads})


def _page(source: Any, space: ColourSpace, report: ConditionReport) -> Page:
    return Page("bench", 1, source, space, (600.0, 600.0), report, "0" * 64)


def _inside(sheet: Any) -> Any:
    return sheet[MARGIN:-MARGIN, MARGIN:-MARGIN]


def outcome(rows: Sequence[Row]) -> Outcome:
    methods = list(dict.fromkeys(row["method"] for row in rows))
    tables: list[Table] = []
    for key, title in (("psnr_db", "PSNR, dB"), ("ssim", "SSIM"), ("delta_e", "CIEDE2000")):
        columns = {
            method: (lambda r, m=method, k=key: mean(x[k] for x in r if x["method"] == m))
            for method in methods
        }
        tables.append(grouped(title, rows, ("ageing",), columns))
    return Outcome(tables, list[Goal](), [dict(row) for row in rows])
