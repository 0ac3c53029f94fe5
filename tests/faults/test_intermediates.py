"""An intermediate that was truncated, altered or lost is made again, and never delivered."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from faults.bench import run_job
from faults.workers import STEPS, Collection, Zygote, masters_untouched, outcome
from restoration.chain.page_restorer import JobTools


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def flipped(path: Path) -> None:
    """One bit, in the pixels; size and time stay as they were."""
    stat = path.stat()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def lost(path: Path) -> None:
    path.unlink()


CASES = [
    pytest.param(
        damage,
        *steps,
        marks=() if (damage, steps[1]) == (flipped, "deliver") else pytest.mark.slow,
        id=f"{damage.__name__}-{steps[0]}",
    )
    for damage in (truncated, emptied, flipped, lost)
    for steps in (("cleanup", "upscale"), ("upscale", "deliver"))
]


@pytest.mark.parametrize(("damage", "written_by", "read_by"), CASES)
def test_damage_between_two_stages(
    damage: Callable[[Path], None],
    written_by: str,
    read_by: str,
    fresh: Collection,
    zygote: Zygote,
    undisturbed: Collection,
) -> None:
    image = fresh.results / f"plain/{written_by}/b.tif"
    with masters_untouched(fresh.folder):
        assert zygote.work(fresh.folder, STEPS[: STEPS.index(read_by)]).code == 0
        damage(image)
        before = fresh.stamps()
        ended = zygote.work(fresh.folder, (read_by,))
        assert ended.code == 0, ended.said
        assert ("b.tif was damaged since it was written: made again" in ended.said) == (
            damage is not lost
        )
        written = fresh.written_since(before)
        assert f"plain/{written_by}/b" in written
        assert f"plain/{written_by}/a" not in written
        assert zygote.work(fresh.folder).code == 0
    assert outcome(fresh.results) == outcome(undisturbed.results)


@pytest.mark.slow
def test_damage_while_it_is_read(
    fresh: Collection,
    zygote: Zygote,
    undisturbed: Collection,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Truncated after it was found intact: no fault of the scan, which would be final."""
    image = fresh.results / "plain/upscale/b.tif"
    with masters_untouched(fresh.folder):
        for step in STEPS[:-1]:
            assert run_job(fresh, step) == 0
        capsys.readouterr()
        assert run_job(fresh, "deliver", _when_opened(image)) == 1
        said = [x for x in capsys.readouterr().err.splitlines() if ": b: failed" in x]
        assert len(said) == 1
        assert "plain/upscale/b.tif: was damaged or went away while it was read" in said[0]
        assert "start the run again, which makes it anew" in said[0]
        assert fresh.record("deliver", "b") is None
        assert zygote.work(fresh.folder).code == 0
    assert outcome(fresh.results) == outcome(undisturbed.results)


def _when_opened(image: Path) -> Callable[[JobTools], JobTools]:
    """A workshop in which the image is cut off after it was found intact, before it is opened."""

    def change(shop: JobTools) -> JobTools:
        def deliver(**given: Any) -> Any:
            for state in given["scan"].pages:
                path, _ = given["scan"].input_of(state)
                if path.name == image.name:
                    truncated(image)
            return shop.deliver(**given)

        return replace(shop, deliver=deliver)

    return change


@pytest.mark.slow
def test_another_recipe_does_not_take_over_what_is_damaged(
    fresh: Collection, zygote: Zygote, undisturbed: Collection
) -> None:
    """Two recipes that share a stage share its file; a damaged one is made, not linked."""
    config = fresh.config()
    stages = config["recipes"]["plain"]["stages"]
    config["recipes"]["other"] = {"stages": {"cleanup": stages["cleanup"]}}
    fresh.configure(config)
    fresh.plan()
    assert zygote.work(fresh.folder).code == 0
    flipped(fresh.results / "plain/cleanup/b.tif")
    config["recipe"] = "other"
    fresh.configure(config)
    fresh.plan()
    assert zygote.work(fresh.folder, ("cleanup", "deliver"), recipe="other").code == 0
    for scan, shared in (("a", True), ("b", False)):
        theirs, ours = (fresh.results / f"{r}/cleanup/{scan}.tif" for r in ("plain", "other"))
        assert theirs.samefile(ours) == shared
        sound = undisturbed.results / f"plain/cleanup/{scan}.tif"
        assert ours.read_bytes() == sound.read_bytes()
