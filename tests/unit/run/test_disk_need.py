"""What a run will need of the disk, from nothing but the sizes of its masters."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from restoration.errors import CircumstanceError
from restoration.plan.make_plan import make_plan
from restoration.plan.plan import Plan
from restoration.run.disk_need import LZW, DiskNeed, disk_need, say_disk_need
from restoration.run.run_progress import work_of
from restoration.storage.records import write_raw
from support import corpus
from support.small_results import AGAIN, CHANGES, plan, run
from support.written_records import ingest_record, master_of

__all__ = ["plan"]

MASTER = 4_250_000
"""Bytes: by the guess of `cost`, a megapixel, of which a 16-bit image in colour takes 4.8 MB."""

IMAGE = 4_800_000


def planned(
    folder: Path, stages: Mapping[str, Any], deliver: Mapping[str, Any] | None = None, **more: Any
) -> Plan:
    """Three batches of two scans; of the last batch each scan is delivered in two recipes."""
    (folder / "results").mkdir()
    rows = ["scan\tpath\tbatch\trecipe"]
    for number in range(6):
        with (folder / f"{number}.tif").open("wb") as file:
            file.truncate(MASTER)
        recipes = "one two" if number > 3 else "one"
        rows.append(f"s{number}\t{folder}/{number}.tif\tb{number // 2}\t{recipes}")
    (folder / "scans.tsv").write_text("\n".join([*rows, ""]))
    recipe = {"stages": dict(stages), "deliver": dict(deliver or {})}
    return make_plan(
        {
            "scans": str(folder / "scans.tsv"),
            "results": str(folder / "results"),
            "recipe": "one",
            "recipes": {"one": recipe, "two": {"stages": {"repair": {}}}},
            "device": "cpu",
            **more,
        }
    )


def need(plan: Plan, beside: int = 1) -> DiskNeed:
    return disk_need(plan, work_of(plan), beside)


CHAIN = {"repair": {}, "denoise": {}, "colour": {}}


def test_everything_that_stays_is_counted(tmp_path: Path) -> None:
    found = need(planned(tmp_path, CHAIN))
    assert found.masters == 6 * MASTER
    # Two stages of six scans and one of two; colour writes no image.
    assert found.intermediates == pytest.approx((6 * 2 + 2) * IMAGE)
    assert found.deliverables == pytest.approx(8 * 1.15 * MASTER)


def test_what_is_deleted_meanwhile_is_not_added_up(tmp_path: Path) -> None:
    none = need(planned(tmp_path, CHAIN, intermediates="none"))
    # One batch of two scans in hand, and what the second recipe may take over from the first: the
    # images of repair, of the scans that are in both.
    assert none.intermediates == pytest.approx((2 * 2 + 2 + 2) * IMAGE)
    assert need(planned_again(tmp_path, "none"), beside=2).intermediates == pytest.approx(
        (4 * 2 + 2 + 2) * IMAGE
    )
    last = need(planned_again(tmp_path, "last"))
    assert last.intermediates == pytest.approx(min(4 + 4 + 8, 14) * IMAGE)
    assert "under `intermediates: last`" in last.line()


def planned_again(folder: Path, keeping: str) -> Plan:
    shutil.rmtree(folder / "results")
    return planned(folder, CHAIN, intermediates=keeping)


def test_enlargement_and_depth_are_counted(tmp_path: Path) -> None:
    stages = {"cleanup": {"network": "realesrgan-x4plus"}, "upscale": {"factor": 2.0}}
    found = need(planned(tmp_path, stages, {"depth": "16"}))
    assert found.intermediates == pytest.approx(6 * (1 + 4) * IMAGE + 2 * IMAGE)
    # 4.25 bytes of a master's pixel become 6.
    assert found.deliverables == pytest.approx(1.15 * (6 * 4 * 6e6 + 2 * MASTER))


def test_masters_that_are_known_are_not_guessed_at(tmp_path: Path) -> None:
    plan = planned(tmp_path, {"repair": {}})
    for number in range(6):
        record = ingest_record(master_of((1000, 2125, 1, 16)))
        write_raw(plan.folder(None, "ingest") / f"s{number}.json", record)
    # 16-bit grey: as many bytes as the master's pixels, four fifths of them once packed.
    assert need(plan).intermediates == pytest.approx(8 * 0.8 * MASTER)


def test_infrared_on_a_page_of_its_own_is_counted_as_it_is_delivered(tmp_path: Path) -> None:
    plan = planned(tmp_path, {"upscale": {"factor": 2.0}}, {"compression": "none"})
    pages, infrared = (master_of((1000, 500, n, 16)) for n in (3, 1))
    own = {name: value for name, value in infrared["pages"][0].items() if name != "icc"}
    del own["number"]
    master = {**pages, "infrared": [{**own, "page": 1, "why": "it says so"}]}
    for number in range(6):
        record = ingest_record(master)
        write_raw(plan.folder(None, "ingest") / f"s{number}.json", record)
    # The second recipe enlarges nothing, and packs its pages by LZW.
    lzw = LZW[16]
    expected = 6 * (4 * 3_000_000 + 1_000_000) + 2 * (lzw * 3_000_000 + 1_000_000)
    assert need(plan).deliverables == pytest.approx(expected)


@pytest.mark.slow
def test_what_is_done_needs_nothing(plan: Plan) -> None:
    assert need(plan).masters == 0
    (plan.results / "archive/deliver/two.tsv").unlink()
    found = need(plan)
    assert found.masters == Path(plan.scans[2].path).stat().st_size
    assert plan.scans[2].batch == "two"


@pytest.mark.slow
def test_the_estimate_is_near_what_a_run_takes(
    plan: Plan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Masters with 16 bits of noise, as large as the estimate takes them for: files so small are
    half tags and profiles, which it does not know."""
    for number, scan in enumerate(plan.scans):
        if scan.scan != "wrong":
            codes = corpus.codes(400, 600, 3, 16, seed=number)
            noise = np.random.default_rng(number).integers(0, 4096, codes.shape, np.uint16)
            corpus.write_tiff(Path(scan.path), codes // 2 + noise)
    update = {"results": str(tmp_path / "large")}
    large = replace(plan, config=plan.config.model_copy(update=update))
    large.results.mkdir()
    before = need(large)
    run(large)
    images = {
        path.stat().st_ino: path.stat().st_size
        for step in (CHANGES, AGAIN)
        for path in large.results.glob(f"*/{step}/*.tif")
        if path.parent.name != "masks"
    }
    made = sum(p.stat().st_size for p in large.results.glob("*/deliver/*.tif"))
    print(f"images {before.intermediates / sum(images.values()):.2f} times what was used, ")
    print(f"deliverables {before.deliverables / made:.2f} times")
    # On the high side: files that two recipes share are counted twice, one scan has no screen.
    assert 1.0 < before.intermediates / sum(images.values()) < 4.0
    assert 0.8 < before.deliverables / made < 1.3


GB = 10**9


def told(deliverables: int, intermediates: int, free: int, keeping: str = "keep") -> DiskNeed:
    return DiskNeed(5.0 * GB, intermediates * GB, deliverables * GB, free * GB, keeping)


def test_enough_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    say_disk_need(told(5, 20, 25), tmp_path, ignore=False)
    assert capsys.readouterr().err == (
        "disk: masters of 5.0 GB to do; about 20.0 GB of intermediates at most at the same time "
        "under `intermediates: keep`, 5.0 GB of deliverables, 25.0 GB free\n"
    )


def test_too_little_for_all_is_a_warning(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    say_disk_need(told(5, 20, 24), tmp_path, ignore=False)
    assert "warning: about 1.0 GB may be missing" in capsys.readouterr().err


def test_too_little_for_the_deliverables_stops_unless_told_otherwise(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(CircumstanceError, match=r"the deliverables alone need about 5\.0 GB"):
        say_disk_need(told(5, 0, 4, "none"), tmp_path, ignore=False)
    say_disk_need(told(5, 0, 4, "none"), tmp_path, ignore=True)
    assert "warning: about 1.0 GB may be missing" in capsys.readouterr().err
