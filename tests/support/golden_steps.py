"""Golden cases of the steps that are no stages: ingest, examine, deliver."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import tifffile

from restoration.chain.job_tools import make_job_tools
from restoration.config.settings import ExamineSettings, IngestSettings
from restoration.config.stages import REGISTRY
from restoration.errors import ScanError
from restoration.examine.faces.faces import FacesMeasurer
from restoration.examine.page import examine_page
from restoration.examine.registry import MEASURERS
from restoration.ingest.inspect_master import inspect_master
from restoration.plan.make_plan import make_plan
from restoration.plan.plan import Plan, load_plan, plan_file
from restoration.raster.colour.built_in_profiles import adobe_rgb_profile
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.colour.node_lines import NODES
from restoration.raster.colour.tone_table import ToneTable
from restoration.run.batch import run_batch
from restoration.stages.base import Declined, Mapped, Page, Restored
from support import corpus, weights_at_hand
from support import golden_scans as scans
from support.condition import recorded
from support.fake_detector import FakeDetector, fake_detector
from support.golden import Case, Codes, Outcome
from support.golden_stages import aged_print
from support.simulated_scans import SimulatedPage

# -- ingest -------------------------------------------------------------------------------------


def _described(write: Callable[[Path], Any]) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "master.tif"
        write(path)
        try:
            found = inspect_master(path, IngestSettings.model_validate({}))
        except ScanError:
            return Outcome({"status": "problem"})
    # Of the file as whatever library wrote it; the first page's tags are said twice.
    for own in ("sha256", "bytes", "mtime_ns", "tags"):
        del found[own]
    for page in found["pages"]:
        for place in ("StripOffsets", "StripByteCounts", "ExifTag"):
            page["tags"].pop(place, None)
    found["warnings"] = len(found["warnings"])
    return Outcome(found, strict=True)


def _full_master(path: Path) -> None:
    iptc = corpus.iptc_block({(2, 120): "Family on the beach", (2, 25): ["sea", "1931"]})
    corpus.write_tiff(
        path, corpus.codes(12, 20, 4), icc=adobe_rgb_profile(), orientation=6, extra=["alpha"],
        exif=corpus.EXIF, xmp=corpus.XMP, iptc=iptc, description="On the back: 1931",
        software="SilverFast 9", tags=[(315, 2, 13, b"A. Archivist\0", True)],
    )  # fmt: skip
    corpus.append_page(path, corpus.codes(5, 5, 3, 8), subfiletype=1)
    corpus.append_page(path, corpus.codes(9, 7, 1), ppi=(300.0, 600.0), icc=b"no profile")


def _plain_master(path: Path) -> None:
    corpus.write_tiff(path, corpus.codes(8, 8, 1, 8), ppi=None, photometric="miniswhite")


def _floating_master(path: Path) -> None:
    corpus.write_tiff(path, np.zeros((8, 8, 3), np.float32), photometric="float")


# -- examine ------------------------------------------------------------------------------------


def _examined(
    codes: Codes, findings: Sequence[Any] = MEASURERS, models: Path | None = None, **facts: Any
) -> Outcome:
    settings = ExamineSettings(faces=facts.pop("faces", "off"))
    page = SimulatedPage(codes, **{"ppi": (600.0, 600.0), **facts})
    colour = ColourSpace.from_profile(page.profile, page.channels)
    manifest = None if models is None else weights_at_hand.manifest()
    # Of the network that finds damage its own tests speak: trained anew, it finds other marks.
    with fake_detector(FakeDetector(widest=5, least_side=100)):
        report = examine_page(page, settings, colour, findings, models, manifest)
    report["warnings"] = [warning["code"] for warning in report["warnings"]]
    for name in report.keys() - {"warnings"}:
        del report[name]["unit"], report[name]["method"]
        # A ratio to what is nearly nothing: without AVX2 it differs by a hundredth.
        report[name]["detail"].pop("lattice_contrast", None)
    return Outcome(report)


def _printed() -> Codes:
    picture = scans.photograph("camera", 40, 60, 384, 384, grey=True)
    return scans.halftone(picture, 6.4, 30.0)


def _enlarged() -> Codes:
    """Between the pixels straight lines, as scanner software enlarges."""
    small = scans.photograph("coffee", 40, 100, 150, 150, grey=False)
    small = small + scans.noise(small.shape, 2.0, 6)
    for axis in (0, 1):
        following = np.take(small, [*range(1, 150), 149], axis)
        pairs = np.stack([small, 0.5 * (small + following)], axis + 1)
        small = pairs.reshape(*(300 if at <= axis else 150 for at in (0, 1)), 3)
    return scans.codes_of(small)


def _compressed() -> Codes:
    """Soft, 8 bits, with blocks as of JPEG."""
    picture = scans.softened(scans.photograph("astronaut", 0, 60, 320, 320, grey=False), 4)
    return np.round(scans.in_blocks(picture, 40) * 255.0).astype(np.uint16) * np.uint16(257)


def _worn() -> Codes:
    picture = scans.photograph("camera", 0, 100, 320, 320, grey=True)
    codes, _ = scans.dusty(scans.softened(picture) + scans.noise(picture.shape, 5.0, 8), 60, 7)
    return codes


def _page_of_text() -> Codes:
    return scans.codes_of(scans.photograph("page", 0, 0, 191, 384, grey=True))


def _portrait() -> Codes:
    return scans.codes_of(scans.photograph("astronaut", 0, 60, 256, 256, grey=False))


def _faces_found() -> Outcome:
    folder = weights_at_hand.models_with("dlib-face-detector")
    return _examined(_portrait(), [FacesMeasurer], folder, faces="hog")


# -- deliver ------------------------------------------------------------------------------------


class Larger:
    """A stand-in: twice the size, a tenth brighter, where it worked; declines grey scans."""

    name, reads = "descreen", ()

    def setup(self, settings: Any, networks: Any) -> None: ...

    def apply(self, page: Page) -> Restored | Declined:
        source = page.source
        if source.channels == 1:
            return Declined("it is grey")
        ppi = None if page.ppi is None else (2 * page.ppi[0], 2 * page.ppi[1])

        def bands() -> Iterator[np.ndarray]:
            pixels = source.read(0, 0, source.height, source.width)
            yield np.minimum(0.9 * pixels.repeat(2, 0).repeat(2, 1) + np.float32(0.1), 1.0)

        findings = {"reason": "it is in colour", "share": 0.25}
        return Restored(2 * source.height, 2 * source.width, ppi, bands(), findings)


class Toned:
    """A stand-in: maps the values of what is in colour."""

    name, reads = "colour", ()

    def setup(self, settings: Any, networks: Any) -> None: ...

    def apply(self, page: Page) -> Mapped | Declined:
        if page.source.channels == 1:
            return Declined("it is grey")
        grid = np.arange(NODES) / (NODES - 1)
        return Mapped(
            ToneTable(np.stack([0.9 * grid + 0.02, grid, 0.4 * grid + 0.6 * grid**1.5])),
            {"gain": 1.25},
        )


@contextmanager
def _stand_ins() -> Iterator[None]:
    made = {
        name: replace(
            REGISTRY[name],
            module=__name__,
            class_name=fake.__name__,
            version="1",
            through=(),
            shares_batch=False,
        )
        for name, fake in (("descreen", Larger), ("colour", Toned))
    }
    with (
        mock.patch.dict(REGISTRY, made),
        mock.patch.dict(os.environ, SOURCE_DATE_EPOCH="1700000000"),
    ):
        yield


def _delivered(write: Callable[[Path], Any], **settings: Any) -> Outcome:
    """A scan's deliverable and what its record says of it, by stand-ins for the stages."""
    with tempfile.TemporaryDirectory() as name, _stand_ins():
        folder = Path(name)
        write(folder / "scan.tif")
        (folder / "scans.tsv").write_text(f"scan\tpath\tbatch\nscan\t{folder}/scan.tif\tone\n")
        recipe = {"stages": {"descreen": {}, "colour": {"cube": True}}, "deliver": settings}
        plan = make_plan(
            {
                "scans": str(folder / "scans.tsv"),
                "results": str(folder / "results"),
                "recipe": "golden",
                "recipes": {"golden": recipe},
                "examine": {"faces": "off"},
                "device": "cpu",
                "rerun_on": "version",
            }
        )
        plan.save()
        plan = load_plan(plan_file(plan.results))
        for step in plan.steps("golden"):
            _run(plan, step)
        place = plan.folder("golden", "deliver")
        record = json.loads((place / "scan.json").read_text(encoding="utf-8"))
        assert record["status"] == "done", record
        return _of_file(place, record["deliverable"], str(folder))


