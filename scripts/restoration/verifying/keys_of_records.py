"""Whether a record bears the keys that follow from those before it."""

from __future__ import annotations

from typing import Any

from restoration.chain import altered_key
from restoration.keys import digest
from restoration.restoring import Record, has_own_image, image_path
from restoration.verifying.findings import Place
from restoration.verifying.keychain import KeyChain


class UntrueKeyError(Exception):
    """Carries what is wrong with a record's keys: what, expected, found."""

    def __init__(self, what: str, expected: str, found: str) -> None:
        super().__init__(what)
        self.what = what
        self.expected = expected
        self.found = found


def check_keys(chain: KeyChain, place: Place, record: Record, *, current: bool) -> None:
    """Raises UntrueKeyError where a record of ``place`` contradicts itself or the chain.

    current: whether its table bears the plan's digest; else its keys may be those of earlier
    settings, and only what the record says of itself is compared.
    """
    step = place[1]
    if step == "ingest":
        _check_ingest(chain, record, current)
    elif step == "examine":
        _check_examine(chain, record, current)
    elif step == "deliver":
        if current:
            _check_deliver(chain, record)
    else:
        _check_stage(chain, place, record, current)


def _check_ingest(chain: KeyChain, record: Record, current: bool) -> None:
    if record["status"] == "done":
        _same("SHA-256", record["master"]["sha256"], record["sha256"])
    if current:
        _same("base", chain.ingest_base(), record.get("base"))
        _same("key", chain.ingest_key(record), record["key"])


def _check_examine(chain: KeyChain, record: Record, current: bool) -> None:
    if record["status"] == "done":
        pages = chain.ensure("ingest")["master"]["pages"]
        found = [page["number"] for page in record["pages"]]
        _same("pages", [page["number"] for page in pages], found)
    if current:
        _same("key", chain.examine_key(), record["key"])


def _check_deliver(chain: KeyChain, record: Record) -> None:
    key = chain.deliver_key()
    if record["status"] != "problem" or record["key"] != altered_key(key):
        _same("key", key, record["key"])


def _check_stage(chain: KeyChain, place: Place, record: Record, current: bool) -> None:
    recipe, step = place
    if record["status"] == "problem":
        if current:
            _same("key", digest(chain.page_keys(step)), record["key"])
        return
    pages = record["pages"]
    _same("key", digest([page["key"] for page in pages]), record["key"])
    if not current:
        return
    states, keys = chain.before(step), chain.page_keys(step)
    _same("pages", [state.number for state in states], [page["number"] for page in pages])
    for state, key, page in zip(states, keys, pages, strict=True):
        where = f"page {page['number']}: "
        _same(f"{where}input_key", state.key, page["input_key"])
        _same(f"{where}key", key, page["key"])
        applied = page["status"] == "applied"
        _same(f"{where}output_key", key if applied else state.key, page["output_key"])
        image = state.image
        if has_own_image(page):
            folder = chain.plan.folder(recipe, step)
            own = image_path(folder, chain.scan.scan, state.number, len(states))
            image = str(own.relative_to(chain.plan.results))
        _same(f"{where}image", image, page["image"])


def _same(what: str, expected: Any, found: Any) -> None:
    if expected != found:
        raise UntrueKeyError(what, str(expected), str(found))
