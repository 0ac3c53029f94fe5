"""The worker: what becomes of a scan that fails, and of a batch in which some did."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from restoration.chain import chain
from restoration.chain.page_restorer import JobTools
from restoration.config.section import Section
from restoration.config.stages.entry import Entry
from restoration.errors import CircumstanceError, ScanError
from restoration.findings.tone import Tone
from restoration.plan.make_plan import make_plan
from restoration.plan.plan import Plan, load_plan, plan_file
from restoration.raster.base import ArrayRaster
from restoration.run.batch import run_batch
from restoration.stages.base import Declined, Restored
from restoration.storage.records import read_raw
from restoration.storage.tables import Row, gather_problems, read_table, write_table
from support.condition import recorded
from support.written_records import deliverable_of, master_of

Trouble = Callable[[str], Exception | None]


class Brighten:
    """A stage without a network: every value plus 1/10; declines dark scans."""

    name = "cleanup"
    version = "1"
    reads = ("tone",)

    def setup(self, settings: Any, networks: Any) -> None: ...

    def apply(self, page: Any) -> Restored | Declined:
        lightest = page.report.get(Tone).value[1]
        if lightest < 0.2:
            return Declined(f"mean {lightest} is dark")
        source = page.source

        def bands() -> Iterator[np.ndarray]:
            for top in range(source.height):
                page.progress((top + 1) / source.height, f"row {top + 1}")
                yield source.read(top, 0, 1, source.width) + np.float32(0.1)

        return Restored(source.height, source.width, page.ppi, bands())


class Brightening(Entry):
    def load(self) -> type[Brighten]:
        return Brighten


class Image(ArrayRaster):
    profile = None


MEANS = {"a": 0.5, "b": 0.1, "c": 0.5}


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    entry = Brightening(Section, "", "restoration.storage.records", "", "1", 0.1)
    monkeypatch.setitem(chain.REGISTRY, "cleanup", entry)
    rows = [f"{name}\t{tmp_path}/{name}.tif\tone" for name in MEANS]
    for name in MEANS:
        (tmp_path / f"{name}.tif").write_text(name)
    (tmp_path / "scans.tsv").write_text("\n".join(["scan\tpath\tbatch", *rows, ""]))
    return make_plan(
        {
            "scans": str(tmp_path / "scans.tsv"),
            "results": str(tmp_path / "results"),
            "recipes": {"archive": {"stages": {"cleanup": {}}}},
            "device": "cpu",
        }
    )


class Bench:
    """Steps that count what they do and fail where they are told to."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.trouble: Trouble = lambda scan: None

    def _work(self, step: str, path: Path) -> str:
        name = path.stem
        error = self.trouble(f"{step} {name}")
        if error is not None:
            raise error
        self.done.append(f"{step} {name}")
        return name

    def workshop(self) -> JobTools:
        @contextmanager
        def open_image(path: Path, number: int) -> Iterator[Image]:
            yield Image(np.full((4, 4, 3), MEANS[path.stem], dtype=np.float32))

        def inspect(path: Path, limits: Any) -> dict[str, Any]:
            name = self._work("ingest", path)
            master = master_of((4, 4, 3, 16))
            pages = [{**page, "ppi": [1200.0, 1200.0]} for page in master["pages"]]
            return {**master, "sha256": name * 64, "pages": pages}

        def examine(path: Path, number: int, settings: Any) -> dict[str, Any]:
            lightest = MEANS[self._work("examine", path)]
            return recorded({"tone": {"value": [0.0, lightest]}})

        def write_image(path: Path, bands: Iterator[np.ndarray], **given: Any) -> str:
            rows = list(bands)
            self._work("cleanup", path)
            path.write_bytes(np.concatenate(rows).tobytes())
            return "5" * 64

        def deliver(*, output: Path, **given: Any) -> dict[str, Any]:
            self._work("deliver", output)
            output.write_text("deliverable")
            return deliverable_of(sha256="6" * 64)

        return JobTools(
            networks=lambda name, **blend: None,
            inspect=inspect,
            examine=examine,
            open_image=open_image,
            colour_of=lambda source: None,
            write_image=write_image,
            deliver=deliver,
        )


