"""Compiling the native runtime with the system's C++ compiler, at installation.

Nothing here imports torch or NumPy: the plan asks ``tested`` at each parse. The library goes to
``build/native``, which git ignores. Its name carries a digest of the sources, so that one that is
out of date is never loaded. Files of kernels are compiled once for each instruction set; which one
runs is decided when it runs, so that one build serves all nodes of a cluster.
"""

from __future__ import annotations

import hashlib
import platform
import tempfile
from functools import cache
from pathlib import Path

from restoration.errors import CircumstanceError

_SOURCES = Path(__file__).resolve().parent / "src"
_FOLDER = Path(__file__).resolve().parents[4] / "build" / "native"

# No -ffast-math: it lets the compiler forget that there is NaN, and sum in any order.
_FLAGS = ["-std=c++17", "-O3", "-fPIC", "-fvisibility=hidden", "-pthread"]
_KERNEL_FLAGS = {
    "kernels_avx2": ["-mavx2", "-mfma"],
    "kernels_avx512": ["-mavx512f", "-mavx2", "-mfma", "-mprefer-vector-width=512"],
}
_INTEL = ("x86_64", "amd64", "i686")


@cache
def library_path() -> Path:
    """Where the library of these sources is, or would be."""
    digest = hashlib.sha256(repr((_FLAGS, _KERNEL_FLAGS)).encode())
    for source in sorted(_SOURCES.iterdir()):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    system = f"{platform.system()}-{platform.machine()}".lower()
    return _FOLDER / f"restoration-{system}-{digest.hexdigest()[:16]}.so"


def tested() -> str | None:
    """The kernels with which the library passed its test here; None where it was not built, or
    did not pass."""
    try:
        return _stamp().read_text("utf-8").strip() if library_path().exists() else None
    except OSError:
        return None


def trust(kernels: str) -> None:
    """Note that the library has passed its test with these kernels."""
    _stamp().write_text(f"{kernels}\n", "utf-8")


def _stamp() -> Path:
    return library_path().with_suffix(".tested")


def build() -> Path:
    """Compile, unless that has been done; returns the library.

    Raises
    ------
    CircumstanceError
        There is no compiler that can do it, with what it said.
    """
    path = library_path()
    if path.exists():
        return path
    # setuptools brings distutils' knowledge of compilers, which Python 3.12 no longer has.
    import setuptools  # noqa: F401, PLC0415

    # isort: split
    from distutils import ccompiler, errors, sysconfig  # noqa: PLC0415

    compiler = ccompiler.new_compiler()
    sysconfig.customize_compiler(compiler)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
            objects = []
            for source in sorted(_SOURCES.glob("*.cpp")):
                extra = _KERNEL_FLAGS.get(source.stem, [])
                if platform.machine().lower() not in _INTEL:
                    extra = []
                objects += compiler.compile(
                    [str(source)], output_dir=scratch, extra_postargs=[*_FLAGS, *extra]
                )
            linked = Path(scratch) / path.name
            compiler.link_shared_object(
                objects, str(linked), extra_postargs=["-pthread"], target_lang="c++"
            )
            # Renamed when whole: another process may be loading.
            linked.replace(path)
    except (errors.CCompilerError, errors.DistutilsError, OSError) as error:
        raise CircumstanceError(
            f"the native runtime could not be compiled ({error}); install a C++17 compiler (Debian "
            "and Ubuntu: apt install g++), or set `engine.runtime: torch`"
        ) from error
    return path
