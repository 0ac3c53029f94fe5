"""`make prune`: shown first, then deleted, and never what a delivery is still to be made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from restoration.errors import ConfigError
from restoration.plan.plan import Plan
from restoration.run.lock import unlock_results
from restoration.upkeep.prune import ORPHANS, Pruned, prune_results, summary
from support.kept_images import ALL, images, masks
from support.own_processes import HOLD, start
from support.small_results import AGAIN, CHANGES, findings, plan, stamps
from support.warm_python import Script

__all__ = ["plan"]


def prune(plan: Plan, **given: object) -> Pruned:
    try:
        return prune_results(plan.results, **given)
    finally:
        unlock_results(plan.results)


def on_disk(plan: Plan) -> int:
    """Bytes of all images; a file with two names counts once."""
    blocks = {p.stat().st_ino: p.stat().st_blocks * 512 for p in plan.results.rglob("*.tif")}
    return sum(blocks.values())


def test_what_is_shown_is_what_is_deleted_and_nothing_else(plan: Plan) -> None:
    before, size = stamps(plan), on_disk(plan)
    shown = prune(plan, keeping="last")
    assert stamps(plan) == before
    # Both recipes name the same file: it is counted where its last name goes.
    assert shown.files == {("archive", CHANGES): 2, ("other", CHANGES): 2}
    said = summary(shown)
    assert "would delete: 4 files" in said
    assert "nothing is deleted yet: make prune CONFIRM=1" in said
    done = prune(plan, keeping="last", confirm=True)
    assert (done.files, done.bytes) == (shown.files, shown.bytes)
    assert images(plan) == {name for name in ALL if AGAIN in name}
    assert on_disk(plan) == size - sum(shown.bytes.values())
    rest = prune(plan, confirm=True)
    assert rest.files == {("archive", AGAIN): 2, ("other", AGAIN): 2}
    assert (images(plan), len(masks(plan))) == (set(), 8)
    after = stamps(plan)
    assert {n for n in before if after.get(n) != before[n]} == ALL
    assert findings(plan) == []
    unlock_results(plan.results)
    assert "nothing to delete" in summary(prune(plan))


def test_what_a_delivery_is_still_to_be_made_of_stays(plan: Plan) -> None:
    (plan.results / "other/deliver/both.tif").unlink()
    prune(plan, confirm=True)
    # The other recipe may take over the images of the first.
    assert images(plan) == {name for name in ALL if name.endswith("both.tif")}


@pytest.mark.slow
def test_files_that_no_record_names_are_counted_and_deleted_when_asked_for(plan: Plan) -> None:
    folder = plan.results / "archive" / CHANGES
    stray = [folder / "gone.tif", folder / "both.tif.host.77.part"]
    own = plan.results / "archive/deliver/gone.tif"
    for path in (*stray, own):
        path.write_bytes(b"5" * 5000)
    found = prune(plan, confirm=True)
    assert found.orphans == 2
    assert "2 more files" in summary(found)
    assert all(path.exists() for path in stray)
    found = prune(plan, confirm=True, stray=True)
    assert found.files == {("archive", ORPHANS): 2}
    assert not any(path.exists() for path in stray)
    assert own.exists(), "a deliverable is nobody's intermediate"


@pytest.mark.slow
def test_a_run_in_hand_is_left_alone(plan: Plan) -> None:
    holder, _ = start(HOLD, str(plan.results))
    try:
        with pytest.raises(ConfigError, match="another run"):
            prune(plan, confirm=True)
    finally:
        holder.kill()
        holder.wait()
    assert images(plan) == ALL


def test_the_command_refuses_with_2(tmp_path: Path, script: Script) -> None:
    done = script("prune.py", "--results", tmp_path / "none")
    assert done.returncode == 2
    assert done.stderr.startswith("error: results: ")
    assert len(done.stderr.splitlines()) == 1
