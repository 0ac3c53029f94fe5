"""A detector without weights: what stands out from its surroundings by much is damage.

It knows no more than a top-hat does: tests that use it say what is made of an answer, not how good
the network is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import cv2
import numpy as np

from restoration.examine.damage import coefficients, judgement, search
from restoration.examine.damage.detector import DamageDetector, Evidence
from restoration.findings.damage import KINDS
from restoration.raster.base import Plane

WIDEST = 15
"""Side of the square, in pixels, that damage is narrower than."""

SURE, DOUBTFUL = 0.25, 0.12
"""Contrast from which a pixel is damage with a probability of 0.99995, and of 0.5."""

LONG = 40
"""Longest side, in pixels, from which a piece is a scratch where it is light, a hair where dark."""

CRACK = 12
"""Pixels of thickness from which it is a crack."""


@dataclass
class FakeDetector:
    """Pixel by pixel but for the kind, which is that of the piece in its window."""

    widest: int = WIDEST
    least_side: int = 0
    """Planes whose shorter side is shorter than this show nothing: the coarse level of a page."""
    seen: list[tuple[int, ...]] = field(default_factory=list)
    """Sizes of the planes that were searched."""

    def search(self, plane: Plane) -> Evidence:
        self.seen.append(plane.shape)
        codes = np.rint(np.clip(plane, 0, 1) * 65535).astype(np.uint16)
        # Beyond the border lies what lies before it: a corner is no speck.
        if min(plane.shape) < self.least_side:
            return Evidence(np.zeros_like(plane), np.zeros(plane.shape, np.uint8))
        side = self.widest
        wide = cv2.copyMakeBorder(codes, *[side] * 4, cv2.BORDER_REPLICATE)
        square, inside = np.ones((side, side), np.uint8), np.s_[side:-side, side:-side]
        light, dark = (
            cv2.morphologyEx(wide, kind, square)[inside].astype(np.float32) / np.float32(65535)
            for kind in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT)
        )
        contrast = np.maximum(light, dark)
        probability = np.interp(
            contrast, (0.06, DOUBTFUL, SURE, 0.5), (0.0, 0.5, 0.99995, 0.99999)
        ).astype(np.float32)
        kind = np.zeros(plane.shape, np.uint8)
        for raised, name in ((light, "scratches"), (dark, "hairs")):
            mask = (raised >= 0.08).view(np.uint8)
            count, labels, boxes, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
            depth = cv2.distanceTransform(mask, cv2.DIST_L2, 5)
            deepest = np.zeros(count)
            np.maximum.at(deepest, labels.ravel(), depth.ravel())
            long = boxes[:, 2:4].max(axis=1) >= LONG
            long[0] = False
            kind[long[labels] & (mask > 0)] = KINDS.index(name)
            kind[(long & (2 * deepest >= CRACK))[labels] & (mask > 0)] = KINDS.index("cracks")
        return Evidence(probability, kind)


class WhiteDetector:
    """What is all but white is a speck, and nothing else is anything."""

    def search(self, plane: Plane) -> Evidence:
        probability = np.where(plane > 0.98, np.float32(0.999), np.float32(0.0))
        return Evidence(probability, np.zeros(plane.shape, np.uint8))


@contextmanager
def fake_detector(detector: Any | None = None) -> Iterator[Any]:
    """As long as it is open, whatever searches for damage is handed this detector."""
    fake = FakeDetector() if detector is None else detector
    first = (coefficients.MIDDLE[0], coefficients.SPREAD[0])
    plain = {group: (*first, *[0.0] * (len(own) - 2)) for group, own in coefficients.OWN.items()}
    with (
        mock.patch.object(DamageDetector, "load", return_value=fake),
        # Its marks are as likely as it says: the judge was fitted to the network's.
        mock.patch.object(judgement, "OWN", plain),
        mock.patch.object(judgement, "PAGE", dict.fromkeys(judgement.PAGE, (0.0,) * 4)),
        mock.patch.object(judgement, "POLARITY", 0.0),
        mock.patch.object(judgement, "WIDE", 0.0),
        mock.patch.object(search, "SMALLEST", 64),
    ):
        yield fake
