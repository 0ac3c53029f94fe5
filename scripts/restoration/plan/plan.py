"""The plan of a run: which job does what to which scans, and what each result depends on.

Parsed with the Snakefile, so it knows no torch, no OpenCV and no NumPy, and opens no master.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

from restoration.config.regions import (
    ScanRegions,
    StageMarks,
    damage_mask_of,
    is_file,
    read_regions,
)
from restoration.config.settings import Config, Recipe, load_config
from restoration.config.sheet import Scan
from restoration.config.stages import COLOUR, REGISTRY
from restoration.config.stages.colour import ColourSettings
from restoration.networks.manifest import Weights, load_manifest
from restoration.plan.dependencies import Dependencies
from restoration.plan.job_digest import JobDigests
from restoration.storage.journal import keep_written

ROOT = Path(__file__).resolve().parents[3]
"""The checkout."""

MANIFEST = ROOT / "resources" / "models.yaml"


@dataclass(frozen=True)
class Plan:
    """Everything that is decided before the first job runs."""

    config: Config
    scans: tuple[Scan, ...]
    device: str
    """cpu, cuda or mps: `auto` is resolved here, once, and never by the node that computes."""
    runtime: str = "torch"
    """torch, or native with the digest of its sources; resolved likewise."""
    precision: str = "float32"
    """float32, float16 or bfloat16; resolved likewise."""
    album: tuple[Scan, ...] = ()
    """Every scan of the batch from which a single one is run, in the sheet's order."""
    assigned: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    """Scan and batch of those to which this plan gave a batch: kept when the run begins."""
    inodes: tuple[int, ...] = field(default=(), compare=False)
    """Of each scan's master, as the run that saved this plan found it; 0 where it was missing."""

    @cached_property
    def results(self) -> Path:
        return Path(self.config.results)

    @cached_property
    def regions_folder(self) -> Path:
        """Where people put the regions of scans."""
        if self.config.regions is not None:
            return Path(self.config.regions)
        return Path(self.config.scans).parent / "regions"

    @cached_property
    def _regions(self) -> dict[str, ScanRegions]:
        """The regions of every scan that has any. Raises ConfigError as ``read_regions``."""
        found = {}
        known = {scan.scan for scan in self.scans}
        for path in sorted(self.regions_folder.glob("*.yaml")):
            if path.stem in known and (regions := read_regions(path)) is not None:
                found[path.stem] = regions
        return found

    def regions_of(self, scan: Scan) -> ScanRegions | None:
        """What a person marked on a scan in the folder of regions; None where nothing."""
        return self._regions.get(scan.scan)

    def check_regions(self) -> None:
        """Raises ConfigError where a file of regions is wrong."""
        _ = self._regions

    def may_be_marked(self, step: str) -> bool:
        """False where no scan can have marks for a stage, so that none need be looked at."""
        entry = REGISTRY.get(step)
        return entry is not None and (entry.fills_damage or bool(self._regions))

    def marks(self, recipe: str | None, scan: Scan, step: str) -> StageMarks:
        """What people marked on the scan for a stage."""
        entry = REGISTRY.get(step)
        regions = self._regions.get(scan.scan) if entry is not None else None
        damage = damage_mask_of(scan.path) if entry is not None and entry.fills_damage else None
        keeps = regions is not None and self.dependencies.keeps_faces(recipe, step)
        return StageMarks(
            folder=self.regions_folder,
            regions=None if regions is None else regions.of(step),
            damage=damage if damage is not None and is_file(damage) else None,
            faces=regions.faces if regions is not None and keeps else None,
            targets=regions.colour.targets
            if regions is not None and regions.colour is not None and step == COLOUR
            else (),
            scan=scan.scan,
            stage=step,
        )

    def fills_damage(self, recipe: str) -> bool:
        """Whether a recipe has a stage that takes masks of damage."""
        return any(REGISTRY[step].fills_damage for step in self.recipe(recipe).chain())

    def tones_ahead(self, recipe: str | None, step: str) -> ColourSettings | None:
        """The settings of the stage ``colour``, where a step of the recipe is to be shown the tones
        that it will make: one with a network, that works on the picture's content."""
        if recipe is None or step not in REGISTRY or not REGISTRY[step].shown_corrected:
            return None
        colour: ColourSettings | None = self.recipe(recipe).stages.of(COLOUR)
        return colour if colour is not None and colour.provisional else None

    @cached_property
    def manifest(self) -> Mapping[str, Weights]:
        return load_manifest(MANIFEST, self.config.models)

    @cached_property
    def dependencies(self) -> Dependencies:
        """What each step depends on beside the scans."""
        return Dependencies(self.config, self.manifest, self.device, self.runtime, self.precision)

    @cached_property
    def _members(self) -> dict[str | None, dict[str, tuple[Scan, ...]]]:
        """Scans by recipe (None: all) and batch."""
        found: dict[str | None, dict[str, list[Scan]]] = {None: {}}
        for scan in self.scans:
            for recipe in (None, *scan.recipes):
                found.setdefault(recipe, {}).setdefault(scan.batch, []).append(scan)
        return {
            recipe: {batch: tuple(scans) for batch, scans in batches.items()}
            for recipe, batches in found.items()
        }

    def recipes(self) -> tuple[str, ...]:
        """The recipes that some scan names, in the config's order."""
        return tuple(name for name in self.config.recipes if name in self._members)

    def batches(self, recipe: str | None) -> tuple[str, ...]:
        return tuple(self._members.get(recipe, {}))

    def members(self, recipe: str | None, batch: str) -> tuple[Scan, ...]:
        """The scans of a batch that the recipe is asked for; all of them where it is None."""
        return self._members.get(recipe, {}).get(batch, ())

    def album_of(self, recipe: str, scan: Scan) -> tuple[Scan, ...]:
        """The scans that share a batch with one, itself included, also where it alone is run."""
        if self.album:
            return tuple(other for other in self.album if recipe in other.recipes)
        return self.members(recipe, scan.batch)

    def recipe(self, name: str) -> Recipe:
        return self.config.recipes[name]

    def steps(self, recipe: str) -> tuple[str, ...]:
        """Every step of a scan's way, ``ingest`` to ``deliver``."""
        return ("ingest", "examine", *self.recipe(recipe).chain(), "deliver")

    def step_before(self, recipe: str, step: str) -> str:
        steps = self.steps(recipe)
        return steps[steps.index(step) - 1]

    def folder(self, recipe: str | None, step: str) -> Path:
        """Where the step keeps its records, images and tables."""
        if recipe is None or step in ("ingest", "examine"):
            return self.results / step
        return self.results / recipe / step

    def table(self, recipe: str | None, step: str, batch: str) -> str:
        return str(self.folder(recipe, step) / f"{batch}.tsv")

    def digest(self, recipe: str | None, step: str, batch: str) -> str:
        """One hash over everything that a job's results depend on: Snakemake's rerun trigger.

        The first one that is asked for decides what the masters' state is to this process.
        """
        return self._digests.of(recipe, step, batch)

    def master_bytes(self, scan: Scan) -> int:
        """Size of a scan's master as this process first saw it; 0 where it is missing."""
        return self._digests.bytes_of(scan)

    def is_missing(self, scan: Scan) -> bool:
        """Whether a scan's master was missing when this process first looked at it."""
        return self._digests.is_missing(scan)

    @cached_property
    def _digests(self) -> JobDigests:
        return JobDigests(self)

    def save(self, inodes: Sequence[int] = ()) -> None:
        """Write the plan for the workers of this run; its path never changes, its text may.

        inodes: see the attribute.
        """
        from restoration.storage.text_files import write_text  # noqa: PLC0415 (keeps parsing light)

        keep_written(self.results)
        plan = {
            "folder": str(Path.cwd()),
            "config": self.config.model_dump(mode="json"),
            "scans": [asdict(scan) for scan in self.scans],
            "device": self.device,
            "runtime": self.runtime,
            "precision": self.precision,
            "album": [asdict(scan) for scan in self.album],
            "inodes": list(inodes),
        }
        write_text(plan_file(self.results), json.dumps(plan))


def plan_file(results: Path) -> Path:
    """Where the plan of the run in hand lies."""
    return results / "run.json"


def load_plan(path: Path) -> Plan:
    """The plan that ``Plan.save`` wrote."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    scans, album = (
        tuple(Scan(**{**row, "recipes": tuple(row["recipes"])}) for row in raw[name])
        for name in ("scans", "album")
    )
    config = load_config(raw["config"])
    resolved = {name: raw[name] for name in ("device", "runtime", "precision")}
    inodes = tuple(raw.get("inodes", ()))
    return Plan(config=config, scans=scans, album=album, inodes=inodes, **resolved)
