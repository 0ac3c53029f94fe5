"""Whole records as steps write them, for tests that say but a part of one."""

from __future__ import annotations

from typing import Any

from restoration.storage.records import SCHEMA

Record = dict[str, Any]

KEY = "ab" * 32
"""Stands for any key, fingerprint or SHA-256."""

WHEN = "2026-01-02T03:04:05Z"


def _head(step: str, **more: Any) -> Record:
    head = {"schema": SCHEMA, "scan": "s", "stage": step, "when": WHEN, "key": KEY}
    return {**head, "status": "done", "reason": None, "settings": {}, "code": KEY, **more}


def ingest_record(master: Record, **more: Any) -> Record:
    """master: as ``inspect_master`` gives it."""
    said = {"path": "s.tif", "signature": "1:1", "base": KEY, "material": "print"}
    own = {"sha256": master["sha256"], "master": master}
    return _head("ingest", **{**said, **own, **more})


def master_of(*sizes: tuple[int, int, int, int]) -> Record:
    """What ingest says of a master; sizes: height, width, channels and bits of each page."""
    pages = [
        {
            "number": number, "directory": number - 1, "height": height, "width": width,
            "bits": bits, "photometric": "RGB" if channels == 3 else "grey", "icc": None,
            "channels": channels, "extra": [], "compression": "none", "tiled": False,
            "planar": False, "orientation": 1, "ppi": None, "tags": {},
        }
        for number, (height, width, channels, bits) in enumerate(sizes, 1)
    ]  # fmt: skip
    return {
        "sha256": KEY, "bytes": 1, "mtime_ns": 1, "byte_order": "little", "bigtiff": False,
        "pages": pages, "infrared": [], "set_aside": [], "tags": {}, "exif": {}, "xmp": None,
        "iptc": None, "warnings": [],
    }  # fmt: skip


def deliverable_of(**more: Any) -> Record:
    """What delivery says of a file without pages."""
    said = {"file": "s.tif", "sha256": KEY, "bytes": 1, "bigtiff": False, "compression": "none"}
    own = {"master_sha256": KEY, "verified": [], "notes": [], "pages": []}
    return {**said, **own, **more}


def applied_page(number: int = 1, **more: Any) -> Record:
    """The entry of a page that a stage changed."""
    page = {
        "number": number, "key": KEY, "input_key": KEY, "output_key": KEY, "status": "applied",
        "reason": None, "image": None, "owner": None, "height": 1, "width": 1, "ppi": None,
        "generative": False, "generated": False, "findings": {}, "sha256": None, "mask": None,
        "mask_sha256": None, "seconds": 0.0,
    }  # fmt: skip
    return {**page, **more}


def declined_page(reason: str, number: int = 1, **more: Any) -> Record:
    """The entry of a page that a stage left as it came in."""
    page = {
        "number": number, "key": KEY, "input_key": KEY, "output_key": KEY, "status": "declined",
        "reason": reason, "image": None, "owner": None, "height": 1, "width": 1, "ppi": None,
        "generative": False, "generated": False, "findings": {}, "sha256": None, "seconds": 0.0,
    }  # fmt: skip
    return {**page, **more}


def delivered_page(number: int = 1, **more: Any) -> Record:
    """What delivery says of a page."""
    page = {
        "number": number, "directory": number - 1, "source": "master", "height": 1, "width": 1,
        "channels": 3, "bits": 16, "extra": [], "resolution": None, "resolution_unit": None,
        "document_id": "d", "instance_id": "i", "digital_source_type": None, "conversions": [],
        "tones": False, "clipped": None, "finished": {"said": []}, "not_carried": [], "notes": [],
    }  # fmt: skip
    return {**page, **more}


def stage_record(step: str, *pages: Record, **more: Any) -> Record:
    said = {"recipe": "archive", "numeric": {}, "weights": [], "software": {}, "processor": "x"}
    return _head(step, **{**said, "pages": list(pages), **more})


def deliver_record(deliverable: Record, master: Record, *stages: Record, **more: Any) -> Record:
    """deliverable: as ``deliver_scan`` gives it; master: a record of ingest."""
    said = {"recipe": "archive", "deliverable": deliverable, "faces": [], "condition_report": []}
    return _head("deliver", **{**said, "master": master, "stages": list(stages), **more})
