"""Fits the judgement of dust and lines on damage simulated on photographs, and prints how good it
is on photographs that it was not fitted on.

    python tests/benchmarks/fit_damage.py [--write]

``--write`` replaces scripts/restoration/examine/damage/coefficients.py. Pictures are those that
scikit-image carries in its wheel; the quality bench uses others, and other simulators.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "scripts")]

from restoration.examine.damage import dust, lines
from restoration.examine.damage.classifier import REACH
from restoration.examine.damage.evidence import both_polarities, luminance
from support import simulated_scans
from support.damaged_scans import Damaged, damaged

PICTURES = [
    "astronaut",
    "camera",
    "chelsea",
    "coffee",
    "rocket",
    "motorcycle",
    "coins",
    "moon",
    "hubble_deep_field",
    "brick",
    "grass",
    "gravel",
    "page",
    "text",
    "immunohistochemistry",
    "retina",
    "leaves1",
    "leaves2",
]
VARIANTS = ("as it is", "enlarged", "blurred")
SIDE = 700
RIDGE = 3.0
Rows = list[tuple[int, dict[str, npt.NDArray[np.float64]], npt.NDArray[np.int64]]]


def picture(name: str, variant: str) -> npt.NDArray[np.float32]:
    """A photograph as sharp as its pixels, or softer, as scans at 1200 ppi are."""
    if name == "motorcycle":
        from skimage import data

        folder = Path(data.__file__).parent
        stored = cv2.imread(str(folder / "motorcycle_left.png"))[:, :, ::-1]
        pixels = stored.astype(np.float32) / np.float32(255)
    else:
        pixels = simulated_scans.picture(name)
    pixels = np.ascontiguousarray(pixels[:SIDE, :SIDE])
    channels = pixels.shape[2]
    if variant == "enlarged":
        part = np.ascontiguousarray(pixels[: SIDE // 2, : SIDE // 2])
        pixels = cv2.resize(part, None, fx=1.9, fy=1.9, interpolation=cv2.INTER_CUBIC)
    elif variant == "blurred":
        pixels = cv2.GaussianBlur(pixels, (0, 0), 1.0)
    return np.clip(pixels, 0, 1).reshape(*pixels.shape[:2], channels)


def labelled(rounds: int) -> tuple[Rows, Rows]:
    """Figures of all pieces; 1 where a piece is damage that can be seen, 0 where it is picture, -1
    where it is neither for certain."""
    specks: Rows = []
    ruled: Rows = []
    for number, name in enumerate(PICTURES):
        for kind, variant in enumerate(VARIANTS):
            for again in range(rounds):
                truth = picture(name, variant)
                area = truth.shape[0] * truth.shape[1] / SIDE**2
                seed = 1000 * again + 10 * number + kind
                noise = (0.5, 1.0, 3.0)[(number + kind + again) % 3]
                soft = (0.4, 0.6, 0.9)[(number + 2 * kind + again) % 3]
                some: dict[str, Any] = {"light": 0.6, "noise": noise, "softness": soft}
                # Every other scan as the scanner's software or a web site left it.
                some["sharpening"] = (0.0, 0.0, 0.8, 0.0, 1.6, 0.8)[(number + again + 3 * kind) % 6]
                some["jpeg"] = (None, None, 90, None, 75)[(2 * number + again + kind) % 5]
                specks += _dust(
                    number,
                    damaged(
                        truth, seed, dust=int(100 * area), hairs=int(8 * area), scratches=0, **some
                    ),
                )
                ruled += _lines(
                    number,
                    damaged(truth, seed + 500, dust=int(10 * area), hairs=2, scratches=6, **some),
                )
    return specks, ruled


def _seen(scan: Damaged, times: float) -> npt.NDArray[np.bool_]:
    """Damage that a person sees: it differs by 10/255 and exceeds the picture's own texture."""
    plane = luminance(scan.truth)
    fine = plane - cv2.GaussianBlur(plane, (0, 0), 3)
    texture = np.sqrt(np.maximum(cv2.blur(fine * fine, (25, 25)), 0))
    differs = np.abs(scan.pixels - scan.truth).max(axis=2)
    return scan.mask & (differs > np.maximum(10 / 255, times * texture))


def _share(labels: npt.NDArray[np.int32], count: int, mask: Any) -> npt.NDArray[np.float64]:
    inside = np.bincount(labels[mask], minlength=count + 1)[1:]
    return inside / np.maximum(np.bincount(labels.ravel(), minlength=count + 1)[1:], 1)


def _grown(mask: Any) -> npt.NDArray[np.bool_]:
    return cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0


