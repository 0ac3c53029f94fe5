"""What the directories of a file are: pages of the scan, infrared pictures of pages, and the rest.

A page is restored. An infrared picture goes with its page: it tells where dust lies, and is
delivered as it was. The rest is not delivered, and everything of it that is no mere reduced version
is told, so that nothing is lost in silence.
Sources: TIFF 6.0 (NewSubfileType, SubfileType); DNG 1.7 for the bits above them; SilverFast's HDRi
files, whose infrared picture says that it is a mask.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from restoration.raster.tiff.kinds import PictureKind, UnsupportedPageError, read_kind
from restoration.raster.tiff.layout import INFRARED, SCANNER_SOFTWARE
from restoration.raster.tiff.tags import Directory, TiffTags, expected_found

_REDUCED, _MASK = 1, 4
"""Bits of NewSubfileType; bit 1, a page of several, changes nothing."""

Candidate = tuple[Directory, PictureKind]


@dataclass(frozen=True)
class LeftOut:
    """A directory that is not delivered."""

    directory: Directory
    reason: str
    told: bool = True
    """False where nothing is lost: a reduced version holds nothing of its own."""


@dataclass(frozen=True)
class Infrared:
    """The infrared picture of a page, in a directory of its own."""

    directory: Directory
    why: str
    """By what it was known."""


@dataclass
class Contents:
    """The directories of a file, each in one of three places."""

    pages: list[Directory] = field(default_factory=list)
    infrared: dict[int, Infrared] = field(default_factory=dict)
    """By the number of the page, from 1."""
    left: list[LeftOut] = field(default_factory=list)

    def infrared_of(self, number: int) -> Directory | None:
        """The infrared picture of a page; None where it has none of its own."""
        found = self.infrared.get(number)
        return None if found is None else found.directory


def read_contents(tags: TiffTags) -> Contents:
    """What each directory is, from a few of its tags.

    Raises ScanError where none is a page that can be carried: with the reason of the first page of
    an unsupported kind, if there is one.
    """
    found = Contents()
    candidates: list[Candidate] = []
    refusals: list[UnsupportedPageError] = []
    for directory in tags.directories:
        kind = tags.number(directory, 254)
        if kind is None:
            kind = _REDUCED if tags.number(directory, 255) == 2 else 0
        if kind & _REDUCED:
            found.left.append(_reduced(tags, directory))
        elif kind & _MASK:
            _add_mask(tags, directory, found)
        elif kind & ~2:
            reason = f"an auxiliary picture (NewSubfileType {kind})"
            found.left.append(LeftOut(directory, reason))
        else:
            try:
                candidate = read_kind(tags, directory, place_of(tags, directory))
            except UnsupportedPageError as error:
                refusals.append(error)
                found.left.append(LeftOut(directory, str(error)))
            else:
                candidates.append((directory, candidate))
                found.pages.append(directory)
    if not found.pages:
        if refusals:
            raise refusals[0]
        raise _no_page(tags, found.left)
    _pair_pages(tags, found, candidates)
    return found


def place_of(tags: TiffTags, directory: Directory) -> str:
    """File and directory, for a message."""
    name = tags.file.name
    return name if len(tags.directories) == 1 else f"{name}, {nth(tags, directory)}"


def nth(tags: TiffTags, directory: Directory) -> str:
    """A directory as a person counts it who leafs through the file."""
    return f"picture {directory.index + 1} of {len(tags.directories)} in the file"


def _reduced(tags: TiffTags, directory: Directory) -> LeftOut:
    """A reduced version; told where it is larger than anything that it could be one of."""
    sizes = [_size(tags, other) for other in tags.directories if other is not directory]
    height, width = _size(tags, directory)
    larger = any(h >= height and w >= width and (h, w) != (height, width) for h, w in sizes)
    return LeftOut(directory, "a reduced version", told=not larger)


def _add_mask(tags: TiffTags, directory: Directory, found: Contents) -> None:
    """A picture that says that it is a mask: infrared where it cannot be one (TIFF 6.0 has masks of
    1 bit with a photometric of their own), and goes with the page before it."""
    number = len(found.pages)
    try:
        kind = read_kind(tags, directory, place_of(tags, directory))
    except UnsupportedPageError:
        found.left.append(LeftOut(directory, "a mask"))
        return
    if not _is_grey(kind) or not (kind.bits == 16 or _named(tags, directory)):
        found.left.append(LeftOut(directory, "a mask"))
    elif number == 0:
        found.left.append(LeftOut(directory, "an infrared picture that follows no page"))
    elif number in found.infrared:
        reason = f"a second infrared picture of page {number}"
        found.left.append(LeftOut(directory, reason))
    else:
        found.infrared[number] = Infrared(directory, "it says that it is a mask, and is grey")


def _pair_pages(tags: TiffTags, found: Contents, candidates: list[Candidate]) -> None:
    """Takes grey pages for the infrared pictures of the colour pages before them, where the file's
    software writes such and the pages leave no doubt: each grey one says that it is infrared, or
    all pages of the file are such pairs."""
    if found.infrared:
        return
    pairs = [pair for pair in pairwise(candidates) if _is_pair(tags, *pair)]
    if 2 * len(pairs) != len(candidates):
        pairs = [pair for pair in pairs if _says_infrared(tags, pair[1][0])]
    taken = {grey.index for _, (grey, _) in pairs}
    found.pages = [page for page in found.pages if page.index not in taken]
    for (colour, _), (grey, _) in pairs:
        number = found.pages.index(colour) + 1
        found.infrared[number] = Infrared(grey, _why_a_pair(tags, colour, grey, number))


def _why_a_pair(tags: TiffTags, colour: Directory, grey: Directory, number: int) -> str:
    if _says_infrared(tags, grey):
        return "it says that it is infrared"
    software = tags.text(colour, 305) or tags.text(grey, 305)
    by = f"written by {software}" if software else "its page speaks of infrared"
    return f"it is grey, of the size of page {number}, and {by}"


def _is_pair(tags: TiffTags, first: Candidate, second: Candidate) -> bool:
    """Whether a grey picture follows a 16-bit colour one of its size, by software that scans
    infrared."""
    (colour, kind), (grey, other) = first, second
    if kind.colours != 3 or kind.bits != 16 or kind.samples != 3:
        return False
    if not _is_grey(other) or other.bits != 16:
        return False
    named = _named(tags, colour) or _named(tags, grey)
    return named and _size(tags, colour) == _size(tags, grey)


def _says_infrared(tags: TiffTags, directory: Directory) -> bool:
    """By its description or its name; what the file's software is called tells of all pages."""
    return bool(INFRARED.search(f"{tags.text(directory, 270)} {tags.text(directory, 285)}"))


def _is_grey(kind: PictureKind) -> bool:
    return kind.photometric in (0, 1) and kind.samples == 1 and kind.bits in (8, 16)


def _named(tags: TiffTags, directory: Directory) -> bool:
    software = tags.text(directory, 305)
    told = SCANNER_SOFTWARE.search(software) or INFRARED.search(software)
    return bool(told) or _says_infrared(tags, directory)


def _size(tags: TiffTags, directory: Directory) -> tuple[int, int]:
    return tags.number(directory, 257) or 0, tags.number(directory, 256) or 0


def _no_page(tags: TiffTags, left: list[LeftOut]) -> Exception:
    found = "only " + ", ".join(sorted({one.reason for one in left}))
    remedy = "export the scan as a plain TIFF (a raw DNG keeps its picture elsewhere)"
    return expected_found(tags.file.name, "a full-resolution page", found, remedy)
