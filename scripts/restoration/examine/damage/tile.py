"""Tiles of a plane, each with the window around it by which it is judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class SearchTile:
    """A tile, and the window around it that is looked at; in pixels of its plane."""

    top: int
    left: int
    height: int
    width: int
    window_top: int
    window_left: int
    window_height: int
    window_width: int

    @classmethod
    def between(cls, tile: tuple[int, int, int, int], window: tuple[int, int, int, int]) -> Self:
        """By their borders: top, left, and the first row and column beyond."""
        return cls(*_placed(*tile), *_placed(*window))

    @property
    def window(self) -> tuple[int, int, int, int]:
        """Top, left, height, width."""
        return self.window_top, self.window_left, self.window_height, self.window_width

    @property
    def core(self) -> tuple[slice, slice]:
        """Where the tile lies in its window."""
        top, left = self.top - self.window_top, self.left - self.window_left
        return slice(top, top + self.height), slice(left, left + self.width)


def _placed(top: int, left: int, bottom: int, right: int) -> tuple[int, int, int, int]:
    return top, left, bottom - top, right - left
