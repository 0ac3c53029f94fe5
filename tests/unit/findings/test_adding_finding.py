"""A finding of the condition report added the way `docs/adding-finding.md` says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from support.code_of_page import code_of_page, modules_below

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "adding-finding.md"

EXAMINED = """
import json
import sys
from pathlib import Path

import numpy as np

from restoration.config.settings import ExamineSettings
from restoration.examine.page import examine_page
from restoration.findings.report import ConditionReport
from restoration.raster.colour.colour_space import ColourSpace
from restoration.storage.records import read_raw, write_raw
from support import simulated_scans as sim
from support.corpus import photo
from support.review_collection import Collection, soft

folder = Path(sys.argv[1])
scan = sim.SimulatedPage(np.full((80, 120, 3), 16384, np.uint16))
report = examine_page(scan, ExamineSettings(faces="off"), ColourSpace.from_profile(None, 3))

for name in ("masters", "results/embedded/deliver"):
    (folder / "collection" / name).mkdir(parents=True)
collection = Collection(folder / "collection")
pixels = photo("chelsea", 0, 0, 64, 64)
collection.add("scan", pixels, soft(pixels, 1))
record = collection.results / "embedded/deliver/scan.json"
said = read_raw(record)
said["condition_report"] = [report]
write_raw(record, said)
schema = ConditionReport.model_json_schema()
print(json.dumps({
    "report": report["average"],
    "same": ConditionReport.model_validate(report).model_dump(mode="json", exclude_unset=True)
    == json.loads(json.dumps(report)),
    "schema": schema["properties"]["average"]["title"],
    "page": collection.report(),
}))
"""


def test_a_finding_is_added_in_three_places(tmp_path: Path) -> None:
    skipped = shutil.ignore_patterns("__pycache__", "src")
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts", ignore=skipped)
    shutil.copytree(ROOT / "resources", tmp_path / "resources")
    before = modules_below(tmp_path)

    said = code_of_page(PAGE)
    registry = tmp_path / "scripts/restoration/examine/registry.py"
    place = "scripts/restoration/examine/registry.py"
    imported, line = (
        said.pop(f"{place}: with the imports"),
        said.pop(f"{place}: at the end of MEASURERS"),
    )
    text, last = registry.read_text(), "    FacesMeasurer,\n)"
    assert text.count(last) == 1
    text = text.replace(last, f"    FacesMeasurer,\n    {line.strip()},\n)")
    above = "from restoration.examine.tones.colour import ColourMeasurer\n"
    registry.write_text(text.replace(above, imported + above))
    for name, code in said.items():
        path = tmp_path / name
        assert not path.exists()
        path.write_text(code)

    after = modules_below(tmp_path)
    assert len([path for path in after if after[path] != before.get(path)]) == 3
    (tmp_path / "examined.py").write_text(EXAMINED)
    done = subprocess.run(
        [sys.executable, "examined.py", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path / 'scripts'}:{ROOT / 'tests'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["report"]["value"] == 0.25
    assert found["report"]["detail"] == {"channels": [0.25, 0.25, 0.25]}
    assert found["same"]
    assert found["schema"] == "Average tone"
    for words in ("Average tone", "On average 25 % of full scale."):
        assert words in found["page"]
