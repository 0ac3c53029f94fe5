"""The network that finds damage: tiles answer as the page does, whatever their size."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from restoration.errors import CircumstanceError
from restoration.examine.damage import detector as detector_module
from restoration.examine.damage.detector import MULTIPLE, RADIUS, DamageDetector
from restoration.networks.damage_unet import CLASSES, DamageUNet, damage_logit
from restoration.networks.sources import RESOURCES
from support import corpus


@pytest.fixture(scope="module")
def shipped():
    return DamageDetector.load()


def plane(height: int = 448, width: int = 480) -> np.ndarray:
    """A photograph with two scratches and a speck."""
    out = corpus.photo("camera", 0, 0, height, width)[:, :, 0].copy()
    out[40:400, 100:102] = 1.0
    out[200:203, 20:400] = 0.95
    out[300:305, 300:304] = 1.0
    return out


def test_a_window_answers_as_the_page_does_where_it_sees_all_that_the_answer_depends_on(shipped):
    page = plane()
    whole = shipped.search(page)
    top, left = 3 * MULTIPLE, 2 * MULTIPLE
    part = shipped.search(page[top:, left : left + 384])
    own = np.s_[RADIUS:, RADIUS : 384 - RADIUS]
    seen = whole.probability[top:, left : left + 384][own]
    # The library's sums may run in another order for another size.
    assert np.abs(part.probability[own] - seen).max() < 1e-4
    assert seen.max() > 0.5


def test_a_window_that_begins_between_the_steps_answers_otherwise():
    torch.manual_seed(1)
    off = DamageDetector(DamageUNet().eval())
    page = plane()
    whole, moved = off.search(page), off.search(page[3:, :])
    assert np.abs(whole.probability[3:] - moved.probability)[RADIUS:].max() > 1e-4


def test_an_answer_depends_on_nothing_farther_away_than_is_said():
    torch.manual_seed(2)
    network = DamageUNet().eval()
    pixels = torch.rand(1, 1, 320, 320, requires_grad=True)
    damage_logit(network(pixels))[0, 160, 163].backward()
    rows, columns = np.nonzero(pixels.grad[0, 0].numpy())
    assert max(160 - rows.min(), rows.max() - 160) <= RADIUS
    assert max(163 - columns.min(), columns.max() - 163) <= RADIUS
    assert rows.max() - rows.min() > RADIUS


@pytest.mark.parametrize("size", [(33, 47), (64, 16), (1, 1)])
def test_planes_of_any_size(shipped, size):
    found = shipped.search(np.full(size, 0.5, np.float32))
    assert found.probability.shape == found.kind.shape == size
    assert found.kind.max() < CLASSES - 1
    assert found.probability.max() < 0.5


def test_the_same_answer_whatever_the_threads(shipped):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = shipped.search(plane())
        torch.set_num_threads(2)
        two = shipped.search(plane())
    finally:
        torch.set_num_threads(before)
    assert (one.probability == two.probability).all()


def test_altered_weights_are_refused(monkeypatch, tmp_path):
    for name in ("models.yaml", "damage-detector.safetensors"):
        (tmp_path / name).write_bytes((RESOURCES / name).read_bytes())
    weights = tmp_path / "damage-detector.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")
    detector_module._loaded.cache_clear()
    monkeypatch.setattr("restoration.networks.sources.RESOURCES", tmp_path)
    try:
        with pytest.raises(CircumstanceError, match="was altered: expected SHA-256"):
            DamageDetector.load()
        weights.unlink()
        with pytest.raises(CircumstanceError, match="git checkout puts it back"):
            DamageDetector.load()
    finally:
        detector_module._loaded.cache_clear()
