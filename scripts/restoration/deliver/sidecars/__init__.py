"""The registry of files beside the deliverable.

All that the workflow knows of one follows from its entry here: it is written and noted with the
deliverable, named in its record, listed in the manifest, verified, made again where it was lost,
and withdrawn with the deliverable.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from restoration.deliver.deliver_scan import PageToDeliver
from restoration.deliver.scan_to_deliver import ScanToDeliver
from restoration.deliver.sidecars.cube import CUBE
from restoration.deliver.sidecars.sidecar import Sidecar
from restoration.storage.journal import note_gone, note_written
from restoration.storage.keys import Facts
from restoration.storage.publish import published, sha256_of, unlink

SIDECARS: tuple[Sidecar, ...] = (CUBE,)


def write_sidecars(
    folder: Path, scan: ScanToDeliver, pages: Sequence[PageToDeliver]
) -> list[Facts]:
    """Publish every file that the pages have beside their deliverable, each by rename; take away
    what an earlier run left and nobody wants any more.

    Returns kind, name and SHA-256 of each, for the record. Raises CircumstanceError where the disk
    fails.
    """
    files = []
    for sidecar in SIDECARS:
        for page in pages:
            path = folder / sidecar.name(scan.scan, page.number)
            if not sidecar.is_wanted(scan, page):
                if path.exists():
                    note_gone(path)
                    unlink(path, missing_ok=True)
                continue
            with published(path) as part:
                sidecar.write(part, scan, page)
                sha256 = sha256_of(part)
                note_written(path, sha256)
            files.append({"kind": sidecar.kind, "file": path.name, "sha256": sha256})
    return files


def sidecar_of(name: str) -> Sidecar | None:
    """What a file in the folder of deliveries is by its name; None for any other file."""
    return next((sidecar for sidecar in SIDECARS if name.endswith(sidecar.ending)), None)


def label_of(kind: str) -> str:
    """What the report calls files of a kind; of one that is known no more, by its own name."""
    known = {sidecar.kind: sidecar.label for sidecar in SIDECARS}
    return known.get(kind, kind.replace("_", " ").capitalize())
