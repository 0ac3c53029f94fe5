"""Each rule on contradictions finds one: records without any, and the same with one put in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import contradictions
from contradictions import of_run
from support.corpus import write_tiff
from support.delivered_pages import Delivered, lines_of

Record = dict[str, Any]
Change = Callable[[Delivered], object]


def finding(value: object, confidence: float = 0.9, **detail: Any) -> Record:
    return {"value": value, "confidence": confidence, "method": "", "detail": detail}


def stage(name: str, reason: str, *, image: str | None = None, **findings: Any) -> Record:
    """A stage's record; applied where it has an image."""
    page = {
        "number": 1,
        "status": "declined" if image is None else "applied",
        "reason": reason if image is None else None,
        "image": image,
        "generative": False,
        "findings": findings if image is None else {"reason": reason, **findings},
    }
    return {"stage": name, "pages": [page]}


@pytest.fixture
def scan(tmp_path: Path) -> Delivered:
    """A print with grain, which a stage has changed; everything said of it is true."""
    master = np.random.default_rng(1).integers(9000, 50000, (40, 60, 1)).astype(np.uint16)
    for folder in ("masters", "results/plain/cleanup", "results/plain/deliver"):
        (tmp_path / folder).mkdir(parents=True)
    path = write_tiff(tmp_path / "masters/a.tif", master)
    made = master.copy()
    made[:20] += 500
    write_tiff(tmp_path / "results/plain/cleanup/a.tif", made)
    write_tiff(tmp_path / "results/plain/deliver/a.tif", made)
    grain = {"found": True, "sigma": 2.6, "size_px": 3.0}
    report = {
        "effective_resolution": finding(244.0),
        "noise": finding(2.7, grain=grain, at_most=None),
        "damage": finding(0.0, dust={"count": 0}, scratches={"count": 0}, cracks={"count": 0}),
        "blur": finding("none"),
        "blocking": finding(False),
        "faces": finding(1),
        "paper": finding(None),
        "fading": finding(0.0),
        "dyes": finding(None, 0.0),
    }
    kept = "grain of the photograph, 2.6/255 of a noise of 2.7/255, which denoise leaves"
    stages = [
        stage("repair", "the condition report found no damage", infrared_reason="none was found"),
        stage("denoise", kept, noise_255=2.7),
        stage(
            "cleanup",
            "soft: it holds 244 ppi of picture, less than 300",
            image="plain/cleanup/a.tif",
            grain_255=2.6,
        ),
        stage("faces", "no face is restored: 1 gated", counts={"found": 1}),
        stage("colour", "a grey picture: no margin shows the paper"),
    ]
    # What a stage that declines hands on.
    for later in stages[3:]:
        later["pages"][0]["image"] = "plain/cleanup/a.tif"
    size = {"height": 40, "width": 60}
    record = {
        "scan": "a",
        "condition_report": [report],
        "stages": stages,
        "master": {
            "path": str(path),
            "master": {"pages": [{"number": 1, "channels": 1, "extra": [], **size}]},
        },
        "deliverable": {
            "pages": [
                {
                    **size,
                    "source": "a.tif",
                    "tones": False,
                    "conversions": [],
                    "digital_source_type": "http://x/algorithmicallyEnhanced",
                    "finished": {"grain": {"kept": 0.42}},
                }
            ]
        },
    }
    told = [
        "Cleanup: Applied: soft: it holds 244 ppi of picture, less than 300.",
        "Noise | Standard deviation 2.7 of 255 steps, 2.6 as grain of the photograph. | x",
        "Finished picture | At least 58 % of the master's grain is gone, measured in 24 places.",
    ]
    declined = [
        {"stage": one["stage"], "reason": one["pages"][0]["reason"]}
        for one in stages
        if one["pages"][0]["status"] == "declined"
    ]
    packet = {"NotApplied": declined, "History": [], "Finished": [told[2]]}
    return Delivered(tmp_path / "results", "plain", record, told, [packet])


def found(scan: Delivered) -> str:
    return "\n".join(contradictions.contradictions(scan))


def report_of(scan: Delivered) -> Record:
    report: Record = scan.record["condition_report"][0]
    return report


def page_of(scan: Delivered, stage_name: str) -> Record:
    page: Record = next(s for s in scan.record["stages"] if s["stage"] == stage_name)["pages"][0]
    return page


def says(name: str, reason: str) -> Change:
    """A declined stage's reason, in the record and in the XMP alike."""

    def change(scan: Delivered) -> None:
        page_of(scan, name)["reason"] = reason
        told = scan.packets[0]["NotApplied"]
        next(entry for entry in told if entry["stage"] == name)["reason"] = reason

    return change


def line(text: str) -> Change:
    return lambda scan: scan.report.append(text)


