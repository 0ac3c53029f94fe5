"""What the records, the XMP and the report of a results folder say against each other.

    python tests/contradictions.py RESULTS

Prints a line for each contradiction and exits with 1 where there is one. The rules know nothing of
how a sentence comes about: they read what a person reads, and compare it with the figures and the
pixels that lie beside it. Masters are looked for where the records say, from the folder in which
this is started.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"
if str(SCRIPTS) not in sys.path:
    sys.path.insert(0, str(SCRIPTS))

from restoration.raster.tiff.page import open_page  # noqa: E402
from restoration.review.wording import confidence  # noqa: E402
from support.delivered_pages import Delivered, Page, read_results, reason_of  # noqa: E402

KINDS = ("dust", "hairs", "scratches", "cracks", "stains", "losses", "creases")
TRUSTED = 0.3
"""Least confidence of a figure that is told as a fact: below, it is told as not known."""
KEPT = 0.9
"""Share of the grain that must be left where a sentence promises that it stays."""
ROWS = 512

Check = Callable[[Page], Iterator[str]]


# -- claims that exclude each other ------------------------------------------------------------


@dataclass(frozen=True)
class Exclusive:
    """A claim that is untrue wherever something else holds."""

    claim: str
    """Regular expression over every sentence."""
    where: Callable[[Page], bool]
    but: str
    """What holds then, in words."""


def _damaged(page: Page) -> bool:
    return any(page.count(kind) for kind in KINDS)


def _grain_gone(page: Page) -> bool:
    """Measured to be gone, or changed and never measured."""
    kept = page.kept("grain")
    return not page.untouched and (kept is None or kept < KEPT)


def _infrared(page: Page) -> bool:
    pages = page.scan.record["master"]["master"]["pages"]
    beside = "infrared" in page.master.get("extra", ())
    # A grey page of the same size after a colour one is what scanners make of it.
    follows = [p for p in pages if p["number"] == page.master["number"] + 1]
    size = (page.master["height"], page.master["width"])
    return beside or any(
        p["channels"] == 1 and page.master["channels"] == 3 and (p["height"], p["width"]) == size
        for p in follows
    )


EXCLUSIVE = (
    Exclusive(r"\bas good as sound\b|\bsound:", _damaged, "the condition report counts damage"),
    Exclusive(r"No damage found|found no damage", _damaged, "the condition report counts damage"),
    *(
        Exclusive(
            # A list of kinds, none of which was found.
            rf"found no (?:\w+ or )*{kind}\b",
            lambda page, kind=kind: page.count(kind) > 0,  # type: ignore[misc]
            f"the condition report counts {kind}",
        )
        for kind in KINDS
    ),
    Exclusive(
        r"grain[^;]*(?:which the recipe keeps|\bstays\b|\bis kept\b)",
        _grain_gone,
        "the finished picture was changed, and its grain is not measured to be left",
    ),
    Exclusive(
        r"nothing is changed|left as (?:they|it) (?:are|is|were|was)(?!: no stage)",
        lambda page: not page.untouched,
        "the finished picture was changed",
    ),
    Exclusive(
        r"dyes and paper are as they were|paper and tones are as they were",
        lambda page: True,
        "nobody saw them when they were new",
    ),
    Exclusive(r"scanner wrote no infrared", lambda page: True, "nobody looked into the scanner"),
    Exclusive(r"no infrared channel", _infrared, "the file holds an infrared channel or page"),
    Exclusive(
        r"leaves the size as it is",
        lambda page: (
            (page.delivered["height"], page.delivered["width"])
            != (page.master["height"], page.master["width"])
        ),
        "the deliverable has another size",
    ),
    Exclusive(
        r"no margin shows the paper|No empty border was found",
        lambda page: page.finding("paper").get("value") is not None,
        "the condition report tells an empty border",
    ),
    Exclusive(
        r"\d % of the scan is empty border",
        lambda page: page.finding("paper").get("value") is None,
        "the condition report found no border",
    ),
    Exclusive(
        r"\bsharp:|\bsharp to\b",
        lambda page: page.finding("blur").get("value") in ("motion", "defocus", "compression"),
        "the condition report calls it blurred",
    ),
    Exclusive(
        r"\bclean:",
        lambda page: _damaged(page) or bool(page.finding("blocking").get("value")),
        "the condition report tells damage or JPEG blocks",
    ),
    Exclusive(
        r"holds JPEG blocks",
        lambda page: not page.finding("blocking").get("value"),
        "the condition report found none",
    ),
    Exclusive(
        r"(?<!perhaps )(?:as|is the|^) ?grain of the photograph",
        lambda page: (page.detail("noise").get("grain") or {}).get("found") is not True,
        "the condition report is not sure that it is grain",
    ),
    Exclusive(
        r"may be grain|perhaps as grain",
        lambda page: (page.detail("noise").get("grain") or {}).get("found") is not None,
        "the condition report decided whether it is grain",
    ),
    Exclusive(
        r"No face found|no face was found",
        lambda page: bool(page.finding("faces").get("value")),
        "the condition report found faces",
    ),
    Exclusive(
        r"[Kk]ept [\d/., %]+of (?:its|their) density|% of the density range is lost",
        lambda page: (
            "colour" not in page.applied
            and any(
                stage == "colour"
                and re.search("a coloured subject looks the same", reason_of(entry)) is not None
                for stage, entry in page.stages
            )
        ),
        "the colour stage could not tell fading from the subject",
    ),
    Exclusive(
        r"Left as it was: no stage was applied",
        lambda page: bool(page.applied),
        "a stage was applied",
    ),
    Exclusive(
        r"No generative network was used",
        lambda page: any(entry["generative"] for _, entry in page.stages),
        "a generative network ran",
    ),
)


def exclusive_claims(page: Page) -> Iterator[str]:
    """No sentence stands beside what excludes it."""
    for rule in EXCLUSIVE:
        if rule.where(page):
            for told, _ in page.claims(rule.claim):
                yield f"{told}, but {rule.but}"


# -- reasons -----------------------------------------------------------------------------------

_EMPTY = re.compile(
    r"(?:as the recipe asks|(?:it was )?asked for by the recipe|no reason was recorded|)\W*"
)


def reasons(page: Page) -> Iterator[str]:
    """Every decision has a reason, and the recipe's wish alone is none."""
    for stage, entry in page.stages:
        if _EMPTY.fullmatch(reason_of(entry)):
            yield f'{stage}, {entry["status"]}: no reason but "{reason_of(entry)}"'
    for line in page.scan.report:
        found = re.search(r"(Not applied|Applied): (.*?)\.(?: Generative|$)", line)
        if found and _EMPTY.fullmatch(found.group(2)):
            yield f'report: no reason: "{line[:80]}"'


