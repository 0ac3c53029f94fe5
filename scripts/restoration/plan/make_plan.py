"""A plan made from config and sheet: everything that can be wrong is said before the first job.

Parsed with the Snakefile, so it knows no torch, no OpenCV and no NumPy, and opens no master.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from restoration.config.settings import load_config
from restoration.config.sheet import read_sheet
from restoration.config.yaml_text import WrittenFiles
from restoration.errors import ConfigError
from restoration.plan.batches import ASSIGNED, assign, read_assigned
from restoration.plan.cost_model import CostModel
from restoration.plan.master_locations import check_folders
from restoration.plan.needed_networks import check_own_weights
from restoration.plan.plan import Plan
from restoration.plan.resolve_auto import resolve_device, resolve_precision, resolve_runtime

ALONE = "@"
"""Marks the batch of one scan that `only` makes; no batch of a sheet may begin with it."""


def make_plan(raw: Mapping[str, Any], written: WrittenFiles | None = None) -> Plan:
    """Validate config and sheet; written: the files from which the config was read.

    Raises ConfigError with one line that names key or row.
    """
    config = load_config(raw, written)
    check_own_weights(config, written)
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
    for recipe in plan.recipes():
        plan.dependencies.outgoing_profile(recipe, "deliver")
    for recipe in plan.recipes():
        for step in plan.recipe(recipe).chain():
            plan.dependencies.networks(recipe, step)
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
