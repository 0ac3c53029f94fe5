"""One-image Fourier ring correlation: where the halves of a checkerboard stop to agree."""

import numpy as np
import pytest

from restoration.examine.resolution.ring_correlation import correlation_end, ring_correlation
from support import simulated_scans as sim


def tiles(name, fraction, sigma, transfer="gauss"):
    picture = sim.noisy(sim.ideal_scan(name, fraction, side=800, transfer=transfer), sigma)
    grey = picture.mean(axis=2)
    return [
        np.ascontiguousarray(grey[top : top + 256, left : left + 256])
        for top in range(0, grey.shape[0] - 255, 256)
        for left in range(0, grey.shape[1] - 255, 256)
    ]


@pytest.mark.parametrize("fraction", [0.18, 0.27, 0.36])
@pytest.mark.parametrize("name", ["leaves7", "coffee"])
def test_the_end_lies_near_that_of_the_transfer(name, fraction):
    end = correlation_end(*ring_correlation(tiles(name, fraction, 2.0)))
    # 1/7 is a signal of a sixth of the noise, so that it reads up to a third more than MTF10.
    assert 0.9 * fraction < 2 * end < 1.35 * fraction


def test_more_noise_ends_it_earlier():
    quiet, loud = (
        correlation_end(*ring_correlation(tiles("coffee", 0.36, sigma))) for sigma in (1.0, 20.0)
    )
    assert loud < 0.85 * quiet


def test_noise_alone_has_nothing_in_common():
    noise = np.random.default_rng(5).standard_normal((8, 256, 256)).astype(np.float32)
    frequency, correlation = ring_correlation(list(noise))
    assert frequency[-1] == pytest.approx(0.25)
    assert np.abs(correlation[3:]).max() < 0.15


def test_a_sharp_picture_has_no_end():
    sharp = tiles("leaves7", 1.0, 0.5, "ideal")
    assert correlation_end(*ring_correlation(sharp)) is None
