"""The scans of the demo collection: which photograph, which damage, and the truth beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from restoration.demo import fading, printing, simulate
from restoration.demo.photographs import PHOTOGRAPHS, Crop, load
from restoration.demo.scan_file import Caption, scan_bytes
from restoration.demo.wear import Wear, worn
from restoration.raster.base import Floats, UInt16Image, to_uint16
from restoration.raster.colour.built_in_profiles import (
    adobe_rgb_profile,
    grey_gamma_profile,
    srgb_profile,
)
from restoration.raster.colour.colour_space import ColourSpace

PPI = 1200
"""Resolution of every scan of the demo."""

PAPER = (0.955, 0.95, 0.925)
"""sRGB-encoded paper white of a border."""

SOUND = (1.0, 1.0, 1.0)
"""Shares kept by dyes that have not faded."""

PROFILES = {"sRGB": srgb_profile, "Adobe RGB": adobe_rgb_profile, "grey": grey_gamma_profile}


@dataclass(frozen=True)
class PrintDamage:
    """What happened to a print; each step is left out at its zero."""

    words: str
    print_ppi: int = 0
    """Resolution at which the print was made; 0: as fine as the scan."""
    grain: float = 0.0
    """Standard deviation of the grain in midtones, in 1/255 of encoded values."""
    clump: float = 1.5
    """Size of the grains: standard deviation of a Gaussian, in scan pixels (32 micrometres)."""
    jpeg_quality: int = 0
    """libjpeg quality of the file that was printed, at the print's resolution."""
    soft_sigma: float = 0.0
    """Optical blur, in scan pixels."""
    lines_per_inch: float = 0.0
    """Ruling of the halftone as which a grey picture was printed; 0: a photographic print."""
    screen_angle: float = 45.0
    """Of the halftone, in degrees, counter-clockwise from the rows."""
    wear: Wear = field(default_factory=Wear)
    """Scratches, specks, hairs and cracks."""
    kept: tuple[float, float, float] = SOUND
    """Share of the densities of red, green and blue that time has left."""
    stain: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Density that red, green and blue have gained."""
    toned: bool = False
    """Whether the print was toned sepia, which is part of the picture."""


@dataclass(frozen=True)
class DemoScan:
    """One scan of the demo."""

    scan: str
    batch: str
    recipe: str
    photograph: str
    crop: Crop
    enlargement: float
    """Scan pixels per pixel of the photograph."""
    space: str
    damage: PrintDamage
    seed: int
    border: int = 0
    """Width of the paper's empty border, in scan pixels."""
    truth_factor: int = 1
    """Size of the finest truth over that of the scan."""
    electrons: float = 60_000.0
    """Full well of the sensor: shot noise of about 0.5/255."""
    mtf_sigma: float = 0.6
    """Blur of the scanner's own optics, in scan pixels; 0.6 leaves a sixth of the contrast at
    1200 ppi and nearly two thirds at 600, as good flatbed scanners do."""
    order: str = "<"


