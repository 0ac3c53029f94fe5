"""The models of the condition report: they say what records hold, and nothing more."""

from __future__ import annotations

import ast
import importlib
import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from pydantic import BaseModel

from restoration.condition.confidence import LEAST_CONFIDENCE
from restoration.config.settings import ExamineSettings
from restoration.config.stages import REGISTRY
from restoration.config.stages.entry import Entry
from restoration.errors import RestorationError
from restoration.examine.page import examine_page
from restoration.faces.page_faces import as_keyed, where_faces_lie
from restoration.findings import base
from restoration.findings.faces import Faces
from restoration.findings.noise import Noise
from restoration.findings.nominal_resolution import NominalResolution
from restoration.findings.report import FINDINGS, ConditionReport, read_report
from restoration.findings.screen import Screen
from restoration.raster.colour.colour_space import ColourSpace
from support import condition
from support import simulated_scans as sim

ROOM = Path(base.__file__).parent
ALLOWED = {"__future__", "collections.abc", "typing", "pydantic", "pydantic.json_schema"}
"""What the models may import beside each other and the errors."""

SEARCHING = {"importlib", "inspect", "pkgutil", "restoration.findings"}
"""What the report needs to find the models."""


def pages() -> list[dict[str, Any]]:
    """Reports as the examination makes them: known, unknown, one channel, too small, printed."""
    grey = ColourSpace.from_profile(None, 1)
    colour = ColourSpace.from_profile(None, 3)
    settings = ExamineSettings(faces="off")
    photo = sim.picture("coffee")[:300, :400]
    scans = [
        sim.SimulatedPage(sim.scanned(sim.noisy(photo, 3.0))),
        sim.SimulatedPage(sim.scanned(photo[..., :1]), ppi=None),
        sim.SimulatedPage(np.full((20, 24, 3), 9000, np.uint16)),
        sim.SimulatedPage(sim.scanned(sim.jpeg(photo, 40), 8), 8),
    ]
    return [examine_page(scan, settings, grey if scan.channels == 1 else colour) for scan in scans]


def test_what_was_examined_comes_back_as_it_was_written() -> None:
    for written in pages():
        text = json.dumps(written, sort_keys=True)
        read = ConditionReport.model_validate(json.loads(text))
        again = read.model_dump(mode="json", exclude_unset=True)
        assert json.dumps(again, sort_keys=True) == text


def test_every_field_says_what_it_is() -> None:
    described = 0
    for name in (path.stem for path in ROOM.glob("*.py")):
        for own, kind in vars(importlib.import_module(f"restoration.findings.{name}")).items():
            if (
                not (isinstance(kind, type) and issubclass(kind, BaseModel))
                or not own[0].isalpha()
                or "[" in own
            ):
                continue
            assert kind.__doc__ or "[" in kind.__name__, kind
            for field, said in kind.model_fields.items():
                assert said.description, f"{kind.__name__}.{field}"
                described += 1
    assert described > 200


def test_nothing_is_computed_in_the_room() -> None:
    """It is left out of fingerprints of code, so a stage must not be able to use it for work."""
    for path in sorted(ROOM.glob("*.py")):
        allowed = ALLOWED | (SEARCHING if path.stem == "report" else set())
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                own = name.startswith("restoration.findings.") or name == "restoration.errors"
                assert own or name in allowed, f"{path.name} imports {name}"


def test_what_a_record_leaves_out_is_unknown_or_empty() -> None:
    """A stage would see any other default, and no key would: those hold what the record holds."""
    known = []
    for name in (path.stem for path in ROOM.glob("*.py")):
        for kind in vars(importlib.import_module(f"restoration.findings.{name}")).values():
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                known += [
                    f"{kind.__name__}.{field}"
                    for field, said in kind.model_fields.items()
                    if not said.is_required()
                    and said.get_default(call_default_factory=True) not in (None, ())
                ]
                made = kind.__pydantic_decorators__
                computing = (
                    *made.field_validators,
                    *made.model_validators,
                    *made.computed_fields,
                    *made.field_serializers,
                )
                assert computing == (), kind
    assert known == []


def test_words_and_stages_agree_on_what_is_sure() -> None:
    assert base.LEAST_CONFIDENCE == LEAST_CONFIDENCE


def test_findings_come_in_the_order_in_which_a_person_reads_them() -> None:
    places = [kind.place for kind in FINDINGS.values()]
    assert places == sorted(set(places))
    names = list(FINDINGS)
    assert names[:3] == ["nominal_resolution", "effective_resolution", "interpolated"]
    assert names[-1] == "paper"
    told = condition.report(screen={"value": "none"}, noise={"value": 1.0}, blur=None)
    assert [found.name for found in told.findings()] == ["screen", "noise"]
    assert told.get(Noise).value == 1.0
    assert ConditionReport().get(Screen) is None


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ({"noise": {"value": 3.0}}, "noise.unit"),
        ({"noise": condition.filled(Noise, {"value": "strong"})}, "noise.value"),
        ({"grain_size": {"value": 3.0}}, "grain_size"),
    ],
)
def test_a_report_of_another_version_is_refused_in_one_line(
    said: dict[str, Any], place: str
) -> None:
    with pytest.raises(RestorationError) as refused:
        read_report(said, "results/examine/a.json, page 1")
    text = str(refused.value)
    assert text.startswith("results/examine/a.json, page 1: ")
    assert place in text
    assert text.endswith("examine the scan again")
    assert "\n" not in text


def test_a_report_that_lacks_a_finding_or_a_later_field_is_read() -> None:
    """As records of earlier versions do: infrared came later."""
    stated = condition.filled(NominalResolution, {"value": 600.0})
    assert "infrared" not in stated["detail"]
    read = read_report({"nominal_resolution": stated}, "a.json")
    assert read.get(NominalResolution).detail.infrared is None
    assert read.get(Noise) is None


def test_keys_hold_where_faces_lie_in_the_records_own_words() -> None:
    face = {"box": [1, 2, 30, 40], "points": [[5.5, 6.0]], "pose": {"yaw": 3.0, "pitch": 0.0}}
    said = {"value": 1, "detail": {"faces": [face], "upright": {"rotation": 90}}}
    raw = condition.recorded({"faces": said})["faces"]
    (written,) = raw["detail"]["faces"]
    places = {name: written.get(name) for name in ("box", "points", "mirrored", "pose")}
    keyed = as_keyed(where_faces_lie(Faces.model_validate(raw)))
    assert keyed == {"detail": {"faces": [places], "upright": raw["detail"]["upright"]}}
    assert [type(side) for side in keyed["detail"]["faces"][0]["box"]] == [int] * 4
    assert as_keyed(where_faces_lie(condition.finding(Faces, value=0))) == {}
    unknown = condition.finding(Faces, value=None, detail={"reason": "the settings say off"})
    assert as_keyed(where_faces_lie(unknown)) == {"detail": {"reason": "the settings say off"}}


def test_every_stage_reads_findings_that_exist() -> None:
    for entry in REGISTRY.values():
        assert set(entry.load().reads) <= set(FINDINGS)


class Misspelt:
    name: ClassVar[str] = "misspelt"
    reads: ClassVar[tuple[str, ...]] = ("noise", "sharpnes")


def test_a_stage_that_reads_what_is_no_finding_is_not_loaded() -> None:
    entry = REGISTRY["denoise"]
    wrong = Entry(entry.settings, "", __name__, "Misspelt", "1", 0.1)
    with pytest.raises(ValueError, match="misspelt: reads sharpnes, and the condition report has"):
        wrong.load()