@pytest.fixture
def bench() -> Bench:
    return Bench()


def run(plan: Plan, bench: Bench, step: str, recipe: str | None = "archive") -> int:
    plan.save()
    again = load_plan(plan_file(plan.results))
    given = None if step in ("ingest", "examine") else recipe
    table = Path(again.table(given, step, "one"))
    log = plan.results / "log.txt"
    return run_batch(again, given, step, "one", bench.workshop(), table=table, log=log)


def table(plan: Plan, step: str, recipe: str | None = "archive") -> dict[str, Any]:
    given = None if step in ("ingest", "examine") else recipe
    return {row.scan: row for row in read_table(Path(plan.table(given, step, "one")))}


def run_all(plan: Plan, bench: Bench) -> None:
    for step in ("ingest", "examine", "cleanup", "deliver"):
        assert run(plan, bench, step) == 0


def test_a_batch_goes_through(plan: Plan, bench: Bench) -> None:
    run_all(plan, bench)
    rows = table(plan, "cleanup")
    assert [rows[name].status for name in "abc"] == ["applied", "declined", "applied"]
    assert rows["b"].reason == "mean 0.1 is dark"
    assert all(row.status == "done" for row in table(plan, "deliver").values())
    declined = read_raw(plan.folder("archive", "cleanup") / "b.json")
    assert declined is not None
    page = declined["pages"][0]
    # No image: the record points at its input and passes the input's key on.
    assert page["image"] is None
    assert page["output_key"] == page["input_key"]
    bench.done.clear()
    run_all(plan, bench)
    assert bench.done == []


