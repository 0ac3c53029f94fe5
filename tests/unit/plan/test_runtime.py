"""What computes the networks: decided with the plan, part of the key, the same for all workers."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from restoration.errors import ConfigError
from restoration.plan import resolve_auto as resolving
from restoration.plan.make_plan import make_plan
from restoration.plan.plan import Plan, load_plan, plan_file
from restoration.run.start_run import begin_run, check_cores, plan_of_run

LIBRARY = Path("build/native/restoration-linux-x86_64-0123456789abcdef.so")


def raw(folder: Path, **engine: Any) -> dict[str, Any]:
    (folder / "one.tif").write_text("one")
    (folder / "scans.tsv").write_text(f"scan\tpath\none\t{folder}/one.tif\n")
    return {
        "scans": str(folder / "scans.tsv"),
        "results": str(folder / "results"),
        "recipes": {"archive": {"stages": {"repair": {}, "cleanup": {}}}},
        "engine": engine,
        "device": engine.pop("device", "cpu"),
    }


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolving, "tested", lambda: "avx2")
    monkeypatch.setattr(resolving, "library_path", lambda: LIBRARY)


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolving, "tested", lambda: None)


def key_part(plan: Plan, step: str) -> Any:
    return plan.dependencies.numeric("archive", step).get("runtime")


@pytest.mark.usefixtures("compiled")
def test_auto_takes_the_compiled_runtime_and_the_key_says_which(tmp_path: Path) -> None:
    plan = make_plan(raw(tmp_path))
    assert key_part(plan, "cleanup") == "native 0123456789abcdef"
    assert key_part(plan, "repair") is None, "no network, no runtime"
    assert key_part(make_plan(raw(tmp_path, runtime="torch")), "cleanup") == "torch"


@pytest.mark.usefixtures("compiled")
def test_accelerators_run_torch(tmp_path: Path) -> None:
    assert key_part(make_plan(raw(tmp_path, device="cuda")), "cleanup") == "torch"
    with pytest.raises(ConfigError, match="expected `device: cpu`, found cuda"):
        make_plan(raw(tmp_path, runtime="native", device="cuda"))


@pytest.mark.usefixtures("missing")
def test_without_a_compiler_auto_is_torch_and_native_is_refused(tmp_path: Path) -> None:
    assert key_part(make_plan(raw(tmp_path)), "cleanup") == "torch"
    with pytest.raises(ConfigError, match=r"build_native\.py"):
        make_plan(raw(tmp_path, runtime="native"))


@pytest.mark.usefixtures("compiled")
def test_workers_take_over_what_the_run_decided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of_run(raw(tmp_path), main=True)
    plan.save()
    assert load_plan(plan_file(plan.results)) == plan
    # A node where nothing was compiled must not decide otherwise in the middle of a run.
    monkeypatch.setattr(resolving, "tested", lambda: None)
    assert plan_of_run(raw(tmp_path), main=False).runtime == plan.runtime


@pytest.mark.usefixtures("compiled")
def test_precision_is_decided_with_the_plan_and_part_of_the_key(tmp_path: Path) -> None:
    def precision(**engine: Any) -> Any:
        return make_plan(raw(tmp_path, **engine)).dependencies.numeric("archive", "cleanup")[
            "precision"
        ]

    assert precision() == "float32"
    assert precision(device="cuda") == "float32", "auto never trades exactness for speed"
    assert precision(device="cuda", precision="float16") == "float16"
    assert precision(device="mps", precision="bfloat16") == "bfloat16"
    assert precision(precision="float32") == "float32"


@pytest.mark.parametrize("asked", ["float16", "bfloat16"])
def test_half_precision_is_refused_on_the_processor(tmp_path: Path, asked: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        make_plan(raw(tmp_path, precision=asked))
    said = str(refusal.value)
    assert said.startswith(f"engine.precision: '{asked}' is for GPUs")
    assert "set `precision: auto`" in said
    assert "\n" not in said


@pytest.mark.usefixtures("compiled")
def test_workers_take_over_the_precision(tmp_path: Path) -> None:
    plan = plan_of_run(raw(tmp_path, device="cuda", precision="float16"), main=True)
    plan.save()
    assert load_plan(plan_file(plan.results)) == plan
    worker = plan_of_run(raw(tmp_path, device="cuda", precision="float16"), main=False)
    assert worker.precision == "float16"


def test_networks_are_loaded_in_the_precision_of_the_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, as they are loaded: the engine then only follows their weights."""
    import torch

    from restoration.chain import job_tools as workshop
    from restoration.networks import load

    asked: list[Any] = []

    def load_network(*given: Any, dtype: Any, **blend: float) -> Any:
        asked.append((given[0], dtype, blend))
        raise NotImplementedError

    monkeypatch.setattr(load, "load_network", load_network)
    plan = make_plan(raw(tmp_path, device="cuda", precision="float16"))
    networks = workshop.Networks(plan, 1)
    monkeypatch.setattr(workshop.Networks, "_device", torch.device("cpu"))
    with pytest.raises(NotImplementedError):
        networks("realesrgan-x4plus", denoise=0.5)
    assert asked == [("realesrgan-x4plus", torch.float16, {"denoise": 0.5})]