def reports(name: str, value: object, confidence: float = 0.9, **detail: Any) -> Change:
    return lambda scan: report_of(scan).update({name: finding(value, confidence, **detail)})


def both(*changes: Change) -> Change:
    return lambda scan: [change(scan) for change in changes]


def sets(where: Callable[[Delivered], Record], **values: Any) -> Change:
    return lambda scan: where(scan).update(values)


def deliverable_of(scan: Delivered) -> Record:
    page: Record = scan.record["deliverable"]["pages"][0]
    return page


def same_pixels(scan: Delivered) -> None:
    master = Path(scan.record["master"]["path"])
    (scan.results / "plain/cleanup/a.tif").write_bytes(master.read_bytes())


def nothing_applied(scan: Delivered) -> None:
    del scan.record["stages"][2:]


COLOURED = "the darkest tones are coloured: a coloured subject looks the same"
CRACKED = reports("damage", 0.05, cracks={"count": 3})
MAYBE = {"found": None, "sigma": 2.6}

PUT_IN: dict[str, tuple[Change, str]] = {
    "sound": (
        both(CRACKED, says("repair", "sound: the condition report found no damage")),
        "the condition report counts damage",
    ),
    "no damage": (both(CRACKED, line("Damage | No damage found. | x")), "counts damage"),
    "no cracks": (
        both(CRACKED, says("repair", "the condition report found no dust or cracks")),
        "counts cracks",
    ),
    "grain kept": (
        says("denoise", "its noise is the grain of the photograph (2.6), which the recipe keeps"),
        "its grain is not measured to be left",
    ),
    "nothing changed": (line("lightening shows noise, and nothing is changed."), "was changed"),
    "as they are": (line("Dots: reported, and left as they are."), "was changed"),
    "as new": (says("colour", "dyes and paper are as they were"), "when they were new"),
    "scanner": (
        sets(
            lambda s: page_of(s, "repair")["findings"],
            infrared_reason="the scanner wrote no infrared channel",
        ),
        "nobody looked into the scanner",
    ),
    "infrared page": (
        both(
            says("repair", "no infrared channel was found"),
            lambda s: s.record["master"]["master"]["pages"][0].update(extra=["infrared"]),
        ),
        "holds an infrared channel",
    ),
    "size": (
        both(
            says("faces", "factor 1 leaves the size as it is"),
            lambda s: deliverable_of(s).update(width=120),
        ),
        "has another size",
    ),
    "margin": (reports("paper", [4, 4, 30, 50]), "tells an empty border"),
    "border": (line("Paper | 20 % of the scan is empty border. | x"), "found no border"),
    "sharp": (
        both(reports("blur", "motion"), says("faces", "sharp: it holds 244 ppi of picture")),
        "calls it blurred",
    ),
    "clean": (both(CRACKED, says("faces", "clean: its noise is 2.7/255")), "tells damage"),
    "blocks": (says("denoise", "it holds JPEG blocks"), "found none"),
    "grain": (reports("noise", 2.7, grain=MAYBE), "not sure that it is grain"),
    "may be grain": (says("denoise", "may be grain"), "decided whether it is grain"),
    "no face": (line("Faces | No face found. | x"), "found faces"),
    "faded": (
        both(
            says("colour", COLOURED),
            line("Dyes and paper | Kept 62 / 84 / 100 % of their density. | x"),
        ),
        "could not tell fading",
    ),
    "lost": (
        both(says("colour", COLOURED), line("About 31 % of the density range is lost.")),
        "could not tell fading",
    ),
    "untouched": (line("Left as it was: no stage was applied."), "a stage was applied"),
    "generative": (
        both(
            sets(lambda s: page_of(s, "cleanup"), generative=True),
            line("After. No generative network was used."),
        ),
        "a generative network ran",
    ),
    "no reason": (
        sets(lambda s: page_of(s, "cleanup")["findings"], reason=""),
        'cleanup, applied: no reason but ""',
    ),
    "the recipe's wish": (
        sets(lambda s: page_of(s, "cleanup")["findings"], reason="asked for by the recipe"),
        'no reason but "asked for by the recipe"',
    ),
    "report's reason": (line("Repair: Applied: as the recipe asks."), "report: no reason"),
    "grain above noise": (
        reports("noise", 2.7, grain={"found": True, "sigma": 3.3}),
        "grain of 3.3/255 in noise of 2.7/255",
    ),
    "at most": (
        reports("noise", 2.7, grain={"found": True, "sigma": 2.6}, at_most=1.9),
        "noise is at most 1.9/255, and it is 2.7/255",
    ),
    "two noises": (
        sets(lambda s: page_of(s, "cleanup")["findings"], noise_255=0.45),
        "cleanup says noise_255 0.45, the condition report 2.7",
    ),
    "two grains": (
        sets(lambda s: page_of(s, "cleanup")["findings"], grain_255=1.1),
        "cleanup says grain_255 1.1, the condition report 2.6",
    ),
    "noise in words": (
        says("denoise", "its noise is 3.3/255"),
        "the condition report's noise is 2.7/255",
    ),
    "two resolutions": (line("Holds about 300 ppi of picture."), "report says 244.0 ppi"),
    "count": (
        both(CRACKED, says("repair", "the condition report found 5 of cracks")),
        "but it counts 3",
    ),
    "filled": (
        both(
            CRACKED,
            both(
                says("repair", "cracks 2 of 4: 1 % of the page filled"),
                sets(
                    lambda s: page_of(s, "repair")["findings"],
                    cracks={"count": 3},
                    left_marks=[],
                ),
            ),
        ),
        "repair speaks of 4 cracks, and counts 3",
    ),
    "left": (
        both(
            CRACKED,
            sets(
                lambda s: page_of(s, "repair")["findings"],
                cracks={"count": 3},
                left_marks=[{"kind": "dust", "reason": "suspected", "count": 2, "area_px": 9}],
            ),
        ),
        "repair found and suspects 5 marks, the condition report 3",
    ),
    "faces": (
        sets(lambda s: page_of(s, "faces")["findings"], counts={"found": 2}),
        "faces counts 2 faces, the condition report 1",
    ),
    "no confidence": (
        both(
            reports("fading", 0.31, 0.2),
            line("Fading and cast | About 31 % is lost. | low"),
        ),
        "told as a fact at low confidence",
    ),
    "no confidence in a face": (
        line("Occlusion | 0 % covered (confidence none)"),
        "told as a fact: 0 % covered (confidence none)",
    ),
    "another share": (
        sets(lambda s: deliverable_of(s)["finished"]["grain"], kept=0.8),
        "but the record says 0.8 is kept",
    ),
    "grain unsaid": (
        both(
            sets(deliverable_of, finished={}),
            lambda s: s.report.pop(),
            lambda s: s.packets[0].update(Finished=[]),
        ),
        "nothing is said of its grain",
    ),
    "applied, the same": (same_pixels, "cleanup says applied, and not one pixel differs"),
    "not applied, another": (
        sets(lambda s: page_of(s, "faces"), image="plain/faces/a.tif"),
        "faces was not applied, and points at another image than its input",
    ),
    "applied, the master's": (
        sets(deliverable_of, source="master"),
        "cleanup applied, and the deliverable has the master's values",
    ),
    "nothing applied, pixels differ": (
        both(nothing_applied, sets(deliverable_of, source="master")),
        "nothing was applied, and the deliverable's pixels differ",
    ),
    "source type": (
        sets(deliverable_of, digital_source_type="x/compositeWithTrainedAlgorithmicMedia"),
        "a generative network did not run",
    ),
    "generative and declined": (
        sets(lambda s: page_of(s, "faces"), generative=True),
        "faces was not applied, and is called generative",
    ),
    "XMP's reason": (
        lambda s: s.packets[0]["NotApplied"][0].update(reason="sound"),
        'XMP gives "sound" for repair, the record "the condition report found no damage"',
    ),
    "XMP's stage": (
        lambda s: s.packets[0]["NotApplied"].append({"stage": "cleanup", "reason": "sharp"}),
        "XMP says that cleanup was not applied, the record that it was",
    ),
}


