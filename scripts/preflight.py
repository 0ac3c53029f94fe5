"""Say what this machine lacks, before anything is downloaded; one line each, with the remedy.

Runs on any Python from 2.7 on, with nothing installed: a person with an old one is told so in a
line, not by a traceback. Hence the plain syntax.
"""
# ruff: noqa: PTH100, PTH110, PTH120, PTH123, RUF005, UP024, UP031

import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
    # Ctrl-C ends this at once, without a traceback; there is nothing to clean up.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse
import ctypes
import os
import platform
import sys
import tempfile

OK, WARN, FAIL = "ok", "warn", "FAIL"
GB = 1e9

# Measured (envs/README.md): without CUDA the environment takes 2 GB of disk and pip keeps copies in
# its cache; with CUDA 2.7 GB more come down, and are unpacked to about twice that.
DISK_CPU, DISK_CUDA = 4 * GB, 14 * GB
TEMPORARY = 3 * GB
# What a run itself may fill before it is worth a warning: intermediates of one large scan.
DISK_RUN = 2 * GB
MEMORY_LEAST, MEMORY_ENOUGH = 1.5 * GB, 4 * GB
# The oldest C library that the wheels of torch and opencv-python are built for (manylinux_2_28).
GLIBC = (2, 28)


def check_python(version=None):
    """Python 3.11 or 3.12, with what makes a virtual environment."""
    version = tuple(version or sys.version_info)[:3]
    said = "Python %s (%s)" % (".".join(str(n) for n in version), sys.executable)
    if not (3, 11) <= version[:2] <= (3, 12):
        return FAIL, said, "3.11 or 3.12 is needed; name one: make PYTHON=/path/to/python3.11 ..."
    return OK, said, ""


def check_venv(importer=__import__):
    """Modules venv and ensurepip (Debian and Ubuntu package them apart)."""
    for module in ("venv", "ensurepip"):
        try:
            importer(module)
        except ImportError:
            remedy = "on Debian or Ubuntu: apt-get install python3-venv (or python3.11-venv)"
            return FAIL, "module %s is missing from this Python" % module, remedy
    return OK, "venv and ensurepip", ""


def check_platform(system=None, machine=None, libc=None):
    """An operating system that the pinned wheels exist for."""
    system = system or platform.system()
    machine = machine or platform.machine()
    said = "%s on %s" % (system, machine)
    if system != "Linux" or machine != "x86_64":
        return WARN, said, "the lock is tested on Linux x86_64 only; packages may be missing"
    name, release = libc if libc is not None else platform.libc_ver()
    if name != "glibc":
        return FAIL, said + " without glibc", "torch has no wheels for it; use envs/Containerfile"
    numbers = tuple(int(n) for n in release.split(".")[:2])
    if numbers < GLIBC:
        return FAIL, "glibc " + release, "2.28 or newer is needed; use envs/Containerfile"
    return OK, "%s, glibc %s" % (said, release), ""


def check_graphics(load=ctypes.CDLL, system=None):
    """Shared libraries that opencv-python takes from the host."""
    if (system or platform.system()) != "Linux":
        return OK, "graphics libraries (only needed on Linux)", ""
    missing = []
    for name in ("libGL.so.1", "libgthread-2.0.so.0"):
        try:
            load(name)
        except OSError:
            missing.append(name)
    if missing:
        remedy = (
            "Debian or Ubuntu: apt-get install libgl1 libglib2.0-0; Fedora or RHEL:"
            " dnf install mesa-libGL glib2; no such permission: envs/restoration.yaml (conda)"
        )
        return FAIL, "not found: %s (opencv-python needs it)" % ", ".join(missing), remedy
    return OK, "libGL.so.1, libgthread-2.0.so.0", ""


def free_bytes(folder):
    """Bytes an ordinary user may still write where `folder` is, or will be."""
    folder = os.path.abspath(folder)
    while not os.path.exists(folder):
        folder = os.path.dirname(folder)
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize


def check_disk(folder, installed, free=free_bytes):
    """Room for the environment, or, where that stands, for a run."""
    left = free(folder)
    said = "%.1f GB of disk free around %s" % (left / GB, folder)
    if installed:
        if left < DISK_RUN:
            return WARN, said, "a large scan's intermediates may not fit"
    elif left < DISK_CPU:
        return FAIL, said, "%.0f GB are needed; free some, or clone elsewhere" % (DISK_CPU / GB)
    elif left < DISK_CUDA:
        remedy = "enough without CUDA, with it %.0f GB are needed; CPU builds: make TORCH_INDEX=..."
        return WARN, said, remedy % (DISK_CUDA / GB)
    return OK, said, ""


def check_temporary(folder=None, free=free_bytes):
    """Room where pip unpacks downloads; often a small file system of its own."""
    folder = folder or tempfile.gettempdir()
    left = free(folder)
    said = "%.1f GB of disk free for temporary files in %s" % (left / GB, folder)
    if left < TEMPORARY:
        return WARN, said, "name a roomier folder: TMPDIR=/path make ..."
    return OK, said, ""


def read(path):
    """Text of a small file of the kernel's, '' where there is none."""
    try:
        with open(path) as file:
            return file.read()
    except (IOError, OSError):
        return ""


def memory_bytes(reader=read):
    """Memory this process may still get of the machine, container or batch job; None: unknown."""
    limits = []
    for line in reader("/proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            limits.append(int(line.split()[1]) * 1024)
    group = ""
    for line in reader("/proc/self/cgroup").splitlines():
        if line.startswith("0::"):
            group = line[3:]
    # A limit may sit on any level above; version 1 shows this process's own.
    while True:
        here = "/sys/fs/cgroup" + group.rstrip("/")
        most = reader(here + "/memory.max").strip()
        if most.isdigit():
            used = reader(here + "/memory.current").strip()
            limits.append(int(most) - (int(used) if used.isdigit() else 0))
        if not group.strip("/"):
            break
        group = group.rpartition("/")[0]
    old = reader("/sys/fs/cgroup/memory/memory.limit_in_bytes").strip()
    if old.isdigit():
        limits.append(int(old))
    return min(limits) if limits else None


def check_memory(available):
    """Memory for the largest network on one scan."""
    if available is None:
        return WARN, "memory: not known on this system", "4 GB are enough"
    said = "%.1f GB of memory free" % (available / GB)
    if available < MEMORY_LEAST:
        return FAIL, said, "1.5 GB is the least; close programs, or ask for more in the job"
    if available < MEMORY_ENOUGH:
        return WARN, said, "4 GB or more is comfortable; run one job at a time: make CORES=1 ..."
    return OK, said, ""


def results(folder, installed):
    """All checks, in the order a person would fix them."""
    found = [check_python()]
    if found[0][0] != FAIL:
        found += [] if installed else [check_venv()]
        found += [check_platform(), check_graphics()]
    found += [check_disk(folder, installed)]
    found += [] if installed else [check_temporary()]
    return found + [check_memory(memory_bytes())]


def main(arguments=None):
    """Print the checks; the exit status is 1 where one of them forbids to go on."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--into", default=".venv", help="folder of the virtual environment")
    parser.add_argument(
        "--installed", action="store_true", help="the environment stands: name only what is wrong"
    )
    options = parser.parse_args(arguments)
    failed = False
    for level, said, remedy in results(options.into, options.installed):
        failed = failed or level == FAIL
        if level != OK or not options.installed:
            print("%-4s  %s%s" % (level, said, ": " + remedy if remedy else ""))
    sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
