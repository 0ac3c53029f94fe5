"""A scan whose stages are all done: what its delivery is made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from restoration.config.settings import DeliverSettings, IngestSettings
from restoration.records.examine import ExamineDone
from restoration.records.ingest import IngestDone
from restoration.records.stage import StageDone
from restoration.storage.page_state import PageState


@dataclass(frozen=True)
class ScanToDeliver:
    """Records and paths of one scan in one recipe."""

    scan: str
    recipe: str
    master: Path
    ingest: IngestDone
    examine: ExamineDone
    stages: tuple[StageDone, ...]
    """The records of the recipe's stages, in order."""
    pages: tuple[PageState, ...]
    """As the last stage leaves them."""
    limits: IngestSettings
    settings: DeliverSettings
    input_of: Callable[[PageState], tuple[Path, int]]
    """File and page number from which a page is read."""
    networks: Callable[[str], Any]
    """What compares persons, by its name; asked only where faces were restored."""
