"""A network architecture added the way `docs/adding-network.md` says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

from support.code_of_page import code_of_page, modules_below

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "adding-network.md"

THROUGH_THE_PLAN = """
import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from restoration.chain.job_tools import Networks
from restoration.networks.architectures.dncnn import ARCHITECTURE, DncnnParameters
from restoration.networks.fetch import fetch
from restoration.plan.make_plan import make_plan
from restoration.raster.base import ArrayRaster

NAMED = "restoration.networks.architectures.dncnn"


def planned(folder: Path, sha256: str, network: str):
    (folder / "scans.tsv").write_text("scan\\tpath\\na\\ta.tif\\n")
    return make_plan(
        {
            "scans": str(folder / "scans.tsv"),
            "results": str(folder / "results"),
            "models_dir": str(folder),
            "models": {"own": {"architecture": "dncnn", "path": "own.pth", "sha256": sha256}},
            "recipes": {"archive": {"stages": {"denoise": {"network": network}}}},
        }
    )


def test_a_picture_goes_through_weights_of_ones_own(tmp_path: Path) -> None:
    torch.manual_seed(3)
    module = ARCHITECTURE.build(DncnnParameters(num_feat=8, num_conv=4), 1).eval()
    torch.save({"params": module.state_dict()}, tmp_path / "own.pth")
    sha256 = hashlib.sha256((tmp_path / "own.pth").read_bytes()).hexdigest()
    plan = planned(tmp_path, sha256, "own")
    fetch("own", plan.manifest, tmp_path)
    network = Networks(plan, 1)("own")
    assert (network.scale, network.radius, network.channels) == (1, 4, 3)
    assert not network.generative
    picture = np.random.default_rng(4).random((90, 61, 3), dtype=np.float32)
    made = np.concatenate([*network.run(ArrayRaster(picture), lambda done, unit: None)])
    with torch.inference_mode():
        whole = module(torch.from_numpy(picture).permute(2, 0, 1)[None])[0].permute(1, 2, 0)
    assert np.abs(made - whole.numpy()).max() < 1 / 65535
    assert np.abs(made - picture).max() > 1e-3


def test_its_code_is_asked_for_where_it_is_named(tmp_path: Path) -> None:
    own = planned(tmp_path, "0" * 64, "own").dependencies
    assert own.code_of_networks("archive", "denoise") == (NAMED,)
    assert own.runtime_of("archive", "denoise") == "torch"
    other = planned(tmp_path, "0" * 64, "ffdnet-color").dependencies
    assert NAMED not in other.code_of_networks("archive", "denoise")
    assert own.code("archive", "denoise") != other.code("archive", "denoise")
"""


def test_an_architecture_is_added_in_three_places(tmp_path: Path) -> None:
    skipped = shutil.ignore_patterns("__pycache__", "src")
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts", ignore=skipped)
    (tmp_path / "resources").mkdir()
    shutil.copy(ROOT / "resources" / "models.yaml", tmp_path / "resources")
    before = modules_below(tmp_path)

    said = code_of_page(PAGE)
    registry = tmp_path / "scripts/restoration/networks/registry.py"
    line = said.pop("scripts/restoration/networks/registry.py: in _MODULES")
    text, last = registry.read_text(), '    "restoration.networks.architectures.dlib",\n'
    assert text.count(last) == 1
    assert line.count("\n") == 1
    registry.write_text(text.replace(last, last + textwrap.indent(line.lstrip(), "    ")))
    for place, code in said.items():
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        assert not path.exists()
        path.write_text(code)

    after = modules_below(tmp_path)
    assert len([path for path in after if after[path] != before.get(path)]) == 3
    (tmp_path / "test_through_the_plan.py").write_text(THROUGH_THE_PLAN)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("tests/unit/networks/test_dncnn.py", "test_through_the_plan.py"),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "scripts")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