def test_what_is_true_is_found_to_be(scan: Delivered) -> None:
    assert found(scan) == ""


@pytest.mark.parametrize("name", PUT_IN)
def test_a_contradiction_is_found(scan: Delivered, name: str) -> None:
    change, expected = PUT_IN[name]
    assert found(scan) == ""
    change(scan)
    assert expected in found(scan)


def test_what_stands_below_the_faces_is_read_as_well(tmp_path: Path) -> None:
    faces = '<section id="faces-a"><p>1 found.</p></section>'
    text = f'<p>Head</p><section id="scan-a">{faces}<tr><th>Blur</th><td>None</td></tr></section>'
    (tmp_path / "report.html").write_text(text + "<p>Foot</p>")
    assert lines_of(tmp_path) == {"a": ["1 found.", "Blur | None"]}


@pytest.mark.parametrize(("told", "rows", "wrong"), [(1, 1, False), (0, 2, True), (1, 2, True)])
def test_the_last_count_of_a_run_is_that_of_its_tables(
    tmp_path: Path, told: int, rows: int, wrong: bool
) -> None:
    (tmp_path / "plain").mkdir()
    table = "".join(f"{scan}\tingest\tdamaged\n" for scan in range(rows))
    (tmp_path / "plain/problems.tsv").write_text("scan\tstage\treason\n" + table)
    lines = "3 problems so far", f"2026-01-01 8 of 8 jobs done, {told} problems so far"
    (tmp_path / "run.log").write_text("\n".join(lines) + "\n")
    assert bool(of_run(tmp_path)) is wrong
