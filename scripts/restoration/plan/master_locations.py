"""That no master lies where a run writes: looked at before the first job.

Of the folders that lead to masters each is looked at once, and none of the masters. Links, which
show only in the masters themselves, are looked for when the run begins. Parsed with the Snakefile,
so it knows no NumPy.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from restoration.config.sheet import Scan
from restoration.errors import ConfigError
from restoration.plan.plan import Plan
from restoration.storage.image_places import MASKS
from restoration.storage.journal import FOLDER
from restoration.storage.protected_masters import REMEDY, protect, protect_as_they_are

Key = tuple[int, int] | str
"""Device and inode of a folder; its real path where it does not exist yet."""


_LONGEST = 4096
"""Characters of a path; no system takes a longer one, and nothing lies there."""


def folders_of_run(plan: Plan) -> Iterator[Path]:
    """Every folder in which a run of the plan may make, replace or delete files; the results' own
    comes first."""
    results = plan.results
    yield results
    places = [results / name for name in ("ingest", "examine", FOLDER)]
    for kept in (results / "logs", results / "benchmarks"):
        places += [kept, kept / "ingest", kept / "examine", kept / "models"]
        for recipe in plan.recipes():
            places += [kept / recipe, *(kept / recipe / step for step in plan.steps(recipe)[2:])]
    for recipe in plan.recipes():
        folder = results / recipe
        steps = [folder / step for step in plan.steps(recipe)[2:]]
        places += [folder, folder / "report", folder / "report-pages", folder / "withdrawn"]
        places += [*steps, *(step / MASKS for step in steps)]
    yield from places


def check_folders(plan: Plan) -> None:
    """Raises ConfigError, one line, where a master, or what people wrote for the run, lies in a
    folder that the run writes, by whatever way the sheet leads there.

    A folder of somebody else's below the results is none of the run's.
    """
    places = _Places(plan)
    met = [
        (scan, place)
        for scan in plan.scans
        if (place := places.holding(os.path.dirname(scan.path))) is not None  # noqa: PTH120
    ]
    people = {"scans": Path(plan.config.scans).parent, "regions": plan.regions_folder}
    for key, folder in people.items():
        place = places.holding(str(folder))
        if place not in (None, str(plan.results)):
            raise ConfigError(
                f"config: {key}: '{folder}' lies in '{place}', where this run writes and deletes "
                "files; name a folder of your own"
            )
    if met:
        scan, place = met[0]
        raise ConfigError(
            f"scans: the master of scan '{scan.scan}', '{scan.path}', lies in '{place}', "
            f"{_what_happens_there(plan, scan, place)}{_more(len(met))}; {REMEDY}"
        )


def check_links(plan: Plan) -> list[int]:
    """The inode of each scan's master, in the plan's order, 0 where it is missing.

    Raises ConfigError, one line, where a master that is a link, or has a second name, is also a
    file in a folder that the run writes.
    """
    inodes = []
    linked: dict[tuple[int, int], Scan] = {}
    for scan in (*plan.scans, *plan.album):
        try:
            found = os.lstat(scan.path)
            is_link = stat.S_ISLNK(found.st_mode)
            if is_link:
                found = os.stat(scan.path)  # noqa: PTH116 (once for each of 100,000 masters)
        except OSError:
            inodes.append(0)
            continue
        inodes.append(found.st_ino)
        if is_link or found.st_nlink > 1:
            linked[found.st_dev, found.st_ino] = scan
    met = list(_met(plan, linked)) if linked else []
    if met:
        scan, path = met[0]
        raise ConfigError(
            f"scans: the master of scan '{scan.scan}', '{scan.path}', is by a link the same file "
            f"as '{path}', which this run may replace or delete{_more(len(met))}; {REMEDY}"
        )
    return inodes[: len(plan.scans)]


def check_benchmarks(plan: Plan) -> None:
    """Raises ConfigError where Snakemake would write through a link: it opens the files of its
    benchmarks as they lie there."""
    for folder in folders_of_run(plan):
        if folder == plan.results / "benchmarks" or plan.results / "benchmarks" in folder.parents:
            for entry in _entries(folder):
                if entry.is_symlink() and not entry.is_dir():
                    raise ConfigError(
                        f"results: '{entry.path}' is a link, and Snakemake would write the file "
                        "that it leads to; delete the link"
                    )


def protect_masters(plan: Plan) -> None:
    """Have this process refuse to touch the masters as the run found them when it began."""
    if len(plan.inodes) == len(plan.scans):
        protect((scan.path, inode) for scan, inode in zip(plan.scans, plan.inodes, strict=True))


def protect_every_master(plan: Plan) -> None:
    """The same for the masters as they lie there now: one look at each."""
    protect_as_they_are(scan.path for scan in (*plan.scans, *plan.album))


class _Places:
    """The folders that a run writes, found again by whatever way one comes to them."""

    def __init__(self, plan: Plan) -> None:
        self._results = str(plan.results)
        self._places: dict[Key, str] = {}
        for folder in folders_of_run(plan):
            self._places.setdefault(_key(str(folder)), str(folder))
        self._asked: dict[str, str | None] = {}
        """What was answered, by the folder as it was asked for."""
        self._known: dict[str, str | None] = {}
        """The same by its path, and that of every folder above it."""
        self._here = os.getcwd()  # noqa: PTH109

    def holding(self, folder: str) -> str | None:
        """The run's own folder that a folder is, or lies in; None where it is none of the run's."""
        if folder not in self._asked:
            self._asked[folder] = self._look(folder)
        return self._asked[folder]

    def _look(self, folder: str) -> str | None:
        path = os.path.join(self._here, folder)  # noqa: PTH118 (each of 100,000 masters' folders)
        if len(path) > _LONGEST:
            return None
        if "/.." in path or not os.path.lexists(path):
            path = os.path.realpath(path)
        passed = []
        while path not in self._known:
            key, parent = _key_and_parent(path)
            place = self._places.get(key)
            if place is not None or parent == path:
                self._known[path] = place
                break
            passed.append(path)
            path = parent
        found = self._known[path]
        for inner in reversed(passed):
            # What the results hold beside the run's own folders is somebody else's.
            found = None if found == self._results else found
            self._known[inner] = found
        return found


def _key(path: str) -> Key:
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return os.path.realpath(path)
    return found.st_dev, found.st_ino


def _key_and_parent(path: str) -> tuple[Key, str]:
    """Of a folder, and the folder that it really lies in; of one that is missing, the real path."""
    parent = path.rstrip("/").rpartition("/")[0] or "/"
    try:
        found = os.lstat(path)
    except OSError:
        return path, parent
    if stat.S_ISLNK(found.st_mode):
        return _key(path), os.path.dirname(os.path.realpath(path))  # noqa: PTH120
    return (found.st_dev, found.st_ino), parent


def _met(plan: Plan, linked: dict[tuple[int, int], Scan]) -> Iterator[tuple[Scan, str]]:
    """The files in the run's folders that are one of these, each with its scan."""
    inodes = {inode for _, inode in linked}
    for folder in folders_of_run(plan):
        told = None
        for entry in _entries(folder):
            with suppress(FileNotFoundError):  # another run may be at work here
                if told is None:
                    # Some file systems list other numbers than those that they give for the file.
                    told = entry.inode() == entry.stat(follow_symlinks=False).st_ino
                if told and entry.inode() not in inodes:
                    continue
                found = entry.stat(follow_symlinks=False)
                if (scan := linked.get((found.st_dev, found.st_ino))) is not None:
                    yield scan, entry.path


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except OSError:
        # Not there yet; what may not be read is told by whoever has to write there.
        return


def _what_happens_there(plan: Plan, scan: Scan, place: str) -> str:
    if place == str(plan.results):
        return "the folder of the results itself"
    stem, suffix = os.path.splitext(os.path.basename(scan.path).casefold())  # noqa: PTH119, PTH122
    if suffix == ".tif" and os.path.basename(place) in (*plan.steps(scan.recipes[0]),):  # noqa: PTH119
        for other in plan.scans:
            if stem.partition("@")[0] == other.scan.casefold():
                return f"where this run writes the file of that name for scan '{other.scan}'"
    return "where this run writes and deletes files"


def _more(number: int) -> str:
    return f" (and {number - 1:,} more masters)" if number > 1 else ""
