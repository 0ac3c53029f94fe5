"""Fits the odds of whole marks, on pictures and overlays on which the network was not trained.

PYTHONPATH=.:scripts python -m training.damage.judge --overlays folder --photographs folder

Writes examine/damage/coefficients.py, and puts the weights that it judged in their place:
resources/, and their size and digest in models.yaml. A mark counts by the root of its area, and no
page for more than MOST: one halftone of which the network takes every dot for dust would decide for
all others.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from restoration.examine.damage.coefficients import MIDDLE, OWN, SPREAD
from restoration.examine.damage.detector import Detector, detector_of
from restoration.examine.damage.judgement import AREA, GROUPS, DamageEvidence, terms
from restoration.examine.damage.marks import figures_of, kinds_of, pieces_of
from restoration.findings.damage import KINDS
from training.damage.generator import IGNORED, damaged_picture
from training.damage.overlays import Overlays
from training.damage.pictures import PictureSource
from training.damage.split import overlay_files, packaged_files, photograph_files

ROOT = Path(__file__).resolve().parents[2]

SHIPPED = ROOT / "resources/damage-detector.safetensors"

COEFFICIENTS = ROOT / "scripts/restoration/examine/damage/coefficients.py"

SIDE = 512
"""Of the pictures, in pixels."""

TRUE_SHARE, FALSE_SHARE = 0.5, 0.15
"""Share of its judged pixels that are damage from which a mark is true, and up to which it is
false; what lies between is not learned from."""

MOST, LARGEST, UNIT = 25.0, 12.0, 16.0
"""Weight of the marks of a group on one page together, and of one mark, at most, where a mark of
UNIT pixels weighs 1."""

STEADY = 1e-3
"""Weight of the squares of the coefficients, of that of all marks."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class JudgedPage:
    """The marks that the network sees on one page."""

    figures: Floats
    """(FIGURES, n)."""
    kind: npt.NDArray[np.intp]
    light: npt.NDArray[np.bool_]
    share: Floats
    """Of the mark's judged pixels that are damage."""
    area: Floats

    def known(self, group: str) -> npt.NDArray[np.bool_]:
        """Marks of the group that are plainly true or plainly false."""
        chosen = np.isin(self.kind, [KINDS.index(name) for name in GROUPS[group]])
        return chosen & ((self.share >= TRUE_SHARE) | (self.share <= FALSE_SHARE))

    def weights(self, group: str) -> Floats:
        """Of each of its known marks."""
        own = np.minimum(np.sqrt(self.area[self.known(group)] / UNIT), LARGEST)
        return np.asarray(own * min(1.0, MOST / max(1e-9, float(own.sum()))))


def seen_pages(
    detector: Detector, source: PictureSource, overlays: Overlays, count: int, seed: int
) -> list[JudgedPage]:
    """The marks that the network sees on ``count`` pictures; pages without any are left out."""
    pages = []
    for number in range(count):
        picture = damaged_picture(source, overlays, SIDE, np.random.default_rng((seed, 3, number)))
        plane = picture.pixels.astype(np.float32) / np.float32(255)
        evidence = detector.search(plane)
        pieces = pieces_of(evidence)
        if pieces.count == 0:
            continue
        inside = pieces.inside
        label = picture.label.ravel()[inside.index]
        true = np.bincount(inside.piece[(label > 0) & (label != IGNORED)], minlength=pieces.count)
        judged = np.bincount(inside.piece[label != IGNORED], minlength=pieces.count)
        pages.append(
            JudgedPage(
                figures_of(pieces, evidence.probability, plane),
                kinds_of(pieces, evidence.kind).astype(np.intp),
                np.asarray(inside.mean(plane) > pieces.ring(1, 4).mean(plane)),
                np.where(judged > 0, true / np.maximum(judged, 1), 0.3),
                pieces.area,
            )
        )
    return pages


def fitted(design: Floats, true: npt.NDArray[np.bool_], weight: Floats, known: Floats) -> Floats:
    """Coefficients of a weighted logistic regression by Newton's method. design: (n, terms), of
    which the first is a constant and free; known: what is added to the odds, (n,)."""
    found = np.zeros(design.shape[1])
    steady = STEADY * weight.sum() * np.eye(len(found))
    steady[0, 0] = 0.0
    for _ in range(60):
        chance = 1 / (1 + np.exp(-np.clip(design @ found + known, -30, 30)))
        slope = design.T @ (weight * (true - chance)) - steady @ found
        curve = (design * (weight * chance * (1 - chance))[:, None]).T @ design + steady
        step = np.linalg.solve(curve + 1e-9 * np.eye(len(found)), slope)
        found = found + step
        if np.abs(step).max() < 1e-8:
            break
    return np.asarray(found)


def fit_own(pages: list[JudgedPage], group: str) -> Floats:
    """Coefficients of the terms of the marks of a group."""
    design = np.concatenate([terms(page.figures[:, page.known(group)]) for page in pages])
    true = np.concatenate([page.share[page.known(group)] >= TRUE_SHARE for page in pages])
    weight = np.concatenate([page.weights(group) for page in pages])
    return fitted(design, true, weight, np.zeros(len(true)))


