"""Where a screen ends: the pixels whose scan follows the print that the tones predict.

The condition report speaks of cells; a picture ends anywhere within one, and a caption may stand
in the next. Correlation with the predicted dots decides: of dots it is 0.5 to 1, of type, borders
and paper next to nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from restoration.raster.base import Plane
from restoration.stages.descreen.profile import DotProfile
from restoration.stages.descreen.smoothing import local_mean
from restoration.stages.descreen.tones import Channel

WINDOW = 1.0
"""Standard deviation of the window of the correlation, in periods."""

DOTTED = 0.55
"""Correlation of the scan, less its local mean, with the predicted dots, from which pixels count as
screened. On simulated captions it stayed below 0.56, on 90 % of a picture above 0.55."""

GAPS = 2.0
"""Pixels with dotted ones around them at up to this distance, in periods, are dotted as well:
highlights without dots, eyes and buttons that are sharper than the screen."""

RIM = 0.6
"""Periods that the outermost dots reach beyond the place where they can be recognised."""

NOISE = 1e-9
"""Product of two variances below which there is nothing to correlate."""


def dotted(channels: Sequence[tuple[Channel, Sequence[DotProfile]]]) -> Plane:
    """Where a window shows the dots of its screens, float32 (h, w) from 0 to 1.

    channels: the screened channels at their start (tones are means over the dots) with their
    profiles. The decision holds for all channels alike, or borders would take on a colour.
    """
    period = max(channel.period for channel, _ in channels)
    sigma = WINDOW * period
    common, seen, told = _correlation_sums(channels, sigma)
    found = common > DOTTED * np.sqrt(seen * told + np.float32(NOISE))
    step = 2 if period < 8.0 else 4
    height, width = found.shape
    coarse = cv2.resize(
        found.astype(np.float32), (width // step, height // step), interpolation=cv2.INTER_AREA
    )
    marked = (coarse >= 0.5).astype(np.uint8)
    marked = cv2.morphologyEx(marked, cv2.MORPH_CLOSE, _disc(GAPS * period / step))
    marked = cv2.dilate(marked, _disc(RIM * period / step)).astype(np.float32)
    fine = cv2.resize(marked, (width, height), interpolation=cv2.INTER_LINEAR)
    # From exactly 1 to exactly 0 within half a period, without widening the area.
    soft = local_mean(np.asarray(fine), max(0.2 * period, 1.0))
    return np.asarray(np.clip(2.0 * soft - 1.0, 0.0, 1.0))


def _correlation_sums(
    channels: Sequence[tuple[Channel, Sequence[DotProfile]]], sigma: float
) -> tuple[Plane, Plane, Plane]:
    """Local sums over the channels: scan times dots, scan squared, dots squared."""
    shape = channels[0][0].scan.shape
    common, seen, told = (np.zeros(shape, np.float32) for _ in range(3))
    for channel, profiles in channels:
        dots, _ = channel.dots(profiles)
        # Where tones change fast their mean is no tone, and the edge of a picture outweighs the
        # faint dots of its shadows.
        dots *= channel.evenness
        excess = (channel.scan - channel.tone) * channel.evenness
        common += local_mean(excess * dots, sigma)
        seen += local_mean(excess * excess, sigma)
        told += local_mean(dots * dots, sigma)
    return common, seen, told


def _disc(radius: float) -> cv2.typing.MatLike:
    side = 2 * max(1, round(radius)) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
