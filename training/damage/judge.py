"""Fits the odds of whole marks, on pictures and overlays on which the network was not trained.

.venv/bin/python training/damage/judge.py --overlays folder --photographs folder --weights file
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from restoration.examine.damage.detector import Detector, detector_of
from restoration.examine.damage.judgement import GROUPS
from restoration.examine.damage.marks import FIGURES, LEAST, figures_of
from restoration.examine.damage.pieces import Pieces
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

STEADY = 1e-2
"""Weight of the squares of the coefficients."""


@dataclass
class Gathered:
    """Marks of many pictures."""

    figures: list[npt.NDArray[np.float64]] = field(default_factory=list)
    kind: list[npt.NDArray[np.uint8]] = field(default_factory=list)
    share: list[npt.NDArray[np.float64]] = field(default_factory=list)
    """Of the mark's pixels that are damage."""
    page: list[npt.NDArray[np.int64]] = field(default_factory=list)

    def all(self) -> tuple[npt.NDArray[np.float64], ...]:
        """Figures (FIGURES, n), kind, share of damage, number of the page."""
        return (
            np.concatenate(self.figures, axis=1),
            np.concatenate(self.kind).astype(np.float64),
            np.concatenate(self.share),
            np.concatenate(self.page).astype(np.float64),
        )


def gather(
    detector: Detector, source: PictureSource, overlays: Overlays, count: int, seed: int
) -> Gathered:
    """The marks that the network sees on ``count`` pictures."""
    found = Gathered()
    for number in range(count):
        rng = np.random.default_rng((seed, 3, number))
        picture = damaged_picture(source, overlays, SIDE, rng)
        plane = picture.pixels.astype(np.float32) / np.float32(255)
        evidence = detector.search(plane)
        pieces = Pieces.of(evidence.probability >= LEAST)
        if pieces.count == 0:
            continue
        inside = pieces.inside
        label = picture.label.ravel()[inside.index]
        true = np.bincount(inside.piece[(label > 0) & (label != IGNORED)], minlength=pieces.count)
        judged = np.bincount(inside.piece[label != IGNORED], minlength=pieces.count)
        votes = np.stack(
            [
                np.bincount(
                    inside.piece[evidence.kind.ravel()[inside.index] == kind],
                    minlength=pieces.count,
                )
                for kind in range(len(KINDS))
            ]
        )
        found.figures.append(figures_of(pieces, evidence.probability, plane))
        found.kind.append(votes.argmax(axis=0).astype(np.uint8))
        found.share.append(np.where(judged > 0, true / np.maximum(judged, 1), 0.3))
        found.page.append(np.full(pieces.count, number))
    return found


def fitted(
    figures: npt.NDArray[np.float64], true: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Coefficients of a logistic regression, the constant first, by Newton's method."""
    design = np.concatenate([np.ones((1, figures.shape[1])), figures]).T
    weights = np.zeros(design.shape[1])
    steady = STEADY * np.eye(len(weights))
    steady[0, 0] = 0.0
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        slope = design.T @ (true - chance) - len(true) * steady @ weights * 1e-2
        curve = (design * (chance * (1 - chance))[:, None]).T @ design
        step = np.linalg.solve(curve + len(true) * steady * 1e-2, slope)
        weights = weights + step
        if np.abs(step).max() < 1e-8:
            break
    return weights


def main() -> None:
    """The command line: prints the coefficients for examine/damage/judgement.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--overlays", type=Path, required=True)
    parser.add_argument("--photographs", type=Path, required=True)
    parser.add_argument(
        "--weights", type=Path, default=ROOT / "resources/damage-detector.safetensors"
    )
    parser.add_argument("--pictures", type=int, default=500)
    parser.add_argument("--seed", type=int, default=19)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    detector = detector_of(given.weights.read_bytes())
    files = [*photograph_files(given.photographs, "tuning"), *packaged_files("tuning")]
    source = PictureSource.of(files, given.seed)
    overlays = Overlays.of(overlay_files(given.overlays, "tuning"))
    found = gather(detector, source, overlays, given.pictures, given.seed)
    figures, kind, share, _ = found.all()
    print("figures:", ", ".join(FIGURES))
    for group, kinds in GROUPS.items():
        chosen = np.isin(kind, [KINDS.index(name) for name in kinds])
        chosen &= (share >= TRUE_SHARE) | (share <= FALSE_SHARE)
        true = share[chosen] >= TRUE_SHARE
        if true.all() or not true.any():
            print(f'"{group}": too few marks to fit: {len(true)}, {int(true.sum())} true')
            continue
        weights = fitted(figures[:, chosen], true)
        odds = weights[0] + weights[1:] @ figures[:, chosen]
        sure = odds > np.log(9)
        print(
            f'"{group}": ({", ".join(f"{one:.4f}" for one in weights)}),  '
            f"# share {true.mean():.3f} of {len(true)} marks; "
            f"at 0.9: {int((true & sure).sum())} true, {int((~true & sure).sum())} false"
        )


if __name__ == "__main__":
    main()
