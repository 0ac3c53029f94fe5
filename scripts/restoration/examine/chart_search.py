"""Finding a ColorChecker that was photographed with the picture."""

from __future__ import annotations

import cv2
import numpy as np

from restoration.examine.targets import Corner
from restoration.raster.base import FloatImage


def find_chart(srgb: FloatImage) -> tuple[Corner, ...] | None:
    """The corners (x, y) of a ColorChecker Classic, from its top left, clockwise; None where none
    is seen.

    srgb: (rows, columns, 3) sRGB-encoded. OpenCV's detector (module mcc): it misses charts more
    often than it finds them, so a person can give the corners; what it finds is looked at again.
    """
    codes = np.rint(np.clip(srgb[:, :, ::-1], 0.0, 1.0) * 255.0).astype(np.uint8)
    detector = cv2.mcc.CCheckerDetector.create()
    # It clusters with random starts. One thread and one seed make its answers the same nearly
    # always, and no more than that: in rare cases it still differs from call to call.
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    cv2.setRNGSeed(0)
    try:
        seen = detector.process(np.ascontiguousarray(codes), 1)
    finally:
        cv2.setNumThreads(threads)
    if not seen:
        return None
    box = np.asarray(detector.getBestColorChecker().getBox(), np.float64).reshape(-1, 2)
    return tuple((float(x), float(y)) for x, y in box) if len(box) == 4 else None