def _run(plan: Plan, step: str) -> None:
    def examine(path: Path, number: int, config: Any) -> dict[str, Any]:
        return recorded({"noise": {"value": None, "confidence": 0.0, "detail": {}}})

    recipe = None if step in ("ingest", "examine") else "golden"
    shop = replace(make_job_tools(plan, threads=1), examine=examine)
    table = Path(plan.table(recipe, step, "one"))
    assert run_batch(plan, recipe, step, "one", shop, table=table) == 0


_NAMES = re.compile(
    r"[0-9a-f]{64}|[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|(?<=archival-scan-restoration )[0-9.]+"
)
"""Sums, identifiers made from keys, our own version: they follow from what was hashed."""

_WHERE = frozenset({254, 273, 278, 279, 322, 323, 324, 325, 330, 34665})
"""Tags that say where in the file something lies."""


def _of_file(place: Path, record: dict[str, Any], folder: str) -> Outcome:
    tags, planes = {}, {}
    with tifffile.TiffFile(place / "scan.tif") as tif:
        for number, page in enumerate(tif.pages):
            codes = np.asarray(page.asarray())
            wide = codes.astype(np.uint16) * np.uint16(257 if codes.dtype == np.uint8 else 1)
            planes[f"page {number}"] = wide.reshape(*wide.shape[:2], -1)
            tags[f"tags of page {number}"] = {
                str(tag.code): _masked(tag.value, folder)
                for tag in page.tags
                if tag.code not in _WHERE
            }
    # How a record lists the files beside it is the record's own version; what is in them follows.
    left = ("bytes", "cubes", "files")
    said = {name: _masked(value, folder) for name, value in record.items() if name not in left}
    cubes = {
        path.name: path.read_text().splitlines()[::16] for path in sorted(place.glob("*.cube"))
    }
    return Outcome({**said, **tags, **cubes}, planes, strict=True)


