"""The tones behind a window's dots: the picture whose print comes nearest to the scan.

Filters in the frequency domain must choose: low-pass under the ruling and lose the detail, or
notches and keep the dots' side bands, which is what the picture's own edges turn into. A print
model needs not. At the estimated tones, the dot profile says what the scan would look like; what
the scan shows beyond that is picture that the estimate lacks, and most of it lies where the
print reacts most to a change of tone: at the borders of the dots, several to a period. So each
step adds a weighted least-squares correction (Gauss-Newton over Gaussian windows narrower than a
dot), keeps the local mean of light, and smooths what stays below the contrast of real edges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from restoration.raster.base import Plane
from restoration.stages.descreen.paper import mean_within
from restoration.stages.descreen.phases import FollowedScreen
from restoration.stages.descreen.profile import DotProfile, Index, Range, Sample
from restoration.stages.descreen.smoothing import local_mean, smoothed_within_edges

WINDOWS = (0.45, 0.35, 0.28, 0.22, 0.2)
"""Standard deviations of the least-squares windows, one per step, in periods."""

SEVERAL = (0.45, 0.35, 0.3, 0.25, 0.25)
"""The same where several screens lie over each other and the dots are less certain."""

LEAST_WINDOW = 0.9
"""Least standard deviation of these windows in pixels: below, noise is fitted."""

FIRST = 0.65
"""Standard deviation, in periods, of the mean from which the first step starts: a Gaussian of this
width leaves 2 in 10,000 of the fundamental."""

ROSETTE = 1.3
"""Factor on FIRST where several lattices beat against each other at lower frequencies."""

ANCHOR = 0.5
"""Standard deviation, in periods, below which the mean of the scan's light is kept as it is: the
weighted fit alone is biased where the profile is."""

LIVELIEST = 3.0
"""Greatest reaction of the print to a change of tone that is believed."""

PRIOR = 0.05
"""Evidence, as squared reaction, that speaks for no correction."""

EDGE_WINDOW = 0.25
"""Standard deviation of the edge-preserving mean, in periods."""

EDGE_CONTRAST = 1.5e-4
"""Variance in linear light, at a tone of 0.3, below which a variation is the dots' and not the
picture's, under dots of full contrast."""

DOT_CONTRAST = 0.006
"""The same as a share of the dots' own variance, where that is less: what soft optics leave of a
fine screen is small, and so is what the profile may get wrong of it."""

MORE_SCREENS = 4.0
"""Factor on EDGE_CONTRAST where several lattices are predicted at once, each with its error."""

PRESENCE = 1.0
"""Standard deviation, in periods, of the window in which the print is compared with the scan."""

MOST_PRESENT = 1.2
"""Dots may be stronger by this than the profile's: its tones are smoothed."""

FAINT = 1e-6
"""Variance of dots, in linear light and at a tone of 1, at which their presence is half believed;
in proportion to the tone, as the eye and the sensor's noise have it."""

UNEVEN = 0.05
"""Change of tone per period at which a pixel counts half when the profile is learned."""

DARKEST, LIGHTEST = 1e-3, 1.0


