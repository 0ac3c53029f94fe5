"""Smallest eigenvalues of block covariances: white noise, whatever the picture."""

import numpy as np
import pytest

from restoration.examine.noise.block_covariance import redundant, white_level

SIDE = 64


def density(of):
    """A spectral density (64, 33) that depends on the frequency alone."""
    down, across = np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None, :]
    return np.broadcast_to(of(np.hypot(down, across)), (SIDE, SIDE // 2 + 1)).astype(float)


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_white_noise_falls_with_the_scale(scale):
    white, total = white_level(density(lambda f: 36.0 + 0.0 * f), scale)
    assert white == pytest.approx(6.0 / scale, rel=0.05)
    assert total == pytest.approx(6.0 / scale, rel=0.02)


def test_a_picture_below_the_noise_adds_little():
    white, total = white_level(density(lambda f: 36.0 + 4000.0 * np.exp(-((f / 0.06) ** 2))), 1)
    assert white == pytest.approx(6.0, rel=0.15)
    assert total > 1.5 * white


def test_correlated_noise_shows_at_a_coarser_scale():
    grain = density(lambda f: 1000.0 * np.exp(-((f / 0.12) ** 2)))
    full, half, quarter = (white_level(grain, scale)[0] for scale in (1, 2, 4))
    assert full < 1.0 < half
    assert quarter > 2.0 * full


def test_redundant_eigenvalues_are_those_whose_mean_is_their_median():
    assert redundant(np.array([400.0, 90.0, 4.1, 4.0, 3.9])) == pytest.approx(4.0)
    assert redundant(np.array([4.0, 4.0, 4.0])) == pytest.approx(4.0)
