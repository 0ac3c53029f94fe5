"""Making the demo collection where it is missing, and leaving it alone where it is right."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from restoration.demo.collection import (
    BROKEN,
    BROKEN_BATCH,
    BROKEN_SHARE,
    COLLECTION,
    REGIONS,
    DemoScan,
    broken,
    files_of,
    sheet,
)
from restoration.demo.photographs import load
from restoration.plan.code_fingerprint import code_fingerprint
from restoration.storage.keys import digest
from restoration.storage.publish import published

MANIFEST = "made.json"
"""What was made, from which definition, with the SHA-256 of each file."""


def make_collection(
    folder: Path,
    scans: Sequence[DemoScan] = COLLECTION,
    say: Callable[[str], None] = lambda line: None,
) -> list[str]:
    """Makes the scans, their truth and the sheet below ``folder``.

    A file whose SHA-256 is in the manifest, made from the same definition, is not touched, so a
    second call changes nothing. ``say`` gets one line for each scan that is made. Returns the
    names, below ``folder``, of the files that were written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known = _read_manifest(folder / MANIFEST)
    manifest: dict[str, Any] = {}
    written: list[str] = []
    for demo in scans:
        definition = _definition(demo)
        entry = known.get(demo.scan)
        if not _is_right(folder, entry, definition):
            say(f"making {demo.scan}: {demo.damage.words}")
            files = files_of(demo)
            written += _write_all(folder, files)
            entry = {"definition": definition, "files": {n: _sha256(f) for n, f in files.items()}}
        manifest[demo.scan] = entry
    manifest[BROKEN] = _broken_entry(folder, scans, known, written)
    written += _write_all(folder, {"scans.tsv": sheet().encode()})
    marked = {f"regions/{scan}.yaml": text.encode() for scan, text in REGIONS.items()}
    written += _write_all(folder, marked)
    text = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
    _write_all(folder, {MANIFEST: text.encode()})
    return written


def _broken_entry(
    folder: Path, scans: Sequence[DemoScan], known: dict[str, Any], written: list[str]
) -> dict[str, Any]:
    """The broken file: the clean scan (or the first one), cut off."""
    clean = next((demo for demo in scans if demo.scan.endswith("-clean")), scans[0])
    definition = digest([_definition(clean), BROKEN_SHARE])
    entry: dict[str, Any] | None = known.get(BROKEN)
    if entry is None or not _is_right(folder, entry, definition):
        sound = (folder / clean.batch / f"{clean.scan}.tif").read_bytes()
        files = {f"{BROKEN_BATCH}/{BROKEN}.tif": broken(sound)}
        written += _write_all(folder, files)
        entry = {"definition": definition, "files": {n: _sha256(f) for n, f in files.items()}}
    return entry


def _definition(demo: DemoScan) -> str:
    """Everything that a scan's bytes follow from: numbers, photograph, and our code."""
    source = hashlib.sha256(load(demo.photograph, demo.crop).tobytes()).hexdigest()
    code = code_fingerprint("restoration.demo.collection")
    # The fingerprint covers the whole collection's table; a scan's own row is named apart.
    return digest({"scan": asdict(demo), "photograph": source, "code": code})


def _is_right(folder: Path, entry: dict[str, Any] | None, definition: str) -> bool:
    if not entry or entry.get("definition") != definition:
        return False
    return all(_file_sha256(folder / name) == sha for name, sha in entry["files"].items())


def _read_manifest(path: Path) -> dict[str, Any]:
    """The manifest; empty where there is none or where it was damaged: all is then made anew."""
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return manifest if isinstance(manifest, dict) else {}


def _write_all(folder: Path, files: dict[str, bytes]) -> list[str]:
    """Writes what differs, each by a rename; returns the names of those."""
    changed = []
    for name, content in files.items():
        path = folder / name
        if _file_sha256(path) == _sha256(content):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        with published(path) as part:
            part.write_bytes(content)
        changed.append(name)
    return changed


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _file_sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
