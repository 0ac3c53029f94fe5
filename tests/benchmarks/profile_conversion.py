"""Colour profiles: exactness of every way there and back, and speed, beside what others give.

Prints JSON. Run by the benchmark: python tests/benchmarks/profile_conversion.py --megapixels 8
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

from restoration.raster.colour import profile_conversion
from restoration.raster.colour.built_in_profiles import (
    adobe_rgb_profile,
    srgb_profile,
    wide_gamut_profile,
)
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.colour.profile_conversion import ProfileConversion
from support.profile_samples import KINDS, by_the_book, colour_cube, differences

Codes = npt.NDArray[np.uint16]
Convert = Callable[[bytes, bytes, Codes], Codes]
TARGETS = {"Adobe RGB": adobe_rgb_profile, "wide gamut": wide_gamut_profile}
ROUNDS = 5


def ours(source: bytes, target: bytes, codes: Codes) -> Codes:
    """What delivery does."""
    return ProfileConversion(source, target, 3, "relative").convert(codes, 16)[0]


def littlecms(flags: int | None) -> Convert:
    """imagecodecs on 16-bit codes with the flags given; None: its defaults."""

    def convert(source: bytes, target: bytes, codes: Codes) -> Codes:
        spaces = {"colorspace": "rgb", "outcolorspace": "rgb"}
        return np.asarray(
            imagecodecs.cms_transform(
                codes, source, target, **spaces, outdtype="uint16", intent=1, flags=flags
            )
        )

    return convert


def in_float(source: bytes, target: bytes, codes: Codes) -> Codes:
    """imagecodecs in float32 without optimisation, the profiles as they are."""
    values = np.asarray(
        imagecodecs.cms_transform(
            (codes / np.float32(65535)).astype(np.float32), source, target, colorspace="rgb",
            outcolorspace="rgb", outdtype="float32", intent=1, flags=profile_conversion.EXACT,
        )
    )  # fmt: skip
    return np.rint(values.clip(0, 1).astype(np.float64) * 65535).astype(np.uint16)


WAYS: dict[str, Convert] = {
    "ours": ours,
    "imagecodecs, 16-bit, default flags": littlecms(None),
    "imagecodecs, 16-bit, not optimised": littlecms(profile_conversion.EXACT),
    "imagecodecs, float, not optimised": in_float,
}


def seen_by_networks() -> dict[str, Any]:
    """Codes of every kind of profile to what networks see and back."""
    found = {}
    for name, (make, channels) in KINDS.items():
        profile, codes = make(), colour_cube(channels, 33)
        space = ColourSpace.from_profile(profile, channels)
        seen = space.to_srgb((codes / 65535).astype(np.float32))
        back = np.rint(np.clip(space.from_srgb(seen), 0, 1) * 65535).astype(np.uint16)
        found[name] = _figures(profile, codes, back)
    return found


def one_way() -> dict[str, Any]:
    """Between matrix profiles, against the profiles' own formulas in float64, in 16-bit codes."""
    # Not 33 steps: those are the nodes of LittleCMS's own tables.
    cube = colour_cube(3, 26)
    found: dict[str, Any] = {}
    for name, convert in WAYS.items():
        for space, make in TARGETS.items():
            for source, target, way in (
                (srgb_profile(), make(), f"sRGB to {space}"),
                (make(), srgb_profile(), f"{space} to sRGB"),
            ):
                exact = by_the_book(source, target, cube)
                error = np.abs(convert(source, target, cube) - exact)
                found.setdefault(name, {})[way] = {
                    "mean": float(f"{error.mean():.2g}"),
                    "worst": float(f"{error.max():.3g}"),
                }
    return found


