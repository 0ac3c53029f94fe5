"""Prints that have aged in a known way: ours beside what is usually done about a cast.

Colour, toned and grey prints with and without a margin, on pictures that nothing here was tuned on.
The rivals get the whole sheet and the picture alone, and of the two the better one counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from colour_rivals import RIVALS
from quality_scans import as_scan, pixels_of
from quality_tables import Goal, Outcome, Row, Table, grouped
from skimage.color import deltaE_ciede2000, rgb2lab

from damage.ageing import Ageing, aged, light_of, on_paper, printed, shown
from damage.light import Picture
from restoration.config.settings import ExamineSettings
from restoration.config.stages.colour import ColourSettings
from restoration.examine.page import examine_page
from restoration.examine.registry import MEASURERS
from restoration.findings.report import ConditionReport
from restoration.raster.colour.colour_space import ColourSpace
from restoration.stages.base import Declined, Page
from restoration.stages.colour.stage import ColourStage
from support import pictures

TITLE = "ColourStage"
SIDE = 320
MARGIN = 24
OURS = "ours"
COLOUR = ("astronaut", "chelsea", "coffee", "rocket", "hubble_deep_field", "retina",
          "immunohistochemistry", "grace_hopper")  # fmt: skip
TONED = ("camera", "coins", "brick", "cell")
GREY = ("clock", "grass", "gravel", "camera")

AGEINGS = {
    "none": Ageing((1.0, 1.0, 1.0)),
    "kept in the dark": Ageing((0.6, 0.88, 0.82), (0.01, 0.03, 0.16)),
    "hung in the light": Ageing((0.92, 0.62, 0.84), (0.01, 0.04, 0.07)),
    "slight": Ageing((0.82, 0.94, 0.9), (0.0, 0.01, 0.05)),
    "yellow dye gone": Ageing((0.88, 0.92, 0.58), (0.02, 0.03, 0.06)),
    "strong": Ageing((0.45, 0.66, 0.78), (0.03, 0.09, 0.22)),
    "side absorptions": Ageing((0.62, 0.8, 0.9), (0.01, 0.04, 0.11), side_absorptions=True),
    "stain alone": Ageing((1.0, 1.0, 1.0), (0.02, 0.06, 0.18)),
    "uneven stain": Ageing((0.65, 0.85, 0.88), (0.01, 0.03, 0.08), uneven=0.16),
}
"""Shares kept of cyan, magenta and yellow, and stains; each case strays from them by its seed."""

SILVER = {
    "none": Ageing((1.0, 1.0, 1.0)),
    "stain alone": Ageing((1.0, 1.0, 1.0), (0.02, 0.06, 0.18)),
    "bleached": Ageing((0.7, 0.7, 0.7), (0.02, 0.05, 0.14)),
}

SEPIA = np.array((0.86, 1.0, 1.22))
"""Of a sepia toner: density of each channel over that of green."""

GRAIN = 0.03


@dataclass(frozen=True)
class Case:
    seed: int
    picture: str
    kind: str
    """colour, toned, grey (scanned in RGB) or one channel."""
    ageing: str
    margin: bool


def cases(quick: bool) -> list[Case]:
    rng = np.random.default_rng(20_061)
    found = []
    for kind, names, ageings in (
        ("colour", COLOUR, AGEINGS),
        ("toned", TONED, SILVER),
        ("grey", GREY, SILVER),
        ("one channel", GREY, SILVER),
    ):
        for name in names[:1] if quick else names:
            for ageing in ageings:
                for margin in (True, False):
                    seed = int(rng.integers(1 << 31))
                    found.append(Case(seed, name, kind, ageing, margin))
    return found


def measure(case: Case) -> list[dict[str, Any]]:
    rng = np.random.default_rng(case.seed)
    truth = _print(case, rng)
    sheet = on_paper(truth, MARGIN if case.margin else 0)
    ageings = AGEINGS if case.kind == "colour" else SILVER
    scan = as_scan(shown(aged(sheet, _strayed(ageings[case.ageing], rng), case.seed)), 600.0, 16)
    seen = pixels_of(scan)
    wanted = shown(truth)
    result, decision = _ours(scan, uneven=case.ageing == "uneven stain")
    declined = isinstance(decision, Declined)
    row = {
        "picture": case.picture,
        "kind": case.kind,
        "ageing": case.ageing,
        "margin": case.margin,
        "declined": declined,
        "said": decision.reason if declined else decision.findings["reason"],
    }
    picture = _inside(seen, case.margin)
    differences = {
        name: min(
            _difference(_inside(rival(seen), case.margin), wanted),
            _difference(rival(picture), wanted),
        )
        for name, rival in RIVALS.items()
    }
    differences[OURS] = _difference(_inside(result, case.margin), wanted)
    return [{**row, "method": name, "delta_e": value} for name, value in differences.items()]


def _print(case: Case, rng: np.random.Generator) -> Any:
    """The healthy print: densities (h, w, channels)."""
    picture = pictures.on_grid(case.picture, SIDE, rng)
    light = light_of(picture)
    if case.kind != "colour":
        grey = light.mean(axis=2, keepdims=True)
        channels = 1 if case.kind == "one channel" else 3
        light = np.ascontiguousarray(np.repeat(grey, channels, axis=2))
    density = printed(light, GRAIN, case.seed)
    if case.kind == "toned":
        white = density.min(axis=(0, 1))
        density = (density - white) * SEPIA + white
    return density


def _strayed(ageing: Ageing, rng: np.random.Generator) -> Ageing:
    """No two prints age alike."""
    if all(share == 1.0 for share in ageing.kept) and not any(ageing.stain):
        return ageing
    kept = np.where(
        np.array(ageing.kept) < 1.0, np.clip(ageing.kept + rng.normal(0, 0.03, 3), 0.35, 1.0), 1.0
    )
    if len(set(ageing.kept)) == 1:
        kept[:] = kept[0]
    stain = np.array(ageing.stain) * rng.uniform(0.7, 1.3)
    return Ageing(
        (float(kept[0]), float(kept[1]), float(kept[2])),
        (float(stain[0]), float(stain[1]), float(stain[2])),
        ageing.uneven,
        ageing.side_absorptions,
    )


def _ours(scan: Any, *, uneven: bool) -> tuple[Picture, Any]:
    space = ColourSpace.from_profile(None, scan.channels)
    report = examine_page(scan, ExamineSettings(faces="off"), space, MEASURERS)
    stage = ColourStage()
    stage.setup(ColourSettings(uneven=uneven), None)  # type: ignore[arg-type]
    page = Page(
        scan="bench",
        number=1,
        source=scan,
        colour=space,
        ppi=scan.ppi,
        report=ConditionReport.model_validate({name: report[name] for name in stage.reads}),
        key="0" * 64,
    )
    decision = stage.apply(page)
    if isinstance(decision, Declined):
        return pixels_of(scan), decision
    codes = decision.tones.mapped(scan.read_codes(0, 0, scan.height, scan.width), 0, scan.height)
    return codes.astype(np.float32) / np.float32(65535), decision


def _inside(sheet: Picture, margin: bool) -> Picture:
    return sheet[MARGIN:-MARGIN, MARGIN:-MARGIN] if margin else sheet


def _difference(result: Picture, truth: Picture) -> float:
    """Mean CIEDE2000 over the picture, D65."""
    one, other = (
        rgb2lab(np.repeat(p, 3, axis=2) if p.shape[2] == 1 else p) for p in (result, truth)
    )
    return float(np.mean(deltaE_ciede2000(one, other)))


def outcome(rows: Sequence[Row]) -> Outcome:
    methods = [*RIVALS, OURS]
    harmed = [row for row in rows if row["ageing"] != "none"]
    columns = {
        method: (lambda group, m=method: _two([r["delta_e"] for r in group if r["method"] == m]))
        for method in methods
    }
    note = ("Median and 90th percentile, over the pages, of a page's mean CIEDE2000.",)
    tables = [
        grouped("Aged prints, by kind and margin", harmed, ("kind", "margin"), columns, note),
        grouped("Aged colour prints, by ageing and margin",
                [row for row in harmed if row["kind"] == "colour"],
                ("ageing", "margin"), columns, note),
    ]  # fmt: skip
    ours = [row for row in rows if row["method"] == OURS]
    keys = ("kind", "picture", "ageing", "margin", "delta_e", "declined", "said")
    tables.append(Table("Every page, ours", keys, [tuple(row[k] for k in keys) for row in ours]))
    return Outcome(tables, _goals(rows, harmed, methods), [dict(row) for row in rows])


def _two(values: list[float]) -> str:
    return f"{np.median(values):.2f} / {np.percentile(values, 90):.2f}"


def _goals(rows: Sequence[Row], harmed: Sequence[Row], methods: list[str]) -> list[Goal]:
    goals = []
    for name, part in (
        ("all aged pages", harmed),
        ("with a margin", [row for row in harmed if row["margin"]]),
        ("without a margin", [row for row in harmed if not row["margin"]]),
    ):
        by = {m: [row["delta_e"] for row in part if row["method"] == m] for m in methods}
        for how, figure in (("median", 50), ("90th percentile", 90)):
            found = {method: float(np.percentile(values, figure)) for method, values in by.items()}
            best = min((v, m) for m, v in found.items() if m != OURS)
            goals.append(
                Goal(
                    f"CIEDE2000, {name}, {how}",
                    f"below {best[0]:.2f} ({best[1]})",
                    f"{found[OURS]:.2f}",
                    found[OURS] < best[0],
                )
            )
    sound = [row for row in rows if row["ageing"] == "none" and row["method"] == OURS]
    left = sum(row["declined"] for row in sound)
    middle = float(np.median([row["delta_e"] for row in sound]))
    goals.append(
        Goal(
            "undamaged prints",
            "declined, or below 1 CIEDE2000 in the median",
            f"{left} of {len(sound)} declined, median {middle:.2f}, "
            f"worst {max(row['delta_e'] for row in sound):.2f}",
            middle < 1.0,
        )
    )
    return goals
