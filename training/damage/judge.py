"""Fits the odds of whole marks, on pictures and overlays on which the network was not trained.

PYTHONPATH=.:scripts python -m training.damage.judge --overlays folder --photographs folder

Prints what is to be written into examine/damage/judgement.py. No page counts for more than MOST of
its marks: one halftone of which the network takes every dot for dust would decide for all others.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from restoration.examine.damage.detector import Detector, detector_of
from restoration.examine.damage.judgement import AREA, GROUPS, LIKELY, PAGE, evidence_of_page
from restoration.examine.damage.marks import FIGURES, figures_of, kinds_of, pieces_of
from restoration.findings.damage import KINDS
from training.damage.generator import IGNORED, damaged_picture
from training.damage.overlays import Overlays
from training.damage.pictures import PictureSource
from training.damage.split import overlay_files, packaged_files, photograph_files

ROOT = Path(__file__).resolve().parents[2]

WEIGHTS = "damage-detector.safetensors"

SIDE = 512
"""Of the pictures, in pixels."""

TRUE_SHARE, FALSE_SHARE = 0.5, 0.15
"""Share of its judged pixels that are damage from which a mark is true, and up to which it is
false; what lies between is not learned from."""

MOST = 15.0
"""Marks of a group on one page count together as so many at most."""

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

    def known(self, group: str) -> npt.NDArray[np.bool_]:
        """Marks of the group that are plainly true or plainly false."""
        chosen = np.isin(self.kind, [KINDS.index(name) for name in GROUPS[group]])
        return chosen & ((self.share >= TRUE_SHARE) | (self.share <= FALSE_SHARE))

    def weight(self, group: str) -> float:
        """Of each mark of the group."""
        return min(1.0, MOST / max(1, int(self.known(group).sum())))


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
            )
        )
    return pages


def fitted(design: Floats, true: npt.NDArray[np.bool_], weight: Floats, known: Floats) -> Floats:
    """Coefficients of a weighted logistic regression by Newton's method; the constant, which is
    first, is free. design: (n, figures); known: what is added to the odds, (n,)."""
    design = np.concatenate([np.ones((len(design), 1)), design], axis=1)
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
    """Coefficients of the figures of the marks of a group, the constant first."""
    chosen = [page.known(group) for page in pages]
    return fitted(
        np.concatenate(
            [page.figures[:, own] for page, own in zip(pages, chosen, strict=True)], 1
        ).T,
        np.concatenate(
            [page.share[own] >= TRUE_SHARE for page, own in zip(pages, chosen, strict=True)]
        ),
        np.concatenate(
            [
                np.full(int(own.sum()), page.weight(group))
                for page, own in zip(pages, chosen, strict=True)
            ]
        ),
        np.zeros(sum(int(own.sum()) for own in chosen)),
    )


def fit_page(pages: list[JudgedPage], own: dict[str, Floats]) -> tuple[dict[str, Floats], float]:
    """What the page adds: coefficients by group (constant, all, group, doubtful), and of polarity,
    which is one for all groups."""
    rows: list[Floats] = []
    true: list[npt.NDArray[np.bool_]] = []
    weights: list[Floats] = []
    known: list[Floats] = []
    width = len(PAGE) * 4
    for page in pages:
        odds = odds_of(page, own)
        said = evidence_of_page(odds, page.kind, page.light, AREA)
        for number, group in enumerate(PAGE):
            chosen = page.known(group)
            row = np.zeros((int(chosen.sum()), width + 1))
            here = (1.0, said["all"], said[group], said["doubtful"])
            row[:, 4 * number : 4 * number + 4] = here
            row[:, width] = np.where(page.light[chosen], said["light"], said["dark"])
            rows.append(row)
            true.append(page.share[chosen] >= TRUE_SHARE)
            weights.append(np.full(len(row), page.weight(group)))
            known.append(odds[chosen])
    # The constants of the groups take the place of a common one.
    found = fitted(
        np.concatenate(rows)[:, 1:], np.concatenate(true), np.concatenate(weights),
        np.concatenate(known),
    )  # fmt: skip
    by_group: dict[str, Floats] = {}
    for number, group in enumerate(PAGE):
        own_part = found[4 * number : 4 * number + 4].copy()
        if number:
            own_part[0] += found[0]
        by_group[group] = own_part
    return by_group, float(found[width])


def odds_of(page: JudgedPage, own: dict[str, Floats]) -> Floats:
    """Own odds of a page's marks, of wide ones none."""
    out = np.full(len(page.kind), -9.0)
    for group, weights in own.items():
        chosen = np.isin(page.kind, [KINDS.index(name) for name in GROUPS[group]])
        out[chosen] = weights[0] + weights[1:] @ page.figures[:, chosen]
    return out


def main() -> None:
    """The command line: prints the coefficients for examine/damage/judgement.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--overlays", type=Path, required=True)
    parser.add_argument("--photographs", type=Path, required=True)
    parser.add_argument(
        "--weights", type=Path, default=ROOT / "resources/damage-detector.safetensors"
    )
    parser.add_argument("--pictures", type=int, default=800)
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
    print("figures:", ", ".join(FIGURES), f"; likely from own odds of {LIKELY}")
    own = {group: fit_own(pages, group) for group in PAGE}
    by_page, polarity = fit_page(pages, own)
    for group in PAGE:
        print(f'COEFFICIENTS["{group}"] = ({", ".join(f"{one:.4f}" for one in own[group])})')
    for group in PAGE:
        print(f'PAGE["{group}"] = ({", ".join(f"{one:.4f}" for one in by_page[group])})')
    print(f"POLARITY = {polarity:.4f}")


if __name__ == "__main__":
    main()