def there_and_back() -> dict[str, Any]:
    """sRGB to a wider space and back, rounded to 16 bits in between: a cube, and all of grey."""
    cube, ramp = colour_cube(3, 33), np.repeat(colour_cube(1), 3, axis=2)
    found: dict[str, Any] = {}
    for name, convert in WAYS.items():
        for space, make in TARGETS.items():
            for what, codes in (("cube", cube), ("greys", ramp)):
                back = convert(make(), srgb_profile(), convert(srgb_profile(), make(), codes))
                figures = _figures(srgb_profile(), codes, back)
                found.setdefault(name, {})[f"{space}, {what}"] = figures
    return found


def _figures(profile: bytes | None, codes: Codes, back: Codes) -> dict[str, float]:
    difference = differences(profile, codes, back)
    return {
        "mean ΔE2000": float(f"{difference.mean():.2g}"),
        "worst ΔE2000": float(f"{difference.max():.2g}"),
        "worst code of 65535": int(np.abs(back.astype(int) - codes).max()),
    }


def speed(megapixels: float) -> dict[str, Any]:
    """Megapixels a second from Adobe RGB to sRGB; medians of rounds in turn."""
    side = round((megapixels * 1e6) ** 0.5)
    codes = np.random.default_rng(0).integers(0, 65536, (side, side, 3), dtype=np.uint16)
    source, target = adobe_rgb_profile(), srgb_profile()
    conversion = ProfileConversion(source, target, 3, "relative")
    ways: dict[str, Callable[[], Any]] = {
        "ours, 1 thread": lambda: _with_threads(1, conversion, codes),
        "ours, 2 threads": lambda: _with_threads(2, conversion, codes),
        **{
            name: (lambda convert=convert: convert(source, target, codes))
            for name, convert in WAYS.items()
            if name != "ours"
        },
    }
    if importlib.util.find_spec("PIL") is not None:
        ways["Pillow's ImageCms, 8-bit"] = _pillow(source, target, codes)
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - started)
    return {name: round(side * side / 1e6 / float(np.median(t)), 1) for name, t in times.items()}


def _with_threads(number: int, conversion: ProfileConversion, codes: Codes) -> Codes:
    profile_conversion.WORKERS = number
    return conversion.convert(codes, 16)[0]


def _pillow(source: bytes, target: bytes, codes: Codes) -> Callable[[], Any]:
    import io

    from PIL import Image, ImageCms

    picture = Image.fromarray((codes // 257).astype(np.uint8))
    profiles = [ImageCms.ImageCmsProfile(io.BytesIO(data)) for data in (source, target)]
    transform = ImageCms.buildTransform(
        *profiles, "RGB", "RGB", renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC
    )
    return lambda: ImageCms.applyTransform(picture, transform)


def interpreter_lock() -> dict[str, float]:
    """How long another thread had to wait while LittleCMS converted: is the lock released?"""
    values = np.random.default_rng(0).random((1, 2_000_000, 3), np.float32)
    waits: list[float] = []
    ended = threading.Event()

    def tick() -> None:
        last = time.perf_counter()
        while not ended.is_set():
            time.sleep(0.001)
            now = time.perf_counter()
            waits.append(now - last)
            last = now

    thread = threading.Thread(target=tick)
    thread.start()
    started = time.perf_counter()
    imagecodecs.cms_transform(
        values, adobe_rgb_profile(), srgb_profile(), colorspace="rgb", outcolorspace="rgb",
        outdtype="float32", intent=1, flags=profile_conversion.EXACT,
    )  # fmt: skip
    taken = time.perf_counter() - started
    ended.set()
    thread.join()
    return {"conversion, s": round(taken, 3), "longest wait, s": round(max(waits), 4)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megapixels", type=float, default=8.0)
    given = parser.parse_args()
    found = {
        "to the networks and back": seen_by_networks(),
        "one way, codes": one_way(),
        "sRGB there and back": there_and_back(),
        "MP/s, Adobe RGB to sRGB": speed(given.megapixels),
        "interpreter lock": interpreter_lock(),
    }
    print(json.dumps(found, ensure_ascii=False))


if __name__ == "__main__":
    main()
