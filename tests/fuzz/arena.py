"""A small project in which hostile scans go through the real worker, beside a sound neighbour."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from fuzz.guard import Guard, snapshot
from restoration.chain.job_tools import make_job_tools
from restoration.errors import ConfigError
from restoration.plan.make_plan import make_plan
from restoration.plan.plan import Plan, load_plan, plan_file
from restoration.run.batch import run_batch
from restoration.storage.tables import Row, read_table
from support import corpus

ROOT = Path(__file__).resolve().parents[2]
SOUND = "sound"
HOSTILE = "hostile"
NETWORK = "tiny"
FACE_FILES = ("shape_predictor_5_face_landmarks.dat",)
DENOISER = ("ffdnet-color.json", "ffdnet-color.safetensors")

STAGES = {
    "descreen": {},
    "repair": {"kinds": ["dust", "hairs", "scratches", "cracks", "stains", "losses"]},
    "denoise": {},
    "cleanup": {"network": NETWORK},
    "upscale": {"factor": 1.5, "network": "none"},
    "colour": {},
}


class ViolationError(Exception):
    """A case ended otherwise than it may."""


def tiny_weights(path: Path) -> str:
    """A seeded network of Real-ESRGAN's small kind, in the official format; its SHA-256."""
    import torch

    from restoration.networks.shims import install

    install()
    from realesrgan.archs.srvgg_arch import SRVGGNetCompact

    torch.manual_seed(1)
    network = SRVGGNetCompact(num_feat=8, num_conv=2, upscale=4, act_type="prelu")
    torch.save({"params": network.state_dict()}, path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Arena:
    """The project's folders, and what it takes to run one scan in them.

    ``outside`` stands for everything that is not ours: masters, and the folder a worker starts in.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.outside, self.masters = folder / "outside", folder / "outside/masters"
        self.results, self.models = folder / "results", folder / "models"
        self.temporary = folder / "tmp"
        for path in (self.masters, self.outside / "cwd", self.results, self.models, self.temporary):
            path.mkdir(parents=True, exist_ok=True)
        self.canary = self.outside / "canary"
        os.environ["TMPDIR"] = str(self.temporary)
        os.chdir(self.outside / "cwd")
        self.guard = Guard([self.results, self.models, self.temporary])
        corpus.write_tiff(
            self.masters / "sound.tif",
            corpus.smooth(40, 60, 3, 16),
            icc=corpus.srgb_profile(),
            ppi=600.0,
        )
        self._before: dict[str, str] = {}

    @cache  # noqa: B019 (lives as long as its process)
    def weights(self) -> str:
        """SHA-256 of the tiny network, which is made and fetched when it is first asked for."""
        from restoration.config.settings import UserWeights
        from restoration.networks.fetch import fetch
        from restoration.networks.manifest import load_manifest

        sha256 = tiny_weights(self.models / "tiny.pth")
        own = {"architecture": "srvgg", "path": "tiny.pth", "sha256": sha256}
        extra = {NETWORK: UserWeights.model_validate(own)}
        fetch(NETWORK, load_manifest(ROOT / "resources/models.yaml", extra), self.models)
        for name in (*FACE_FILES, *DENOISER):
            if (ROOT / "models" / name).is_file():
                shutil.copy2(ROOT / "models" / name, self.models / name)
        return sha256

    def config(self, stages: Mapping[str, Any] | None = None, faces: str = "off") -> dict[str, Any]:
        """A config of one recipe with these stages; all of them where none are named."""
        own = {"architecture": "srvgg", "path": "tiny.pth", "sha256": self.weights()}
        if not (self.models / FACE_FILES[0]).is_file():
            faces = "off"
        chain = STAGES if stages is None else stages
        if "denoise" in chain and not (self.models / DENOISER[1]).is_file():
            chain = {**chain, "denoise": {"network": "none"}}
        return {
            "scans": str(self.outside / "scans.tsv"),
            "results": str(self.results / ("all" if stages is None else "few") / faces),
            "recipe": "plain",
            "device": "cpu",
            "threads": 1,
            "models_dir": str(self.models),
            "examine": {"faces": faces},
            "engine": {"runtime": "torch"},
            "models": {NETWORK: own},
            "recipes": {"plain": {"stages": {name: dict(s) for name, s in chain.items()}}},
        }

    def sheet(self, text: str | None = None) -> None:
        """The sheet: given, or of the hostile scan and its sound neighbour."""
        lines = ["scan\tpath", f"{HOSTILE}\tmasters/hostile.tif", f"{SOUND}\tmasters/sound.tif", ""]
        (self.outside / "scans.tsv").write_text(text or "\n".join(lines), encoding="utf-8")

    def clear(self) -> None:
        """Nothing is left of the case before but the sound scan's records."""
        for path in self.results.rglob("*"):
            if path.is_file() and not path.name.startswith(f"{SOUND}."):
                path.unlink()
        for path in self.masters.iterdir():
            if path.name != "sound.tif":
                path.unlink()
        shutil.rmtree(self.outside / "regions", ignore_errors=True)
        self._before = {}

    def look(self) -> None:
        """Remember what lies outside, now that the case is laid out."""
        self._before = snapshot(self.outside)

    def check_outside(self) -> None:
        """Raises ViolationError where anything outside was touched, or forbidden things done."""
        if self.guard.seen:
            raise ViolationError("; ".join(self.guard.seen))
        now = snapshot(self.outside)
        changed = [
            path for path in {*self._before, *now} if self._before.get(path) != now.get(path)
        ]
        if changed:
            raise ViolationError(f"changed outside the results: {sorted(changed)[:5]}")

    def run(self, config: Mapping[str, Any], *, sheet: bool = False) -> str:
        """Takes the batch through every step; deliverable, problem (with its reason) or config.

        sheet: whether it is the sheet that is hostile, so that scans may have other names.
        Raises ViolationError where the batch was not finished or the neighbour suffered.
        """
        self.look()
        rows: dict[str, Row] = {}
        with self.guard.watching():
            try:
                plan = make_plan(config)
                plan.check_regions()
                for batch in plan.batches("plain"):
                    rows |= self._steps(plan, batch)
            except ConfigError as error:
                self.check_outside()
                return f"config: {one_line(str(error))}"
        self.check_outside()
        paths = {scan.scan: Path(scan.path) for scan in plan.scans}
        untouched = {SOUND, HOSTILE} == set(rows) and paths[SOUND] == self.masters / "sound.tif"
        if sheet and not untouched:
            for row in rows.values():
                one_line(row.reason or "none")
            return "deliverable"
        if rows[SOUND].status != "done":
            raise ViolationError(f"the neighbour: {rows[SOUND].reason}")
        row = rows[HOSTILE]
        if row.status == "problem":
            return f"problem: {one_line(row.reason)}"
        made = plan.folder("plain", "deliver") / f"{HOSTILE}.tif"
        if row.status != "done" or not made.is_file():
            raise ViolationError(f"status {row.status}, no deliverable")
        return "deliverable"

    def plan_only(self, config: Mapping[str, Any]) -> str:
        """Makes the plan, and what Snakemake asks of it; nothing is run."""
        self.look()
        with self.guard.watching():
            try:
                plan = make_plan(config)
                for recipe in plan.recipes():
                    for batch in plan.batches(recipe):
                        plan.digest(recipe, "deliver", batch)
                json.dumps(plan.config.model_dump(mode="json"))
            except ConfigError as error:
                return f"config: {one_line(str(error))}"
        self.check_outside()
        return "deliverable"

    def _steps(self, plan: Plan, batch: str) -> dict[str, Row]:
        plan.save()
        again = load_plan(plan_file(plan.results))
        workshop = make_job_tools(again, threads=1)
        rows: dict[str, Row] = {}
        for step in again.steps("plain"):
            recipe = None if step in ("ingest", "examine") else "plain"
            table, log = Path(again.table(recipe, step, batch)), again.results / "log.txt"
            log.unlink(missing_ok=True)
            code = run_batch(again, recipe, step, batch, workshop, table=table, log=log)
            if code != 0:
                raise ViolationError(f"{step} ended with {code}: {log.read_text()[-3000:]}")
            rows = {row.scan: row for row in read_table(table)}
        for path in again.results.rglob("*.json"):
            json.loads(path.read_text(encoding="utf-8"))
        return rows


def one_line(text: str) -> str:
    """The message, which must be one line that can be shown anywhere."""
    if not text or len(text.splitlines()) != 1 or any(c < " " or c == "\x7f" for c in text):
        raise ViolationError(f"not one printable line: {text!r}")
    if len(text) > 11_000:
        raise ViolationError(f"a message of {len(text)} characters")
    return text
