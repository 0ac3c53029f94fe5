"""Make the pictures of the README and of docs/ from the demo's results: ``make docs-pictures``.

Before and after are shown at 100 %, pixel for pixel, in sRGB; the contact sheet is made smaller.
The pictures of the report need a Chromium (`chromium`, `google-chrome`): without one, those that
are there stay as they are. No picture is larger than 200 KB; what is no PNG is a JPEG of the
highest quality that fits.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import tifffile
from PIL import Image, ImageCms, ImageDraw, ImageFont
from skimage import data

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from restoration.stages.repair.patches import completed

MOST_BYTES = 200_000
PICTURES = Path(__file__).parent / "pictures"
ICC_PROFILE = 34675
INK, SOFT, PAPER = (29, 29, 29), (85, 85, 85), (255, 255, 255)
GAP, TITLE = 8, 24
THUMBNAIL = 172


@dataclass(frozen=True)
class Pair:
    """A place of a scan, before and after, at 100 %."""

    scan: str
    left: int
    top: int
    width: int
    height: int
    after: str
    """What was done, for the title."""


# Two of 360 px fit into the column of a page, which would make wider ones smaller.
PAIRS = {
    "halftone": Pair("coins-halftone", 310, 330, 360, 300, "descreen"),
    "scratches": Pair("coffee-scratched", 60, 60, 360, 300, "repair"),
    "noise": Pair("rocket-noisy", 170, 380, 360, 300, "denoise, cleanup"),
    "faded": Pair("astronaut-faded", 20, 0, 360, 340, "colour"),
}
HOLES = ((180, 0), (60, 130))
"""Top and left of what is shown of the picture with wide holes, in pixels: one that goes well, and
one that does not."""

HOLE_SIDE = 220

PNG = ("halftone", "scratches")


class PictureError(Exception):
    """A picture cannot be made; the message says what to do."""


def srgb(path: Path) -> Image.Image:
    """A TIFF's first page as 8-bit sRGB, for looking at alone."""
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        pixels = page.asarray()
        profile = page.tags[ICC_PROFILE].value
    if pixels.dtype == np.uint16:
        pixels = ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    given = ImageCms.ImageCmsProfile(io.BytesIO(bytes(profile)))
    wanted = ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(Image.fromarray(pixels), given, wanted, outputMode="RGB")
    assert converted is not None
    return converted


@dataclass(frozen=True)
class Demo:
    """The demo's masters and results."""

    results: Path

    def masters(self) -> dict[str, Path]:
        """The master of each scan, in the order of the sheet."""
        run = json.loads((self.results / "run.json").read_text("utf-8"))
        sheet = Path(run["folder"]) / run["config"]["scans"]
        header, *rows = (line.split("\t") for line in sheet.read_text("utf-8").splitlines())
        named = [dict(zip(header, row, strict=True)) for row in rows]
        return {row["scan"]: sheet.parent / row["path"] for row in named}

    def deliverable(self, scan: str) -> Path:
        """Of the first recipe that delivers the scan; it need not be there."""
        found = sorted(self.results.glob(f"*/deliver/{scan}.tif"))
        return found[0] if found else self.results / "embedded" / "deliver" / f"{scan}.tif"

    def done(self, scan: str) -> str:
        """Stages that changed the scan, for a title."""
        record = self.deliverable(scan).with_suffix(".json")
        text = record.read_text("utf-8")
        told = json.loads(text)
        names = [
            str(stage["stage"])
            for stage in told.get("stages", [])
            if any(page["status"] == "applied" for page in stage["pages"])
        ]
        return ", ".join(names) or "nothing applied"


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The one that Pillow carries: the same letters on every machine."""
    return ImageFont.load_default(size)


def side_by_side(pictures: Sequence[tuple[str, Image.Image]]) -> Image.Image:
    """Pictures of one size in a row, each below its title."""
    width, height = pictures[0][1].size
    whole = Image.new("RGB", (len(pictures) * (width + GAP) - GAP, height + TITLE), PAPER)
    draw = ImageDraw.Draw(whole)
    for place, (title, picture) in enumerate(pictures):
        left = place * (width + GAP)
        draw.text((left, 2), title, INK, font(15))
        whole.paste(picture, (left, TITLE))
    return whole


def before_and_after(demo: Demo, pair: Pair) -> Image.Image:
    """One place of the master and of the deliverable, not resampled."""
    box = (pair.left, pair.top, pair.left + pair.width, pair.top + pair.height)
    whole = srgb(demo.masters()[pair.scan])
    if box[2] > whole.width or box[3] > whole.height:
        raise PictureError(f"{pair.scan} is {whole.width} x {whole.height} px, too small for {box}")
    before, after = whole.crop(box), srgb(demo.deliverable(pair.scan)).crop(box)
    return side_by_side([("scan, at 100 %", before), (f"{pair.after}, at 100 %", after)])


def wide_holes() -> Image.Image:
    """Holes in scikit-image's `coffee`, one under the other."""
    rows = [wide_hole(top, left) for top, left in HOLES]
    whole = Image.new("RGB", (rows[0].width, sum(row.height for row in rows)), PAPER)
    for number, row in enumerate(rows):
        whole.paste(row, (0, number * row.height))
    return whole


