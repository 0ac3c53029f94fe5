"""The bench of repair counts right, and its pictures are what it says."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from damage.cracks import cracked, creased
from damage.film_scratches import film_scratches
from support import corpus
from support.healthy_pictures import LEARNED, TUNED, healthy_pictures

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))

from repair_overlays import opacity, overlaid, shown_overlays
from repair_pages import Truth, counts


def test_there_are_enough_healthy_pictures_that_nothing_was_trained_on() -> None:
    every = healthy_pictures()
    assert len({one.name for one in every}) == len(every)
    assert sum(not one.seen for one in every) >= 60
    wanted = {"stars", "snow", "buttons", "masts", "lettering", "music", "engraving", "halftone",
              "fabric", "face"}  # fmt: skip
    assert wanted <= {one.kind for one in every if not one.seen}


def test_healthy_pictures_are_drawn_alike_each_time_and_within_their_range() -> None:
    # One of each kind: all of them take half a minute.
    for one in {each.kind: each for each in healthy_pictures()}.values():
        pixels = one.draw()
        assert pixels.dtype == np.float32, one.name
        assert pixels.ndim == 3, one.name
        assert pixels.min() >= 0.0, one.name
        assert pixels.max() <= 1.0, one.name
        assert np.array_equal(pixels, one.draw()), one.name


def test_what_was_trained_on_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RESTORATION_PHOTOGRAPHS", str(tmp_path))
    for number in ("01", "09", "13"):
        (tmp_path / f"kodim{number}.png").touch()
    seen = {one.name: one.seen for one in healthy_pictures() if one.name.startswith("kodim")}
    assert seen == {"kodim01": True, "kodim09": True, "kodim13": False}
    assert not LEARNED & TUNED


def test_pixels_and_marks_are_counted_against_the_truth() -> None:
    clean = np.full((60, 60, 1), 0.5, np.float32)
    damaged = clean.copy()
    damaged[10:20, 10:20] = 0.9
    damaged[40:44, 40:44] = 0.1
    # Seen, but not plain.
    damaged[30:32, 10:30] = 0.55
    found = np.zeros((60, 60), np.bool_)
    found[10:20, 10:16] = True
    found[31, 15] = True
    found[50:53, 5:8] = True
    said = counts(found, Truth.of(damaged, clean))
    assert said == {
        "plain_px": 116,
        "plain_found_px": 60,
        "found_px": 70,
        "right_px": 61,
        "marks": 2,
        "marks_found": 1,
        "eaten": 1,
        "eaten_px": 9,
    }


def test_only_every_fifth_overlay_is_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import imagecodecs

    for kind in ("hair", "hair-short", "lint"):
        (tmp_path / kind).mkdir()
        for number in range(11):
            alpha = np.zeros((40, 40, 4), np.uint8)
            alpha[18:20, 5:35, 3] = 255 if number % 5 == 4 else 0
            imagecodecs.imwrite(tmp_path / kind / f"{kind}-{number:03}.png", alpha)
    monkeypatch.setenv("RESTORATION_OVERLAYS", str(tmp_path))
    shown_overlays.cache_clear()
    try:
        names = [path.name for path in shown_overlays("hair")]
        assert names == ["hair-004.png", "hair-009.png"]
        assert opacity(shown_overlays("hair")[0]).max() == 1.0
        clean = corpus.photo("coffee", height=200, width=200)
        dark = overlaid(clean, "hairs", False, np.random.default_rng(1))
        assert (dark <= clean + 1e-6).mean() > 0.99
        assert (clean - dark).max() > 0.3
    finally:
        shown_overlays.cache_clear()


@pytest.mark.parametrize("light", [True, False])
def test_cracks_are_narrow_and_of_their_tone(light: bool) -> None:
    clean = np.full((200, 300, 1), 0.5, np.float32)
    broken = cracked(clean, np.random.default_rng(3), light=light)
    change = broken - clean
    assert 0.003 < (np.abs(change) > 0.1).mean() < 0.1
    assert (change > 0.2).any() == light
    assert np.array_equal(broken, cracked(clean, np.random.default_rng(3), light=light))


def test_a_crease_has_a_light_and_a_dark_side() -> None:
    clean = np.full((200, 300, 1), 0.5, np.float32)
    change = creased(clean, np.random.default_rng(3)) - clean
    assert change.max() > 0.1
    assert change.min() < -0.03


def test_film_scratches_run_down_the_whole_page() -> None:
    clean = np.full((200, 300, 1), 0.5, np.float32)
    pixels, lines = film_scratches(clean, np.random.default_rng(3), 3)
    assert len(lines) == 3
    for line in lines:
        at = line.round().astype(int).clip(0, 299)
        assert (np.abs(pixels - clean)[np.arange(200), at, 0] > 0.02).mean() > 0.9