COLLECTION: tuple[DemoScan, ...] = (
    DemoScan(
        scan="astronaut-soft",
        batch="album",
        recipe="embedded",
        photograph="astronaut",
        crop=Crop(0, 60, 440, 360),
        enlargement=2.25,
        space="sRGB",
        damage=PrintDamage("a print from a lens out of focus", soft_sigma=3.4),
        seed=1,
    ),
    DemoScan(
        scan="camera-grey",
        batch="album",
        recipe="embedded",
        photograph="camera",
        crop=Crop(20, 60, 420, 400),
        enlargement=2.0,
        space="grey",
        damage=PrintDamage("a soft and grainy print", grain=5.0, clump=5.0, soft_sigma=3.3),
        seed=2,
        border=48,
        order=">",
    ),
    DemoScan(
        scan="coffee-clean",
        batch="album",
        recipe="embedded",
        photograph="coffee",
        crop=Crop(0, 0, 400, 600),
        enlargement=1.0,
        space="sRGB",
        damage=PrintDamage("none: sharp to the last pixel, and nearly without noise"),
        seed=3,
        electrons=400_000.0,
        mtf_sigma=0.0,
    ),
    DemoScan(
        scan="rocket-noisy",
        batch="loose-prints",
        recipe="embedded",
        photograph="rocket",
        crop=Crop(0, 130, 427, 340),
        enlargement=2.0,
        space="sRGB",
        damage=PrintDamage("a soft print, seen by a scanner with a noisy sensor", soft_sigma=3.8),
        seed=4,
        electrons=900.0,
    ),
    DemoScan(
        scan="chelsea-jpeg",
        batch="loose-prints",
        recipe="embedded",
        photograph="chelsea",
        crop=Crop(0, 60, 300, 380),
        enlargement=2.5,
        space="Adobe RGB",
        damage=PrintDamage(
            "printed from a JPEG file of quality 25",
            print_ppi=225,
            jpeg_quality=25,
            soft_sigma=2.5,
        ),
        seed=5,
    ),
    DemoScan(
        scan="coffee-print",
        batch="loose-prints",
        recipe="print",
        photograph="coffee",
        crop=Crop(20, 100, 240, 320),
        enlargement=2.0,
        space="sRGB",
        damage=PrintDamage("slight softness, as a good print has it", soft_sigma=2.5),
        seed=6,
        truth_factor=2,
    ),
    DemoScan(
        scan="coins-halftone",
        batch="clippings",
        recipe="embedded",
        photograph="coins",
        crop=Crop(20, 20, 200, 280),
        enlargement=3.0,
        space="grey",
        damage=PrintDamage("printed as a halftone of 150 lines per inch", lines_per_inch=150.0),
        seed=7,
        border=64,
    ),
    DemoScan(
        scan="astronaut-grainy",
        batch="album",
        recipe="embedded",
        photograph="astronaut-grey",
        crop=Crop(0, 130, 240, 200),
        enlargement=2.0,
        space="grey",
        damage=PrintDamage(
            "the grain of a fast black-and-white film", grain=7.0, clump=1.1, soft_sigma=1.1
        ),
        seed=8,
    ),
    DemoScan(
        scan="coffee-scratched",
        batch="album",
        recipe="embedded",
        photograph="coffee",
        crop=Crop(0, 180, 340, 400),
        enlargement=1.5,
        space="sRGB",
        damage=PrintDamage(
            "three scratches, twenty specks of dust, two hairs and a crack from edge to edge",
            wear=Wear(scratches=3, specks=20, hairs=2, cracks=1),
        ),
        seed=9,
    ),
    DemoScan(
        scan="astronaut-small",
        batch="album",
        recipe="embedded",
        photograph="astronaut",
        crop=Crop(0, 20, 500, 420),
        enlargement=0.8,
        space="sRGB",
        damage=PrintDamage("a face of few pixels, from a soft print", soft_sigma=1.8),
        seed=10,
    ),
    DemoScan(
        scan="astronaut-faded",
        batch="loose-prints",
        recipe="embedded",
        photograph="astronaut",
        crop=Crop(230, 0, 280, 500),
        enlargement=1.0,
        space="Adobe RGB",
        damage=PrintDamage(
            "cyan and yellow dye have faded, and the paper has yellowed",
            kept=(0.6, 0.88, 0.78),
            stain=(0.01, 0.04, 0.15),
        ),
        seed=11,
        border=40,
        electrons=400_000.0,
        mtf_sigma=0.0,
    ),
    DemoScan(
        scan="camera-sepia",
        batch="loose-prints",
        recipe="embedded",
        photograph="camera",
        crop=Crop(60, 120, 300, 260),
        enlargement=1.0,
        space="sRGB",
        damage=PrintDamage(
            "the paper of a sepia-toned print has yellowed",
            stain=(0.02, 0.06, 0.17),
            toned=True,
        ),
        seed=12,
        border=40,
        electrons=400_000.0,
        mtf_sigma=0.0,
    ),
)
"""Sizes are chosen so that all scans together send less than half a megapixel into a network."""

REGIONS: Mapping[str, str] = {
    "astronaut-grainy": (
        "# What a person marked: this face stays as it was recorded, in every stage.\n"
        "faces:\n"
        "  exclude:\n"
        "    - box: [120, 60, 180, 260]\n"
    )
}
"""Files of regions, by scan."""

BROKEN = "coffee-broken"
BROKEN_BATCH = "loose-prints"
BROKEN_SHARE = 0.55
"""Share of the file that was copied before the copy broke off."""


@dataclass(frozen=True)
class Pictures:
    """sRGB-encoded float64 pictures of one scan; grey ones have one channel."""

    truths: Mapping[int, Floats]
    """By their size over that of the scan."""
    scan: Floats


def pictures(demo: DemoScan) -> Pictures:
    """The undamaged truth and the simulated scan."""
    factor = demo.truth_factor
    truth = _truth(demo, factor)
    height, width = truth.shape[0] // factor, truth.shape[1] // factor
    truths = {factor: truth, 1: _coarser(truth, height, width)}
    return Pictures(truths, _scan(demo, truth, height, width))


