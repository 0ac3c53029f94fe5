"""Running one stage on the pages of one scan, and what its record says of each of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from restoration.chain.album import Albums
from restoration.chain.change_check import ChangeCheck
from restoration.chain.crash_guard import CrashGuard
from restoration.chain.page_companions import PageCompanions, beside
from restoration.chain.region_limits import limited
from restoration.chain.stage_inputs import StageContext
from restoration.config.sheet import Scan
from restoration.config.stages import REGISTRY
from restoration.faces.head_protection import told_of_heads
from restoration.plan.plan import Plan
from restoration.raster.base import Progress, Raster
from restoration.records.stage import AppliedPage, StageDone, StagePage, page_of
from restoration.stages.base import Declined, Mapped, NetworkSource, Page, Restored, Stage
from restoration.stages.colour.provisional import with_corrected_tones
from restoration.storage.fixity import is_intact
from restoration.storage.image_places import image_path, mask_path
from restoration.storage.journal import note_gone, note_written
from restoration.storage.keys import Facts
from restoration.storage.page_state import PageState, has_own_image
from restoration.storage.publish import linked, unlink
from restoration.storage.records import read_record


class OpenImage(Raster, Protocol):
    """An opened page, as the chain needs it."""

    profile: bytes | None


@dataclass(frozen=True)
class JobTools:
    """What steps are done with: loaded once per job, so that tests can put in their own."""

    networks: NetworkSource
    inspect: Callable[[Path, Any], Facts]
    examine: Callable[[Path, int, Any], Facts]
    open_image: Callable[[Path, int], AbstractContextManager[Any]]
    colour_of: Callable[[Any], Any]
    write_image: Callable[..., str]
    deliver: Callable[..., Facts]
    stages: dict[tuple[str, str], Stage] = field(default_factory=dict)
    """Set up once per job; what a stage measures of its network serves every scan."""
    hand: CrashGuard = field(default_factory=CrashGuard)
    """What is begun, for the process that waits for this one."""
    albums: Albums = field(default_factory=dict)
    """By recipe, step and batch: gathered once per job, not once per scan."""


@dataclass(frozen=True)
class PageWork:
    """What there is to do for one page."""

    state: PageState
    """The page as the step before leaves it."""
    key: str
    told: StageContext
    """What the stage is told of the page beyond its pixels."""
    count: int
    """Pages of the scan."""
    ungenerated: PageState | None = None
    """The page before a generative network first worked on it; None where none did, or where the
    stage has no use for it."""


class PageRestorer:
    """One stage of one recipe, for the pages of one scan."""

    def __init__(
        self,
        plan: Plan,
        recipe: str,
        step: str,
        scan: Scan,
        workshop: JobTools,
        progress: Progress,
        input_of: Callable[[PageState], tuple[Path, int]],
    ) -> None:
        """input_of: file and page number from which a page is read."""
        self.plan = plan
        self.recipe = recipe
        self.step = step
        self.scan = scan
        self.workshop = workshop
        self.progress = progress
        self.input_of = input_of

    def entries(self, work: Sequence[PageWork], earlier: Iterable[StagePage]) -> list[StagePage]:
        """The record's entry of each page; pages that were done before are not done again.

        earlier: entries of this stage's former record for the scan.
        """
        kept = {
            page.key: page
            for page in [*earlier, *self._same_elsewhere()]
            if not has_own_image(page) or (self.plan.results / str(page.image)).is_file()
        }
        return [self._adopt(one, kept.get(one.key)) or self._restore_page(one) for one in work]

    def _image(self, work: PageWork) -> Path:
        folder = self.plan.folder(self.recipe, self.step)
        return image_path(folder, self.scan.scan, work.state.number, work.count)

    def _same_elsewhere(self) -> list[StagePage]:
        """Pages of the same stage that other recipes have done already."""
        found: list[StagePage] = []
        for other in self.plan.config.recipes:
            if other == self.recipe or self.step not in self.plan.recipe(other).chain():
                continue
            record = read_record(self.plan.folder(other, self.step) / f"{self.scan.scan}.json")
            if isinstance(record, StageDone):
                found.extend(page for page in record.pages if isinstance(page, AppliedPage))
        return found

    def _adopt(self, work: PageWork, page: StagePage | None) -> StagePage | None:
        """A finished page under this recipe's own name: a hard link, no second file."""
        if page is None:
            return None
        if not isinstance(page, AppliedPage) or page.tones is not None:
            passed = _passed_on(work.state)
            if isinstance(page, AppliedPage):
                passed["output_key"] = work.key
            return page.model_copy(update=passed)
        assert page.image is not None
        here = self._image(work)
        places = {"image": (page.image, here, page.sha256)}
        if page.mask:
            places["mask"] = (page.mask, mask_path(here), page.mask_sha256)
        for name, place, sha256 in places.values():
            there = self.plan.results / name
            # A mask of before masks had sums is no match for any.
            if not there.is_file() or (there != place and not is_intact(there, sha256 or "")):
                return None
        for name, place, sha256 in places.values():
            there = self.plan.results / name
            if there != place:
                note_written(place, sha256 or "")
            if not linked(there, place):
                return None
        own = {
            kind: str(place.relative_to(self.plan.results))
            for kind, (_, place, _) in places.items()
        }
        return page.model_copy(update={**own, "owner": self.step})

    def _restore_page(self, work: PageWork) -> StagePage:
        started = time.monotonic()
        state, key = work.state, work.key
        if state.tones is not None:
            raise ValueError(f"{self.step}: runs after a stage that hands its table to delivery")
        stage = self._stage()
        path, number = self.input_of(state)
        entry: Facts = {"number": state.number, "key": key, "input_key": state.key}
        with ExitStack() as files:
            source = files.enter_context(self.workshop.open_image(path, number))
            around = self._beside(work, files)
            page = Page(
                scan=self.scan.scan,
                number=state.number,
                source=source,
                colour=self._colour(work, source),
                ppi=state.ppi,
                report=work.told.report,
                album=work.told.album,
                key=key,
                generative=state.generated,
                material=self.scan.material,
                infrared=around.infrared,
                no_infrared=around.no_infrared,
                damage=around.damage,
                fill=around.fill,
                allowed=None
                if around.limits is None
                else around.limits.allowed(source.height, source.width),
                faces=around.faces,
                ungenerated=self._ungenerated(work, files),
                # No stage changed it before: one and the same.
                master=source if state.image is None else around.master,
                targets=self._targets(state),
                progress=self.progress,
            )
            result = stage.apply(page)
            if isinstance(result, Restored):
                result = self._held(result, source, around, work)
            if isinstance(result, Declined):
                entry |= {"status": "declined", "reason": result.reason, "sha256": None}
                entry |= {"generative": False, "findings": dict(result.findings)}
                entry |= _passed_on(state)
            elif isinstance(result, Mapped):
                entry |= _mapped(work, source, result)
            else:
                entry |= self._write_page(work, source, result)
        if around.warnings:
            entry["warnings"] = list(around.warnings)
        entry["seconds"] = round(time.monotonic() - started, 3)
        return page_of(entry)

    def _colour(self, work: PageWork, source: OpenImage) -> Any:
        """How the stage is to understand the values, with their corrected tones where asked for."""
        space = self.workshop.colour_of(source)
        given = work.told.corrected_tones
        if given is None:
            return space
        return with_corrected_tones(space, given.report, given.settings, self.scan.material)

    def _targets(self, state: PageState) -> tuple[Any, ...]:
        marked = self.plan.marks(self.recipe, self.scan, self.step).targets
        return tuple(target for target in marked if target.page == state.number)

    def _ungenerated(self, work: PageWork, files: ExitStack) -> Raster | None:
        if work.ungenerated is None:
            return None
        path, number = self.input_of(work.ungenerated)
        opened: Raster = files.enter_context(self.workshop.open_image(path, number))
        return opened

    def _held(
        self, result: Restored, source: Raster, around: PageCompanions, work: PageWork
    ) -> Restored:
        """The stage's page without what it may not change."""
        if around.limits is not None:
            result = limited(result, source, around.limits)
        if result.generative and self.plan.dependencies.keeps_faces(self.recipe, self.step):
            result.findings.update(told_of_heads(around.faces, work.told.faces))
            if around.keep is not None:
                result = limited(result, source, around.keep, "outside_faces_share")
        return result

    def _beside(self, work: PageWork, files: ExitStack) -> PageCompanions:
        state = work.state
        return beside(
            self.plan.marks(self.recipe, self.scan, self.step),
            master=Path(self.scan.path),
            number=state.number,
            size=(state.height, state.width),
            wants_infrared=REGISTRY[self.step].fills_damage,
            ingest=self.plan.config.ingest,
            files=files,
            faces=work.told.faces,
        )

    def _stage(self) -> Stage:
        stages = self.workshop.stages
        if (self.recipe, self.step) not in stages:
            stage = REGISTRY[self.step].load()()
            settings = getattr(self.plan.recipe(self.recipe).stages, self.step)
            with self.workshop.hand.nothing():  # weights that crash are no fault of the scan's
                stage.setup(settings, self.workshop.networks)
            stages[self.recipe, self.step] = stage
        return stages[self.recipe, self.step]

    def _write_page(self, work: PageWork, source: OpenImage, page: Restored) -> Facts:
        target = self._image(work)
        target.parent.mkdir(parents=True, exist_ok=True)
        same_size = (page.height, page.width) == (source.height, source.width)
        watched = ChangeCheck(page.bands, source, differs=not same_size)
        sha256 = self.workshop.write_image(
            target,
            iter(watched),
            height=page.height,
            width=page.width,
            channels=source.channels,
            ppi=page.ppi,
            profile=source.profile,
        )
        if not watched.differs:
            note_gone(target)
            unlink(target)
            return _changed_nothing(work.state, page)
        mask = mask_sha256 = None
        if page.mask is not None:
            mask, mask_sha256 = self._write_mask(target, page)
        return {
            "status": "applied",
            "reason": None,
            "output_key": work.key,
            "image": str(target.relative_to(self.plan.results)),
            "mask": mask,
            "mask_sha256": mask_sha256,
            "owner": self.step,
            "sha256": sha256,
            "height": page.height,
            "width": page.width,
            "ppi": page.ppi,
            "generative": page.generative,
            "generated": work.state.generated or page.generative,
            # Read after the last band: a stage may complete them while it works.
            "findings": dict(page.findings),
        }

    def _write_mask(self, image: Path, page: Restored) -> tuple[str, str]:
        """Where the stage worked, as an image of one channel beside its result; returns its path
        below the results, and its SHA-256."""
        assert page.mask is not None
        path = mask_path(image)
        path.parent.mkdir(exist_ok=True)
        sha256 = self.workshop.write_image(
            path,
            (band * np.float32(1.0 / 255.0) for band in page.mask()),
            height=page.height,
            width=page.width,
            channels=1,
            ppi=page.ppi,
            profile=None,
        )
        return str(path.relative_to(self.plan.results)), sha256


