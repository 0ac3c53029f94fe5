"""What the detector is trained on: labels are true, nothing shown was trained on."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from restoration.findings.damage import KINDS
from training.damage import generator, split
from training.damage.drawn_marks import DRAWN_MARKS
from training.damage.judge import fitted
from training.damage.pictures import PictureSource
from training.damage.train import loss_of, rate


@pytest.fixture(scope="module")
def source():
    files = [path for path in split.packaged_files("training") if path.suffix == ".png"]
    return PictureSource.of(files[:2], 3)


def test_the_kinds_are_those_of_the_finding():
    assert generator.KINDS == KINDS
    assert set(split.OVERLAY_KINDS.values()) | {kind for _, kind in DRAWN_MARKS.values()} == set(
        KINDS
    )


def test_no_picture_is_in_two_parts():
    for parts in (split.KODAK, split.PACKAGED, split.OVERLAY_PLACES):
        every = [name for part in parts.values() for name in part]
        assert len(every) == len(set(every))


def test_the_packaged_pictures_are_there():
    assert all(path.exists() for part in split.PACKAGED for path in split.packaged_files(part))


def test_the_same_seed_draws_the_same_picture(source):
    one, two = (
        generator.damaged_picture(source, None, 96, np.random.default_rng(7)) for _ in range(2)
    )
    assert (one.pixels == two.pixels).all()
    assert (one.label == two.label).all()


def test_what_is_labelled_as_damage_was_changed_and_nothing_else_was(source):
    damaged = 0
    for number in range(30):
        rng = np.random.default_rng((5, number))
        picture = generator.damaged_picture(source, None, 96, rng)
        change = np.abs(picture.pixels.astype(int) - picture.clean)
        label = picture.label
        marked = (label > 0) & (label != generator.IGNORED)
        damaged += bool(marked.any())
        if not picture.names:
            assert not label.any()
        if marked.sum() > 50:
            # Softness, noise and compression of the scan come on top of either.
            assert np.median(change[marked]) > 255 * generator.SEEN / 2
            assert np.median(change[marked]) > 2 * np.median(change[label == 0])
    assert damaged > 10


@pytest.mark.parametrize("name", DRAWN_MARKS)
def test_every_mark_is_drawn_within_its_range(name):
    draw, _ = DRAWN_MARKS[name]
    covers = [draw(128, np.random.default_rng((1, number))) for number in range(12)]
    assert all(cover.shape == (128, 128) and cover.dtype == np.float32 for cover in covers)
    assert all(cover.min() >= 0 and cover.max() <= 1 for cover in covers)
    assert sum(cover.max() > 0.5 for cover in covers) >= 8


def test_a_right_answer_costs_less_than_a_wrong_one():
    label = torch.zeros(1, 16, 16, dtype=torch.long)
    label[0, 4:8] = 1
    label[0, 8] = generator.IGNORED
    right = torch.zeros(1, 7, 16, 16)
    right[:, 0] = 5.0
    right[0, 1, 4:8], right[0, 0, 4:8] = 5.0, -5.0
    otherwise = right.clone()
    otherwise[0, 1, 8] = 9.0
    assert loss_of(right, label) < loss_of(-right, label)
    assert loss_of(otherwise, label) == loss_of(right, label)


def test_the_rate_rises_and_falls():
    rates = [rate(step, 1000) for step in (0, 499, 750, 999)]
    assert rates[0] < rates[1] > rates[2] > rates[3]


def test_the_judge_finds_the_odds_that_made_its_marks():
    rng = np.random.default_rng(4)
    design = np.column_stack([np.ones(20_000), rng.normal(0, 1, (20_000, 2))])
    known = rng.normal(0, 1, 20_000)
    odds = design @ [-1.0, 2.0, -0.5] + known
    true = rng.random(20_000) < 1 / (1 + np.exp(-odds))
    found = fitted(design, true, np.ones(20_000), known)
    assert found == pytest.approx([-1.0, 2.0, -0.5], abs=0.1)
