"""What a measurer is given: the facts of a page, its windows, and what was concluded before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from restoration.config.settings import ExamineSettings
from restoration.findings.base import AnyFinding, Found
from restoration.raster.base import Plane, Raster, UInt16Image

if TYPE_CHECKING:
    from restoration.networks.manifest import Weights
    from restoration.raster.colour.colour_space import ColourSpace


LUMA = (0.299, 0.587, 0.114)
"""Weights of encoded luminance (Rec. ITU-R BT.601): a fixed rule, so that figures of scans in
different colour spaces compare; nothing measured here depends on the exact weights."""


class ScannedPage(Raster, Protocol):
    """A page of a master: a raster that also states its depth, resolution and profile."""

    @property
    def bits(self) -> int:
        """Bits per sample of the file, 8 or 16."""
        ...

    @property
    def ppi(self) -> tuple[float, float] | None:
        """Pixels per inch along the width and the height; None where the file states none."""
        ...

    @property
    def profile(self) -> bytes | None:
        """The embedded ICC profile."""
        ...

    def read_codes(self, top: int, left: int, height: int, width: int) -> UInt16Image:
        """The window's exact codes; those of an 8-bit file are multiplied by 257."""
        ...


@dataclass(frozen=True)
class PageFacts:
    """What the file states about the page, before any pixel is looked at."""

    height: int
    width: int
    channels: int
    """1 (grey) or 3 (RGB)."""
    bits: int
    ppi: tuple[float, float] | None
    """Pixels per inch along the width and the height."""
    profile: bytes | None
    colour: ColourSpace
    settings: ExamineSettings
    orientation: int = 1
    """TIFF orientation tag, 1 to 8; windows and boxes are in stored orientation."""
    models_dir: Path | None = None
    """Folder of verified weights; None where the finding is asked for no network."""
    manifest: Mapping[str, Weights] | None = None
    """What the weights are, for networks that are loaded by name."""
    infrared: str | None = None
    """Where the file holds infrared of the page, in words; None where it holds none."""

    @property
    def nominal_ppi(self) -> float | None:
        """Geometric mean of the two stated resolutions."""
        return None if self.ppi is None else float(np.sqrt(self.ppi[0] * self.ppi[1]))


@dataclass(frozen=True)
class Window:
    """One window of the page; windows do not overlap, come row by row and cover the page."""

    top: int
    left: int
    codes: UInt16Image
    """(height, width, channels), exact; 8-bit codes are multiples of 257."""

    @property
    def height(self) -> int:
        return int(self.codes.shape[0])

    @property
    def width(self) -> int:
        return int(self.codes.shape[1])

    @cached_property
    def planes(self) -> tuple[Plane, ...]:
        """The channels, each float32 (height, width) in [0, 1]."""
        scale = 1.0 / 65535.0
        return tuple(
            np.multiply(self.codes[:, :, channel], np.float32(scale), dtype=np.float32)
            for channel in range(self.codes.shape[2])
        )

    @cached_property
    def luminance(self) -> Plane:
        """Encoded luminance, float32 (height, width) in [0, 1]; grey is taken as it is."""
        if len(self.planes) == 1:
            return self.planes[0]
        red, green, blue = self.planes
        total = cv2.addWeighted(red, LUMA[0], green, LUMA[1], 0.0)
        return np.asarray(cv2.scaleAdd(blue, LUMA[2], total), dtype=np.float32)


class EarlierFindings:
    """What the findings before one concluded, by their kind."""

    def __init__(self, *found: AnyFinding) -> None:
        self._found: dict[type[AnyFinding], AnyFinding] = {type(one): one for one in found}

    def get(self, kind: type[Found]) -> Found | None:
        """The finding of this kind; None where it was not asked for."""
        found = self._found.get(kind)
        return found if isinstance(found, kind) else None

    def only(self, *kinds: type[AnyFinding]) -> EarlierFindings:
        """Those of these kinds alone."""
        return EarlierFindings(*(found for kind, found in self._found.items() if kind in kinds))

    def and_then(self, found: AnyFinding) -> EarlierFindings:
        """The same and one more."""
        return EarlierFindings(*self._found.values(), found)


ReadWindow = Callable[[int, int, int, int], UInt16Image]
"""Top, left, height, width to exact codes, as ``ScannedPage.read_codes``."""
