"""What a stranger's machine lacks must be said in a line, with the remedy, on any Python."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import preflight

ROOT = Path(__file__).resolve().parents[3]
GB = 1e9


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 9)])
def test_supported_pythons_pass(version: tuple[int, int, int]) -> None:
    assert preflight.check_python(version)[0] == "ok"


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 10, 1), (3, 13, 0), (4, 11, 0)])
def test_other_pythons_are_refused_with_the_remedy(version: tuple[int, int, int]) -> None:
    level, said, remedy = preflight.check_python(version)
    assert level == "FAIL"
    assert ".".join(map(str, version)) in said
    assert "make PYTHON=" in remedy


def test_a_python_without_ensurepip_names_the_package_to_install() -> None:
    def importer(name: str) -> None:
        if name == "ensurepip":
            raise ImportError(name)

    level, said, remedy = preflight.check_venv(importer)
    assert (level, "ensurepip" in said, "python3-venv" in remedy) == ("FAIL", True, True)


def test_missing_libgl_names_it_and_the_package() -> None:
    def load(name: str) -> None:
        raise OSError(name)

    level, said, remedy = preflight.check_graphics(load, "Linux")
    assert level == "FAIL"
    assert "libGL.so.1" in said
    assert "libgl1" in remedy


@pytest.mark.parametrize(
    ("system", "machine", "libc", "level"),
    [
        ("Linux", "x86_64", ("glibc", "2.28"), "ok"),
        ("Linux", "x86_64", ("glibc", "2.17"), "FAIL"),
        ("Linux", "x86_64", ("", ""), "FAIL"),
        ("Linux", "aarch64", ("glibc", "2.36"), "warn"),
        ("Darwin", "arm64", ("", ""), "warn"),
    ],
)
def test_platforms(system: str, machine: str, libc: tuple[str, str], level: str) -> None:
    assert preflight.check_platform(system, machine, libc)[0] == level


@pytest.mark.parametrize(
    ("free", "installed", "level"),
    [(2, False, "FAIL"), (8, False, "warn"), (50, False, "ok"), (1, True, "warn"), (3, True, "ok")],
)
def test_disk(free: float, installed: bool, level: str) -> None:
    assert preflight.check_disk(".venv", installed, lambda _: free * GB)[0] == level


def test_free_disk_is_found_for_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    assert preflight.free_bytes(str(tmp_path / "a" / "b")) > 0


def test_a_small_temporary_folder_is_a_warning_that_names_tmpdir() -> None:
    level, _, remedy = preflight.check_temporary("t", lambda _: 1 * GB)
    assert (level, "TMPDIR" in remedy) == ("warn", True)


@pytest.mark.parametrize(
    ("available", "level"), [(1 * GB, "FAIL"), (3 * GB, "warn"), (9 * GB, "ok"), (None, "warn")]
)
def test_memory(available: float | None, level: str) -> None:
    assert preflight.check_memory(available)[0] == level


def test_memory_is_the_batch_jobs_share_not_the_nodes() -> None:
    files = {
        "/proc/meminfo": "MemTotal: 64000000 kB\nMemAvailable: 32000000 kB\n",
        "/proc/self/cgroup": "0::/slurm/job_7/step_0\n",
        "/sys/fs/cgroup/slurm/job_7/step_0/memory.max": "max\n",
        "/sys/fs/cgroup/slurm/job_7/memory.max": "4000000000\n",
        "/sys/fs/cgroup/slurm/job_7/memory.current": "1000000000\n",
    }
    assert preflight.memory_bytes(lambda path: files.get(path, "")) == 3_000_000_000


def test_memory_is_the_containers_in_the_old_control_groups() -> None:
    files = {
        "/proc/meminfo": "MemAvailable: 32000000 kB\n",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": "2000000000\n",
    }
    assert preflight.memory_bytes(lambda path: files.get(path, "")) == 2_000_000_000


def test_memory_may_be_unknown() -> None:
    assert preflight.memory_bytes(lambda _: "") is None


def test_failures_stop_warnings_do_not_and_both_are_one_line_with_the_remedy(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings = [preflight.check_memory(3 * GB), preflight.check_temporary("t", lambda _: 0.0)]
    failures = [preflight.check_disk(".venv", False, lambda _: 0.0)]
    for found, status in ((warnings, 0), (warnings + failures, 1)):
        monkeypatch.setattr(preflight, "results", lambda *_, found=found: found)
        assert preflight.main([]) == status
        lines = capsys.readouterr().out.splitlines()
        assert [line.split()[0] for line in lines] == [level for level, _, _ in found]
        assert all(
            remedy and line.endswith(remedy)
            for line, (_, _, remedy) in zip(lines, found, strict=True)
        )


def test_silent_once_installed_where_all_is_well(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [("ok", "Python", ""), ("warn", "1 GB of disk", "free some")]
    monkeypatch.setattr(preflight, "results", lambda *_: found)
    assert preflight.main(["--installed"]) == 0
    assert capsys.readouterr().out == "warn  1 GB of disk: free some\n"


def test_the_script_is_plain_enough_for_old_pythons() -> None:
    (ROOT / "scripts" / "preflight.py").read_text("ascii")  # no terminal is too plain for it
    for name in ("python2.7", "python3.6", "python3.8", "python3.10"):
        python = shutil.which(name)
        # A stub of a version manager is on the PATH, but does not run.
        if (
            python is None
            or subprocess.run([python, "-c", ""], check=False, capture_output=True).returncode
        ):
            continue
        ran = subprocess.run(
            [python, str(ROOT / "scripts" / "preflight.py")],
            check=False,
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 1
        assert "FAIL  Python" in ran.stdout
        assert not ran.stderr


def test_the_running_interpreter_is_accepted(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "preflight.py"), "--into", str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert "ok    Python 3.1" in ran.stdout
    assert not ran.stderr
