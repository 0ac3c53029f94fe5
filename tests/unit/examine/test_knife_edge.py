"""Edges of the picture as slanted test edges."""

import cv2
import numpy as np
import pytest

from restoration.examine.resolution.knife_edge import edges, transfer_end


def slanted(angle, blur, noise=0.0, seed=0):
    """A tile with three blurred straight edges, 16 times finer than its pixels when drawn."""
    fine = 6
    y, x = np.mgrid[: 256 * fine, : 256 * fine].astype(np.float32) / fine
    along = np.cos(np.radians(angle)) * x + np.sin(np.radians(angle)) * y
    tile = (0.3 + 0.35 * (np.floor(along / 61.0) % 2)).astype(np.float32)
    if blur > 0:
        tile = cv2.GaussianBlur(tile, (0, 0), blur * fine)
    tile = cv2.resize(tile, (256, 256), interpolation=cv2.INTER_AREA)
    rng = np.random.default_rng(seed)
    return tile + rng.standard_normal(tile.shape).astype(np.float32) * np.float32(noise / 255)


@pytest.mark.parametrize("angle", [7.0, 33.0, 71.0, 112.0])
@pytest.mark.parametrize("blur", [0.9, 1.3, 2.0])
def test_mtf10_of_a_gaussian_blur(angle, blur):
    # Gaussian and pixel aperture together; exp(-2 (pi s f)^2) = 0.1.
    whole = np.hypot(blur, 1 / np.sqrt(12))
    found = transfer_end(edges(slanted(angle, blur, noise=1.0)))
    assert found == pytest.approx(np.sqrt(np.log(10) / 2) / np.pi / whole, rel=0.12)


def test_noise_hardly_moves_the_figure():
    quiet, loud = (transfer_end(edges(slanted(20.0, 1.5, noise))) for noise in (0.0, 6.0))
    assert loud == pytest.approx(quiet, rel=0.15)


def test_a_sharp_edge_reaches_nyquist():
    assert transfer_end(edges(slanted(20.0, 0.0))) == 0.5


def test_texture_and_curves_are_no_edges():
    rng = np.random.default_rng(2)
    texture = cv2.GaussianBlur(rng.random((256, 256)).astype(np.float32), (0, 0), 2.0)
    assert edges(texture * 3.0) == []
    disc = np.full((256, 256), 0.2, np.float32)
    cv2.circle(disc, (128, 128), 14, 0.8, -1, cv2.LINE_AA)
    assert transfer_end(edges(disc)) is None


def test_too_few_edges_are_not_a_figure():
    assert transfer_end([]) is None
    single = np.full((256, 256), 0.2, np.float32)
    single[:, 128:] = 0.8
    assert transfer_end(edges(single)) is None
