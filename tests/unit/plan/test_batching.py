"""Batches: from the sheet, else the folder, else chunks; once given, they are kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from restoration.config.settings import BatchSettings
from restoration.config.sheet import Scan
from restoration.errors import ConfigError
from restoration.plan.batches import Assignment, assign, keep_assigned, read_assigned
from restoration.plan.make_plan import make_plan
from restoration.plan.plan import Plan
from restoration.run.start_run import begin_run

HOUR = 3600.0
FOLDER = BatchSettings.model_validate({"by": "folder", "hours": 2.0})
HOURS = BatchSettings.model_validate({"by": "hours", "hours": 2.0})


def scan(name: str, folder: str = "box", batch: str = "") -> Scan:
    return Scan(name, f"/masters/{folder}/{name}.tif", batch, ("archive",), "print")


def scans(count: int, folder: str = "box", start: int = 0) -> list[Scan]:
    return [scan(f"{folder.replace('/', '-')}{n:03d}", folder) for n in range(start, start + count)]


def takes(hours: float) -> Callable[[Scan], float]:
    return lambda _: hours * HOUR


def batches(found: Assignment) -> dict[str, int]:
    """Scans of each batch, in order of appearance."""
    counts: dict[str, int] = {}
    for one in found.scans:
        counts[one.batch] = counts.get(one.batch, 0) + 1
    return counts


def test_the_sheets_own_batches_are_not_touched_however_long() -> None:
    given = [scan(f"s{n}", batch="album") for n in range(50)]
    found = assign(given, {"s1": "elsewhere"}, FOLDER, takes(1.0))
    assert found.scans == tuple(given)
    assert found.added == ()


def test_a_folder_is_one_batch_up_to_three_hours_and_then_equal_chunks() -> None:
    assert batches(assign(scans(29), {}, FOLDER, takes(0.1))) == {"box": 29}
    assert batches(assign(scans(31), {}, FOLDER, takes(0.1))) == {"box": 15, "box.2": 16}
    found = batches(assign(scans(100), {}, FOLDER, takes(0.1)))
    assert len(found) == 5
    assert set(found.values()) == {20}


@pytest.mark.parametrize("count", [31, 45, 50, 64, 77, 99, 210])
def test_every_chunk_takes_one_to_three_hours(count: int) -> None:
    found = batches(assign(scans(count), {}, FOLDER, takes(0.1)))
    assert all(10 <= size <= 30 for size in found.values()), found


def test_chunks_go_by_cost_not_by_number() -> None:
    cost = {f"box{n:03d}": 1.9 if n < 2 else 0.1 for n in range(22)}
    found = assign(scans(22), {}, FOLDER, lambda s: cost[s.scan] * HOUR)
    hours: dict[str, float] = {}
    for one in found.scans:
        hours[one.batch] = hours.get(one.batch, 0.0) + cost[one.scan]
    assert len(hours) == 3
    assert all(1.0 <= h <= 3.0 for h in hours.values()), hours


def test_by_hours_folders_do_not_count() -> None:
    given = [scan(f"s{n:03d}", folder=f"env-{n}") for n in range(60)]
    found = assign(given, {}, HOURS, takes(0.1))
    assert batches(found) == {"scans": 20, "scans.2": 20, "scans.3": 20}


def test_folders_of_one_name_are_told_apart_and_names_are_safe() -> None:
    given = [scan("a", "1/box"), scan("b", "2/box"), scan("c", "Fach 7"), scan("d", "roll.2")]
    found = assign(given, {}, FOLDER, takes(0.1))
    names = [one.batch for one in found.scans]
    assert names == ["1-box", "2-box", "Fach-7", "roll"]
    # Nothing safe is left to tell them apart by.
    odd = assign([scan("a", "?"), scan("b", "!")], {}, FOLDER, takes(0.1))
    assert len({one.batch for one in odd.scans}) == 2


def test_an_assignment_is_kept_whatever_is_changed_later(tmp_path: Path) -> None:
    path = tmp_path / "results" / "batches.tsv"
    first = assign(scans(40), read_assigned(path), FOLDER, takes(0.1))
    keep_assigned(path, first.added)
    before = path.read_bytes()
    asked: list[str] = []

    def seconds(one: Scan) -> float:
        asked.append(one.scan)
        return 9 * HOUR

    moved = [scan(one.scan, "moved") for one in scans(40)]
    again = assign(moved, read_assigned(path), HOURS, seconds)
    assert [s.batch for s in again.scans] == [s.batch for s in first.scans]
    assert (again.added, asked) == ((), [])
    # A sheet that names a batch wins.
    named = assign([scan("box000", batch="album")], read_assigned(path), FOLDER, seconds)
    assert named.scans[0].batch == "album"
    keep_assigned(path, again.added)
    assert path.read_bytes() == before


def test_new_scans_join_the_last_chunk_of_their_folder_or_begin_another(tmp_path: Path) -> None:
    path = tmp_path / "batches.tsv"
    first = assign(scans(40), {}, FOLDER, takes(0.1))
    keep_assigned(path, first.added)
    assert batches(first) == {"box": 20, "box.2": 20}
    few = assign(scans(48), read_assigned(path), FOLDER, takes(0.1))
    assert batches(few) == {"box": 20, "box.2": 28}
    many = assign(scans(80), read_assigned(path), FOLDER, takes(0.1))
    assert batches(many) == {"box": 20, "box.2": 20, "box.3": 20, "box.4": 20}
    before = path.read_text()
    keep_assigned(path, many.added)
    assert path.read_text().startswith(before)
    # Another folder of that name, new as well, is not taken for this one.
    other = assign([*scans(40), scan("x", "other/box")], read_assigned(path), FOLDER, takes(0.1))
    assert other.scans[-1].batch == "other-box"


def test_a_line_that_a_kill_cut_short_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "batches.tsv"
    path.write_text("scan\tbatch\na\tbox\nb\tbo")
    assert read_assigned(path) == {"a": "box"}
    keep_assigned(path, [("b", "box.2")])
    assert read_assigned(path) == {"a": "box", "b": "box.2"}


@pytest.mark.parametrize("line", ["a", "a\t../b", "a\tb\tc"])
def test_a_line_that_is_none_of_ours_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "batches.tsv"
    path.write_text(f"scan\tbatch\n{line}\n")
    with pytest.raises(ConfigError, match="line 2") as caught:
        read_assigned(path)
    assert "\n" not in str(caught.value)


def plan_of(folder: Path, **more: object) -> Plan:
    config = {
        "scans": str(folder / "scans.tsv"),
        "results": str(folder / "results"),
        "recipe": "plain",
        "recipes": {"plain": {}},
        "examine": {"faces": "off"},
        "device": "cpu",
    }
    return make_plan({**config, **more})


def test_a_plan_gives_batches_and_the_run_keeps_them(tmp_path: Path) -> None:
    rows = ["scan\tpath"]
    for folder, name in (("one", "a"), ("one", "b"), ("two", "c")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / f"{name}.tif").write_bytes(b"0" * 4_250_000)
        rows.append(f"{name}\t{folder}/{name}.tif")
    (tmp_path / "scans.tsv").write_text("\n".join(rows) + "\n")
    plan = plan_of(tmp_path)
    assert plan.batches("plain") == ("one", "two")
    # A plan alone, as of a dry run, writes nothing.
    assert not (tmp_path / "results").exists()
    begin_run(plan)
    assert read_assigned(tmp_path / "results/batches.tsv") == {"a": "one", "b": "one", "c": "two"}
    later = plan_of(tmp_path, batches={"by": "hours", "hours": 0.001})
    assert later.batches("plain") == ("one", "two")
    assert later.assigned == ()
    # One scan alone is a batch of its own, and knows its neighbours.
    single = plan_of(tmp_path, only="b")
    assert single.batches("plain") == ("@b",)
    assert [s.scan for s in single.album] == ["a", "b"]
