"""What verification says of a folder of results, and damage for it to find."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from restoration.storage.manifest import MANIFEST
from restoration.upkeep.verify.findings import FixityFault
from restoration.upkeep.verify.verify import VerifyRequest, verify_results
from support import verified_tree as tree

Said = set[tuple[str, str, str]]


def said(folder: Path, **asked: Any) -> Said:
    """Class, kind and path of every finding."""
    results = (folder / "results").absolute()
    found: list[FixityFault] = []
    verified = verify_results(results, VerifyRequest(**asked), found.append)
    assert sum(verified.counts.values()) == len(found)
    assert verified.clean == (not found)
    return {
        (
            one.kind,
            one.what,
            str(one.path.relative_to(results if one.path.is_relative_to(results) else folder)),
        )
        for one in found
    }


def flip(path: Path) -> None:
    """Another byte, the same size and time."""
    status, data = path.stat(), bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


KINDS = {
    "deliverable": "archive/deliver/both.tif",
    "sidecar of a deliverable": "archive/deliver/both.json",
    "cube": "archive/deliver/both.cube",
    "record of ingest": "ingest/both.json",
    "record of a problem": "ingest/wrong.json",
    "condition report": "examine/plain.json",
    "record of a stage": "archive/descreen/both.json",
    "image between the stages": "archive/descreen/both.tif",
    "mask": "archive/descreen/masks/both.tif",
    "table": "archive/cleanup/one.tsv",
    "table of delivery": "other/deliver/one.tsv",
    "table of problems": "archive/problems.tsv",
    "report": "archive/report.html",
    "page of a report": "archive/report-pages/0002.html",
    "report's pictures": "other/report/plain.json",
    "plan": "run.json",
    "batches": "batches.tsv",
    "manifest": MANIFEST,
    "list": ".fixity/written.txt",
    "master": "../one/both.tif",
    "weights": f"../models/{tree.NETWORK}.safetensors",
}


def sha256sum(own: Path, manifest: Path) -> None:
    """The manifest, which may be an older one, holds."""
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", str(manifest)],
        cwd=own / "results",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
