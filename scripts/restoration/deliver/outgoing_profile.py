"""The colour profile that a page is delivered in: the master's own, or one it is converted to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from restoration.config.settings import DeliverSettings
from restoration.errors import ScanError
from restoration.raster.base import UInt16Image
from restoration.raster.colour.built_in_profiles import grey_srgb_profile, srgb_profile
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.colour.icc import ProfileError, profile_description
from restoration.raster.colour.profile_conversion import ProfileConversion, compensates
from restoration.raster.colour.profile_file import ProfileFileError, read_profile_file

ReadRows = Callable[[int, int], UInt16Image]


@dataclass(frozen=True)
class OutgoingProfile:
    """What becomes of a page's colours at delivery."""

    data: bytes | None
    """The profile of the deliverable; None where there is none."""
    own: bytes | None
    """The master's."""
    source: str
    """The master's profile in words, or what it is taken for."""
    warning: str | None
    """Why the master's colours had to be assumed, or may be off; None where they are defined."""
    assumed: bool
    """True where the master has no profile that can be used."""
    settings: DeliverSettings
    conversion: ProfileConversion | None
    """None where the values stay as they are."""
    channels: int
    height: int
    width: int
    _outside: dict[int, int] = field(default_factory=dict)
    """Pixels outside the new space by the first row they were asked for with."""

    @property
    def changed(self) -> bool:
        """Whether the deliverable carries another profile than its master."""
        return self.data != self.own

    @property
    def is_srgb(self) -> bool:
        """Whether the deliverable was brought to sRGB, in colour."""
        return self.data == srgb_profile()

    @property
    def name(self) -> str:
        """The deliverable's profile in words."""
        return profile_description(self.data)

    def rows(self, codes: ReadRows, bits: int) -> ReadRows:
        """The rows as they are delivered; asked for again they are the same."""
        conversion = self.conversion
        if conversion is None:
            return codes

        def converted(top: int, rows: int) -> UInt16Image:
            found, outside = conversion.convert(codes(top, rows), bits)
            self._outside[top] = outside
            return found

        return converted

    def said(self) -> tuple[str, ...]:
        """The change in words, for people and the page's history; nothing where there is none."""
        if not self.changed:
            return ()
        if self.conversion is None:
            return (
                f"ICC profile: none that can be used, taken for {self.name}; values as they are",
            )
        black = " with black-point compensation" if compensates(self.settings.intent) else ""
        intent = {"relative": "relative colorimetric", "absolute": "absolute colorimetric"}
        how = intent.get(self.settings.intent, self.settings.intent)
        return (f"ICC profile: {self.source} to {self.name}, {how}{black}",)

    def record(self) -> dict[str, Any]:
        """``master`` and ``deliverable`` (profiles by name), ``sha256`` of the latter, ``assumed``,
        ``warning``, ``converted``; after a conversion ``intent``, ``black_point_compensation`` and
        ``share_clipped``: the share of pixels outside the new space, None where it is a table.

        Complete once every row was asked for.
        """
        found: dict[str, Any] = {
            "master": self.source,
            "deliverable": self.name,
            "sha256": None if self.data is None else hashlib.sha256(self.data).hexdigest(),
            "assumed": self.assumed,
            "warning": self.warning,
            "converted": self.conversion is not None,
        }
        if self.conversion is not None:
            share = sum(self._outside.values()) / (self.height * self.width)
            found |= {
                "intent": self.settings.intent,
                "black_point_compensation": compensates(self.settings.intent),
                "share_clipped": share if self.conversion.counts_clipping else None,
            }
        return found


def outgoing_profile(
    own: bytes | None,
    channels: int,
    size: tuple[int, int],
    settings: DeliverSettings,
    where: str,
) -> OutgoingProfile:
    """What becomes of the colours of a page.

    own: the master's profile; size: height and width of the deliverable; where: the page in words.
    Raises ScanError, in one line, where the page and the profile asked for do not fit.
    """
    space = ColourSpace.from_profile(own, channels)
    srgb = srgb_profile() if channels == 3 else grey_srgb_profile()
    data, conversion = own, None
    if settings.profile != "keep":
        data = srgb if settings.profile_path is None else _file(settings.profile_path, where)
        source = srgb if space.assumed or own is None else own
        # The same profile: there is nothing to convert, and nothing to round.
        if source != data:
            try:
                conversion = ProfileConversion(source, data, channels, settings.intent)
            except ProfileError as error:
                picture = "RGB" if channels == 3 else "grey"
                raise ScanError(
                    f"{where}: cannot be converted from {space.name} to deliver.profile "
                    f"'{settings.profile}' ({error}); expected a profile for {picture}: name one "
                    "in a recipe for these scans, or let the recipe keep their own"
                ) from None
    return OutgoingProfile(
        data=data,
        own=own,
        source=space.name,
        warning=space.warning,
        assumed=space.assumed,
        settings=settings,
        conversion=conversion,
        channels=channels,
        height=size[0],
        width=size[1],
    )


def _file(path: str, where: str) -> bytes:
    try:
        return read_profile_file(Path(path))
    except ProfileFileError as error:
        raise ScanError(f"{where}: deliver.profile '{path}' {error}") from None
