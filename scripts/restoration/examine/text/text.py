"""Text and line art: where dots and thin lines are meant, and no repair may touch them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from restoration.examine.fine_proxy import FineProxy
from restoration.examine.survey import Survey
from restoration.examine.text.strokes import HEIGHTS, Grey, Ink
from restoration.examine.text.text_lines import TextLine, distinct, lines, lines_down
from restoration.examine.window import EarlierFindings, PageFacts, Window
from restoration.findings.screen import Screen
from restoration.findings.text import Text, TextBox, TextDetail
from restoration.raster.boxes import Box, rows_first

MOST_CELLS = 3_000_000
"""Cells of the picture that is searched: captions of 8 points on an album page of 12 inches stand 7
cells high there."""

SQUARE, BLOCK = 24, 3
"""Side of a square in which drawing is looked for, in cells, and how many squares, along each side,
it must fill at least."""

FILLED = 0.6
"""Least share of an area's squares that hold strokes: two scratches with nothing between them are
no drawing."""

LIKE_PAPER = 1.6
"""Greatest ratio of the ground's unevenness in four fifths of an area's squares to that in one
fifth: a sheet has one grain all over (1.1), a wall, a field or a sky has not (2 and more)."""

MOST_BOXES = 200
"""Most areas that are listed; a page of a newspaper has about as many."""


Squares = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TextArea:
    """An area of writing or of drawing, in cells."""

    box: Box
    kind: str
    """``text`` or ``line art``."""
    lines: int
    letters: float
    sideways: bool
    """Written along the columns of the stored page."""


class TextMeasurer:
    """Areas of writing and of line art.

    Writing: connected marks of even tone on even ground, of one height and stroke width, in lines;
    dark on light or light on dark, along rows or columns, at two scales. Line art: larger areas
    that are filled with long thin even strokes, dark on plain light ground. Nothing is read.

    Value: share of the page, 0 to 1; None where the page is too small. detail.boxes: {box, kind,
    lines, letters, sideways}, boxes [left, top, width, height] in pixels of the stored page, with a
    margin of about half a letter. Single words of four letters and less, pencil below 14/255 and
    writing across a picture are not seen; rows of coins or of buttons may be.
    """

    METHOD: ClassVar[str] = (
        "even strokes on even ground (after Epshtein, Ofek and Wexler 2010) in lines, on a proxy"
    )

    def begin(self, page: PageFacts) -> None:
        self.page = page
        self._proxy = FineProxy(page, MOST_CELLS, grey=True)

    def see(self, window: Window) -> None:
        self._proxy.see(window)

    def conclude(self, survey: Survey, earlier: EarlierFindings) -> Text:
        step = self._proxy.step
        grey = encoded(self._proxy)
        smallest = HEIGHTS[0] * step
        if min(grey.shape) < 2 * HEIGHTS[0]:
            detail = TextDetail(
                boxes=(),
                proxy_step_px=step,
                smallest_letter_px=smallest,
                reason="the page is too small",
            )
            return self._said(None, 0.0, detail)
        written, drawn = _found(grey)
        areas = _blocks(written, grey.shape)
        taken = [*(area.box for area in areas), *_screens(earlier, step)]
        areas += _drawings(drawn, taken)
        areas.sort(key=lambda area: -area.box[2] * area.box[3])
        kept = sorted(areas[:MOST_BOXES], key=lambda area: area.box)
        of_kind = {
            kind: _share([area for area in areas if area.kind == kind], grey.shape)
            for kind in ("text", "line art")
        }
        detail = TextDetail(
            boxes=tuple(self._described(area, step) for area in kept),
            proxy_step_px=step,
            smallest_letter_px=smallest,
            not_listed=len(areas) - len(kept),
            letters=sum(area.letters for area in areas),
            share_text=of_kind["text"],
            share_line_art=of_kind["line art"],
        )
        return self._said(_share(areas, grey.shape), _confidence(areas), detail)

    def _said(self, value: float | None, confidence: float, detail: TextDetail) -> Text:
        return Text(
            value=value, unit="share", confidence=confidence, method=self.METHOD, detail=detail
        )

    def _described(self, area: TextArea, step: int) -> TextBox:
        top, left, height, width = (side * step for side in area.box)
        box = (left, top, min(width, self.page.width - left), min(height, self.page.height - top))
        return TextBox(
            box=box,
            kind=area.kind,
            lines=area.lines,
            letters=round(area.letters),
            sideways=area.sideways,
        )


def encoded(proxy: FineProxy) -> Grey:
    """The proxy as uint8 (rows, columns)."""
    return np.asarray(proxy.cells[:, :, 0] >> 8, dtype=np.uint8)


def _found(grey: Grey) -> tuple[list[tuple[TextLine, bool]], Squares]:
    """Lines, and whether each is sideways, in cells; and the squares with drawing, see
    ``Ink.drawn``."""
    written: list[tuple[TextLine, bool]] = []
    drawn: Squares = np.zeros((0, 0))
    # Headlines are wider than the neighbourhood that strokes are told from: they show at a half.
    for scale in (1, 2):
        seen = grey if scale == 1 else _halved(grey)
        if min(seen.shape) < 2 * HEIGHTS[0]:
            break
        for dark in (True, False):
            ink = Ink(seen, dark=dark)
            found = ink.marks()
            written += [(line.scaled(scale), False) for line in lines(found)]
            written += [(line.scaled(scale), True) for line in lines_down(found)]
            # Light drawings on dark ground are not looked for: scratches and mortar look the same.
            if scale == 1 and dark:
                drawn = ink.drawn(SQUARE)
    return _without_doubles(written), drawn


def _halved(grey: Grey) -> Grey:
    size = (grey.shape[1] // 2, grey.shape[0] // 2)
    even = grey[: 2 * size[1], : 2 * size[0]]
    return np.asarray(cv2.resize(even, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _without_doubles(written: list[tuple[TextLine, bool]]) -> list[tuple[TextLine, bool]]:
    """Columns of letters in a block of rows, and one line seen at two scales, count once."""
    ordered = sorted(written, key=lambda one: (-one[0].letters, one[0].box))
    kept = distinct([line.box for line, _ in ordered], 0.4)
    return [ordered[index] for index in kept]


def _blocks(written: list[tuple[TextLine, bool]], shape: tuple[int, ...]) -> list[TextArea]:
    """Lines that lie close to one another, as one area each."""
    if not written:
        return []
    painted = np.zeros(shape, np.uint8)
    for line, _ in written:
        top, left, height, width = _grown(line.box, round(0.8 * line.height), shape)
        painted[top : top + height, left : left + width] = 1
    _, labels = cv2.connectedComponents(painted, connectivity=4)
    group = [int(labels[line.box[0], line.box[1]]) for line, _ in written]
    areas = []
    for name in sorted(set(group)):
        members = [index for index, own in enumerate(group) if own == name]
        part = [written[index] for index in members]
        margin = max(2, round(0.5 * max(line.height for line, _ in part)))
        box = _grown(_around([line.box for line, _ in part]), margin, shape)
        sideways = sum(line.letters for line, turned in part if turned)
        letters = sum(line.letters for line, _ in part)
        areas.append(TextArea(box, "text", len(part), letters, sideways > 0.5 * letters))
    return areas


def _drawings(squares: Squares, taken: list[Box]) -> list[TextArea]:
    """Areas of at least BLOCK x BLOCK squares on one sheet, beside the boxes that are taken."""
    drawn = np.isfinite(squares)
    free = np.pad(drawn, 2)
    # The white between a drawing's lines belongs to it.
    free = ndimage.binary_closing(free, np.ones((BLOCK, BLOCK), np.bool_))[2:-2, 2:-2]
    for top, left, height, width in taken:
        free[
            max(0, top // SQUARE) : -(-(top + height) // SQUARE),
            max(0, left // SQUARE) : -(-(left + width) // SQUARE),
        ] = False
    solid = ndimage.binary_opening(free, np.ones((BLOCK, BLOCK), np.bool_))
    labels, count = ndimage.label(solid, np.ones((3, 3)))
    areas: list[TextArea] = []
    if count == 0:  # nor can objects be looked for on a page that is smaller than a square
        return areas
    for index, place in enumerate(ndimage.find_objects(labels, count), start=1):
        own = labels[place] == index
        uneven = squares[place][own & drawn[place]]
        if uneven.size < FILLED * int(own.sum()):
            continue
        few, most = np.maximum(np.percentile(uneven, (20, 80)), 0.005)
        if most > LIKE_PAPER * few:
            continue
        rows, columns = place
        box = (
            rows.start * SQUARE,
            columns.start * SQUARE,
            (rows.stop - rows.start) * SQUARE,
            (columns.stop - columns.start) * SQUARE,
        )
        areas.append(TextArea(box, "line art", 0, 0.0, False))
    return areas


def _screens(earlier: EarlierFindings, step: int) -> list[Box]:
    """Boxes, in cells, of the regions that are printed with a halftone: dots are no drawing."""
    found = earlier.get(Screen)
    regions = () if found is None else found.detail.regions
    return [rows_first([side // step for side in region.box]) for region in regions]


def _grown(box: Box, margin: int, shape: tuple[int, ...]) -> Box:
    top, left = max(0, box[0] - margin), max(0, box[1] - margin)
    bottom, right = box[0] + box[2] + margin, box[1] + box[3] + margin
    return top, left, min(bottom, shape[0]) - top, min(right, shape[1]) - left


def _around(boxes: list[Box]) -> Box:
    top, left = min(box[0] for box in boxes), min(box[1] for box in boxes)
    bottom = max(box[0] + box[2] for box in boxes)
    right = max(box[1] + box[3] for box in boxes)
    return top, left, bottom - top, right - left


def _share(areas: list[TextArea], shape: tuple[int, ...]) -> float:
    """Of the page's area; what two boxes share counts once."""
    covered = np.zeros(shape, np.bool_)
    for top, left, height, width in (area.box for area in areas):
        covered[top : top + height, left : left + width] = True
    return float(covered.mean())


def _confidence(areas: list[TextArea]) -> float:
    if not areas:
        # Single words, pencil and writing across a picture are not seen.
        return 0.7
    letters = sum(area.letters for area in areas)
    if letters == 0.0:
        return 0.5
    return round(min(0.95, 0.5 + 0.01 * letters), 2)
