"""ICC profiles cut off at every part, and changed where it hurts."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Mapping

from restoration.raster.colour.built_in_profiles import (
    adobe_rgb_profile,
    grey_gamma_profile,
    srgb_profile,
)
from support.profile_samples import lut_profile

SAMPLES: Mapping[str, tuple[Callable[[], bytes], int]] = {
    "matrix": (srgb_profile, 3),
    "gamma": (adobe_rgb_profile, 3),
    "grey": (grey_gamma_profile, 1),
    "table": (lambda: lut_profile(4), 3),
}
"""Maker and channels of each kind of profile."""

NUMBERS = (0, 1, 2, 7, 255, 4096, 65536, 2**31 - 1, 2**31, 2**32 - 16, 2**32 - 1, 100_000_000)
TYPES = (b"mft1", b"mft2", b"mAB ", b"mpet", b"curv", b"para", b"XYZ ", b"desc", b"mluc")


def truncations(profile: bytes) -> list[bytes]:
    """Cut off around every part: header, table, each tag's start and end, and the last bytes."""
    (count,) = struct.unpack_from(">I", profile, 128)
    ends = [0, 1, 4, 35, 36, 40, 127, 128, 131, 132, 132 + 12 * count, len(profile) - 1]
    for index in range(count):
        _, offset, size = struct.unpack_from(">4sII", profile, 132 + 12 * index)
        ends += [132 + 12 * index, offset, offset + 7, offset + 11, offset + size // 2]
    cut = [profile[:end] for end in sorted(set(ends)) if end < len(profile)]
    # The same with a header that does not tell.
    return cut + [struct.pack(">I", len(one)) + one[4:] for one in cut if len(one) > 4]


def mutated(profile: bytes, chance: random.Random) -> bytes:
    """The profile with one to eight changes where they hurt."""
    data = bytearray(profile)
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        reach = min(len(data) - 4, chance.choice((128, 260, 420, len(data) - 4)))
        kind = chance.random()
        if kind < 0.4:
            data[chance.randrange(reach)] = chance.randrange(256)
        elif kind < 0.75:
            at = chance.randrange(reach) // 4 * 4
            number = chance.choice((*NUMBERS, len(profile), len(profile) - 1))
            data[at : at + 4] = number.to_bytes(4, "big")
        elif kind < 0.85:
            at = chance.randrange(132, len(data)) // 4 * 4
            data[at : at + 4] = chance.choice(TYPES)
        else:
            # One tag's place becomes another's: they overlap, or are of the wrong type.
            one, other = (132 + 12 * chance.randrange(9) for _ in range(2))
            if max(one, other) + 12 <= len(data):
                data[one + 4 : one + 12] = data[other + 4 : other + 12]
    return bytes(data)