def _truth(demo: DemoScan, factor: int) -> Floats:
    source = load(demo.photograph, demo.crop)
    height, width = (
        round(side * demo.enlargement) * factor for side in (demo.crop.height, demo.crop.width)
    )
    truth = simulate.enlarged(source, height, width)
    if demo.damage.lines_per_inch:
        truth = printing.printable(truth)
    if demo.damage.toned or demo.damage.kept != SOUND:
        truth = fading.printed(truth, PAPER, demo.damage.toned)
    if not demo.border:
        return truth
    edge = demo.border * factor
    paper = np.array(PAPER if truth.shape[2] == 3 else [PAPER[1]])
    sheet = np.broadcast_to(paper, (height + 2 * edge, width + 2 * edge, truth.shape[2])).copy()
    sheet[edge:-edge, edge:-edge] = truth
    return sheet


def _coarser(encoded: Floats, height: int, width: int) -> Floats:
    """The picture on a coarser grid: light is averaged, and is never negative."""
    if encoded.shape[:2] == (height, width):
        return encoded
    light = simulate.resample(simulate.to_light(encoded), height, width, simulate.lanczos3, 3.0)
    return simulate.to_encoded(np.clip(light, 0.0, 1.0))


def _scan(demo: DemoScan, truth: Floats, height: int, width: int) -> Floats:
    damage, noise = demo.damage, simulate.SensorNoise(demo.seed)
    picture = truth
    if damage.print_ppi:
        rows, columns = (round(side * damage.print_ppi / PPI) for side in (height, width))
        picture = _coarser(picture, rows, columns)
        if damage.jpeg_quality:
            picture = simulate.jpeg(picture, damage.jpeg_quality)
        picture = simulate.printed(picture, height, width)
    picture = simulate.blurred(_coarser(picture, height, width), damage.soft_sigma)
    if damage.lines_per_inch:
        inner = np.s_[demo.border : height - demo.border, demo.border : width - demo.border]
        picture = picture.copy()
        picture[inner] = printing.screened(
            picture[inner], damage.lines_per_inch, damage.screen_angle, PPI
        )
    picture = fading.aged(picture, damage.kept, damage.stain)
    picture = simulate.grainy(picture, damage.grain, damage.clump, noise)
    picture = worn(picture, damage.wear, noise)
    return simulate.scanned(picture, demo.electrons, demo.mtf_sigma, noise)


@cache
def _space(name: str) -> ColourSpace:
    return ColourSpace.from_profile(PROFILES[name](), 1 if name == "grey" else 3)


def codes(encoded: Floats, space: str) -> UInt16Image:
    """uint16 codes in the scan's own colour space of an sRGB-encoded picture."""
    height, width = encoded.shape[:2]
    srgb = np.broadcast_to(encoded, (height, width, 3)).astype(np.float32)
    return to_uint16(_space(space).from_srgb(srgb))


def caption(demo: DemoScan, what: str) -> Caption:
    """The metadata of the scan, or of its truth; both say that they are simulated crops."""
    photograph = PHOTOGRAPHS[demo.photograph]
    return Caption(
        title=photograph.title,
        description=(
            f"SIMULATED {what}, not a scan of a real print: a crop of '{photograph.title}' by "
            f"{photograph.author} ({photograph.source}). Damage: {demo.damage.words}."
        ),
        artist=photograph.author,
        copyright=photograph.licence,
        document=demo.scan,
        taken="2024:01:15 10:00:00",
    )


def files_of(demo: DemoScan) -> dict[str, bytes]:
    """Every file of one scan, by its name below the collection's folder."""
    made = pictures(demo)
    profile = PROFILES[demo.space]()
    files = {
        f"{demo.batch}/{demo.scan}.tif": scan_bytes(
            codes(made.scan, demo.space), PPI, profile, caption(demo, "scan"), demo.order
        )
    }
    for factor, truth in made.truths.items():
        name = demo.scan if factor == 1 else f"{demo.scan}@{factor}x"
        files[f"truth/{name}.tif"] = scan_bytes(
            codes(truth, demo.space), PPI * factor, profile, caption(demo, "truth"), "<"
        )
    return files


def broken(sound: bytes) -> bytes:
    """A copy that broke off: the directory says more than there is."""
    return sound[: int(len(sound) * BROKEN_SHARE)]


def sheet() -> str:
    """The sheet of the collection; paths are relative to it."""
    rows = [(d.scan, f"{d.batch}/{d.scan}.tif", d.batch, d.recipe, "print") for d in COLLECTION]
    rows.append((BROKEN, f"{BROKEN_BATCH}/{BROKEN}.tif", BROKEN_BATCH, "embedded", "print"))
    head = "\t".join(("scan", "path", "batch", "recipe", "material"))
    return "\n".join([head, *("\t".join(row) for row in rows)]) + "\n"