@dataclass
class Channel:
    """One channel of a window on its way from dots to tones."""

    scan: Plane
    """Linear light."""
    period: float
    phases: list[Index]
    """Of each screen."""
    tone: Plane
    """The estimate."""
    evenness: Plane
    """What a pixel counts when profiles are learned."""
    printed: Plane | None = None
    """1 where there is print, 0 where paper; None where there is nothing but print."""

    @property
    def windows(self) -> tuple[float, ...]:
        """Standard deviations of the steps' least-squares windows, in pixels."""
        shares = SEVERAL if len(self.phases) > 1 else WINDOWS
        return tuple(max(share * self.period, LEAST_WINDOW) for share in shares)

    @classmethod
    def of(
        cls,
        scan: Plane,
        screens: Sequence[FollowedScreen],
        top: int,
        left: int,
        weight: Plane | None = None,
        printed: Plane | None = None,
    ) -> Channel:
        """A channel at the start: its tones are means over the dots.

        scan: float32 (h, w), linear light, both multiples of ``smoothing.ALIGNED``; top, left:
        place of the window on the page; weight: 0 where pixels are outside the region; printed:
        0 where they are paper, of which nothing is learned.
        """
        height, width = scan.shape
        period = float(np.mean([screen.lattice.period for screen in screens]))
        start = FIRST * period * (ROSETTE if len(screens) > 1 else 1.0)
        tone = local_mean(scan, start) if printed is None else mean_within(scan, printed, start)
        slope = cv2.magnitude(
            cv2.Sobel(tone, cv2.CV_32F, 1, 0, scale=0.125),
            cv2.Sobel(tone, cv2.CV_32F, 0, 1, scale=0.125),
        )
        change = local_mean(slope, 0.5 * period) * np.float32(period / UNEVEN)
        evenness: Plane = np.reciprocal(1.0 + change * change)
        for counts in (weight, printed):
            if counts is not None:
                evenness *= counts
        phases = [screen.phases(top, left, height, width) for screen in screens]
        return cls(scan, period, phases, tone, evenness, printed)

    def sample(self, profiles: Sequence[DotProfile], which: int) -> Sample:
        """What this window says about one of its screens, the others being known."""
        tone = profiles[which].range.place(self.tone)
        expected = self.tone.copy()
        for number, profile in enumerate(profiles):
            if number != which:
                expected *= profile.factor(self.phases[number], tone)[0]
        return Sample(self.scan, expected, tone, self.phases[which], self.evenness)

    def dots(self, profiles: Sequence[DotProfile]) -> tuple[Plane, Plane]:
        """The print of the estimate less the estimate, and the print's reaction to the tone.

        Inks lie over each other and each lets a share of the light through, so the screens'
        factors multiply; that gives their intermodulation too.
        """
        tone = profiles[0].range.place(self.tone)
        product, relative = None, None
        for phases, profile in zip(self.phases, profiles, strict=True):
            factor, slope = profile.factor(phases, tone)
            if product is None or relative is None:
                product, relative = factor, slope
            else:
                relative = relative * factor + slope * product
                product = product * factor
        if product is None or relative is None:
            raise ValueError("a channel without screens has no dots")
        reaction = product + self.tone * relative
        product -= 1.0
        product *= self.tone
        return product, reaction

    def improve(self, profiles: Sequence[DotProfile], step: int) -> None:
        """One step of the estimate, of ``len(WINDOWS)``."""
        dots, reaction = self.dots(profiles)
        present = self._presence(dots)
        dots *= present
        reaction -= 1.0
        reaction *= present
        reaction += 1.0
        np.clip(reaction, 0.0, LIVELIEST, out=reaction)
        missing = self.scan - self.tone
        missing -= dots
        sigma = self.windows[step]
        if self.printed is not None:
            missing *= self.printed
            reaction *= self.printed
        change = local_mean(reaction * missing, sigma)
        change /= local_mean(reaction * reaction, sigma) + np.float32(PRIOR)
        change += self._mean(missing - change, ANCHOR)
        change += self.tone
        np.clip(change, DARKEST, LIGHTEST, out=change)
        contrast = min(EDGE_CONTRAST, DOT_CONTRAST * dot_variance(profiles))
        contrast *= MORE_SCREENS if len(self.phases) > 1 else 1.0
        if self.printed is not None:
            # Beyond the border the print is taken to go on, or it would be smoothed into the paper.
            change = np.where(self.printed > 0.0, change, self._mean(change, FIRST))
        self.tone = smoothed_within_edges(change, EDGE_WINDOW * self.period, contrast)

    def _mean(self, plane: Plane, periods: float) -> Plane:
        """The local mean over the print."""
        sigma = periods * self.period
        if self.printed is None:
            return local_mean(plane, sigma)
        return mean_within(plane, self.printed, sigma)

    def _presence(self, dots: Plane) -> Plane:
        """How much of the predicted dots the scan shows nearby, 0 to MOST_PRESENT."""
        sigma = PRESENCE * self.period
        if self.printed is not None:
            dots = dots * self.printed
        found = local_mean((self.scan - self.tone) * dots, sigma)
        found /= local_mean(dots * dots, sigma) + np.float32(FAINT) * self.tone
        return np.clip(found, 0.0, MOST_PRESENT, out=found)


def dot_variance(profiles: Sequence[DotProfile]) -> float:
    """Variance, in linear light, of the dots of all screens where they are strongest."""
    return sum(profile.amplitude() ** 2 for profile in profiles)


def estimate(channel: Channel, profiles: Sequence[DotProfile]) -> Plane:
    """The tones of a channel, float32 (h, w), linear light; all steps with known profiles."""
    for step in range(len(channel.windows)):
        channel.improve(profiles, step)
    return channel.tone


def learn_profiles(
    channels: Sequence[Channel], screens: Sequence[FollowedScreen]
) -> list[DotProfile]:
    """The dot profiles of a channel's screens, learned together with the tones of its samples.

    channels: the same channel in several windows. They end as ``estimate`` leaves them.
    """
    tones = Range.of(channel.tone for channel in channels)
    profiles = [DotProfile.even(tones) for _ in screens]
    rounds = 2 if len(screens) > 1 else 1
    for step in range(len(WINDOWS) + 1):
        for _ in range(rounds if step == 0 else 1):
            for number, screen in enumerate(screens):
                samples = (channel.sample(profiles, number) for channel in channels)
                profiles[number] = DotProfile.learned(samples, screen.lattice, tones)
        if step < len(WINDOWS):
            for channel in channels:
                channel.improve(profiles, step)
    return profiles
