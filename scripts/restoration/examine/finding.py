"""What a finding is: a module that sees every window of a page once and then says what it found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

import cv2
import numpy as np
import numpy.typing as npt

from restoration.config.settings import ExamineSettings
from restoration.raster.base import Raster, UInt16Image

if TYPE_CHECKING:
    from restoration.examine.survey import Survey
    from restoration.networks.manifest import Weights
    from restoration.raster.colour.colour_space import ColourSpace

Plane = npt.NDArray[np.float32]
"""float32 (height, width), encoded values in [0, 1]."""

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


@dataclass(frozen=True)
class Caution:
    """Something that a person should know before the scan is restored."""

    code: str
    """Short and stable, for machines."""
    text: str
    """One sentence, in an archivist's words."""


@dataclass(frozen=True)
class Measurement:
    """What one finding says about the page."""

    value: Any
    """The figure that stages decide from; None = unknown."""
    unit: str
    confidence: float
    """0 (unknown) to 1."""
    method: str
    """How it was measured, with the source of the method."""
    detail: Mapping[str, Any] = field(default_factory=dict)
    cautions: tuple[Caution, ...] = ()


ReadWindow = Callable[[int, int, int, int], UInt16Image]
"""Top, left, height, width to exact codes, as ``ScannedPage.read_codes``."""


@runtime_checkable
class LooksAgain(Protocol):
    """A finding that looks at a few windows of the page again, once it knows where."""

    def look_again(
        self, read: ReadWindow, found: Measurement, earlier: Mapping[str, Measurement]
    ) -> Measurement:
        """After ``conclude``, which gave ``found``; what this returns takes its place.

        Reads a bounded number of windows, each of bounded size: the page is passed over once.
        """
        ...


class Finding(Protocol):
    """One subject of the condition report. A fresh instance serves one page."""

    name: ClassVar[str]
    """Its field in the report."""

    def begin(self, page: PageFacts) -> None:
        """Before the first window."""
        ...

    def see(self, window: Window) -> None:
        """Once for each window; keeps nothing that grows with the page's area."""
        ...

    def conclude(self, survey: Survey, earlier: Mapping[str, Measurement]) -> Measurement:
        """After the last window.

        survey: the page's proxy and tiles, which all findings share.
        earlier: what the findings before this one in the registry concluded, by name.
        """
        ...
