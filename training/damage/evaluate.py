"""How good the detector is, on a part of the data that it was not trained on.

PYTHONPATH=.:scripts python -m training.damage.evaluate --overlays folder --photographs folder

Prints, and writes as JSON: what is found of plain damage by kind and how much of what is found is
damage; what is found on pages without any; and the reliability curve: how many marks of a stated
probability are damage.
"""

from __future__ import annotations

import argparse
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from restoration.examine.damage.detector import Detector, detector_of
from restoration.examine.damage.judgement import on_page, page_shifts
from restoration.examine.damage.marks import Marks, marks
from restoration.examine.damage.odds import probability
from restoration.findings.damage import KINDS
from training.damage.generator import IGNORED, DamagedPicture, damaged_picture
from training.damage.judge import FALSE_SHARE, SIDE, TRUE_SHARE
from training.damage.overlays import Overlays
from training.damage.pictures import PictureSource
from training.damage.split import overlay_files, packaged_files, photograph_files

ROOT = Path(__file__).resolve().parents[2]

CERTAIN = 0.9
"""Probability at which shares and precision are told. By default a mark is filled from 0.98 on:
scenes that are harder than these pictures ask for it."""

PLAIN = 0.1
"""Change of luminance that is plain to see."""

EDGES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.99, 1.0)
"""Of the probabilities that are told together."""


def seen(detector: Detector, picture: DamagedPicture) -> tuple[Marks, npt.NDArray[np.float64]]:
    """The marks of a picture, and the probability of each after the page was heard."""
    plane = picture.pixels.astype(np.float32) / np.float32(255)
    found = marks(detector.search(plane), plane)
    kind = found.kind.astype(np.intp)
    shifts = page_shifts(found.own_odds, kind, found.light, float(plane.size))
    moved = on_page(found.own_odds, kind, found.light, shifts)
    return found, probability(moved)


def evaluated(
    detector: Detector, source: PictureSource, overlays: Overlays, count: int, seed: int
) -> dict[str, Any]:
    """The figures of ``count`` pictures."""
    plain = {kind: [0, 0] for kind in KINDS}
    right = found_all = sound = touched = wrong = 0
    rows: list[npt.NDArray[np.float64]] = []
    for number in range(count):
        picture = damaged_picture(source, overlays, SIDE, np.random.default_rng((seed, 4, number)))
        found, sure = seen(detector, picture)
        chosen = np.concatenate([[False], sure > CERTAIN])[found.labels]
        damage = (picture.label > 0) & (picture.label != IGNORED)
        changed = np.abs(picture.pixels.astype(np.int16) - picture.clean) >= PLAIN * 255
        for place, kind in enumerate(KINDS):
            own = (picture.label == place + 1) & changed
            plain[kind][0] += int((own & chosen).sum())
            plain[kind][1] += int(own.sum())
        near = cv2.dilate((picture.label > 0).view(np.uint8), np.ones((3, 3), np.uint8)) > 0
        right += int((chosen & near).sum())
        found_all += int(chosen.sum())
        if not damage.any():
            sound += 1
            touched += bool(chosen.any())
            wrong += int(chosen.sum())
        inside = found.labels > 0
        own = found.labels[inside] - 1
        judged = np.bincount(own[picture.label[inside] != IGNORED], minlength=len(sure))
        true = np.bincount(own[damage[inside]], minlength=len(sure))
        rows.append(np.stack([sure, true / np.maximum(judged, 1), found.area]))
    sure, share, _ = np.concatenate(rows, axis=1)
    known = (share >= TRUE_SHARE) | (share <= FALSE_SHARE)
    curve = []
    for low, high in pairwise(EDGES):
        some = known & (sure >= low) & (sure < high)
        if some.any():
            curve.append(
                {
                    "stated": round(float(sure[some].mean()), 3),
                    "true": round(float((share[some] >= TRUE_SHARE).mean()), 3),
                    "marks": int(some.sum()),
                }
            )
    return {
        "found": {
            kind: {"share": round(hit / max(1, of), 3), "plain_px": of}
            for kind, (hit, of) in plain.items()
        },
        "precision": round(right / max(1, found_all), 3),
        "sound": {"pictures": sound, "touched": touched, "px": wrong},
        "reliability": curve,
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--overlays", type=Path, required=True)
    parser.add_argument("--photographs", type=Path, required=True)
    parser.add_argument(
        "--weights", type=Path, default=ROOT / "resources/damage-detector.safetensors"
    )
    parser.add_argument("--part", choices=("training", "tuning", "showing"), default="showing")
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    files = [*photograph_files(given.photographs, given.part), *packaged_files(given.part)]
    figures = evaluated(
        detector_of(given.weights.read_bytes()),
        PictureSource.of(files, given.seed),
        Overlays.of(overlay_files(given.overlays, given.part)),
        given.pictures,
        given.seed,
    )
    text = json.dumps({"part": given.part, "pictures": given.pictures, **figures}, indent=1)
    print(text)
    if given.out is not None:
        given.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
