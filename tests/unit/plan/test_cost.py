"""The cost model: what a scheduler is asked for, and by what batches are aimed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from restoration.plan.cost_model import BYTES_PER_PIXEL, MARGIN, SECONDS_PER_MEGAPIXEL, CostModel
from restoration.plan.make_plan import make_plan
from restoration.plan.plan import Plan

CLEANUP: dict[str, Any] = {"cleanup": {"network": "realesrgan-x4plus-packaged"}}


def plan_of(folder: Path, megapixels: float, **more: Any) -> Plan:
    with (folder / "a.tif").open("wb") as file:
        file.truncate(round(megapixels * 1e6 * BYTES_PER_PIXEL))
    (folder / "scans.tsv").write_text("scan\tpath\tbatch\na\ta.tif\tbox\nb\tmissing.tif\tbox\n")
    stages = more.pop("stages", CLEANUP)
    config: dict[str, Any] = {
        "scans": str(folder / "scans.tsv"),
        "results": str(folder / "results"),
        "recipe": "plain",
        "recipes": {"plain": {"stages": stages}},
        "examine": {"faces": "off"},
        "engine": {"runtime": "torch"},
        "device": "cpu",
    }
    return make_plan({**config, **more})


def seconds(plan: Plan, step: str = "cleanup", megapixels: float = 35.0) -> float:
    return CostModel(plan).scan_seconds("plain", step, megapixels)


def test_time_follows_the_megapixels_of_the_batch(tmp_path: Path) -> None:
    small, large = plan_of(tmp_path, 10), plan_of(tmp_path, 40)
    # Plans see a master's size when they are first asked for it.
    needs = [CostModel(large).need("plain", "cleanup", "box")]
    (tmp_path / "a.tif").write_bytes(b"0" * round(10e6 * BYTES_PER_PIXEL))
    needs.insert(0, CostModel(small).need("plain", "cleanup", "box"))
    per_megapixel = (needs[1].seconds - needs[0].seconds) / 30.0
    assert per_megapixel == pytest.approx(MARGIN * (seconds(small) - seconds(small, megapixels=34)))
    assert needs[0].memory_mib == needs[1].memory_mib


def test_faster_runtimes_threads_and_devices_take_less(tmp_path: Path) -> None:
    torch = plan_of(tmp_path, 35)
    four = plan_of(tmp_path, 35, threads=4)
    gpu = plan_of(tmp_path, 35, device="cuda")
    assert seconds(gpu) < seconds(four) < seconds(torch)
    assert seconds(gpu, "deliver") == seconds(torch, "deliver")


def test_a_stage_without_a_network_needs_no_memory_for_one(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, 35, engine={"runtime": "torch", "memory_gib": 3.0})
    needs = {step: CostModel(plan).need("plain", step, "box") for step in ("cleanup", "deliver")}
    assert needs["cleanup"].memory_mib > 3 * 1024 > needs["deliver"].memory_mib


def test_enlarging_makes_delivery_take_its_pixels(tmp_path: Path) -> None:
    plain = plan_of(tmp_path, 35)
    large = plan_of(tmp_path, 35, stages={"upscale": {"factor": 2.0, "network": "none"}})
    more = seconds(large, "deliver") - seconds(plain, "deliver")
    assert more == pytest.approx(3 * 35 * SECONDS_PER_MEGAPIXEL["deliver"])


def test_the_longest_step_of_all_recipes_counts(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, 35)
    scan = plan.scans[0]
    model = CostModel(plan)
    every = [
        model.scan_seconds("plain", step, model.megapixels(scan)) for step in plan.steps("plain")
    ]
    assert model.longest(scan) == max(every)
