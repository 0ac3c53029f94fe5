"""The plan of a run: which job does what to which scans, and what each result depends on.

Parsed with the Snakefile, so it knows no torch, no OpenCV and no NumPy, and opens no master.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from restoration.config.regions import Marks, ScanRegions, damage_mask_of, is_file, read_regions
from restoration.config.settings import Config, Recipe, load_config
from restoration.config.sheet import Scan, read_sheet
from restoration.config.stage_settings import COLOUR, ColourSettings, Section
from restoration.config.yaml_text import WrittenFiles
from restoration.engine.native import KNOWN
from restoration.errors import ConfigError
from restoration.networks.manifest import (
    Weights,
    load_manifest,
)
from restoration.plan.batches import ASSIGNED, assign, read_assigned
from restoration.plan.cost_model import CostModel
from restoration.plan.job_digest import JobDigests
from restoration.plan.masters_apart import check_folders
from restoration.plan.needed_networks import needed_networks
from restoration.plan.resolve_auto import resolve_device, resolve_precision, resolve_runtime
from restoration.raster.colour.profile_file import ProfileFileError, check_profile_file
from restoration.stages import REGISTRY
from restoration.storage.journal import keep_written
from restoration.storage.keys import code_fingerprint, digest

ROOT = Path(__file__).resolve().parents[3]
"""The checkout."""

MANIFEST = ROOT / "resources" / "models.yaml"

SHOWN_CORRECTED = ("cleanup", "faces", "upscale")
"""Steps that `colour.provisional` speaks of; those before them measure what the scanner did."""

ALONE = "@"
"""Marks the batch of one scan that `only` makes; no batch of a sheet may begin with it."""

# Versions of the steps that are not stages, for `rerun_on: version`.
_VERSIONS = {"ingest": "2", "examine": "2", "deliver": "2"}
_CODE = {
    "ingest": ("restoration.ingest.inspect_master",),
    "examine": ("restoration.examine.page", "restoration.raster.tiff.page"),
    "deliver": ("restoration.deliver.history",),
}
# Every stage reads and writes through these.
_STAGE_CODE = (
    "restoration.raster.tiff.page",
    "restoration.raster.colour.colour_space",
    "restoration.raster.tiff.write_intermediate",
)


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

    def marks(self, recipe: str | None, scan: Scan, step: str) -> Marks:
        """What people marked on the scan for a stage."""
        entry = REGISTRY.get(step)
        regions = self._regions.get(scan.scan) if entry is not None else None
        damage = damage_mask_of(scan.path) if entry is not None and entry.fills_damage else None
        keeps = regions is not None and self.keeps_faces(recipe, step)
        return Marks(
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

    def keeps_faces(self, recipe: str | None, step: str) -> bool:
        """Whether a stage must leave faces as they are: it has a generative network, and is not
        the one that restores faces."""
        if step not in REGISTRY or REGISTRY[step].restores_faces:
            return False
        return any(self.manifest[name].generative for name in self.networks(recipe, step))

    def fills_damage(self, recipe: str) -> bool:
        """Whether a recipe has a stage that takes masks of damage."""
        return any(REGISTRY[step].fills_damage for step in self.recipe(recipe).chain())

    def tones_ahead(self, recipe: str | None, step: str) -> ColourSettings | None:
        """The settings of the stage ``colour``, where a step of the recipe is to be shown the tones
        that it will make: one with a network, that works on the picture's content."""
        if recipe is None or step not in SHOWN_CORRECTED:
            return None
        colour = self.recipe(recipe).stages.colour
        return colour if colour is not None and colour.provisional else None

    @cached_property
    def manifest(self) -> Mapping[str, Weights]:
        return load_manifest(MANIFEST, self.config.models)

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

    def settings(self, recipe: str | None, step: str) -> dict[str, Any]:
        """The settings of a step as they enter its keys."""
        section: Section
        if step == "ingest":
            section = self.config.ingest
        elif step == "examine":
            section = self.config.examine
        elif recipe is None:
            raise ValueError(f"{step} belongs to a recipe")
        elif step == "deliver":
            section = self.recipe(recipe).deliver
        else:
            section = getattr(self.recipe(recipe).stages, step)
        return section.model_dump(mode="json")

    def networks(self, recipe: str | None, step: str) -> tuple[str, ...]:
        """Names of the weights that a step may load, those of a blend included.

        Raises ConfigError where a stage names a network that is unknown or not for its work.
        """
        return needed_networks(self, recipe, step)

    def weights(self, recipe: str | None, step: str) -> tuple[str, ...]:
        """SHA-256 of each set of weights that the step may load."""
        return tuple(self.manifest[name].sha256 for name in self.networks(recipe, step))

    @cached_property
    def _outgoing(self) -> dict[str, str]:
        """SHA-256 of the profile files that recipes deliver in, by path as in the config.

        Raises ConfigError with one line where a file cannot be used.
        """
        found = {}
        for recipe in self.recipes():
            path = self.recipe(recipe).deliver.profile_path
            if path is None:
                continue
            try:
                found[path] = check_profile_file(Path(path))
            except ProfileFileError as error:
                raise ConfigError(
                    f"config: recipes.{recipe}.deliver.profile: '{path}' {error}"
                ) from None
        return found

    def outgoing_profile(self, recipe: str | None, step: str) -> str | None:
        """SHA-256 of the profile file that the step converts to; None where there is none."""
        if recipe is None or step != "deliver":
            return None
        path = self.recipe(recipe).deliver.profile_path
        return None if path is None else self._outgoing[path]

    def check_profiles(self) -> None:
        """Raises ConfigError where the file of a profile is missing or cannot be used."""
        _ = self._outgoing

    def code(self, step: str) -> str:
        """Fingerprint of the code behind a step, or its declared version."""
        if self.config.rerun_on == "version":
            return REGISTRY[step].version if step in REGISTRY else _VERSIONS[step]
        modules = (*REGISTRY[step].code, *_STAGE_CODE) if step in REGISTRY else _CODE[step]
        return digest([code_fingerprint(module) for module in modules])

    def numeric(self, recipe: str | None, step: str) -> dict[str, Any]:
        """What the network's arithmetic depends on; nothing where no engine runs one."""
        if recipe is None or not self.networks(recipe, step):
            return {}
        engine = self.config.engine.model_dump(mode="json")
        engine["runtime"] = self.runtime_of(recipe, step)
        stated = {
            name: [weights.overlap, weights.generative]
            for name in self.networks(recipe, step)
            # Nobody but the user states these: the file's hash says nothing of them.
            if (weights := self.manifest[name]).architecture.startswith("spandrel")
        }
        windows = {"windows": stated} if stated else {}
        precision = self.precision_of(recipe, step)
        return {**engine, "device": self.device, "precision": precision, **windows}

    def precision_of(self, recipe: str | None, step: str) -> str:
        """What the step's networks compute in; those for faces compute in float32, always."""
        faces = [self.manifest[n].restores_faces for n in self.networks(recipe, step)]
        return "float32" if any(faces) else self.precision

    def runtime_of(self, recipe: str | None, step: str) -> str:
        """What computes the step's networks."""
        known = [self.manifest[n].architecture in KNOWN for n in self.networks(recipe, step)]
        return self.runtime if any(known) else "torch"

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
        from restoration.storage.records import write_text  # noqa: PLC0415 (keeps parsing light)

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


