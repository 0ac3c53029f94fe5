"""Damaged and hostile profiles are treated as untagged, or work: never an exception or a hang."""

from __future__ import annotations

import os
import random
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fuzz.profile_mutations import SAMPLES, mutated, truncations
from restoration.raster.colour.built_in_profiles import grey_gamma_profile, srgb_profile
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.colour.icc import ProfileError
from restoration.raster.colour.profile_conversion import ProfileConversion

HERE = Path(__file__).resolve()


def look(profile: bytes, channels: int) -> bool:
    """Whether the profile was used; everything that the workflow does with one is done."""
    space = ColourSpace.from_profile(profile, channels)
    values = np.linspace(0.0, 1.0, 6 * channels, dtype=np.float32).reshape(2, 3, channels)
    seen = space.to_srgb(values)
    back = space.from_srgb(seen)
    assert np.isfinite(seen).all()
    assert np.isfinite(back).all()
    assert np.isfinite(space.to_linear_y(values)).all()
    if space.assumed:
        assert space.warning
    codes = np.rint(values * 65535).astype(np.uint16)
    own = srgb_profile() if channels == 3 else grey_gamma_profile()
    for source, target in ((profile, own), (own, profile)):
        try:
            found, _ = ProfileConversion(source, target, channels, "relative").convert(codes, 16)
        except ProfileError:
            continue
        assert found.shape == codes.shape
    return not space.assumed


@pytest.mark.parametrize("name", SAMPLES)
def test_truncated_at_every_part(name):
    make, channels = SAMPLES[name]
    for data in truncations(make()):
        if len(data) < len(make()) - 3:
            used = look(data, channels)
            declared = struct.unpack(">I", data[:4])[0] if len(data) >= 4 else 0
            assert not (used and declared > len(data))


def test_mutations_in_a_process_of_their_own():
    """In a child: a crash of LittleCMS, or a hang, would take the tests along with it."""
    done = subprocess.run(
        [sys.executable, str(HERE), "60"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        # The child finds what this process found, wherever that was set.
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    used, untagged = (int(number) for number in done.stdout.split())
    # Neither all of one kind nor all of the other: the changes reach deep enough to matter.
    assert used >= 20
    assert untagged >= 20


def main(number: int) -> None:
    """Looks at mutations of every sample; prints how many were used, and how many not."""
    chance = random.Random(20)
    found = [0, 0]
    for name, (make, channels) in SAMPLES.items():
        profile = make()
        for _ in range(number):
            data = mutated(profile, chance)
            try:
                used = look(data, channels)
            except Exception:
                print(f"{name}: {data.hex()}", file=sys.stderr)
                raise
            found[0 if used else 1] += 1
    print(*found)


if __name__ == "__main__":
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    main(int(sys.argv[1]))