def _masked(value: Any, folder: str) -> Any:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    if isinstance(value, str):
        lines = _NAMES.sub("#", value.replace(folder, "")).rstrip().splitlines()
        return lines if len(lines) > 1 else "".join(lines)
    if isinstance(value, dict):
        return {name: _masked(item, folder) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(item, folder) for item in value]
    return value.item() if hasattr(value, "item") else value


STEPS: dict[str, list[Case]] = {
    "ingest": [
        Case("all that a master may say", lambda: _described(_full_master)),
        Case("a master that says nothing", lambda: _described(_plain_master)),
        Case("not to be restored", lambda: _described(_floating_master)),
    ],
    "examine": [
        Case("an aged print", lambda: _examined(aged_print())),
        Case("a halftone", lambda: _examined(_printed())),
        Case("soft and compressed", lambda: _examined(_compressed(), bits=8)),
        Case("enlarged", lambda: _examined(_enlarged())),
        Case("noise and dust", lambda: _examined(_worn())),
        Case("lettering", lambda: _examined(_page_of_text(), ppi=None)),
        Case("a face", _faces_found, ("dlib-face-detector", "dlib-face-points")),
        Case("an empty page", lambda: _examined(np.full((96, 80, 3), 40000, np.uint16), ppi=None)),
    ],
    "deliver": [
        Case("restored", lambda: _delivered(_scan_in_colour)),
        Case("in another profile", lambda: _delivered(_scan_in_colour, profile="sRGB", depth="16")),
        Case("as it was", lambda: _delivered(_grey_scan)),
    ],
}


def _scan_in_colour(path: Path) -> None:
    codes = (scans.waves(20, 26, 3) >> 8).astype(np.uint8)
    corpus.write_tiff(
        path, codes, icc=adobe_rgb_profile(), orientation=3, exif=corpus.EXIF, xmp=corpus.XMP,
        description="On the back: 1931", software="SilverFast 9",
    )  # fmt: skip


def _grey_scan(path: Path) -> None:
    corpus.write_tiff(path, scans.waves(20, 26, 1), icc=corpus.grey_gamma_profile(), ppi=300.0)
