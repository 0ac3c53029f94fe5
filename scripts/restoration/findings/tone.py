"""Tones: range, percentiles and clipping of each channel, depth in use, grey kept as colour."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from restoration.findings.base import Detail, FigurePair, Reported, ReportPart
from restoration.findings.words import number


class ChannelTones(ReportPart):
    """What one channel uses of its range; encoded values from 0 to 1."""

    lowest: float = Field(description="Lowest encoded value in use, 0 to 1.")
    highest: float = Field(description="Highest encoded value in use, 0 to 1.")
    percentiles: dict[str, float] = Field(
        description="Encoded values, 0 to 1, that 0.1, 1, 50, 99 and 99.9 % do not exceed."
    )
    kept_low: float = Field(
        description="Encoded value below which one sample in a thousand lies, those at the lowest "
        "code apart: no later correction of tones may clip above it."
    )
    kept_high: float = Field(description="The same at the light end.")
    share_at_zero: float = Field(description="Share of the samples at code 0, 0 to 1.")
    share_at_full: float = Field(description="Share of the samples at the highest code, 0 to 1.")
    clipped_low: float = Field(
        description="Share of the samples that pile up at the lowest code in use; 0 if none do."
    )
    clipped_high: float = Field(
        description="Share of the samples that pile up at the highest code in use; 0 if none do."
    )


class ToneDetail(Detail):
    """The tones of each channel, and the depth in use."""

    channels: dict[str, ChannelTones] = Field(
        description="By name of the channel: `grey`, or `red`, `green` and `blue`."
    )
    codes_used: int = Field(description="How many different codes occur.")
    grey_in_rgb: bool = Field(description="Whether the three channels are equal everywhere.")
    bits_of_file: int = Field(description="Bits per sample of the file: 8 or 16.")
    bits_held: int = Field(
        description="Bits per sample that its codes use: 8 where a 16-bit file holds 8-bit values."
    )


class Tone(Reported[FigurePair, ToneDetail]):
    """What the codes of the scan use of their range.

    Value: [lowest, highest] encoded value of any channel, 0 to 1.
    """

    name: ClassVar[str] = "tone"
    label: ClassVar[str] = "Tones and bit depth"
    place: ClassVar[int] = 100

    def words(self, value: FigurePair) -> str:
        """Range and depth."""
        lowest, highest = (100.0 * part for part in value)
        held, bits = self.detail.bits_held, self.detail.bits_of_file
        depth = f" {held} of the file's {bits} bits are used." if held and bits else ""
        return f"From {number(lowest)} % to {number(highest)} % of the encoded range.{depth}"
