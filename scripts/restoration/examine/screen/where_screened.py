"""Where a page is printed by dots: no place to look for noise, blur, halos or interpolation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from restoration.examine.finding import Measurement
from restoration.examine.survey import KeptTile
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
    def of(cls, earlier: Mapping[str, Measurement]) -> Screened | None:
        """What an earlier ``screen`` finding says; None where there is no screen or no finding."""
        found = earlier.get("screen")
        if found is None or found.value not in ("halftone", "stochastic"):
            return None
        regions: Any = found.detail.get("regions") or ()
        boxes = tuple(rows_first([int(side) for side in region["box"]]) for region in regions)
        rows = tuple(found.detail.get("map") or ())
        cell = int(found.detail.get("cell_px") or 0) if rows else 0
        return cls(str(found.value), boxes, cell, rows)

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
    tiles: Sequence[KeptTile], earlier: Mapping[str, Measurement]
) -> list[KeptTile]:
    """The tiles of a survey that no screen touches."""
    screened = Screened.of(earlier)
    if screened is None:
        return list(tiles)
    return [tile for tile in tiles if not screened.touches(tile.top, tile.left, tile.extent)]
