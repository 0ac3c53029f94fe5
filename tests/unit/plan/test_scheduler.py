"""What jobs ask a scheduler for, and the profile that sends them to Slurm."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from restoration.config.stages import REGISTRY
from restoration.errors import ConfigError
from restoration.plan.cost_model import BYTES_PER_PIXEL, CostModel
from restoration.plan.make_plan import make_plan
from restoration.plan.plan import Plan
from restoration.plan.scheduler_requests import LEAST_MINUTES, Requests, check_arrays

ROOT = Path(__file__).resolve().parents[3]
MEGAPIXELS = {"small": 5.0, "large": 2000.0}


def profile(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "profiles" / name).read_text("utf-8"))
    return found


def limits(entries: list[str]) -> dict[str, int]:
    return {name: int(number) for name, number in (entry.split("=") for entry in entries)}


@pytest.fixture(name="plan")
def fixture_plan(tmp_path: Path) -> Plan:
    rows = ["scan\tpath\tbatch"]
    for batch, megapixels in MEGAPIXELS.items():
        with (tmp_path / f"{batch}.tif").open("wb") as file:
            file.truncate(round(megapixels * 1e6 * BYTES_PER_PIXEL))
        rows.append(f"{batch}\t{batch}.tif\t{batch}")
    (tmp_path / "scans.tsv").write_text("\n".join(rows) + "\n")
    cleanup = {"network": "realesrgan-x4plus-packaged"}
    return make_plan(
        {
            "scans": str(tmp_path / "scans.tsv"),
            "results": str(tmp_path / "results"),
            "recipe": "plain",
            "recipes": {"plain": {"stages": {"cleanup": cleanup}}},
            "examine": {"faces": "off"},
            "device": "cpu",
        }
    )


def test_memory_and_time_follow_the_batch_and_grow_with_the_attempt(plan: Plan) -> None:
    requests = Requests(plan)
    for batch in MEGAPIXELS:
        need = CostModel(plan).need("plain", "cleanup", batch)
        memory = [requests.memory_mib("plain", "cleanup", batch, attempt) for attempt in (1, 2, 3)]
        minutes = [requests.minutes("plain", "cleanup", batch, attempt) for attempt in (1, 2, 3)]
        assert memory == [need.memory_mib * attempt for attempt in (1, 2, 3)]
        assert minutes == [minutes[0] * attempt for attempt in (1, 2, 3)]
        assert minutes[0] * 60 >= need.seconds
    small, large = (requests.minutes("plain", "cleanup", batch, 1) for batch in MEGAPIXELS)
    assert large > 10 * small
    assert requests.minutes(None, "ingest", "small", 1) == LEAST_MINUTES


@pytest.mark.parametrize("arrays", ["all", "ingest, cleanup", "ingest;cleanup"])
def test_jobs_of_an_array_ask_for_what_its_largest_needs(plan: Plan, arrays: str) -> None:
    alone, together = Requests(plan), Requests(plan, lambda: arrays)
    largest = alone.minutes("plain", "cleanup", "large", 2)
    assert [together.minutes("plain", "cleanup", b, 2) for b in MEGAPIXELS] == [largest, largest]


def test_a_step_that_is_not_named_goes_without_arrays(plan: Plan) -> None:
    named = Requests(plan, lambda: "ingest")
    assert named.minutes("plain", "cleanup", "small", 1) < named.minutes(
        "plain", "cleanup", "large", 1
    )


def test_arrays_under_a_limit_that_would_hang_are_refused(plan: Plan) -> None:
    check_arrays(plan, None, jobs=1, gpus=1)
    check_arrays(plan, "all", jobs=2, gpus=1)
    with pytest.raises(ConfigError, match=r"slurm-array-jobs: .*`jobs` of at least 2.*found 1"):
        check_arrays(plan, "all", jobs=1, gpus=None)


def test_the_profile_for_slurm_repeats_what_the_default_one_says() -> None:
    default, slurm = profile("default/config.yaml"), profile("slurm/config.yaml")
    caps, own = (limits(found.pop("resources")) for found in (default, slurm))
    assert {key: slurm.get(key) for key in default} == default
    # Every cap is there; how many GPUs a cluster gives is another number than this machine's one.
    assert caps.keys() <= own.keys()
    assert all(number >= caps.get(name, 1) for name, number in own.items())


def test_threads_are_set_for_stages_and_for_nothing_else() -> None:
    """A stage that is not named takes as many as the others: `THREADS_OF_STAGES`."""
    threads = limits(profile("slurm/config.yaml")["set-threads"])
    assert set() < threads.keys() <= set(REGISTRY)


def test_every_job_asks_for_memory_and_time_of_its_own_step() -> None:
    stages = (ROOT / "rules" / "stages.smk").read_text("utf-8")
    assert "mem_mb=memory_of(stage)," in stages
    assert "runtime=minutes_of(stage)," in stages
    for name in ("ingest", "deliver"):
        text = (ROOT / "rules" / f"{name}.smk").read_text("utf-8")
        for rule in re.split(r"(?m)^(?=rule )", text)[1:]:
            step = rule.split(":")[0].removeprefix("rule ")
            if f"run_step.py --results {step}" in rule or "{RUN_STEP}" in rule:
                assert f'mem_mb=memory_of("{step}"),' in rule
                assert f'runtime=minutes_of("{step}"),' in rule


class Job:
    """What the plugin asks a job when it chooses a partition."""

    name = "cleanup"

    def __init__(self, **resources: Any) -> None:
        self.threads = 4
        self.resources = resources


@pytest.mark.parametrize(("gpus", "partition"), [(0, "cpu"), (1, "gpu")])
def test_partitions_go_by_the_gpu(gpus: int, partition: str) -> None:
    plugin = pytest.importorskip(
        "snakemake_executor_plugin_slurm.partitions", reason="make env-slurm was not run"
    )
    import logging

    path = ROOT / profile("slurm/config.yaml")["slurm-partition-config"]
    known = plugin.read_partition_file(path)
    job = Job(gpu=gpus, mem_mb=5000, runtime=600)
    assert plugin.get_best_partition(known, job, logging.getLogger()) == partition


def test_the_profile_names_options_that_the_plugin_has() -> None:
    plugin = pytest.importorskip(
        "snakemake_executor_plugin_slurm", reason="make env-slurm was not run"
    )
    known = {name.replace("_", "-") for name in plugin.ExecutorSettings.__dataclass_fields__}
    named = {key.removeprefix("slurm-") for key in profile("slurm/config.yaml") if "slurm-" in key}
    assert named <= known