def fit_page(pages: list[JudgedPage], own: dict[str, Floats]) -> tuple[dict[str, Floats], float]:
    """What the page adds: coefficients by group (constant, all, group, doubtful), and of polarity,
    which is one for all groups."""
    rows: list[Floats] = []
    true: list[npt.NDArray[np.bool_]] = []
    weights: list[Floats] = []
    known: list[Floats] = []
    for page in pages:
        odds = odds_of(page, own)
        said = DamageEvidence.of(odds, page.kind, page.light, AREA)
        for number, group in enumerate(own):
            chosen = page.known(group)
            row = np.zeros((int(chosen.sum()), len(own) * 4 + 1))
            row[:, 4 * number : 4 * number + 4] = (
                1.0,
                said.likely,
                said.by_group[group],
                said.doubtful,
            )
            row[:, -1] = np.where(page.light[chosen], said.light, said.dark)
            rows.append(row)
            true.append(page.share[chosen] >= TRUE_SHARE)
            weights.append(page.weights(group))
            known.append(odds[chosen])
    found = fitted(
        np.concatenate(rows), np.concatenate(true), np.concatenate(weights), np.concatenate(known)
    )
    by_group = {group: found[4 * number : 4 * number + 4] for number, group in enumerate(own)}
    return by_group, float(found[-1])


def odds_of(page: JudgedPage, own: dict[str, Floats]) -> Floats:
    """Own odds of a page's marks, of wide ones none."""
    out = np.full(len(page.kind), -9.0)
    for group, weights in own.items():
        chosen = np.isin(page.kind, [KINDS.index(name) for name in GROUPS[group]])
        out[chosen] = terms(page.figures[:, chosen]) @ weights
    return out


def written(own: dict[str, Floats], by_page: dict[str, Floats], polarity: float) -> str:
    """The module of the coefficients."""

    def listed(values: Sequence[float] | Floats) -> str:
        return f"({', '.join(f'{one:.4f}' for one in values)})"

    lines = [
        '"""Coefficients of the odds of marks, from training/damage/judge.py: see judgement."""',
        "",
        f"MIDDLE = {listed(MIDDLE)}",
        f"SPREAD = {listed(SPREAD)}",
        '"""Of marks.FIGURES: where they mostly lie, and how far around."""',
        "",
        "OWN: dict[str, tuple[float, ...]] = {",
        *(f'    "{group}": {listed(weights)},' for group, weights in own.items()),
        "}",
        '"""By group: of judgement.terms, a mark by itself."""',
        "",
        "PAGE: dict[str, tuple[float, float, float, float]] = {",
        *(f'    "{group}": {listed(weights)},' for group, weights in by_page.items()),
        "}",
        '"""What a page adds to the marks of a group: a constant, and for each e-fold of likely',
        'marks on it of any kind, of likely marks of the group, and of doubtful marks."""',
        "",
        f"POLARITY = {polarity:.4f}",
        '"""What it adds for each e-fold of likely marks that are, like the mark itself, lighter',
        '(or darker) than what lies around: what falls onto one page mostly has one colour."""',
    ]
    return "\n".join(lines) + "\n"


def adopt(weights: Path) -> None:
    """Puts weights in the place of those of the repository. Raises ValueError where models.yaml has
    no entry of the form that is expected."""
    data, manifest = weights.read_bytes(), ROOT / "resources/models.yaml"
    if weights.resolve() != SHIPPED:
        SHIPPED.write_bytes(data)
    entry = f"- name: {SHIPPED.name}\n      bytes: {len(data)}\n      sha256: "
    text, count = re.subn(
        rf"- name: {re.escape(SHIPPED.name)}\n      bytes: \d+\n      sha256: [0-9a-f]{{64}}",
        entry + hashlib.sha256(data).hexdigest(),
        manifest.read_text(encoding="utf-8"),
    )
    if count != 1:
        raise ValueError(f"{manifest}: expected one entry of {SHIPPED.name}, found {count}")
    manifest.write_text(text, encoding="utf-8")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--overlays", type=Path, required=True)
    parser.add_argument("--photographs", type=Path, required=True)
    parser.add_argument("--weights", type=Path, default=SHIPPED)
    parser.add_argument("--pictures", type=int, default=1200)
    parser.add_argument("--seed", type=int, default=19)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    files = [*photograph_files(given.photographs, "tuning"), *packaged_files("tuning")]
    pages = seen_pages(
        detector_of(given.weights.read_bytes()),
        PictureSource.of(files, given.seed),
        Overlays.of(overlay_files(given.overlays, "tuning")),
        given.pictures,
        given.seed,
    )
    own = {group: fit_own(pages, group) for group in OWN}
    by_page, polarity = fit_page(pages, own)
    COEFFICIENTS.write_text(written(own, by_page, polarity), encoding="utf-8")
    adopt(given.weights)
    subprocess.run([sys.executable, "-m", "ruff", "format", "-q", str(COEFFICIENTS)], check=True)


if __name__ == "__main__":
    main()
