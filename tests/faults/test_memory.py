"""A worker with too little memory for one scan of its batch: the others go on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from faults.workers import STEPS, Collection, Zygote, masters_untouched, outcome

MIB = 2**20


def write_large_strip(path: Path) -> None:
    """A master of 288 MiB in one compressed strip, which can only be decoded whole."""
    pixels = np.zeros((6000, 8000, 3), np.uint16)
    pixels[::50] = 40_000
    tifffile.imwrite(
        path,
        pixels,
        photometric="rgb",
        resolution=(1200, 1200),
        resolutionunit=2,
        compression="deflate",
        rowsperstrip=6000,
    )


@pytest.mark.slow
def test_a_scan_that_does_not_fit(fresh: Collection, zygote: Zygote) -> None:
    master = fresh.folder / "masters/b.tif"
    small = master.read_bytes()
    write_large_strip(master)
    with masters_untouched(fresh.folder):
        assert zygote.work(fresh.folder, ("ingest",)).code == 0
        ended = zygote.work(fresh.folder, ("examine",), memory=200 * MIB)
        assert ended.code == 1, ended.said
        lines = [line for line in ended.said.splitlines() if ": b: failed" in line]
        assert len(lines) == 1, ended.said
        assert "for a reason that is not the scan's: out of memory" in lines[0]
        assert "give the job more memory" in lines[0]
        assert fresh.record("examine", "a") is not None
        assert fresh.record("examine", "b") is None, "it may fit another time"
        assert fresh.record("examine", "c") is not None
        assert not fresh.table("examine").exists()
        assert fresh.parts() == []
    # What it needs then is another matter, and takes long: the scan comes back as a small one.
    master.write_bytes(small)
    assert zygote.work(fresh.folder).code == 0
    assert fresh.record("deliver", "b") is not None


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_every_step_with_hardly_any_memory(
    step: str, fresh: Collection, zygote: Zygote, undisturbed: Collection
) -> None:
    """Whatever fails first, of PyTorch, OpenCV, a codec or a thread, it is no fault of the scan."""
    with masters_untouched(fresh.folder):
        assert zygote.work(fresh.folder, STEPS[: STEPS.index(step)]).code == 0
        for memory in (1, 4, 12, 24, 48, 96):
            ended = zygote.work(fresh.folder, (step,), memory=memory * MIB)
            records = [fresh.record(step, scan) for scan in "abc"]
            assert [one for one in records if one and one["status"] == "problem"] == []
            assert fresh.parts() == []
            if ended.code:
                assert not fresh.table(step).exists()
        assert zygote.work(fresh.folder).code == 0
    assert outcome(fresh.results) == outcome(undisturbed.results)