SEEN = {"version": "2.13.0", "built for CUDA": None, "cuda": False, "mps": False}


@pytest.mark.parametrize(
    ("device", "asked", "seen", "said"),
    [
        ("cuda", "cuda", {}, "'cuda' was asked for, expected a CUDA GPU that PyTorch sees, found"),
        ("cuda", "cuda", {}, "found none (PyTorch 2.13.0, a build without CUDA, no NVIDIA driver"),
        ("cuda", "cuda", {}, "set `device: cpu`, or install a build for CUDA (envs/README.md)"),
        ("cuda", "auto", {"built for CUDA": "13.0"}, "'auto' took cuda, expected a CUDA GPU that"),
        ("cuda", "cuda", {"built for CUDA": "13.0"}, "built for CUDA 13.0, no NVIDIA driver"),
        ("mps", "mps", {}, "'mps' was asked for, expected an Apple GPU that PyTorch sees, found"),
    ],
)
def test_a_device_that_is_not_there_is_said_before_any_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str, asked: str, seen: Any, said: str
) -> None:
    monkeypatch.setattr(resolving, "what_torch_sees", lambda: {**SEEN, **seen})
    monkeypatch.setattr(resolving, "NVIDIA", tmp_path / "none")
    monkeypatch.setattr("restoration.plan.make_plan.resolve_device", lambda _: device)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    plan = make_plan(raw(tmp_path, device=asked))
    with pytest.raises(ConfigError) as caught:
        begin_run(plan)
    assert said in str(caught.value)
    assert ("CUDA_VISIBLE_DEVICES='3'" in str(caught.value)) == (device == "cuda")
    assert not plan.results.exists()


def test_this_machines_own_pytorch_is_asked(tmp_path: Path) -> None:
    """In a process of its own, whatever hardware is here."""
    found = resolving.what_torch_sees()
    assert set(found) == set(SEEN)
    if not found["mps"]:
        with pytest.raises(ConfigError, match="'mps' was asked for"):
            begin_run(make_plan(raw(tmp_path, device="mps")))


def test_a_clusters_head_needs_no_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolving, "what_torch_sees", lambda: {**SEEN, "built for CUDA": "13.0"})
    resolving.check_device("cuda", "cuda", here=False)
    with pytest.raises(ConfigError):
        resolving.check_device("cuda", "cuda", here=True)
    monkeypatch.setattr(resolving, "what_torch_sees", lambda: SEEN)
    with pytest.raises(ConfigError, match="a build without CUDA"):
        resolving.check_device("cuda", "cuda", here=False)


def test_the_processor_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolving, "what_torch_sees", lambda: 1 / 0)
    resolving.check_device("cpu", "auto", here=True)


@pytest.mark.parametrize(("stated", "device"), [("'13.0'", "cuda"), ("None", "cpu")])
def test_auto_takes_a_gpu_only_where_pytorch_was_built_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stated: str, device: str
) -> None:
    """With a driver and a build for processors every job would end in an error."""
    (tmp_path / "version.py").write_text(f"cuda: Optional[str] = {stated}\n")
    (tmp_path / "driver").touch()
    spec = SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(resolving.importlib.util, "find_spec", lambda _: spec)
    monkeypatch.setattr(resolving, "NVIDIA", tmp_path / "driver")
    assert resolving.resolve_device("auto") == device


@pytest.mark.parametrize("cores", [0, -1])
def test_cores_on_which_nothing_runs_are_refused(cores: int) -> None:
    with pytest.raises(ConfigError, match=rf"--cores: expected `all`.*found {cores}"):
        check_cores(cores)
    check_cores(1)
    check_cores(None)
