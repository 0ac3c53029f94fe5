"""What repair left for a person to decide: drawn on the page, and as text for a file of regions."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from restoration.config.stages import REPAIR
from restoration.raster.base import FloatImage
from restoration.raster.colour.colour_space import ColourSpace
from restoration.records.delivery import DeliveryDone
from restoration.records.stage_findings.repair import LeftMark, RepairFindings
from restoration.review.mask_overlay import MARK, pale

DOUBTFUL = (0.0, 0.32, 0.72)
"""sRGB-encoded blue: what is only suspected; red is what is certain and was left."""

LEAST_SIDE = 7
"""Pixels of the small picture that a box is drawn wide and high at least."""

AROUND = 2
"""Pixels around a mark that its box in the regions takes in: the mark's soft rim."""


def left_on(delivered: DeliveryDone, number: int) -> tuple[LeftMark, ...]:
    """The marks of a page that repair listed. Raises RecordError where its findings do not fit."""
    found: tuple[LeftMark, ...] = ()
    for stage in delivered.stages:
        if stage.stage != REPAIR:
            continue
        for page in stage.pages:
            if page.number == number:
                where = f"the record of {REPAIR} of {delivered.scan}"
                found = RepairFindings.read(page.findings, where).left_boxes or ()
    return found


def outlined(
    small: FloatImage, colour: ColourSpace, left: Sequence[LeftMark], step: int
) -> FloatImage:
    """The page in pale grey with a line around every mark.

    small: the page by cells of ``step`` x ``step`` pixels, (rows, columns, channels) in the scan's
    own encoding. Returns sRGB-encoded (rows, columns, 3).
    """
    picture = np.ascontiguousarray(pale(small, colour))
    # The likeliest are listed first, and drawn last.
    for mark in reversed(left):
        line = DOUBTFUL if mark.reason == "suspected" else MARK
        if mark.outline is not None:
            corners = np.rint(np.asarray(mark.outline, np.float64) / step).astype(np.int32)
            cv2.polylines(picture, [corners], True, line, 1)
            continue
        x, y, width, height = (side / step for side in mark.box)
        across, down = max(width + 4, LEAST_SIDE), max(height + 4, LEAST_SIDE)
        first = (round(x + (width - across) / 2), round(y + (height - down) / 2))
        last = (round(first[0] + across), round(first[1] + down))
        cv2.rectangle(picture, first, last, line, 1)
    return np.asarray(picture, np.float32)


def regions_text(left: Sequence[LeftMark], page: int, size: tuple[int, int]) -> str:
    """Lines for ``regions/<scan>.yaml`` that have these marks filled.

    page: its number; size: its height and width, which no box leaves.
    """
    return "\n".join(["repair:", "  fill:", *(_line(mark, page, size) for mark in left)])


def _line(mark: LeftMark, page: int, size: tuple[int, int]) -> str:
    said = f"# {mark.kind}, {100 * mark.probability:.0f} %, {mark.reason}"
    where = "" if page == 1 else f", page: {page}"
    if mark.outline is not None:
        corners = ", ".join(f"[{left}, {top}]" for left, top in mark.outline)
        return f"    - {{polygon: [{corners}]{where}}}  {said}"
    left, top = (max(0, side - AROUND) for side in mark.box[:2])
    right = min(size[1], mark.box[0] + mark.box[2] + AROUND)
    bottom = min(size[0], mark.box[1] + mark.box[3] + AROUND)
    shape = f"    - {{box: [{left}, {top}, {right - left}, {bottom - top}]{where}}}"
    return f"{shape}  {said}"