def _dust(number: int, scan: Damaged) -> Rows:
    rows: Rows = []
    seen, near = _seen(scan, 2.5), _grown(scan.mask)
    lighter = luminance(scan.pixels) > luminance(scan.truth)
    for evidence in both_polarities(scan.pixels):
        found = dust.candidates(evidence)
        if found.pieces.count:
            labels, count = found.pieces.labels, found.pieces.count
            hit = _share(labels, count, seen & (lighter == evidence.light)) >= 0.4
            doubt = _share(labels, count, near) > 0.05
            rows.append((number, found.figures, np.where(hit, 1, np.where(doubt, -1, 0))))
    return rows


def _lines(number: int, scan: Damaged) -> Rows:
    rows: Rows = []
    long = scan.masks["scratches"] | scan.masks["hairs"]
    seen, near = _seen(scan, 1.0) & long, _grown(scan.mask)
    lighter = luminance(scan.pixels) > luminance(scan.truth)
    for evidence in both_polarities(scan.pixels):
        own = _pooled(seen & (lighter == evidence.light))
        for one in lines.lines(evidence):
            labels, count = one.pieces.labels, one.pieces.count
            hit = _share(labels, count, _grown(own)) >= 0.6
            doubt = _share(labels, count, _grown(_pooled(near))) > 0.15
            rows.append((number, one.figures, np.where(hit, 1, np.where(doubt, -1, 0))))
    return rows


def _pooled(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    height, width = (side // lines.POOL * lines.POOL for side in mask.shape)
    pool = lines.POOL
    return mask[:height, :width].reshape(height // pool, pool, width // pool, pool).any(axis=(1, 3))


def fit(design: Any, damage: Any) -> Any:
    """Logistic regression; squares may only speak against a piece, so that nothing far from the
    fit is taken for sure."""
    figures = (design.shape[1] - 1) // 2

    def loss(weights: Any) -> Any:
        odds = design @ weights
        chance = 1 / (1 + np.exp(-np.clip(odds, -50, 50)))
        value = np.logaddexp(0, -odds) @ damage + np.logaddexp(0, odds) @ ~damage
        slope = design.T @ (chance - damage) + RIDGE * np.r_[0, weights[1:]]
        return value + RIDGE / 2 * weights[1:] @ weights[1:], slope

    bounds = [(None, None)] * (1 + figures) + [(None, 0)] * figures
    start = np.zeros(design.shape[1])
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 600}
    )
    return found.x


def judged(rows: Rows, what: str) -> str:
    """The coefficients as Python, and on the way what they are worth."""
    names = list(rows[0][1])
    figures = np.concatenate([np.stack([row[1][name] for name in names], 1) for row in rows])
    label = np.concatenate([row[2] for row in rows])
    group = np.concatenate([np.full(len(row[2]), row[0]) for row in rows])
    sure = label >= 0
    figures, damage, group = figures[sure], label[sure] > 0, group[sure]
    mean, deviation = figures.mean(0), figures.std(0) + 1e-9
    scaled = np.clip((figures - mean) / deviation, -REACH, REACH)
    design = np.hstack([np.ones((len(scaled), 1)), scaled, scaled**2])
    odds = np.zeros(len(damage))
    for held_out in sorted(set(group)):
        other = group != held_out
        odds[~other] = design[~other] @ fit(design[other], damage[other])
    order = np.argsort(-odds)
    hits = np.cumsum(damage[order])
    precision, recall = hits / np.arange(1, len(order) + 1), hits / damage.sum()
    print(f"{what}: {len(damage)} pieces, {damage.sum()} damage, each picture judged by the others")
    for wanted in (0.95, 0.9, 0.8, 0.7):
        reached = recall[precision >= wanted]
        print(f"  precision {wanted:.2f}: recall {reached.max() if len(reached) else 0:.3f}")
    weights = fit(design, damage)
    entries = [
        f'        "{name}": ({mean[i]:.4g}, {deviation[i]:.4g}, {weights[1 + i]:.3f}, '
        f"{weights[1 + len(names) + i]:.3f}),"
        for i, name in enumerate(names)
    ]
    head = f"{what} = Judgement(\n    share={damage.mean():.4g},\n    bias={weights[0]:.4g},\n"
    return head + "    figures={\n" + "\n".join(entries) + "\n    },\n)\n"


HEAD = '''"""The judgement of pieces: made by tests/benchmarks/fit_damage.py, not by hand.

By figure: mean and deviation over the pieces of the fit, linear and square coefficient.
"""

from __future__ import annotations

from restoration.examine.damage.classifier import Judgement

'''


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    specks, ruled = labelled(arguments.rounds)
    text = HEAD + judged(specks, "DUST") + "\n" + judged(ruled, "LINES")
    if arguments.write:
        target = ROOT / "scripts/restoration/examine/damage/coefficients.py"
        target.write_text(text)


if __name__ == "__main__":
    main()
