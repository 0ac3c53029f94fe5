"""Dust, hairs and fibres: small pieces that stand out sharply from quiet surroundings."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from restoration.examine.damage.evidence import CAP, CLUTTER, FAINTEST, Residuals
from restoration.examine.damage.pieces import Figures, Pieces, ratio

LOW, HIGH = 3.0, 5.0
"""A piece stands out by HIGH deviations of the noise somewhere, by LOW everywhere."""

LOW_CLUTTER, HIGH_CLUTTER = 1.5, 3.0
"""And by so many times the mean of what stands out around it, of either polarity."""

PLAINEST = 12.0 / 255.0
"""Least contrast of a piece that is judged."""

BODY = 0.4
"""Share of its own peak above which a pixel belongs to a piece: about half of its profile."""

NEIGHBOURS = 24
NEAR = 48.0
"""Other pieces that are compared with a piece: at most so many, within so many pixels."""


@dataclass(frozen=True)
class Candidates:
    """Pieces of one polarity that may be dust, and what is known of each."""

    pieces: Pieces
    figures: dict[str, Figures]


def candidates(evidence: Residuals) -> Candidates:
    """What stands out far enough to be judged. The figures' names are those of the judgement."""
    raised, noise = evidence.raised, evidence.noise
    low = np.maximum(max(LOW * noise, FAINTEST), LOW_CLUTTER * evidence.clutter)
    coarse = Pieces.of(raised > low)
    peak = coarse.inside.highest(raised)
    busy = np.maximum(evidence.clutter, evidence.other_clutter)
    high = np.maximum(max(HIGH * noise, PLAINEST), HIGH_CLUTTER * busy)
    standing = coarse.inside.highest((raised > high).astype(np.float32)) > 0
    body = coarse.kept(standing) & (raised > np.float32(BODY) * coarse.each(peak))
    pieces = Pieces.of(body)
    # What the window's border cuts is the edge of the sheet, or cannot be judged from here.
    pieces = Pieces.of(pieces.kept(~_cut(pieces)))
    if pieces.count == 0:
        return Candidates(pieces, {})
    return Candidates(pieces, {**_own(pieces, evidence), **_company(pieces, evidence)})


def _cut(pieces: Pieces) -> npt.NDArray[np.bool_]:
    """True for each piece that touches the window's border."""
    labels = pieces.labels
    cut = np.zeros(pieces.count + 1, np.bool_)
    for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        cut[side] = True
    return cut[1:]


def _own(pieces: Pieces, evidence: Residuals) -> dict[str, Figures]:
    """Figures of the piece and of what touches it."""
    plane, inside, ring = evidence.plane, pieces.inside, pieces.ring(1, 5)
    median, low, high = ring.quantiles(plane, 0.5, 0.1, 0.9)
    peak = inside.highest(plane)
    contrast = np.maximum(peak - median, 2.0 / 255.0)
    spread = 1.4826 * ring.spread(plane, median) + evidence.noise
    (steep,) = pieces.grown(1).quantiles(evidence.slope, 0.75)
    clutter, other = _around(pieces, evidence)
    chroma, change = _chroma(pieces, evidence)
    extent = np.maximum(pieces.tall, pieces.wide)
    return {
        "contrast": np.log(contrast),
        "above_spread": np.log(contrast / spread),
        "steepness": np.log(steep / contrast + 0.01),
        "ring_range": ratio(high - low, contrast),
        "ring_other": ratio(ring.mean(evidence.sunk), contrast),
        "chroma": chroma,
        "chroma_change": change,
        "level": peak,
        "area": np.log(pieces.area),
        "extent": np.log(extent),
        "thickness": np.log(pieces.area / _rim(pieces)),
        "clutter": np.log(clutter / contrast + 1e-4),
        "other_clutter": np.log(other / contrast + 1e-4),
    }


def _around(pieces: Pieces, evidence: Residuals) -> tuple[Figures, Figures]:
    """Texture of both polarities around each piece, its own part taken off."""
    rows = np.clip(pieces.row.astype(np.intp), 0, evidence.plane.shape[0] - 1)
    columns = np.clip(pieces.column.astype(np.intp), 0, evidence.plane.shape[1] - 1)
    capped = pieces.inside.mean(np.minimum(evidence.raised, np.float32(CAP)))
    own = capped * pieces.area / CLUTTER**2
    clutter = np.maximum(evidence.clutter[rows, columns] - own, 0.0)
    return clutter, evidence.other_clutter[rows, columns].astype(np.float64)


def _chroma(pieces: Pieces, evidence: Residuals) -> tuple[Figures, Figures]:
    """Of the piece, and how much more than around it: dust is white or black, never coloured."""
    plane = evidence.chroma
    if plane is None:
        return np.zeros(pieces.count), np.zeros(pieces.count)
    (around,) = pieces.ring(1, 5).quantiles(plane, 0.5)
    own = pieces.inside.mean(plane)
    return own, own - around


def _rim(pieces: Pieces) -> Figures:
    """Pixels of each piece that touch its outside."""
    mask = (pieces.labels > 0).view(np.uint8)
    inner = cv2.erode(mask, np.ones((3, 3), np.uint8))
    counted = np.bincount(pieces.labels[(mask > 0) & (inner == 0)], minlength=pieces.count + 1)
    return np.maximum(counted[1:], 1).astype(np.float64)


def _company(pieces: Pieces, evidence: Residuals) -> dict[str, Figures]:
    """Figures of the wider ring, and of the other pieces nearby."""
    plane = evidence.plane
    contrast = np.maximum(pieces.inside.highest(evidence.raised), 1e-3)
    ring = pieces.ring(2, 9)
    fine = np.abs(cv2.Laplacian(plane, cv2.CV_32F, ksize=1))
    (busy,) = ring.quantiles(fine, 0.9)
    low, high = ring.quantiles(plane, 0.05, 0.95)
    (steep,) = ring.quantiles(evidence.slope, 0.9)
    (own,) = pieces.grown(2).quantiles(evidence.slope, 0.8)
    return {
        "texture": np.log(busy / contrast + 0.02),
        "wide_range": ratio(high - low, contrast),
        "edges": np.log(steep / np.maximum(own, 1e-4) + 0.02),
        **_peers(pieces, contrast),
    }


def _peers(pieces: Pieces, contrast: Figures) -> dict[str, Figures]:
    """How each piece compares with others nearby: one leaf of many is no dust."""
    places = np.stack([pieces.row, pieces.column], axis=1)
    # One further place, far away: the tree then always has a second neighbour to tell of.
    tree = cKDTree(np.concatenate([places, [[-1e6, -1e6]]]))
    distance, which = tree.query(places, k=min(NEIGHBOURS + 1, pieces.count + 1))
    strength = np.concatenate([contrast, [0.0]])[which[:, 1:]] / contrast[:, None]
    strength = np.where(distance[:, 1:] < NEAR, strength, 0.0)
    near = np.maximum((distance[:, 1:] < NEAR).sum(axis=1), 1)
    ranked = -np.sort(-strength, axis=1)
    ranked = np.pad(ranked, ((0, 0), (0, NEIGHBOURS)))
    return {
        "third_peer": np.log(ranked[:, 2] + 0.1),
        "mean_peer": np.log(strength.sum(axis=1) / near + 0.05),
        "peers": np.sqrt((strength > 0.5).sum(axis=1)),
    }
