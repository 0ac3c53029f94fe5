"""Where a page is printed by dots: no place to look for noise, blur, halos or interpolation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from restoration.examine.survey import LuminanceTile
from restoration.examine.window import EarlierFindings
from restoration.findings.screen import Screen
from restoration.raster.boxes import rows_first


@dataclass(frozen=True)
class Screened:
    """Where the page is printed by dots, as the ``screen`` finding says."""

    kind: str
    """``halftone`` or ``stochastic``."""
    boxes: tuple[tuple[int, int, int, int], ...]
    """Top, left, height, width in pixels."""
    cell: int
    """Side of the map's cells in pixels; 0 where there is no map."""
    rows: tuple[str, ...]
    """The map: one character per cell, ``.`` outside every screen."""

    @classmethod
    def of(cls, earlier: EarlierFindings) -> Screened | None:
        """What an earlier ``screen`` finding says; None where there is no screen or no finding."""
        found = earlier.get(Screen)
        if found is None or found.value not in ("halftone", "stochastic"):
            return None
        said = found.detail
        boxes = tuple(rows_first(region.box) for region in said.regions)
        return cls(found.value, boxes, said.cell_px if said.map else 0, said.map)

    def touches(self, top: int, left: int, side: int) -> bool:
        """Does a square tile lie in a screen, wholly or in part?"""
        if self.cell:
            down = slice(top // self.cell, (top + side - 1) // self.cell + 1)
            across = slice(left // self.cell, (left + side - 1) // self.cell + 1)
            return any(row[across].strip(".") for row in self.rows[down])
        if not self.boxes:
            # A screen without a place is taken to be everywhere.
            return True
        return any(
            top < above + height
            and above < top + side
            and left < before + width
            and before < left + side
            for above, before, height, width in self.boxes
        )


def without_screens(
    tiles: Sequence[LuminanceTile], earlier: EarlierFindings
) -> list[LuminanceTile]:
    """The tiles of a survey that no screen touches."""
    screened = Screened.of(earlier)
    if screened is None:
        return list(tiles)
    return [tile for tile in tiles if not screened.touches(tile.top, tile.left, tile.extent)]
