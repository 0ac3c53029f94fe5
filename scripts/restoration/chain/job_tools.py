"""What steps are done with: readers, writers and networks, loaded once per job and only if used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from restoration.chain.crash_guard import CrashGuard
from restoration.chain.page_restorer import JobTools
from restoration.config.settings import Config, EngineSettings, IngestSettings
from restoration.errors import ConfigError
from restoration.faces import DENSE_POINTS, IDENTITY
from restoration.networks.manifest import find_weights
from restoration.networks.originals import kept_original
from restoration.plan.plan import Plan
from restoration.raster.base import FloatImage, Raster
from restoration.raster.colour.colour_space import ColourSpace
from restoration.raster.tiff.page import TiffPage, open_page
from restoration.raster.tiff.write_intermediate import write_intermediate
from restoration.storage.keys import Facts

if TYPE_CHECKING:
    from restoration.networks.load import Network


class RunningNetwork:
    """A loaded network with the engine that runs it."""

    def __init__(
        self, network: Network, engine: EngineSettings, device: Any, runtime: str = "torch"
    ) -> None:
        self._network = network
        self._engine = engine
        self._device = device
        self._runtime = runtime
        self.name = network.name
        self.weights_sha256 = " ".join(network.weights_sha256)
        self.licence = network.licence
        self.scale = network.scale
        self.radius = network.radius
        self.channels = network.channels
        self.generative = network.generative

    def run(self, source: Raster, progress: Callable[[float, str], None]) -> Iterator[FloatImage]:
        """The network's answer to a 3-channel raster, as full-width bands, top to bottom."""
        from restoration.engine.run import run_network  # noqa: PLC0415 (loads torch)

        return run_network(
            self._network, source, self._engine, self._device, progress, self._runtime
        )


class Networks:
    """The networks of one job, each loaded when it is first asked for."""

    def __init__(self, plan: Plan, threads: int) -> None:
        self._plan = plan
        self._threads = threads
        self._loaded: dict[tuple[str, tuple[tuple[str, float], ...]], RunningNetwork] = {}
        self._faces: dict[str, Any] = {}
        self._fillers: dict[str, Any] = {}

    @cached_property
    def _device(self) -> Any:
        from restoration.engine.devices import choose_device, use_threads  # noqa: PLC0415

        use_threads(self._threads)
        return choose_device(self._plan.device)

    def __call__(self, name: str, **blend: float) -> Any:
        """A ``RunningNetwork`` for pages, a ``FaceRunner``, a ``HoleFiller``, or one of dlib's that
        knows faces."""
        weights = find_weights(self._plan.manifest, name)
        if weights.restores_faces:
            return self._face_runner(name)
        if weights.fills_holes:
            return self._hole_filler(name)
        if not weights.converts:
            return self._of_dlib(name)
        key = (name, tuple(sorted(blend.items())))
        if key not in self._loaded:
            from restoration.engine.devices import PRECISIONS  # noqa: PLC0415 (loads torch)
            from restoration.networks.load import load_network  # noqa: PLC0415

            models, manifest = Path(self._plan.config.models_dir), self._plan.manifest
            load = partial(load_network, name, models, manifest, self._device)
            network = load(dtype=PRECISIONS[self._plan.precision], **blend)
            known = network.architecture.native is not None
            native = self._plan.runtime.startswith("native") and known
            self._loaded[key] = RunningNetwork(
                network,
                self._plan.config.engine,
                self._device,
                "native" if native else "torch",
            )
        return self._loaded[key]

    def _of_dlib(self, name: str) -> Any:
        """What compares persons, or finds the points of a face; dlib opens its files itself."""
        from restoration.networks import face_identity  # noqa: PLC0415 (loads dlib)

        folder = Path(self._plan.config.models_dir)
        needs: dict[str, tuple[Callable[[Path], Any], tuple[str, ...]]] = {
            IDENTITY: (face_identity.face_identity, ("dlib-face-points",)),
            DENSE_POINTS: (face_identity.DensePoints, ()),
        }
        if name not in needs:
            raise ConfigError(f"network '{name}' restores nothing; it finds faces for examine")
        opened, also = needs[name]
        if name not in self._faces:
            for part in (name, *also):
                kept_original(self._plan.manifest[part], folder)
            self._faces[name] = opened(folder)
        return self._faces[name]

    def _hole_filler(self, name: str) -> Any:
        if name not in self._fillers:
            from restoration.engine.hole_filler import load_hole_filler  # noqa: PLC0415 (loads torch)

            models, manifest = Path(self._plan.config.models_dir), self._plan.manifest
            self._fillers[name] = load_hole_filler(name, models, manifest, self._device)
        return self._fillers[name]

    def _face_runner(self, name: str) -> Any:
        if name not in self._faces:
            from restoration.engine.faces.face_runner import PriorFace  # noqa: PLC0415 (loads torch)
            from restoration.networks.load import load_face_restorer  # noqa: PLC0415

            models, manifest = Path(self._plan.config.models_dir), self._plan.manifest
            restorer = load_face_restorer(name, models, manifest, self._device)
            self._faces[name] = PriorFace(restorer, self._device)
        return self._faces[name]


def _inspect(path: Path, limits: IngestSettings) -> Facts:
    from restoration.ingest.inspect_master import inspect_master  # noqa: PLC0415 (one job in five needs it)

    return inspect_master(path, limits)


def _examine(plan: Plan) -> Callable[[Path, int, Config], Facts]:
    """Examines pages with the plan's weights, which are verified once, before the first page."""

    @cache
    def models() -> Path:
        folder = Path(plan.config.models_dir)
        for name in plan.dependencies.networks(None, "examine"):
            if not plan.manifest[name].converts:
                kept_original(plan.manifest[name], folder)
        return folder

    def examine(path: Path, number: int, config: Config) -> Facts:
        from restoration.examine.page import examine_page  # noqa: PLC0415 (loads OpenCV)

        with open_page(path, number, limits=config.ingest) as page:
            return examine_page(
                page,
                config.examine,
                _colour_of(page),
                models_dir=models(),
                manifest=plan.manifest,
            )

    return examine


def _deliver(**given: Any) -> Facts:
    from restoration.deliver.history import deliver_finished  # noqa: PLC0415 (one job in five needs it)

    return deliver_finished(**given)


def _colour_of(page: TiffPage) -> ColourSpace:
    return ColourSpace.from_profile(page.profile, page.channels)


def _open(limits: IngestSettings) -> Callable[[Path, int], AbstractContextManager[TiffPage]]:
    return lambda path, number: open_page(path, number, limits=limits)


def make_job_tools(plan: Plan, *, threads: int, hand: CrashGuard | None = None) -> JobTools:
    """The tools of a real run; hand: known to the process that waits for this one."""
    return JobTools(
        networks=Networks(plan, threads),
        inspect=_inspect,
        examine=_examine(plan),
        open_image=_open(plan.config.ingest),
        colour_of=_colour_of,
        write_image=write_intermediate,
        deliver=_deliver,
        hand=hand or CrashGuard(),
    )
