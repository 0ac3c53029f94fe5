"""A healthy 16-bit scan through every stage on `auto`: each declines, and nothing is changed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from support import corpus
from support.project import Project


def ramp() -> np.ndarray:
    """Every 16-bit code once per channel, each channel in another direction; uint16 RGB."""
    codes = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    return np.stack([codes, codes[::-1], codes.T], axis=-1)


@pytest.fixture
def healthy(project: Project) -> Project:
    """The project with one ramp scan in Adobe RGB, and every stage on `auto`."""
    corpus.write_tiff(
        project.folder / "masters/ramp.tif",
        ramp(),
        ppi=(1200, 1200),
        icc=corpus.PROFILES["Adobe RGB"](),
        exif=corpus.EXIF,
    )
    config = project.config()
    stages = {
        "descreen": {},
        "repair": {},
        # The tests' own network is none that denoises; without one, JPEG blocks are looked for.
        "denoise": {"network": "none"},
        "cleanup": {"network": "tiny"},
        "upscale": {"factor": 1, "network": "tiny"},
    }
    config["recipes"] = {"plain": {"stages": stages}}
    project.configure(config)
    project.sheet([("ramp", "masters/ramp.tif", "box", "")])
    return project


def test_every_stage_declines_and_pixels_and_profile_are_the_masters(healthy: Project) -> None:
    healthy.run()
    deliverable = healthy.results / "plain/deliver/ramp.tif"
    with tifffile.TiffFile(deliverable) as tiff:
        page = tiff.pages[0]
        assert np.array_equal(page.asarray(), ramp())
        assert page.tags[34675].value == corpus.PROFILES["Adobe RGB"]()
    record = json.loads(deliverable.with_suffix(".json").read_text())
    said = {stage["stage"]: stage["pages"][0] for stage in record["stages"]}
    assert {name: page["status"] for name, page in said.items()} == dict.fromkeys(
        ("descreen", "repair", "denoise", "cleanup", "upscale"), "declined"
    )
    # Each with the reason that was measured, not merely "off".
    assert said["descreen"]["reason"] == "no halftone screen was found"
    assert "the condition report found no damage" in said["repair"]["reason"]
    assert said["denoise"]["reason"] == "the recipe names no network for noise"
    assert "no detail to judge" in said["cleanup"]["reason"]
    assert "factor 1 leaves the size as it is: 256 x 256 px" in said["upscale"]["reason"]
    assert all(page["image"] is None for page in said.values())
    assert list(healthy.results.glob("plain/*/ramp*.tif")) == [deliverable]
    assert Path(record["master"]["path"]).name == "ramp.tif"