# -- figures -----------------------------------------------------------------------------------


def noise_figures(page: Page) -> Iterator[str]:
    """One measure of noise: the same wherever it is told, and no part larger than the whole."""
    noise, detail = page.finding("noise").get("value"), page.detail("noise")
    if noise is None:
        return
    grain = (detail.get("grain") or {}).get("sigma") or 0.0
    if grain > noise * 1.001:
        yield f"grain of {grain:.3g}/255 in noise of {noise:.3g}/255"
    if (bound := detail.get("at_most")) is not None and bound < noise * 0.999:
        yield f"noise is at most {bound:.3g}/255, and it is {noise:.3g}/255"
    for stage, entry in page.stages:
        told = (entry.get("findings") or {}).get("noise_255")
        if told is not None and abs(told - noise) > 0.001 * max(noise, 0.1):
            yield f"{stage} says noise_255 {told:.3g}, the condition report {noise:.3g}"
        told = (entry.get("findings") or {}).get("grain_255")
        if told is not None and abs(told - grain) > 0.001 * max(grain, 0.1):
            yield f"{stage} says grain_255 {told:.3g}, the condition report {grain:.3g}"
    whole = r"noise (?:is|of)(?! the colours)[^;:.]{0,60}?(\d+(?:\.\d+)?)/255"
    # Without the grain it is another quantity, and says so.
    whole = rf"(?<!beside any grain the master's ){whole}"
    for told, match in page.claims(rf"{whole}|Standard deviation (\d[\d.]*) of 255"):
        value = float(match.group(1) or match.group(2))
        if abs(value - noise) > 0.06 * max(noise, 0.1):
            yield f"{told}, but the condition report's noise is {noise:.3g}/255"


