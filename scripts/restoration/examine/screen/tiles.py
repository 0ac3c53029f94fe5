"""What is kept of a page to find its printing screens: peaks per tile, and a few whole tiles."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restoration.examine.screen.peaks import PEAKS, RINGS, SECTORS, SIDE, peaks_of
from restoration.examine.screen.spectrum import hann
from restoration.examine.window import PageFacts, Window
from restoration.raster.base import Plane

CELLS = 96
"""Most cells of the map along the longer side."""

HOT = 4.5
"""Prominence from which two peaks of one tile make it worth a closer look."""

HOTTEST = 6.0
"""The same of a single peak: fine line screens have no other."""

BLANK = 0.004
"""Standard deviation of encoded values below which a tile shows nothing."""

SLIVER = 32
"""Narrowest part of a tile, in samples, that is looked at by itself."""

FINE_PPI = 1800.0
"""From this resolution on, tiles are averages of step x step pixels: a screen of 65 lpi has a
period of 37 pixels at 2400 ppi."""

KEPT_SIDE = 256
KEPT_GRID = 8
"""Whole tiles are kept for the most peaked place of each cell of a division of the page into at
most KEPT_GRID x KEPT_GRID: 25 MB at most."""


@dataclass(frozen=True)
class TileLayout:
    """How the page is divided."""

    step: int
    """Pixels of the page per sample."""
    cell: int
    """Side of a cell of the map, in samples."""
    rows: int
    columns: int

    @property
    def cell_px(self) -> int:
        """Side of a cell of the map, in pixels of the page."""
        return self.cell * self.step


def layout(page: PageFacts) -> TileLayout:
    """Cells of 64 samples; on large pages twice or four times that, to keep to CELLS."""
    ppi = page.nominal_ppi
    step = 1 if ppi is None or ppi < FINE_PPI else round(ppi / 1200.0)
    longest = max(page.height, page.width)
    cell = 64
    while longest > CELLS * cell * step:
        cell *= 2
    px = cell * step
    return TileLayout(step, cell, -(-page.height // px), -(-page.width // px))


@dataclass(frozen=True)
class KeptTile:
    """A whole tile, codes and place."""

    top: int
    left: int
    score: float
    codes: npt.NDArray[np.uint16]
    """(side, side, channels); samples."""


@dataclass(frozen=True)
class Peaked:
    """The tiles of the page, n of them."""

    centre: npt.NDArray[np.float64]
    """(n, 2): row and column of the middle, in samples."""
    frequency: npt.NDArray[np.float64]
    """(n, PEAKS, 2): cycles per sample along the rows' and the columns' axis; 0 where none."""
    prominence: npt.NDArray[np.float64]
    """(n, PEAKS); 0 where there is no peak."""
    level: npt.NDArray[np.float64]
    """(n, PEAKS): natural logarithm of the power, encoded values."""
    phase: npt.NDArray[np.float64]
    """(n, PEAKS): at the middle of the tile."""
    rings: npt.NDArray[np.float64]
    """(n, RINGS): mean power on each ring, per window energy."""
    sectors: npt.NDArray[np.float64]
    """(n, SECTORS): the same in sectors of equal angle, above the lowest three rings."""
    spread: npt.NDArray[np.float64]
    """(n,): standard deviation of encoded values."""
    cell: npt.NDArray[np.intp]
    """(rows, columns) of the map: the cell's tile; -1 where nothing shows."""


