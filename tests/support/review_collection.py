"""A results folder with records as the worker writes them, and the report page read back."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from restoration.config.settings import IngestSettings
from restoration.ingest.inspect_master import inspect_master
from restoration.raster.colour.built_in_profiles import srgb_profile
from restoration.review.page import write_report
from restoration.storage.records import write_raw
from support.condition import recorded
from support.corpus import write_tiff
from support.written_records import (
    applied_page,
    declined_page,
    deliver_record,
    deliverable_of,
    delivered_page,
    ingest_record,
    stage_record,
)


def soft(pixels: np.ndarray, sigma: float) -> np.ndarray:
    return np.asarray(gaussian_filter(pixels, (sigma, sigma, 0)), np.float32)


class Collection:
    """A results folder with records as the worker writes them."""

    def __init__(self, root: Path) -> None:
        self.root, self.results, self.truth = root, root / "results", root / "truth"
        self.truth.mkdir(parents=True)
        self.scans: list[str] = []
        self.problems: list[str] = []

    def add(
        self,
        scan: str,
        before: np.ndarray,
        after: np.ndarray | None,
        *,
        truth: np.ndarray | None = None,
        generative: bool = True,
        reason: str = "soft: it holds 212 ppi of picture, less than 300",
        **options: Any,
    ) -> None:
        """after: None where the stage declines."""
        options = {"icc": srgb_profile(), **options}
        master = write_tiff(self.root / "masters" / f"{scan}.tif", before, **options)
        made = self.results / "embedded"
        delivered = before if after is None else after
        write_tiff(made / "deliver" / f"{scan}.tif", delivered, **options)
        if truth is not None:
            write_tiff(self.truth / f"{scan}.tif", truth, **options)
        described = inspect_master(master, IngestSettings.model_validate({}))
        said: dict[str, Any] = {
            "key": "1" * 64,
            "output_key": "2" * 64,
            "height": delivered.shape[0],
            "width": delivered.shape[1],
            "ppi": [1200.0, 1200.0],
            "seconds": 12.3,
        }
        if after is None:
            page = declined_page("it holds 900 ppi of picture", **said)
        else:
            page = applied_page(
                image=f"embedded/cleanup/{scan}.tif",
                owner="cleanup",
                sha256="c" * 64,
                generative=generative,
                generated=generative,
                findings={"reason": reason, "working_ppi": [300.0, 300.0]},
                **said,
            )
        stage = stage_record(
            "cleanup",
            page,
            scan=scan,
            key="3" * 64,
            code="d" * 64,
            settings={"apply": "auto"},
            numeric={"precision": "float32"},
            software={"restoration": "0.1.0"},
            weights=[{"name": "realesrgan-x4plus", "sha256": "e" * 64, "licence": "BSD-3-Clause"}],
        )
        report = recorded(
            {
                "effective_resolution": {
                    "value": 212.4,
                    "unit": "ppi",
                    "confidence": 0.9,
                    "method": "spectrum",
                    "detail": {"nominal_ppi": 1200.0},
                },
                "sharpening": {
                    "value": None,
                    "confidence": 0.0,
                    "detail": {"reason": "flat"},
                },
            }
        )
        record = deliver_record(
            deliverable_of(
                file=f"{scan}.tif",
                sha256="a" * 64,
                bytes=123456,
                compression="lzw",
                pages=[
                    delivered_page(
                        height=delivered.shape[0],
                        width=delivered.shape[1],
                        channels=delivered.shape[2],
                        conversions=["alpha kept"],
                        notes=["a date"],
                    )
                ],
                verified=["pixels", "icc"],
            ),
            ingest_record(described, scan=scan, path=str(master)),
            stage,
            scan=scan,
            recipe="embedded",
            key="f" * 64,
            condition_report=[
                {**report, "warnings": [{"code": "x", "text": "The scan states 1200 ppi."}]}
            ],
            when="2024-01-15T10:00:00Z",
        )
        write_raw(made / "deliver" / f"{scan}.json", record)
        self.scans.append(scan)

    def fail(self, scan: str, reason: str) -> None:
        self.scans.append(scan)
        self.problems.append(f"{scan}\tingest\t{reason}")

    def report(self, **options: Any) -> str:
        table = self.results / "embedded" / "problems.tsv"
        table.parent.mkdir(parents=True, exist_ok=True)
        table.write_text("\n".join(["scan\tstage\treason", *self.problems]) + "\n", "utf-8")
        self.output = self.results / "embedded" / "report.html"
        options = {"truth": self.truth, **options}
        self.written = write_report(self.results, "embedded", self.scans, self.output, **options)
        return self.output.read_text("utf-8")


class Page(HTMLParser):
    """Text, tags and attributes of a page; fails on tags that do not nest."""

    VOID = ("meta", "img", "input", "br", "link")

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(source)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())