def other_figures(page: Page) -> Iterator[str]:
    """Resolution, counts of damage and of faces: the same wherever they are told."""
    ppi = page.finding("effective_resolution").get("value")
    for told, match in page.claims(r"holds (?:about )?(\d+) ppi of picture"):
        if ppi is None or abs(float(match.group(1)) - ppi) > 1.0:
            yield f"{told}, but the condition report says {ppi} ppi"
    for told, match in page.claims(r"condition report found (\d+) of ((?:\w+ or )*\w+)"):
        count = sum(page.count(kind) for kind in match.group(2).split(" or "))
        if int(match.group(1)) != count:
            yield f"{told}, but it counts {count}"
    yield from _repair_figures(page)
    found = page.finding("faces").get("value")
    for stage, entry in page.stages:
        counts = (entry.get("findings") or {}).get("counts")
        marked = any(f.get("asked_for") for f in (entry.get("findings") or {}).get("faces", ()))
        if counts and found is not None and not marked and counts["found"] > found:
            yield f"{stage} counts {counts['found']} faces, the condition report {found}"


def _repair_figures(page: Page) -> Iterator[str]:
    """Marks that repair filled and left are those that the condition report found and suspects."""
    for stage, entry in page.stages:
        said = entry.get("findings") or {}
        if stage != "repair" or "left_marks" not in said:
            continue
        for kind, filled, whole in re.findall(
            r"(\w+) (\d+)(?: of (\d+))?(?=[,:] )", reason_of(entry).split(";")[0]
        ):
            counted = (said.get(kind) or {}).get("count")
            if counted is not None and int(whole or filled) != counted and kind in KINDS:
                yield f"repair speaks of {whole or filled} {kind}, and counts {counted}"
        if said.get("searched_anew") or said.get("user_regions"):
            continue
        # Whatever the sensitivity, the same marks are looked at.
        own = sum((said.get(kind) or {}).get("count") or 0 for kind in KINDS)
        own += sum(e["count"] for e in said["left_marks"] if e["reason"] == "suspected")
        suspected = (page.detail("damage").get("suspected") or {}).get("count") or 0
        reported = suspected + sum(page.count(kind) for kind in KINDS)
        if own != reported:
            yield f"repair found and suspects {own} marks, the condition report {reported}"


def trusted_figures(page: Page) -> Iterator[str]:
    """No figure is told as a fact without the confidence to carry it."""
    doubtful = {
        label: entry["confidence"]
        for name, label in _LABELS.items()
        if (entry := page.finding(name)).get("value") is not None
        and float(entry.get("confidence") or 0.0) < TRUSTED
    }
    for told, match in page.claims(r"\d[^|;]*\(confidence (?:low|none)\)"):
        yield f"{told} told as a fact: {match.group()}"
    for line in page.scan.report:
        cells = line.split(" | ")
        if len(cells) >= 3 and cells[0] in doubtful and re.search(r"\d", cells[1]):
            sure = confidence(doubtful[cells[0]])
            if not re.search(r"not known|not sure|perhaps|look alike", cells[1], re.IGNORECASE):
                yield f'report: "{cells[0]}: {cells[1]}" told as a fact at {sure} confidence'


_LABELS = {
    "effective_resolution": "Effective resolution",
    "interpolated": "Enlarged by software",
    "screen": "Halftone screen",
    "noise": "Noise and grain",
    "blocking": "JPEG blocks",
    "blur": "Blur",
    "sharpening": "Sharpened by the scanner",
    "damage": "Dust, scratches, cracks, stains",
    "fading": "Fading and cast",
    "dyes": "Dyes and paper",
    "exposure": "Exposure",
    "text": "Text and line art",
    "faces": "Faces",
}


def grain_told(page: Page) -> Iterator[str]:
    """What is told of the finished picture's grain is what was measured."""
    kept = page.kept("grain", "noise")
    for told, match in page.claims(r"(\d+) % of the master's (?:grain|noise)[^.]*? is gone"):
        if kept is None or abs((1.0 - kept) * 100.0 - float(match.group(1))) > 1.0:
            yield f"{told}, but the record says {kept} is kept"
    changed = not page.untouched and page.delivered["source"] != "master"
    grain = (page.detail("noise").get("grain") or {}).get("found")
    finished = page.delivered.get("finished") or {}
    if changed and grain is not False and page.finding("noise").get("value") is not None:
        told_of = finished.get("grain") or {}
        if told_of.get("kept") is None and not told_of.get("reason"):
            yield "the picture was changed, and nothing is said of its grain"


# -- pixels ------------------------------------------------------------------------------------


