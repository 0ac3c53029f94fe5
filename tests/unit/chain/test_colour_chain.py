"""A scan that every stage leaves alone comes out with its master's pixels and profile."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from restoration.chain.chain import Chain
from restoration.chain.job_tools import make_job_tools
from restoration.config.stages import CHAIN
from restoration.plan.make_plan import make_plan
from restoration.plan.plan import Plan
from restoration.raster.colour.built_in_profiles import srgb_profile
from restoration.review.dossier import gather
from support import corpus
from support.profile_samples import KINDS


def ramp(channels: int) -> np.ndarray:
    """Every 16-bit code, each channel in another direction, uint16 (256, 256, channels)."""
    codes = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    return np.stack([codes, codes[::-1], codes.T][:channels], axis=-1)


def no_network(name: str, **blend: float) -> Any:
    raise AssertionError(f"{name} is asked for, though every stage declines")


def plan_of(folder: Path, icc: bytes | None, pixels: np.ndarray, **deliver: str) -> Plan:
    corpus.write_tiff(folder / "scan.tif", pixels, icc=icc, exif=corpus.EXIF)
    (folder / "scans.tsv").write_text(f"scan\tpath\nscan\t{folder}/scan.tif\n")
    stages: dict[str, Any] = {name: {} for name in CHAIN}
    stages["upscale"] = {"factor": 1}
    return make_plan(
        {
            "scans": str(folder / "scans.tsv"),
            "results": str(folder / "results"),
            "recipes": {"archive": {"stages": stages, "deliver": deliver}},
            "examine": {"faces": "off"},
            "engine": {"runtime": "torch"},
            "device": "cpu",
        }
    )


def delivered(plan: Plan) -> tuple[Path, dict[str, Any]]:
    workshop = replace(make_job_tools(plan, threads=1), networks=no_network)
    record = Chain(plan, "archive", plan.scans[0], workshop).ensure("deliver").raw()
    assert record["status"] == "done", record["reason"]
    for stage in record["stages"]:
        assert [page["status"] for page in stage["pages"]] == ["declined"], stage["stage"]
    assert [stage["stage"] for stage in record["stages"]] == list(CHAIN)
    return plan.folder("archive", "deliver") / "scan.tif", record


@pytest.mark.parametrize("kind", KINDS)
def test_pixels_and_profile_are_the_masters(tmp_path, kind):
    make, channels = KINDS[kind]
    profile, pixels = make(), ramp(channels)
    path, record = delivered(plan_of(tmp_path, profile, pixels))
    with tifffile.TiffFile(path) as tif:
        page = tif.pages[0]
        assert page.asarray().reshape(pixels.shape).tobytes() == pixels.tobytes()
        assert (page.iccprofile or None) == profile
    said = record["deliverable"]["pages"][0]["profile"]
    assert not said["converted"]
    assert said["assumed"] == (profile is None)


def test_unusable_profile_is_kept_and_people_are_told(tmp_path):
    damaged = srgb_profile()[:-40]
    path, record = delivered(plan_of(tmp_path, damaged, ramp(3)))
    with tifffile.TiffFile(path) as tif:
        assert tif.pages[0].iccprofile == damaged
        assert b"cannot be used" in tif.pages[0].tags[700].value
    warned = [w["text"] for w in record["condition_report"][0]["warnings"]]
    assert any("cannot be used (truncated" in text and "sRGB is assumed" in text for text in warned)
    assert any("cannot be read" in text for text in record["master"]["master"]["warnings"])
    said = record["deliverable"]["pages"][0]["profile"]
    assert said["assumed"]
    assert "cannot be used" in said["warning"]
    shown = gather(tmp_path / "results", "archive", "scan", {}, None)
    assert any("sRGB is assumed" in text for text in shown.warnings)


def test_conversion_to_srgb_at_the_end_of_the_chain(tmp_path):
    make, channels = KINDS["Adobe RGB"]
    path, record = delivered(plan_of(tmp_path, make(), ramp(channels), profile="sRGB"))
    with tifffile.TiffFile(path) as tif:
        assert tif.pages[0].iccprofile == srgb_profile()
        assert not np.array_equal(tif.pages[0].asarray(), ramp(3))
    said = record["deliverable"]["pages"][0]["profile"]
    assert said["converted"]
    assert 0.1 < said["share_clipped"] < 0.9
    # Two colour spaces' codes differ everywhere; what a person is shown is what stages changed.
    shown = gather(tmp_path / "results", "archive", "scan", {}, None)
    assert shown.pages[0].pictures.identical
    assert any("% of the pixels" in value for _, value in shown.deliverable)
    assert any("relative colorimetric" in value for _, value in shown.deliverable)