def _changed_nothing(state: PageState, page: Restored) -> Facts:
    """A page that the stage set out to change, and of which no pixel differs."""
    findings = dict(page.findings)
    meant = findings.pop("reason", None)
    why = "it changed not one pixel" + (f", though it was to: {meant}" if meant else "")
    findings["generative"] = False
    return {
        "status": "declined",
        "reason": why,
        "sha256": None,
        "generative": False,
        "findings": findings,
        **_passed_on(state),
    }


def _mapped(work: PageWork, source: Raster, page: Mapped) -> Facts:
    """A page whose values delivery will map: its image is still that which came in."""
    if page.tones.channels != source.channels:
        raise ValueError(
            f"expected a table of {source.channels} channels, found {page.tones.channels}"
        )
    return {
        "status": "applied",
        "reason": None,
        **_passed_on(work.state),
        "output_key": work.key,
        "mask": None,
        "mask_sha256": None,
        "sha256": None,
        "generative": False,
        "findings": dict(page.findings),
        "tones": page.tones.record(),
        "tones_sha256": page.tones.sha256,
    }


def _passed_on(state: PageState) -> Facts:
    """A page that a stage does not change: what came in goes on."""
    return {
        "output_key": state.key,
        "image": state.image,
        "owner": state.owner,
        "height": state.height,
        "width": state.width,
        "ppi": state.ppi,
        "generated": state.generated,
    }