def pixels(page: Page) -> Iterator[str]:
    """Applied means that pixels differ, not applied that none does."""
    before: str | None = None
    for stage, entry in page.stages:
        after = entry.get("image")
        if entry["status"] != "applied":
            if after != before:
                yield f"{stage} was not applied, and points at another image than its input"
        elif entry.get("tones") is None and after != before:
            if _equal(page, before, after) is True:
                yield f"{stage} says applied, and not one pixel differs"
        elif entry.get("tones") is None:
            yield f"{stage} says applied, and has no image of its own"
        before = after
    if page.untouched and page.applied:
        yield f"{', '.join(page.applied)} applied, and the deliverable has the master's values"
    if not page.applied and not page.delivered["conversions"]:
        path = page.scan.results / page.scan.recipe / "deliver" / f"{page.scan.record['scan']}.tif"
        if _same_codes(_master(page), path, page.at + 1) is False:
            yield "nothing was applied, and the deliverable's pixels differ from the master's"


def _master(page: Page) -> Path:
    return Path(page.scan.record["master"]["path"])


def _equal(page: Page, before: str | None, after: str) -> bool | None:
    """Whether two images of one page are the same; None where one is no longer kept."""
    first = _master(page) if before is None else page.scan.results / before
    number = page.at + 1 if before is None else 1
    second = page.scan.results / after
    if not first.is_file() or not second.is_file():
        return None
    with open_page(first, number) as one, open_page(second, 1) as other:
        return _alike(one, other)


def _same_codes(master: Path, deliverable: Path, number: int) -> bool | None:
    if not master.is_file() or not deliverable.is_file():
        return None
    with open_page(master, number) as one, open_page(deliverable, number) as other:
        return _alike(one, other)


def _alike(one: Any, other: Any) -> bool:
    if (one.height, one.width, one.channels) != (other.height, other.width, other.channels):
        return False
    for top in range(0, one.height, ROWS):
        rows = min(ROWS, one.height - top)
        first, second = (p.read_codes(top, 0, rows, p.width) for p in (one, other))
        if not np.array_equal(first, second):
            return False
    return True


# -- provenance --------------------------------------------------------------------------------


def provenance(page: Page) -> Iterator[str]:
    """The source type says what ran; XMP and record say the same."""
    ran = any(entry["generative"] and entry["status"] == "applied" for _, entry in page.stages)
    kind = str(page.delivered["digital_source_type"] or "").rpartition("/")[2]
    own = page.master.get("tags") or {}
    if ran != (kind == "compositeWithTrainedAlgorithmicMedia") and not own.get("xmp"):
        yield f"a generative network {'ran' if ran else 'did not run'}, the source type is '{kind}'"
    for stage, entry in page.stages:
        if entry["generative"] and entry["status"] != "applied":
            yield f"{stage} was not applied, and is called generative"
    if page.at >= len(page.scan.packets):
        return
    told = {e["stage"]: e.get("reason") for e in page.scan.packets[page.at]["NotApplied"]}
    for stage, entry in page.stages:
        if entry["status"] == "applied" and stage in told:
            yield f"XMP says that {stage} was not applied, the record that it was"
        elif entry["status"] != "applied" and told.get(stage) != reason_of(entry):
            yield f'XMP gives "{told.get(stage)}" for {stage}, the record "{reason_of(entry)}"'


RULES: tuple[Check, ...] = (
    exclusive_claims,
    reasons,
    noise_figures,
    other_figures,
    trusted_figures,
    grain_told,
    pixels,
    provenance,
)


def contradictions(scan: Delivered) -> list[str]:
    """One line for each contradiction in what is said of a deliverable."""
    found = [f"{scan.name}: {line}" for page in scan.pages() for r in RULES for line in r(page)]
    return list(dict.fromkeys(found))


def of_run(results: Path) -> list[str]:
    """Of the lines that tell how far the run is, the last against the tables of problems."""
    try:
        lines = (results / "run.log").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    told = [m for line in lines if (m := re.search(r"(\d+) problems? so far", line))]
    tables = sorted(results.glob("*/problems.tsv"))
    # A scan may fail in two recipes at the same step that carries none.
    rows = {
        row for table in tables for row in table.read_text(encoding="utf-8").splitlines()[1:] if row
    }
    if told and tables and int(told[-1].group(1)) != len(rows):
        return [f"run.log: {told[-1].group()}, the tables of problems name {len(rows)} scans"]
    return []


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print("usage: python tests/contradictions.py RESULTS", file=sys.stderr)
        return 2
    results = Path(arguments[0])
    found = of_run(results)
    scans = 0
    for scan in read_results(results):
        scans += 1
        found += contradictions(scan)
    print("\n".join([*found, f"{scans} deliverables, {len(found)} contradictions"]))
    return 1 if found or not scans else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
