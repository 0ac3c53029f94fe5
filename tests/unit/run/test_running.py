"""Workers that die with their run, and the plan that every process sees."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from restoration.errors import CircumstanceError, ConfigError
from restoration.plan.make_plan import make_plan
from restoration.plan.plan import Plan, load_plan, plan_file
from restoration.run import start_run as running
from restoration.run.shared_filesystem import MARKER
from support.own_processes import start
from support.warm_python import Script

PARENT = """
import subprocess, sys, time
worker = (
    "import time; from restoration.run.start_run import die_with_parent as d; d(); "
    "print('watching', flush=True); time.sleep(60)"
)
child = subprocess.Popen([sys.executable, "-c", worker], stdout=subprocess.PIPE, text=True)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(60)
"""


def test_a_worker_dies_with_its_parent() -> None:
    parent, said = start(PARENT)
    worker = psutil.Process(int(said))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    worker.wait(timeout=10)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    (tmp_path / "scans.tsv").write_text("scan\tpath\tbatch\na\ta.tif\tone\nb\tb.tif\ttwo\n")
    stages = {"cleanup": {"network": "realesrgan-x4plus"}}
    return make_plan(
        {
            "scans": str(tmp_path / "scans.tsv"),
            "results": str(tmp_path / "results"),
            "models_dir": str(tmp_path / "models"),
            "recipes": {"archive": {"stages": stages}},
        }
    )


def test_plan_survives_its_file(plan: Plan) -> None:
    plan.save()
    again = load_plan(plan_file(plan.results))
    assert again == plan
    steps = [(None, "ingest"), ("archive", "cleanup"), ("archive", "deliver")]
    assert [again.digest(*s, "one") for s in steps] == [plan.digest(*s, "one") for s in steps]


def test_a_job_takes_over_the_devices_choice(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    plan.save()
    monkeypatch.setattr("restoration.plan.make_plan.resolve_device", lambda device: "cuda")
    raw = plan.config.model_dump(mode="json")
    assert running.plan_of_run(raw, main=False).device == plan.device == "cpu"
    assert running.plan_of_run(raw, main=True).device == "cuda"


def test_weights_that_cannot_be_had_are_named_with_a_way_out(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "restoration.networks.missing._probe", lambda url: "it cannot be downloaded (offline)"
    )
    with pytest.raises(ConfigError) as caught:
        running.check_weights(plan)
    message = str(caught.value)
    for part in (
        "RealESRGAN_x4plus.pth",
        "4fa0d38905f75ac06eb49a7951b426670021be3018265fd191d2125df9d682f1",
        "https://github.com/xinntao/Real-ESRGAN/releases/download/v0.1.0/RealESRGAN_x4plus.pth",
        str(plan.config.models_dir),
        "`embedded`",
    ):
        assert part in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("recipe", "step", "batch", "said"),
    [
        (None, "polish", "one", "step 'polish' is not one of no recipe: ingest, examine"),
        (None, "cleanup", "one", "step 'cleanup' is not one of no recipe: ingest, examine"),
        ("archive", "repair", "one", "not one of the recipe 'archive': cleanup, deliver"),
        ("print", "cleanup", "one", "recipe 'print' is not in this run; it has archive"),
        ("archive", "cleanup", "three", "batch 'three' is not in this run"),
    ],
)
def test_a_job_that_no_run_has_is_one_line(
    plan: Plan, script: Script, recipe: str | None, step: str, batch: str, said: str
) -> None:
    """As a person may start it by hand: scripts/run_step.py."""
    plan.save()
    (plan.results / MARKER).write_text("{}")
    words = [step, batch, "--results", str(plan.results)]
    words += ["--recipe", recipe] if recipe else []
    done = script("run_step.py", *words)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert said in done.stderr


def test_digest_speaks_of_its_own_batch(plan: Plan, tmp_path: Path) -> None:
    before = {batch: plan.digest("archive", "cleanup", batch) for batch in ("one", "two")}
    (tmp_path / "a.tif").write_text("now it is there")
    # One plan looks at a master once; what runs next has a plan of its own.
    again = replace(plan)
    after = {batch: again.digest("archive", "cleanup", batch) for batch in ("one", "two")}
    assert before["one"] != after["one"]
    assert before["two"] == after["two"]


def test_parsing_looks_at_no_master_and_a_job_at_those_of_its_own_batch(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan.save()
    looked: list[str] = []

    def seen(path: str) -> str:
        looked.append(Path(path).name)
        return "missing"

    monkeypatch.setattr("restoration.plan.job_digest.signature", seen)
    job = running.plan_of_run(plan.config.model_dump(mode="json"), main=False)
    assert looked == []
    for step in ("cleanup", "deliver"):
        job.digest("archive", step, "two")
    assert looked == ["b.tif"]


def test_parsing_loads_nothing_heavy() -> None:
    code = "import sys; import restoration.run.start_run; print(*sorted(sys.modules))"
    process, loaded = start(code)
    process.wait()
    heavy = {"torch", "cv2", "numpy", "pandas", "tifffile", "scipy", "skimage"}
    assert heavy & set(loaded.split()) == set()


def sheet_of(folder: Path, scans: int) -> Plan:
    """The plan of a sheet with so many scans, none of whose masters is there."""
    rows = "".join(f"s{number}\tmount/s{number}.tif\n" for number in range(scans))
    (folder / "scans.tsv").write_text(f"scan\tpath\n{rows}")
    (folder / "mount").mkdir()
    return make_plan(
        {
            "scans": str(folder / "scans.tsv"),
            "results": str(folder / "results"),
            "recipes": {"archive": {}},
            "examine": {"faces": "off"},
        }
    )


def test_a_sheet_without_scans_stops_before_any_job(tmp_path: Path) -> None:
    plan = sheet_of(tmp_path, 0)
    with pytest.raises(ConfigError, match=r"scans.tsv' names no scan; make one with .*sheet.py"):
        running.begin_run(plan)
    assert not plan.results.exists()


def test_a_mount_that_is_gone_stops_before_any_job(tmp_path: Path) -> None:
    plan = sheet_of(tmp_path, 5)
    for number in (1, 3):
        (tmp_path / f"mount/s{number}.tif").touch()
    with pytest.raises(CircumstanceError) as caught:
        running.begin_run(plan)
    message = str(caught.value)
    assert "3 of 5 masters of the sheet" in message
    first = tmp_path / "mount/s0.tif"
    assert f"the first one '{first}' (scan s0: No such file or directory)" in message
    assert "is the mount there?" in message
    assert not plan.results.exists()


def test_a_few_masters_that_are_missing_are_problems_of_their_scans(tmp_path: Path) -> None:
    plan = sheet_of(tmp_path, 4)
    for number in (1, 3):
        (tmp_path / f"mount/s{number}.tif").touch()
    running.begin_run(plan)
    assert plan_file(plan.results).is_file()
