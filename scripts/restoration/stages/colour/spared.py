"""Values that no correction may push out of the range."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from restoration.findings.base import Others
from restoration.findings.tone import Tone
from restoration.raster.base import Floats
from restoration.raster.colour.channel_light import ChannelLight


def spared_values(
    pages: Sequence[Others], light: ChannelLight, lightest: Sequence[float] | None = None
) -> Floats:
    """(channels,) encoded values that all but one sample in a thousand do not exceed, of all pages
    that share a table.

    pages: condition reports with the finding `Tone`; lightest: densities of the lightest tones once
    an uneven stain is taken away, where it is.
    """
    seen = [list(tone.detail.channels.values()) for page in pages if (tone := page.get(Tone))]
    high = [
        [channel.kept_high for channel in channels]
        for channels in seen
        if len(channels) == len(light.curves)
    ]
    if lightest is not None:
        high.append(light.encoded(10.0 ** -np.array([lightest]))[0].tolist())
    return np.asarray(np.array(high, np.float64).max(axis=0))
