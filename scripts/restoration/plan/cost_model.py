"""The cost model: what a job is expected to take, from the megapixels of its batch.

Figures are measured on two cores of an AMD EPYC (``make bench ARGS=thousand``); they aim batches
and ask a scheduler for time, and enter no result. Parsed with the Snakefile, so it knows no torch,
no OpenCV and no NumPy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from math import prod

from restoration.config.sheet import Scan
from restoration.config.stages import REGISTRY
from restoration.plan.needed_networks import shipped_networks
from restoration.plan.plan import Plan

BYTES_PER_PIXEL = 4.25
"""A master's bytes by its pixels: between 8-bit (3) and 16-bit colour (6), which are then wrong by
1.4 either way. Nothing is opened to know more."""

SECONDS_PER_MEGAPIXEL: Mapping[str, float] = {
    "ingest": 0.01,
    "examine": 0.5,
    **{name: entry.seconds_per_megapixel for name, entry in REGISTRY.items()},
    "deliver": 0.13,
}
"""Seconds of a step that applies, on two threads, without its networks. Of ``deliver``, and of a
stage that resizes, for each megapixel that they write."""

SECONDS_OF_A_SCAN = 0.3
"""Of a step, whatever the size: opening, records, keys."""

SECONDS_OF_A_JOB = 8.0
"""Interpreter, imports, plan, networks loaded: once for each job. Measured are 1.7 s, and 4.7 s of
imports where a network is loaded (``make bench ARGS=overhead``)."""

PIXELS_PER_SECOND: Mapping[tuple[str, str], float] = {
    ("rrdbnet", "native"): 14_000.0,
    ("rrdbnet", "torch"): 6_700.0,
    ("srvgg", "native"): 159_000.0,
    ("srvgg", "torch"): 79_000.0,
    ("ffdnet", "native"): 1_100_000.0,
    ("ffdnet", "torch"): 550_000.0,
}
"""Input pixels of a network on two threads, by architecture and runtime. FFDNet's in torch is not
measured: half of native's, as for the others."""

UNKNOWN_PIXELS_PER_SECOND = 6_700.0
"""Where nobody measured the architecture: as the slowest that was."""

FACES = 2
SECONDS_PER_FACE = 3.0
"""Faces of a photograph, and what one takes on two threads, its comparisons included: 2.5 s with a
network of GFPGAN's size, 4 to 6 s with Real-ESRGAN's in its place."""

GPU = 20.0
"""So many times as fast a GPU is taken to run a network as two processor threads: calculated for 10
TFLOP/s that are really reached in float32, not measured."""

MARGIN = 2.0
"""What a scheduler is asked for, over what is expected: scans differ, and nodes too."""

LOADED_MIB = 900
"""A worker with PyTorch, OpenCV and a network loaded, before it takes a scan. This and the next two
are rounded up from peaks of the benchmarks (docs/speed.md), not measured for each step."""

LIGHT_MIB = 700
"""A worker without a network, with the windows that it reads."""

FACE_MIB = 1_600
"""A worker with a face network and those that compare persons."""

DETECTOR_MIB = 1_600
"""A worker with the network that finds damage, and the largest tile that it is shown."""


@dataclass(frozen=True)
class Need:
    """What a job asks a scheduler for, at its first attempt."""

    seconds: float
    memory_mib: int


class CostModel:
    """What the steps of a plan take."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._line = cache(self._line_of)
        self._lines = cache(self._lines_of)
        self._size = cache(self._size_of)

    def scan_seconds(self, recipe: str | None, step: str, megapixels: float) -> float:
        """One scan's way through a step that applies."""
        fixed, slope = self._line(recipe, step)
        return fixed + slope * megapixels

    def longest(self, scan: Scan) -> float:
        """Seconds of the longest step of any recipe that a scan is asked for."""
        megapixels = self.megapixels(scan)
        return max(fixed + slope * megapixels for fixed, slope in self._lines(scan.recipes))

    def megapixels(self, scan: Scan) -> float:
        """As far as the size of the master's file tells."""
        return self._plan.master_bytes(scan) / BYTES_PER_PIXEL / 1e6

    def need(self, recipe: str | None, step: str, batch: str) -> Need:
        """What the job that takes a batch through a step will need."""
        fixed, slope = self._line(recipe, step)
        scans, megapixels = self._size(recipe, batch)
        seconds = SECONDS_OF_A_JOB + fixed * scans + slope * megapixels
        return Need(MARGIN * seconds, self._memory_mib(recipe, step))

    def _size_of(self, recipe: str | None, batch: str) -> tuple[int, float]:
        """Scans of a batch, and their megapixels."""
        scans = self._plan.members(recipe, batch)
        return len(scans), sum(map(self.megapixels, scans))

    def _lines_of(self, recipes: tuple[str, ...]) -> frozenset[tuple[float, float]]:
        return frozenset(self._line(r, step) for r in recipes for step in self._plan.steps(r))

    def _line_of(self, recipe: str | None, step: str) -> tuple[float, float]:
        """Seconds of a scan, and of each of its megapixels."""
        large = step == "deliver" or (step in REGISTRY and REGISTRY[step].resizes)
        written = self._enlarged(recipe) if large else 1.0
        faces, network = self._network_seconds(recipe, step)
        return SECONDS_OF_A_SCAN + faces, SECONDS_PER_MEGAPIXEL[step] * written + network

    def _enlarged(self, recipe: str | None) -> float:
        """Pixels of the recipe's deliverable by those of the master."""
        if recipe is None:
            return 1.0
        # A print size or a resolution depends on the scan; twice is what prints mostly ask for.
        return enlarged(self._plan, recipe, unstated=2.0)

    def _network_seconds(self, recipe: str | None, step: str) -> tuple[float, float]:
        """Of a step's networks: seconds of a scan, for its faces, and of each megapixel."""
        names = self._plan.dependencies.networks(recipe, step) if step in REGISTRY else ()
        if not names:
            return 0.0, 0.0
        faster = self._threads / 2.0 if self._plan.device == "cpu" else GPU
        if REGISTRY[step].restores_faces:
            return FACES * SECONDS_PER_FACE / faster, 0.0
        architecture = self._plan.manifest[names[0]].architecture
        runtime = self._plan.dependencies.runtime_of(recipe, step).partition(" ")[0]
        speed = PIXELS_PER_SECOND.get((architecture, runtime), UNKNOWN_PIXELS_PER_SECOND)
        return 0.0, 1e6 * REGISTRY[step].network_share / speed / faster

    @cached_property
    def _threads(self) -> int:
        # Where the run decides, as many as the figures were measured with.
        return self._plan.config.threads or 2

    def _memory_mib(self, recipe: str | None, step: str) -> int:
        """Does not grow with a scan's height: steps read windows, networks strips (``memory_gib``
        at most)."""
        names = self._plan.dependencies.networks(recipe, step)
        if recipe is None or step not in REGISTRY or not names:
            light = DETECTOR_MIB if shipped_networks(step) else LIGHT_MIB
            return max(FACE_MIB, light) if names else light
        if REGISTRY[step].restores_faces:
            return FACE_MIB
        return LOADED_MIB + round(self._plan.config.engine.memory_gib * 1024)


def enlarged(plan: Plan, recipe: str, unstated: float) -> float:
    """Pixels of a recipe's deliverables by those of the masters; unstated: the factor, along each
    side, where it depends on the scan."""
    settings = plan.recipe(recipe)
    resizing = (settings.stages.of(name) for name in settings.chain() if REGISTRY[name].resizes)
    return prod((stage.factor or unstated) ** 2 for stage in resizing)