def make_plan(raw: Mapping[str, Any], written: WrittenFiles | None = None) -> Plan:
    """Validate config and sheet; written: the files from which the config was read.

    Raises ConfigError with one line that names key or row.
    """
    config = load_config(raw, written)
    _check_place("results", config.results)
    _check_place("models_dir", config.models_dir)
    scans = read_sheet(Path(config.scans), recipes=config.recipes, default=config.recipe)
    results = Path(config.results)
    try:
        is_other = results.exists() and not results.is_dir()
    except OSError as error:  # a name that is too long, a folder that may not be searched
        said = f"'{results}' cannot be looked at ({error.strerror})"
        raise ConfigError(f"config: results: {said}") from None
    if is_other:
        raise ConfigError(f"config: results: '{results}' is a file; expected a folder, or nothing")
    device = resolve_device(config.device)
    runtime = resolve_runtime(config.engine.runtime, device)
    precision = resolve_precision(config.engine.precision, device)
    plan = Plan(config, scans, device, runtime, precision)
    seconds_of = CostModel(plan).longest
    found = assign(scans, read_assigned(results / ASSIGNED), config.batches, seconds_of)
    plan = replace(plan, scans=found.scans, assigned=found.added)
    check_folders(plan)
    if config.only is not None:
        plan = _alone(plan, config.only)
    plan.check_regions()
    plan.check_profiles()
    for recipe in plan.recipes():
        for step in plan.recipe(recipe).chain():
            plan.networks(recipe, step)
    return plan


def _check_place(key: str, folder: str) -> None:
    """Raises ConfigError where rules and commands would take a folder's name for another thing."""
    trouble = None
    if "{" in folder or "}" in folder:
        trouble = "Snakemake takes what stands in braces for a wildcard"
    elif str(Path(folder)).startswith("-"):
        trouble = "commands take what begins with '-' for an option"
    elif not folder.isprintable():
        trouble = "it holds a control character"
    if trouble is not None:
        raise ConfigError(
            f"config: {key}: '{folder}' cannot be the name of this folder: {trouble}; expected a "
            "name without braces, control characters and a leading '-'"
        )


def _alone(plan: Plan, scan: str) -> Plan:
    """The plan of one scan, which knows its album."""
    wanted = next((s for s in plan.scans if s.scan == scan), None)
    if wanted is None:
        raise ConfigError(f"only: the sheet '{plan.config.scans}' has no scan '{scan}'")
    album = tuple(s for s in plan.scans if s.batch == wanted.batch)
    return replace(plan, scans=(replace(wanted, batch=f"{ALONE}{scan}"),), album=album)