class TileCollector:
    """Looks at every window once and keeps the page's peaks."""

    def __init__(self, page: PageFacts) -> None:
        self.page = page
        self.layout = layout(page)
        self._cell = np.full((self.layout.rows, self.layout.columns), -1, dtype=np.intp)
        self._seen = np.zeros_like(self._cell, dtype=np.bool_)
        self._parts: list[tuple[npt.NDArray[np.float64], ...]] = []
        self._count = 0
        self._kept: dict[tuple[int, int], KeptTile] = {}

    def see(self, window: Window) -> None:
        plane = _mixed(window, self.layout.step)
        top, left = window.top // self.layout.step, window.left // self.layout.step
        if min(plane.shape) < SLIVER:
            return
        pitch = max(SIDE, self.layout.cell)
        rows, columns = _starts(plane.shape[0], pitch), _starts(plane.shape[1], pitch)
        places = [(row, column) for row in rows for column in columns]
        tiles = self._look(plane, places, (top, left))
        grid = tiles.reshape(len(rows), len(columns))
        self._assign(grid, (top, left), plane.shape, pitch)
        hot = self._scores(grid)
        if self.layout.cell < SIDE and bool((hot > 0).any()):
            self._look_closer(plane, hot, (top, left))
        if bool((hot > 0).any()):
            self._keep(window, hot, (rows, columns), plane.shape)

    def finished(self) -> Peaked:
        """What was found; cells at the page's ends that were too narrow take their neighbour's."""
        cell = self._cell.copy()
        for axis in (0, 1):
            view, seen = (cell, self._seen) if axis == 0 else (cell.T, self._seen.T)
            for line in range(1, view.shape[0]):
                missing = ~seen[line]
                view[line, missing] = view[line - 1, missing]
        shapes = ((2,), (PEAKS, 2), (PEAKS,), (PEAKS,), (PEAKS,), (RINGS,), (SECTORS,), ())
        arrays = [
            np.concatenate([np.zeros((0, *shape)), *(part[number] for part in self._parts)])
            for number, shape in enumerate(shapes)
        ]
        frequency, prominence, level, phase, rings, sectors, spread = arrays[1:]
        return Peaked(arrays[0], frequency, prominence, level, phase, rings, sectors, spread, cell)

    @property
    def kept(self) -> list[KeptTile]:
        """The whole tiles, from the top left."""
        return sorted(self._kept.values(), key=lambda tile: (tile.top, tile.left))

    def _look(
        self, plane: Plane, places: list[tuple[int, int]], origin: tuple[int, int]
    ) -> npt.NDArray[np.intp]:
        """Numbers of the tiles that begin at these places of the plane; -1 where blank."""
        numbers = np.full(len(places), -1, dtype=np.intp)
        stack = np.zeros((len(places), SIDE, SIDE), dtype=np.float32)
        energy, spread = np.ones(len(places)), np.zeros(len(places))
        centre = np.zeros((len(places), 2))
        for number, (row, column) in enumerate(places):
            part = plane[row : row + SIDE, column : column + SIDE]
            mean, deviation = cv2.meanStdDev(part)
            spread[number] = float(deviation[0, 0])
            if spread[number] < BLANK:
                continue
            height, width = part.shape
            taper = hann(height, width)
            up, side = (SIDE - height) // 2, (SIDE - width) // 2
            stack[number, up : up + height, side : side + width] = (
                part - np.float32(mean[0, 0])
            ) * taper
            energy[number] = (3.0 / 8.0) ** 2 * height * width
            centre[number] = (
                origin[0] + row - up + SIDE // 2,
                origin[1] + column - side + SIDE // 2,
            )
        use = np.flatnonzero(spread >= BLANK)
        if use.size:
            numbers[use] = self._count + np.arange(use.size)
            self._count += use.size
            self._parts.append(
                (centre[use], *peaks_of(stack[use], energy[use], spread[use]), spread[use])
            )
        return numbers

    def _assign(
        self,
        grid: npt.NDArray[np.intp],
        origin: tuple[int, int],
        shape: tuple[int, ...],
        pitch: int,
    ) -> None:
        """Each cell of the map whose middle lies in this window takes the number of its tile."""
        rows, columns = self._middles(origin, shape)
        down = np.minimum((rows[1] - origin[0]) // pitch, grid.shape[0] - 1)
        across = np.minimum((columns[1] - origin[1]) // pitch, grid.shape[1] - 1)
        target = np.ix_(rows[0], columns[0])
        self._cell[target] = grid[np.ix_(down, across)]
        self._seen[target] = True

    def _middles(
        self, origin: tuple[int, int], shape: tuple[int, ...]
    ) -> list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
        """By axis: the cells whose middle lies in a window, and the middles, in samples."""
        found = []
        for start, length, most in zip(origin, shape, self._cell.shape, strict=False):
            cells = np.arange(start // self.layout.cell, most)
            middles = cells * self.layout.cell + self.layout.cell // 2
            inside = (middles >= start) & (middles < start + length)
            found.append((cells[inside], middles[inside]))
        return found

    def _scores(self, grid: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
        """Sum of the four greatest prominences of each tile that is hot; 0 for the others."""
        scores = np.zeros(grid.shape)
        raised = self._parts[-1][2] if self._parts else np.zeros((0, PEAKS))
        base = self._count - raised.shape[0]
        for place in np.argwhere(grid >= base):
            own = raised[grid[tuple(place)] - base]
            if (own >= HOT).sum() >= 2 or own[0] >= HOTTEST:
                scores[tuple(place)] = np.minimum(own[:4], 8.0).sum()
        return scores

    def _look_closer(
        self,
        plane: Plane,
        hot: npt.NDArray[np.float64],
        origin: tuple[int, int],
    ) -> None:
        """At the edges of what is hot, each cell gets a tile around its own middle."""
        is_hot = (hot > 0).astype(np.uint8)
        kernel = np.ones((3, 3), np.uint8)
        edge = cv2.dilate(is_hot, kernel) != cv2.erode(is_hot, kernel, borderValue=1)
        rows, columns = self._middles(origin, plane.shape)
        wanted = [
            (row, column, down - origin[0], across - origin[1])
            for row, down in zip(*rows, strict=True)
            for column, across in zip(*columns, strict=True)
            if edge[
                min((down - origin[0]) // SIDE, edge.shape[0] - 1),
                min((across - origin[1]) // SIDE, edge.shape[1] - 1),
            ]
        ]
        starts = [
            (
                int(np.clip(down - SIDE // 2, 0, max(0, plane.shape[0] - SIDE))),
                int(np.clip(across - SIDE // 2, 0, max(0, plane.shape[1] - SIDE))),
            )
            for _, _, down, across in wanted
        ]
        numbers = self._look(plane, starts, origin)
        for (row, column, _, _), number in zip(wanted, numbers, strict=True):
            self._cell[row, column] = number

    def _keep(
        self,
        window: Window,
        hot: npt.NDArray[np.float64],
        places: tuple[list[int], list[int]],
        shape: tuple[int, ...],
    ) -> None:
        """Offer whole tiles around the places of this window that are hot all around."""
        step = self.layout.step
        side = min(KEPT_SIDE, shape[0] // 2 * 2, shape[1] // 2 * 2)
        if side < KEPT_SIDE and side < min(self.page.height, self.page.width) // step // 2 * 2:
            # A narrow rest of the page: the window before it has whole tiles.
            return
        around = cv2.blur(hot, (3, 3), borderType=cv2.BORDER_REPLICATE)
        counts = [
            int(np.clip(length // step // 384 + 1, 1, KEPT_GRID))
            for length in (self.page.height, self.page.width)
        ]
        for row, column in np.argwhere(hot > 0):
            top, left = (
                int(np.clip(place + SIDE // 2 - side // 2, 0, length - side))
                for place, length in zip(
                    (places[0][row], places[1][column]), shape[:2], strict=True
                )
            )
            at = (window.top // step + top, window.left // step + left)
            where = (
                (at[0] + side // 2) * step * counts[0] // self.page.height,
                (at[1] + side // 2) * step * counts[1] // self.page.width,
            )
            score = float(around[row, column])
            if where in self._kept and score <= self._kept[where].score:
                continue
            part = window.codes[
                top * step : (top + side) * step, left * step : (left + side) * step
            ]
            if step > 1:
                part = cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA)
                part = part.reshape(side, side, -1)
            self._kept[where] = KeptTile(at[0], at[1], score, part.copy())


def _mixed(window: Window, step: int) -> Plane:
    """The channels' mean, so that every ink shows; averaged over step x step pixels."""
    planes = window.planes
    if len(planes) == 3:
        red, green, blue = planes
        # Yellow ink shows in blue alone, and the eye's weights would hide it.
        total = cv2.addWeighted(red, 0.3, green, 0.35, 0.0)
        mixed = np.asarray(cv2.scaleAdd(blue, 0.35, total), dtype=np.float32)
    else:
        mixed = planes[0]
    if step == 1:
        return mixed
    height, width = mixed.shape[0] // step, mixed.shape[1] // step
    if height == 0 or width == 0:
        return np.zeros((0, 0), dtype=np.float32)
    even = mixed[: height * step, : width * step]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA))


def _starts(length: int, pitch: int) -> list[int]:
    """Where tiles begin along a window: one per pitch, the last one flush with the end."""
    starts = []
    for start in range(0, length, pitch):
        rest = min(pitch, length - start)
        if start and rest < SLIVER:
            break
        inner = start + max(0, rest - SIDE) // 2
        starts.append(max(0, min(inner, length - SIDE)))
    return starts
