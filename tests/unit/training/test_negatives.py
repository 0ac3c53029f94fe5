"""Content that looks like damage is drawn into pictures, seeded, as sharp as a picture is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from support import corpus
from training.damage.dead_leaves import dead_leaves
from training.damage.negatives import DRAWERS, draw_negatives, drawn


def _plane() -> np.ndarray:
    return np.ascontiguousarray(corpus.photo("astronaut", 200, 100, 200, 232, grey=True)[:, :, 0])


@pytest.mark.parametrize("name", DRAWERS)
def test_everything_can_be_drawn_and_is_drawn_alike_from_a_seed(name: str) -> None:
    plane = _plane()
    before = plane.copy()
    changed = 0
    for seed in range(6):
        result = drawn(plane, np.random.default_rng(seed), (name,))
        assert result.dtype == np.float32
        assert result.shape == plane.shape
        assert 0.0 <= result.min() <= result.max() <= 1.0
        assert np.array_equal(result, drawn(plane, np.random.default_rng(seed), (name,)))
        changed += bool((np.abs(result - plane) > 0.05).sum() >= 4)
    assert np.array_equal(plane, before)
    assert changed >= 3


def test_some_pictures_stay_as_they_are() -> None:
    plane = _plane()
    same = [
        np.array_equal(draw_negatives(plane, np.random.default_rng(s)), plane) for s in range(40)
    ]
    assert 2 <= sum(same) <= 18


def test_what_was_drawn_went_through_a_lens() -> None:
    # On an even ground: lettering has no edge as steep as a pixel.
    plane = np.full((200, 240), 0.5, np.float32)
    for seed in range(8):
        result = drawn(plane, np.random.default_rng(seed), ("lettering",))
        quiet = cv2.GaussianBlur(result, (0, 0), 0.4)
        assert np.abs(result - quiet).max() < 0.35


def test_dead_leaves_are_pictures_of_any_size() -> None:
    one = dead_leaves(130, 201, np.random.default_rng(1))
    assert one.shape == (130, 201)
    assert one.dtype == np.float32
    assert 0.0 <= one.min() <= one.max() <= 1.0
    assert one.std() > 0.03
    assert np.array_equal(one, dead_leaves(130, 201, np.random.default_rng(1)))
    assert not np.array_equal(one, dead_leaves(130, 201, np.random.default_rng(2)))
