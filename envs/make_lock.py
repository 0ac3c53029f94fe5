"""Write the lock files (runtime, dev, docs, slurm, cuda) from what we ask for: `make lock`.

pip resolves; this script only sorts its answer. It runs in the workflow's own environment, because
basicsr can state its requirements only where torch is installed.
"""

import hashlib
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

HERE = Path(__file__).parent

# Asked for by gfpgan and basicsr for their training logs only, never imported here, absent from
# many institutional mirrors (TencentARC/GFPGAN#418, #420).
LEFT_OUT = {"tb-nightly"}
# Fetched by the index's own build of torch where it has CUDA; a CPU build asks for none of them.
CUDA = ("nvidia-", "cuda-", "triton")

# Newest versions need Python 3.12, where they are taken; 3.11 keeps the last that it can run.
NEWER_PYTHON = "3.12"
NEWER_THERE = ("imagecodecs", "tifffile")

Resolved = dict[str, dict[str, Any]]


def direct(name: str) -> list[Requirement]:
    """Requirements of one file in this folder."""
    lines = (HERE / name).read_text("utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def resolve() -> Resolved:
    """pip's choice for all files: canonical name → metadata, nothing installed."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "-qq", "--dry-run"]
        command += ["--ignore-installed", "--no-build-isolation", "--report", str(report)]
        command += ["-c", str(HERE / "lock-build.txt"), "-r", str(HERE / "requirements.txt")]
        command += ["-r", str(HERE / "requirements-dev.txt")]
        command += ["-r", str(HERE / "requirements-docs.txt")]
        command += ["-r", str(HERE / "requirements-slurm.txt")]
        subprocess.run(command, check=True)
        items = json.loads(report.read_text("utf-8"))["install"]
    return {canonicalize_name(item["metadata"]["name"]): item["metadata"] for item in items}


def newer() -> dict[str, str]:
    """Versions that `NEWER_PYTHON` gets of `NEWER_THERE`, by name: they need numpy alone."""
    asked = [str(r) for r in direct("requirements.txt") if r.name in NEWER_THERE]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "-qq", "--dry-run", "--no-deps"]
        command += ["--only-binary=:all:", "--python-version", NEWER_PYTHON, "--target", folder]
        command += ["--ignore-installed", "--report", str(report), *asked]
        subprocess.run(command, check=True)
        items = json.loads(report.read_text("utf-8"))["install"]
    found = (item["metadata"] for item in items)
    return {str(canonicalize_name(one["name"])): one["version"] for one in found}


def needed(roots: Iterable[Requirement], resolved: Resolved) -> set[str]:
    """Names that the roots need, directly or not, without what is left out."""
    found: set[str] = set()
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = list(roots)
    while waiting:
        requirement = waiting.pop()
        name = str(canonicalize_name(requirement.name))
        extras = frozenset(requirement.extras or {""})
        if name in LEFT_OUT or (name, extras) in seen:
            continue
        seen.add((name, extras))
        found.add(name)
        for line in resolved[name].get("requires_dist", []):
            child = Requirement(line)
            applies = child.marker is None or any(
                child.marker.evaluate({"extra": extra}) for extra in extras
            )
            if applies:
                waiting.append(child)
    return found


def pins_of(name: str, version: str, later: str | None) -> list[str]:
    """The lines of one package; later: the version that `NEWER_PYTHON` gets.

    Of a local version (`+cpu`), which installs nowhere else, the public part.
    """
    public = Version(version).public
    if later is None or later == public:
        return [f"{name}=={public}"]
    return [
        f'{name}=={public}; python_version < "{NEWER_PYTHON}"',
        f'{name}=={later}; python_version >= "{NEWER_PYTHON}"',
    ]


def write(
    name: str,
    heading: str,
    names: Iterable[str],
    resolved: Resolved,
    later: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """One lock file; later: versions for `NEWER_PYTHON`, by name."""
    pins = [
        line
        for n in sorted(names)
        for line in pins_of(resolved[n]["name"], resolved[n]["version"], later.get(n))
    ]
    text = "".join(f"# {line}\n" for line in heading.split("\n"))
    (HERE / name).write_text(text + "\n".join(pins) + "\n", "utf-8")
    print(f"envs/{name}: {len(pins)} packages")


def digest() -> str:
    """SHA-256 over what install.sh installs, for the conda file to name."""
    names = ("lock-build.txt", "lock.txt", "lock-cuda.txt")
    return hashlib.sha256(b"".join((HERE / name).read_bytes() for name in names)).hexdigest()


def name_in_conda_file() -> None:
    """Snakemake makes a conda environment anew when its file changes; the lock is not in it."""
    path = HERE / "restoration.yaml"
    text = re.sub("(?m)^# lock: .*$", f"# lock: {digest()}", path.read_text("utf-8"))
    path.write_text(text, "utf-8")


def main() -> None:
    """Resolve once, write the lock files."""
    if sys.version_info[:2] >= tuple(int(part) for part in NEWER_PYTHON.split(".")):
        raise SystemExit("make lock: needs Python 3.11: the pins of both versions come from it")
    resolved = resolve()
    build = {str(canonicalize_name(r.name)) for r in direct("lock-build.txt")}
    runtime = needed(direct("requirements.txt"), resolved) - build
    dev = needed(direct("requirements-dev.txt"), resolved) - build - runtime
    docs = needed(direct("requirements-docs.txt"), resolved) - build - runtime - dev
    slurm = needed(direct("requirements-slurm.txt"), resolved) - build - runtime
    cuda = {name for name in runtime if name.startswith(CUDA)}
    made = "Written by `make lock`; installed by install.sh.\n"
    everything = made + "Everything the workflow runs with."
    write("lock.txt", everything, sorted(runtime - cuda), resolved, newer())
    write("lock-dev.txt", made + "What tests and checks need besides.", sorted(dev), resolved)
    pages = "Written by `make lock`; installed by `make docs`.\n"
    pages += "What makes the pages of docs/, beside lock.txt and lock-dev.txt."
    write("lock-docs.txt", pages, docs, resolved)
    sent = "Written by `make lock`; installed by `make env-slurm`.\n"
    write("lock-slurm.txt", sent + "What sends jobs to a Slurm cluster.", slurm, resolved)
    if cuda:
        heading = made + "Limits, not wishes: what the default index's torch may choose for CUDA."
        write("lock-cuda.txt", heading, sorted(cuda), resolved)
    else:
        print("envs/lock-cuda.txt: left as it was (the torch chosen here is built without CUDA)")
    name_in_conda_file()


if __name__ == "__main__":
    main()