def wide_hole(top: int, left: int) -> Image.Image:
    """A hole 52 to 80 px wide, filled with patches and from its rim."""
    side = HOLE_SIDE
    truth = np.ascontiguousarray(data.coffee()[top : top + side, left : left + side])
    drawing = np.zeros((side, side), np.uint8)
    cv2.ellipse(drawing, (side // 2, side // 2), (40, 26), 35.0, 0, 360, 1, -1)
    hole = drawing > 0
    torn = np.where(hole[:, :, None], np.uint8(245), truth)
    filled = completed(torn.astype(np.float32) / np.float32(255), hole)
    patches = np.rint(255 * np.clip(filled, 0, 1)).astype(np.uint8)
    telea = cv2.inpaint(torn, drawing, 6, cv2.INPAINT_TELEA)
    shown = {"as it was": truth, "hole": torn, "patches": patches, "from the rim": telea}
    return side_by_side([(name, Image.fromarray(pixels)) for name, pixels in shown.items()])


def contact_sheet(demo: Demo) -> Image.Image:
    """Every scan of the demo that was delivered, master above deliverable, made smaller."""
    cells = []
    for scan, master in demo.masters().items():
        if demo.deliverable(scan).is_file():
            cells.append((scan, demo.done(scan), srgb(master), srgb(demo.deliverable(scan))))
    across = 6
    wide, tall = THUMBNAIL + GAP, 2 * THUMBNAIL + 2 * TITLE + 2 * GAP
    down = -(-len(cells) // across)
    whole = Image.new("RGB", (across * wide - GAP, down * tall - GAP), PAPER)
    draw = ImageDraw.Draw(whole)
    for place, (scan, done, before, after) in enumerate(cells):
        left, top = place % across * wide, place // across * tall
        draw.text((left, top), scan, INK, font(14))
        draw.text((left, top + 19), done, SOFT, font(12))
        for row, picture in enumerate((before, after)):
            small = picture.copy()
            small.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
            at = left + (THUMBNAIL - small.width) // 2
            whole.paste(small, (at, top + 2 * TITLE - 6 + row * (THUMBNAIL + GAP // 2)))
    return whole


def browser() -> str | None:
    """A Chromium of this machine."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


def photographed(chromium: str, page: str, size: tuple[int, int]) -> Image.Image:
    """What a browser shows of a page of HTML, from its top."""
    with tempfile.TemporaryDirectory() as folder:
        source, shot = Path(folder) / "page.html", Path(folder) / "page.png"
        source.write_text(page, "utf-8")
        command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += [f"--window-size={size[0]},{size[1]}", f"--screenshot={shot}"]
        command += [f"--user-data-dir={folder}/profile", source.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if not shot.is_file():
            said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise PictureError(f"{chromium} made no picture of the report: {said}")
        return Image.open(shot).convert("RGB")


def report_pictures(demo: Demo, chromium: str) -> dict[str, Image.Image]:
    """One scan and one face as the report shows them."""
    page = (demo.results / "embedded" / "report.html").read_text("utf-8")
    styles = re.search(r"<style>.*?</style>", page, re.DOTALL)
    scan = re.search(r'<section class="scan" id="scan-rocket-noisy".*?</section>', page, re.DOTALL)
    face = re.search(r'<article class="face.*?</article>', page, re.DOTALL)
    if styles is None or scan is None or face is None:
        raise PictureError("the report shows no face or no rocket-noisy: is it the demo's?")
    head = f'<!DOCTYPE html><html><meta charset="utf-8">{styles[0]}'
    head += "<style>section.scan, article.face { margin-top: 0 }</style><body>"
    parts = {"report": (scan[0], (1100, 1302)), "face": (face[0], (1270, 884))}
    return {name: photographed(chromium, head + part, size) for name, (part, size) in parts.items()}


def trimmed(picture: Image.Image) -> Image.Image:
    """Without empty rows at its foot."""
    rows = np.nonzero((np.asarray(picture) != 255).any(axis=(1, 2)))[0]
    return picture.crop((0, 0, picture.width, min(int(rows[-1]) + 17, picture.height)))


def save(picture: Image.Image, name: str, folder: Path) -> Path:
    """As the best file of at most `MOST_BYTES`. Raises PictureError where none is that small."""
    path = folder / f"{name}.{'png' if name in PNG else 'jpg'}"
    qualities = (0,) if name in PNG else range(95, 60, -5)
    for quality in qualities:
        encoded = io.BytesIO()
        if name in PNG:
            grey = picture.convert("L")
            same = np.array_equal(np.asarray(grey.convert("RGB")), np.asarray(picture))
            (grey if same else picture).save(encoded, "PNG", optimize=True)
        else:
            picture.save(encoded, "JPEG", quality=quality, subsampling=0, optimize=True)
        if encoded.tell() <= MOST_BYTES:
            path.write_bytes(encoded.getvalue())
            return path
    raise PictureError(f"{path}: {encoded.tell()} bytes, expected {MOST_BYTES} at most; crop it")


def main() -> int:
    """Make all of them; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("results/demo"))
    parser.add_argument("--to", type=Path, default=PICTURES)
    given = parser.parse_args()
    if not (given.results / "embedded" / "report.html").is_file():
        print(f"error: '{given.results}' holds no results of the demo: make demo", file=sys.stderr)
        return 2
    given.to.mkdir(parents=True, exist_ok=True)
    demo = Demo(given.results)
    chromium = browser()
    try:
        made = {name: before_and_after(demo, pair) for name, pair in PAIRS.items()}
        made["contact-sheet"] = contact_sheet(demo)
        made["wide-holes"] = wide_holes()
        if chromium is None:
            print("no Chromium here: the pictures of the report stay as they are")
        else:
            made |= {n: trimmed(p) for n, p in report_pictures(demo, chromium).items()}
        for name, picture in made.items():
            path = save(picture, name, given.to)
            print(f"{path}: {picture.width} x {picture.height} px, {path.stat().st_size:,} bytes")
    except PictureError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
