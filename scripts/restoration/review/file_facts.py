"""Facts of the two files of a scan, the master and the deliverable, as rows of a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from restoration.deliver.left_out import left_out
from restoration.deliver.sidecars import label_of
from restoration.findings.words import number, pixels
from restoration.records.delivery import DeliveredPage, DeliveredProfile, DeliveryDone
from restoration.records.ingest import IngestDone, Master
from restoration.review.wording import LabelledRows, ppi
from restoration.storage.page_state import files_beside


def text_of(tags: Mapping[str, Any], name: str) -> str:
    """The text of a tag in one line; empty where there is none."""
    value = tags.get(name)
    return " ".join(value.split()) if isinstance(value, str) else ""


def master_facts(ingest: IngestDone) -> LabelledRows:
    """What the master is."""
    master = ingest.master
    page = master.pages[0]
    kind = "grey" if page.channels == 1 else "RGB"
    packed = "uncompressed" if page.compression == "none" else page.compression
    profile = "none" if page.icc is None else page.icc.description or "unnamed"
    rows = [
        ("File", ingest.path),
        ("SHA-256", ingest.sha256),
        ("Bytes", number(master.bytes)),
        ("Size", f"{pixels(page.width, page.height)}, {ppi(page.ppi)}"),
        ("Kind", f"{page.bits}-bit {kind}, {packed}"),
        ("ICC profile", profile),
    ]
    if len(master.pages) > 1:
        rows.append(("Pages", str(len(master.pages))))
    rows += [("Infrared", text) for text in _infrared(master)]
    rows += [("Left out", text) for text in left_out(master)]
    for name in ("Artist", "Copyright", "DateTime"):
        text = text_of(master.tags, name)
        if text:
            rows.append((name, text))
    return rows


def _infrared(master: Master) -> Iterator[str]:
    """Where the scan's infrared is, and what becomes of it."""
    several = len(master.pages) > 1
    for page in master.pages:
        if "infrared" in page.extra:
            where = f"page {page.number}: " if several else ""
            yield f"{where}a channel of the page, delivered with it"
    for found in master.infrared:
        where = f"page {found.page}: " if several else ""
        size = pixels(found.width, found.height)
        place = f"picture {found.directory + 1} of the file"
        yield f"{where}{place}, {size}, delivered as it was, as a page of its own"


def deliverable_facts(delivered: DeliveryDone) -> LabelledRows:
    """What the deliverable is, and what delivery changed."""
    made = delivered.deliverable
    pages = made.pages
    rows = [("File", made.file), ("SHA-256", made.sha256), ("Bytes", number(made.bytes))]
    if delivered.stages and delivered.stages[-1].pages:
        last = delivered.stages[-1].pages[0]
        size = pixels(last.width, last.height)
        rows.append(("Size", f"{size}, {ppi(last.ppi)}"))
    bits = f"{pages[0].bits}-bit " if pages else ""
    packed = "uncompressed" if made.compression == "none" else made.compression.upper()
    rows.append(("Kind", f"{bits}{'BigTIFF' if made.bigtiff else 'TIFF'}, {packed}"))
    sources = dict.fromkeys(page.digital_source_type for page in pages)
    rows += [("Digital source type", source) for source in sources if source]
    for page in pages:
        rows += _profile(page.profile)
    changes = [text for page in pages for text in (*page.conversions, *page.notes)]
    rows += [("Note", text) for text in dict.fromkeys([*made.notes, *changes])]
    rows += [
        (f"Page {page.number}" if len(pages) > 1 else "Finished picture", text)
        for page in pages
        if page.finished is not None
        for text in page.finished.said
    ]
    rows += [("Tones", text) for text in _tones(pages)]
    rows += [(label_of(one.kind), one.file) for one in files_beside(delivered)]
    if made.verified:
        rows.append(("Read back and compared", ", ".join(made.verified)))
    rows.append(("Key", delivered.key))
    return rows


def _tones(pages: Sequence[DeliveredPage]) -> Iterator[str]:
    """Of each page whose tones a table mapped, how much that clipped."""
    for page in pages:
        if not page.tones or page.clipped is None:
            continue
        dark, full = (max(shares) for shares in zip(*page.clipped, strict=True))
        where = f"page {page.number}: " if len(pages) > 1 else ""
        yield (
            f"{where}mapped by a table, can be undone; newly black at most {dark:.2%}, newly full "
            f"at most {full:.2%} of a channel"
        )


def _profile(profile: DeliveredProfile | None) -> LabelledRows:
    """What a page's conversion to another profile cost; nothing where its colours are its own."""
    if profile is None or not profile.converted:
        return []
    share = profile.share_clipped
    lost = "not known, it is a table" if share is None else f"{share:.2%} of the pixels"
    return [("Outside the new profile", lost)]
