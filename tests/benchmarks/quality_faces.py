"""Faces against their truth: ours, the page as it is, and what people do else.

make bench-faces                          the faces that packages carry
make bench-faces FACES=DIR                every face of a folder's pictures
make bench-faces ARGS='--widths 96 128 --kinds noise jpeg'
make bench-faces ARGS='--white-house --json faces.json'

Real-ESRGAN over a whole page takes minutes on a processor: --quick leaves a few pages. Nothing
here chose a setting of the stage; the measures are those of face_measures_of_truth.py.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

import numpy as np
from face_crops import to_aligned
from face_damage import KINDS, WIDTHS, damaged
from face_measures_of_truth import AREAS, TruthOfFace
from face_ours import PPI, FacePage, Record, restored
from face_pictures import FaceTruth, identities, truths
from face_rivals import pasted_by_facexlib, realesrgan_alone
from identity_limit import opened
from quality_scans import as_scan, pixels_of
from quality_tables import Row, Table

from damage.light import Picture

UNTOUCHED, ALONE, OURS = "untouched", "RealESRGANer alone", "ours: descreen, denoise, faces"
STAGE, PASTED = "ours: faces alone", "facexlib's paste"
METHODS = (UNTOUCHED, ALONE, OURS, STAGE, PASTED)
QUICK_WIDTHS, QUICK_KINDS = (96,), ("blur 2%", "jpeg")


@dataclass(frozen=True)
class Case:
    face: FaceTruth
    """At the width of the case."""
    width: int
    kind: str


def cases(faces: Sequence[FaceTruth], widths: Sequence[int], kinds: Sequence[str]) -> list[Case]:
    """Every face at every width that its photograph has, with every damage."""
    found = []
    for face in faces:
        for width in widths:
            small = face.at_width(width)
            if small is not None:
                found += [Case(small, width, kind) for kind in kinds]
    return found


def measure(case: Case, methods: Sequence[str], identity: Any) -> list[dict[str, Any]]:
    """One row for each method that is there."""
    made = damaged(case.face, case.kind)
    page = FacePage(as_scan(made.page, PPI, 16), case.face.points, case.face.width)
    seen = pixels_of(page.scan)
    truth = TruthOfFace(made.truth, case.face.points, identity)
    results, records = _results(page, seen, methods)
    near = {method: truth.nearness(result) for method, result in results.items()}
    before, scan = near[UNTOUCHED], truth.embedding_of(seen)
    outside = _outside(case.face, seen)
    rows = []
    for method, result in results.items():
        own = near[method]
        row: dict[str, Any] = {
            **{"face": case.face.name, "width": case.width, "kind": case.kind, "method": method},
            "points_percent": own.points_percent,
            "identity": own.identity,
            "identity_gain": before.identity - own.identity,
            "moved": float(np.linalg.norm(truth.embedding_of(result) - scan)),
            "outside_255": _changed(seen, result, outside),
        }
        for area in AREAS:
            row[f"psnr_{area}"], row[f"ssim_{area}"] = own.psnr_db[area], own.ssim[area]
            for what, mine, others in (
                ("psnr_gain", own.psnr_db, before.psnr_db),
                ("ssim_gain", own.ssim, before.ssim),
            ):
                one, other = mine[area], others[area]
                row[f"{what}_{area}"] = None if one is None or other is None else one - other
        record = records.get(method)
        if record is not None:
            row["eligible"] = sum(face.eligible for face in record.faces)
            row["changed"] = sum(face.eligible and face.changed for face in record.faces)
            row["reasons"] = [face.reason for face in record.faces if not face.changed]
            row["strengths"] = [face.strength for face in record.faces]
            row["distances"] = [face.distance for face in record.faces]
        rows.append(row)
    return rows


def _results(
    page: FacePage, seen: Picture, methods: Sequence[str]
) -> tuple[dict[str, Picture], dict[str, Record]]:
    results, records = {UNTOUCHED: seen}, {}
    if ALONE in methods:
        results[ALONE] = realesrgan_alone(seen)
    if OURS in methods:
        results[OURS], records[OURS] = restored(page)
    if STAGE in methods or PASTED in methods:
        ours, record = restored(page, alone=True)
        if STAGE in methods:
            results[STAGE], records[STAGE] = ours, record
        if PASTED in methods:
            faces = [(face.crop, face.points) for face in record.faces if face.changed]
            results[PASTED], records[PASTED] = pasted_by_facexlib(seen, faces), record
    return results, records


def _outside(face: FaceTruth, seen: Picture) -> Any:
    """Pixels that no aligned crop of the face covers."""
    matrix = to_aligned(face.points)
    rows, columns = np.mgrid[: seen.shape[0], : seen.shape[1]]
    right = matrix[0, 0] * columns + matrix[0, 1] * rows + matrix[0, 2]
    down = matrix[1, 0] * columns + matrix[1, 1] * rows + matrix[1, 2]
    return (right < -1) | (right > 512) | (down < -1) | (down > 512)


def _changed(before: Picture, after: Picture, where: Any) -> float | None:
    """Largest change there, in 1/255."""
    return float(np.abs(after - before)[where].max() * 255) if where.any() else None


SUMMARY = (
    *("method", "pages", "PSNR gain in the face, dB", "worse by > 0.1 dB", "SSIM gain"),
    *("points off, % of eyes", "identity to the truth", "nearer than untouched"),
    *("moved from the scan", "largest move", "changed outside, /255"),
)


def tables(rows: Sequence[Row]) -> list[Table]:
    """Over all pages, by damage, by width, and inside the features."""
    methods = [m for m in METHODS if any(row["method"] == m for row in rows)]
    lines = [_summary(m, [row for row in rows if row["method"] == m]) for m in methods]
    found = [Table("All pages, medians", SUMMARY, lines)]
    keys = ("psnr_face", "psnr_gain_face", "ssim_gain_face", "points_percent", "identity")
    shown = ("method", "pages", "PSNR, dB", "gain", "SSIM gain", "points %", "identity")
    for by in ("kind", "width"):
        lines = []
        for value in dict.fromkeys(row[by] for row in rows):
            for method in methods:
                own = [row for row in rows if row[by] == value and row["method"] == method]
                lines.append((value, method, len(own), *(median(own, key) for key in keys)))
        found.append(Table(f"By {by}, medians", (by, *shown), lines))
    gains = [f"{what}_gain_{area}" for what in ("psnr", "ssim") for area in AREAS]
    lines = [
        (m, *(median([r for r in rows if r["method"] == m], g) for g in gains)) for m in methods
    ]
    areas = tuple(f"{what}, {area}" for what in ("PSNR gain, dB", "SSIM gain") for area in AREAS)
    found.append(Table("By area, medians", ("method", *areas), lines))
    return found


def median(rows: Sequence[Row], key: str) -> float | None:
    """Of what is known."""
    known = [row[key] for row in rows if row.get(key) is not None]
    return float(np.median(known)) if known else None


def _summary(method: str, rows: Sequence[Row]) -> tuple[Any, ...]:
    worse = sum((row["psnr_gain_face"] or 0.0) < -0.1 for row in rows)
    nearer = sum(row["identity_gain"] > 0 for row in rows)
    return (
        *(method, len(rows), median(rows, "psnr_gain_face"), worse),
        *(median(rows, "ssim_gain_face"), median(rows, "points_percent")),
        *(median(rows, "identity"), nearer, median(rows, "moved")),
        *(max(row["moved"] for row in rows), median(rows, "outside_255")),
    )


def of_eligible(rows: Sequence[Row], method: str) -> str:
    """What became of the faces that the gate let through, in words."""
    ours = [row for row in rows if row["method"] == method and row.get("eligible")]
    if not ours:
        return f"{method}: no face was eligible"
    eligible, changed = (sum(row[key] for row in ours) for key in ("eligible", "changed"))
    away = max(-row["identity_gain"] for row in ours)
    return (
        f"{method}: {changed} of {eligible} eligible faces changed ({changed / eligible:.0%}); "
        f"median PSNR gain {median(ours, 'psnr_gain_face'):.2f} dB in the face, "
        f"{median(ours, 'psnr_gain_head'):.2f} dB in the head; identity: "
        f"{median(ours, 'identity_gain'):+.3f} nearer to the truth in the median, at worst "
        f"{away:.3f} farther"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="bench-faces",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--faces", type=Path, metavar="DIR", help="a folder of pictures")
    parser.add_argument("--white-house", action="store_true", help="four portraits more")
    parser.add_argument("--widths", type=int, nargs="+", choices=WIDTHS, default=WIDTHS)
    parser.add_argument("--kinds", nargs="+", choices=tuple(KINDS), default=tuple(KINDS))
    parser.add_argument("--without", nargs="+", choices=METHODS[1:], default=[])
    parser.add_argument("--quick", action="store_true", help="one width and two damages")
    parser.add_argument("--json", type=Path, metavar="FILE", help="every row")
    given = parser.parse_args(arguments)
    faces = truths(given.faces, given.white_house)
    for licence in dict.fromkeys(face.licence for face in faces):
        print(", ".join(f.name for f in faces if f.licence == licence), "-", licence)
    methods = [method for method in METHODS if method not in given.without]
    widths = QUICK_WIDTHS if given.quick else given.widths
    kinds = QUICK_KINDS if given.quick else given.kinds
    rows = _run(cases(faces, widths, kinds), methods)
    if not rows:
        raise SystemExit("faces: no photograph has a face as wide as any of the widths")
    print(f"\n{len(faces)} faces of {len(identities(list(faces)))} people, {PPI:g} ppi\n")
    print("\n\n".join(table.markdown() for table in tables(rows)))
    for method in (OURS, STAGE):
        if method in methods:
            print(of_eligible(rows, method))
    if given.json is not None:
        content = {"faces": len(faces), "people": len(identities(list(faces))), "rows": rows}
        given.json.write_text(json.dumps(content, indent=1) + "\n")


def _run(
    all_cases: Sequence[Case],
    methods: Sequence[str],
    tell: Callable[[str], object] = sys.stderr.write,
) -> list[dict[str, Any]]:
    identity, rows = opened(), []
    for number, case in enumerate(all_cases, 1):
        rows += measure(case, methods, identity)
        if sys.stderr.isatty():
            tell(f"\r{number} of {len(all_cases)} ")
    return rows


if __name__ == "__main__":
    main()