def test_a_stage_that_changed_no_pixel_is_not_applied(
    plan: Plan, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All white already: brighter by 1/10 is the same page."""
    monkeypatch.setitem(MEANS, "a", 1.0)
    run_all(plan, bench)
    record = read_raw(plan.folder("archive", "cleanup") / "a.json")
    assert record is not None
    (page,) = record["pages"]
    assert (page["status"], page["image"], page["generative"]) == ("declined", None, False)
    assert page["reason"] == "it changed not one pixel"
    assert page["output_key"] == page["input_key"]
    assert not list(plan.folder("archive", "cleanup").glob("a*.tif"))
    bench.done.clear()
    run_all(plan, bench)
    assert bench.done == []


def test_a_bad_scan_is_a_row_and_stays_one(plan: Plan, bench: Bench) -> None:
    def trouble(work: str) -> Exception | None:
        return ScanError("expected RGB, found CMYK") if work == "ingest b" else None

    bench.trouble = trouble
    run_all(plan, bench)
    assert table(plan, "ingest")["b"].reason == "ingest: expected RGB, found CMYK"
    assert table(plan, "deliver")["b"].reason == "ingest: expected RGB, found CMYK"
    assert table(plan, "deliver")["c"].status == "done"
    bench.trouble = lambda work: None
    bench.done.clear()
    run_all(plan, bench)
    assert bench.done == []
    (Path(plan.scans[1].path)).write_text("another file")
    run_all(plan, bench)
    assert bench.done == [f"{step} b" for step in ("ingest", "examine", "deliver")]


def test_a_missing_master_is_a_problem_until_it_comes_back(plan: Plan, bench: Bench) -> None:
    master = Path(plan.scans[0].path)
    master.unlink()
    run_all(plan, bench)
    assert "is missing" in table(plan, "deliver")["a"].reason
    master.write_text("a")
    run_all(plan, bench)
    assert table(plan, "deliver")["a"].status == "done"


@pytest.mark.parametrize(
    "error",
    [
        CircumstanceError("the device is gone"),
        MemoryError(),
        OSError(errno.ENOSPC, "No space left on device"),
        ZeroDivisionError("division by zero"),
    ],
)
def test_circumstance_publishes_no_table(plan: Plan, bench: Bench, error: Exception) -> None:
    for step in ("ingest", "examine"):
        run(plan, bench, step)
    bench.trouble = lambda work: error if work == "cleanup a" else None
    bench.done.clear()
    assert run(plan, bench, "cleanup") == 1
    # The others were finished, and are not done again.
    assert bench.done == ["cleanup c"]
    assert not Path(plan.table("archive", "cleanup", "one")).exists()
    assert not (plan.folder("archive", "cleanup") / "a.json").exists()
    bench.trouble = lambda work: None
    bench.done.clear()
    assert run(plan, bench, "cleanup") == 0
    assert bench.done == ["cleanup a"]


def test_equal_surprises_stop_the_job(plan: Plan, bench: Bench) -> None:
    bench.trouble = lambda work: ZeroDivisionError("always")
    assert run(plan, bench, "ingest") == 1
    log = (plan.results / "log.txt").read_text()
    assert "3 times: stopping" in log
    assert "Traceback" in log


def test_scan_problem_in_a_stage_is_final_until_its_key_changes(plan: Plan, bench: Bench) -> None:
    bench.trouble = lambda work: ScanError("NaN in band 1") if work == "cleanup a" else None
    run_all(plan, bench)
    assert table(plan, "deliver")["a"].reason == "cleanup: NaN in band 1"
    bench.done.clear()
    bench.trouble = lambda work: None
    run_all(plan, bench)
    assert bench.done == []
    raw = plan.config.model_dump(mode="json")
    raw["recipes"]["archive"]["stages"]["cleanup"]["strength"] = 0.5
    run_all(make_plan(raw), bench)
    assert "cleanup a" in bench.done


def test_a_truncated_record_is_given_back_from_its_copy(plan: Plan, bench: Bench) -> None:
    run_all(plan, bench)
    record = plan.folder("archive", "cleanup") / "a.json"
    text = record.read_text()
    record.write_text('{"schema": 1, "key"')
    bench.done.clear()
    run_all(plan, bench)
    assert bench.done == []
    assert record.read_text() == text


def test_a_truncated_record_without_a_copy_counts_as_none(plan: Plan, bench: Bench) -> None:
    run_all(plan, bench)
    for step in ("cleanup", "deliver"):
        (plan.folder("archive", step) / "a.json").write_text('{"schema": 1, "key"')
    bench.done.clear()
    run_all(plan, bench)
    # Same key, and the image is the one that would be made: only that scan.
    assert bench.done[0] == "cleanup a"
    assert not [one for one in bench.done if not one.endswith(" a")]


def test_progress_speaks_of_scans_and_bands(
    plan: Plan, bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("restoration.run.job_progress._SECONDS_BETWEEN_LINES", 0.0)
    run_all(plan, bench)
    shown = capsys.readouterr().err
    assert "archive cleanup one: [1/3] a: row 1, " in shown
    assert "[1/3] a: applied, took 0 s" in shown
    assert "[2/3] b: not applied (mean 0.1 is dark)" in shown
    logged = (plan.results / "log.txt").read_text().splitlines()
    assert [line for line in shown.splitlines() if line not in logged] == []


def test_a_reason_is_no_formula_to_a_spreadsheet(tmp_path: Path) -> None:
    reasons = {"a": "ingest: =HYPERLINK(1).tif: expected a TIFF file", "b": "ingest: b.tif: none"}
    rows = [Row(scan, "problem", "", "", reason) for scan, reason in reasons.items()]
    write_table(tmp_path / "t.tsv", rows, "digest")
    assert gather_problems([tmp_path / "t.tsv"], tmp_path / "problems.tsv") == 2
    _, first, second = (tmp_path / "problems.tsv").read_text().splitlines()
    assert first == "a\tingest\t'=HYPERLINK(1).tif: expected a TIFF file"
    assert second == "b\tingest\tb.tif: none"
