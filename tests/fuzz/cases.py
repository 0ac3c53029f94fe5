"""What is fuzzed, kind by kind: how a case is made from its random numbers, and how it is run."""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fuzz import plan_texts, texts
from fuzz.arena import HOSTILE, STAGES, Arena
from fuzz.bombs import bomb
from fuzz.profile_mutations import SAMPLES
from fuzz.profile_mutations import mutated as mutated_profile
from fuzz.seeds import HEIGHT, IPTC, WIDTH, tiffs
from fuzz.tiff_mutations import mutated
from fuzz.weight_cases import weights
from support import corpus

LIGHT: Mapping[str, Any] = {"upscale": {"factor": 1.5, "network": "none"}, "colour": {}}
"""For what touches no more than a page's metadata and colours."""


def tiff(arena: Arena, chance: random.Random) -> str:
    """A TIFF of any kind, mutated, through every stage."""
    name = chance.choice(sorted(tiffs()))
    (arena.masters / f"{HOSTILE}.tif").write_bytes(mutated(tiffs()[name], chance))
    stages = STAGES if chance.random() < 0.5 else LIGHT
    faces = "hog" if chance.random() < 0.1 else "off"
    return arena.run(arena.config(None if stages is STAGES else stages, faces))


def bombs(arena: Arena, chance: random.Random) -> str:
    """A TIFF whose stored bytes become far more than its page declares."""
    bomb(arena.masters / f"{HOSTILE}.tif", chance)
    return arena.run(arena.config({}))


def _described(arena: Arena, chance: random.Random, **parts: Any) -> str:
    channels = parts.pop("channels", 3)
    pixels = corpus.codes(HEIGHT, WIDTH, channels, chance.choice((8, 16)))
    options: dict[str, Any] = {"icc": corpus.srgb_profile() if channels == 3 else None} | parts
    corpus.write_tiff(
        arena.masters / f"{HOSTILE}.tif",
        pixels,
        big=chance.random() < 0.2,
        byteorder=chance.choice("<>"),
        **options,
    )
    return arena.run(arena.config(LIGHT))


def icc(arena: Arena, chance: random.Random) -> str:
    """A mutated ICC profile."""
    make, channels = SAMPLES[chance.choice(sorted(SAMPLES))]
    return _described(arena, chance, icc=mutated_profile(make(), chance), channels=channels)


def xmp(arena: Arena, chance: random.Random) -> str:
    """An XMP packet with entities, nesting, size, encodings, or damage."""
    return _described(arena, chance, xmp=texts.xmp(chance, str(arena.canary)) or b" ")


def exif(arena: Arena, chance: random.Random) -> str:
    """An EXIF directory of odd types, counts, loops and maker notes; the file then mutated."""
    path = arena.masters / f"{HOSTILE}.tif"
    pixels = corpus.codes(HEIGHT, WIDTH)
    corpus.write_tiff(path, pixels, exif=texts.exif(chance), big=chance.random() < 0.2)
    if chance.random() < 0.7:
        path.write_bytes(mutated(path.read_bytes(), chance))
    return arena.run(arena.config(LIGHT))


def iptc(arena: Arena, chance: random.Random) -> str:
    """IPTC data sets, in their own tag or in Photoshop's."""
    block = texts.iptc(chance) or IPTC
    if chance.random() < 0.3:
        return _described(arena, chance, tags=[(34377, 1, len(block), block, True)])
    return _described(arena, chance, iptc=block)


def _sound_master(arena: Arena) -> None:
    corpus.write_tiff(arena.masters / f"{HOSTILE}.tif", corpus.smooth(48, 64, 3, 16))


def sheet(arena: Arena, chance: random.Random) -> str:
    """A sheet; where it can be read, its scans are run."""
    _sound_master(arena)
    (arena.outside / "scans.tsv").write_bytes(plan_texts.sheet(chance))
    return arena.run(arena.config({}), sheet=True)


def regions(arena: Arena, chance: random.Random) -> str:
    """The regions that are said to be marked on a scan."""
    _sound_master(arena)
    folder = arena.outside / "regions"
    folder.mkdir()
    corpus.write_tiff(folder / "mask.tif", corpus.codes(48, 64, 1, 8))
    (folder / f"{HOSTILE}.yaml").write_bytes(plan_texts.regions(chance, str(arena.canary)))
    stages = {
        "cleanup": {"network": "tiny", "apply": "always", "working_ppi": 1200.0},
        "colour": {},
    }
    return arena.run(arena.config(stages))


def config(arena: Arena, chance: random.Random) -> str:
    """A config; where it is valid, the plan is made and its jobs' digests taken."""
    _sound_master(arena)
    return arena.plan_only(plan_texts.config(chance, arena.config()))


def special(arena: Arena, chance: random.Random) -> str:
    """A master, mask, sheet or file of regions that is no plain file."""
    _sound_master(arena)
    (arena.outside / "regions").mkdir()
    masters, marks = arena.masters, arena.outside / "regions"
    path = chance.choice(
        (
            masters / f"{HOSTILE}.tif",
            masters / f"{HOSTILE}.damage.tif",
            marks / f"{HOSTILE}.yaml",
            marks / "mask.tif",
            arena.outside / "scans.tsv",
        )
    )
    if path == marks / "mask.tif":
        (marks / f"{HOSTILE}.yaml").write_text("cleanup: {only: [{mask: mask.tif}]}\n")
    path.unlink(missing_ok=True)
    chance.choice(_SPECIAL)(path)
    stages = {"repair": {"apply": "always"}, "cleanup": {"network": "tiny"}}
    outcome = arena.run(arena.config(stages), sheet=path.name == "scans.tsv")
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    elif path.is_symlink() or path.exists():
        path.unlink()
    return outcome


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"/proc/self/cwd/../{path.relative_to(Path.cwd().parent)}")


def _unreadable(path: Path) -> None:
    path.write_bytes(b"II*\0")
    path.chmod(0)


def _fifo(path: Path) -> None:
    os.mkfifo(path)


_SPECIAL: tuple[Callable[[Path], Any], ...] = (
    _fifo,
    Path.mkdir,
    _socket,
    _unreadable,
    lambda path: path.symlink_to("/dev/zero"),
    lambda path: path.symlink_to("/dev/stdin"),
    lambda path: path.symlink_to("/proc/self/mem"),
    lambda path: path.symlink_to("/etc/passwd"),
    lambda path: path.symlink_to("/proc/self/fd"),
    lambda path: path.symlink_to(path),
    lambda path: path.symlink_to("nowhere"),
    lambda path: path.symlink_to("."),
    lambda path: path.symlink_to("../masters/sound.tif"),
    lambda path: path.write_bytes(b""),
    lambda path: path.write_bytes(bytes(2_000_000)),
)

KINDS: Mapping[str, tuple[Callable[[Arena, random.Random], str], int]] = {
    "tiff": (tiff, 40),
    "bombs": (bombs, 6),
    "icc": (icc, 8),
    "xmp": (xmp, 8),
    "exif": (exif, 8),
    "iptc": (iptc, 4),
    "sheet": (sheet, 10),
    "regions": (regions, 10),
    "config": (config, 10),
    "special": (special, 6),
    "weights": (weights, 16),
}
"""Each kind with its share of the cases."""


def run_case(arena: Arena, seed: int, kind: str, number: int) -> str:
    """One case from its own random numbers, whatever was run before it."""
    chance = random.Random(f"{seed}:{kind}:{number}")
    arena.clear()
    arena.weights()
    arena.sheet()
    return KINDS[kind][0](arena, chance)
