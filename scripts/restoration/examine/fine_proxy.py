"""A finer proxy than the survey's, for findings that look for things: letters, faces."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from restoration.examine.window import PageFacts, Window

Cells = npt.NDArray[np.uint16]
"""uint16 (rows, columns, channels): area averages of codes."""


class FineProxy:
    """Area averages of step x step pixels, the step a whole number.

    Whole cells are exact (rounded to the nearest code). A cell that a window's edge cuts is summed
    up from its two or four parts, each rounded, so that it lies within 2 codes of 65,535 of the
    exact average. Memory: 2 bytes for each cell and channel.
    """

    def __init__(self, page: PageFacts, most_cells: int, *, grey: bool = False) -> None:
        """Of a page of PageFacts, with at most ``most_cells`` cells.

        grey: the mean of the channels alone is kept.
        """
        step = max(1, int(np.ceil(np.sqrt(page.height * page.width / most_cells))))
        while -(-page.height // step) * -(-page.width // step) > most_cells and step > 1:
            step += 1
        self.step = step
        """Pixels per cell, along each side."""
        self._page, self._grey = page, grey
        channels = 1 if grey else page.channels
        rows, columns = -(-page.height // step), -(-page.width // step)
        self._cells: Cells = np.zeros((rows, columns, channels), np.uint16)

    @property
    def cells(self) -> Cells:
        """What was seen so far, in stored orientation."""
        return self._cells

    def see(self, window: Window) -> None:
        """Takes one window in; windows may not overlap."""
        rows = _pieces(window.top, window.height, self.step, self._page.height)
        columns = _pieces(window.left, window.width, self.step, self._page.width)
        for top, bottom, first_row, row_share in rows:
            for left, right, first_column, column_share in columns:
                part = window.codes[top:bottom, left:right]
                whole = row_share * column_share >= 1.0
                height = max(1, (bottom - top) // self.step)
                width = max(1, (right - left) // self.step)
                means = _averages(part, height, width)
                if self._grey and means.shape[2] == 3:
                    means = _mean_of_channels(means)
                place = self._cells[
                    first_row : first_row + height, first_column : first_column + width
                ]
                if whole:
                    place[...] = means
                else:
                    place += np.rint(means * (row_share * column_share)).astype(np.uint16)


def _mean_of_channels(codes: Cells) -> Cells:
    weights = np.full((1, 3), 1.0 / 3.0, np.float32)
    mean = cv2.transform(np.ascontiguousarray(codes), weights)
    return np.asarray(mean.reshape(*codes.shape[:2], 1), dtype=np.uint16)


def _averages(part: Cells, height: int, width: int) -> Cells:
    if part.shape[:2] == (height, width):
        return part
    means = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(means.reshape(height, width, part.shape[2]), dtype=np.uint16)


def _pieces(start: int, length: int, step: int, page: int) -> list[tuple[int, int, int, float]]:
    """A window's side cut at the proxy's cells: begin and end inside the window, the first cell,
    and the share of that cell that is covered (1 for a run of whole cells)."""
    end = start + length
    cuts = sorted({start, min(end, -(-start // step) * step), max(start, end // step * step), end})
    pieces = []
    for begin, stop in pairwise(cuts):
        cell = begin // step
        # The page's last cell may be narrower than the others; what there is, is all of it.
        cell_end = min((cell + 1) * step, page)
        share = 1.0 if stop - begin >= step else (stop - begin) / (cell_end - cell * step)
        pieces.append((begin - start, stop - start, cell, share))
    return pieces
