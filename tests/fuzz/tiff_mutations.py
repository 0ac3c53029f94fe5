"""TIFF files changed where it hurts: tags, directories, values, stored data, and plain bytes."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

KINDS: Mapping[int, str] = {
    1: "B", 2: "B", 3: "H", 4: "I", 5: "I", 6: "b", 7: "B", 8: "h", 9: "i", 10: "i",
    11: "f", 12: "d", 13: "I", 16: "Q", 17: "q", 18: "Q",
}  # fmt: skip
NUMBERS = (0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 24, 32, 255, 256, 4096, 32767, 32768, 65535,
           65536, 99_999, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**40,
           2**63 - 1, 2**63, 2**64 - 1)  # fmt: skip
POINTERS = (330, 34665, 34853, 40965)
SIZES = (256, 257, 258, 277, 278, 322, 323)
STORAGE = (259, 262, 266, 274, 284, 296, 317, 320, 338, 339, 347, 530, 531, 532, 254, 32997)
RESOLUTION = (282, 283, 286, 287)
COMPRESSIONS = (1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946, 33003, 34661, 34712, 34887, 34892, 34925,
                34933, 50000, 50001, 50002, 22610, 65000, 65535)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where one entry of a directory lies in the file."""

    at: int
    code: int
    kind: int
    count: int
    value: int
    """Position of its value."""


class Draft:
    """A file in the making, with its directories as they were before any change."""

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)
        self.order = "<" if data[:2] == b"II" else ">"
        self.big = struct.unpack_from(f"{self.order}H", data, 2)[0] == 43
        self.word, self.width = ("Q", 8) if self.big else ("I", 4)
        self.directories: list[tuple[int, list[Place], int]] = []
        """Position, entries and position of the pointer to the next one."""
        waiting = [self.get(self.word, 8 if self.big else 4)]
        seen = set()
        while waiting:
            offset = waiting.pop(0)
            if offset and offset not in seen and len(seen) < 16:
                seen.add(offset)
                waiting += self._directory(offset)

    def get(self, code: str, at: int) -> int:
        return int(struct.unpack_from(self.order + code, self.data, at)[0])

    def put(self, code: str, at: int, number: int) -> None:
        """Writes what of a number fits there."""
        size = struct.calcsize(code)
        if at + size <= len(self.data):
            raw = (number % 2 ** (8 * size)).to_bytes(size, "big")
            self.data[at : at + size] = raw if self.order == ">" else raw[::-1]

    def _directory(self, offset: int) -> list[int]:
        head, size = (8, 20) if self.big else (2, 12)
        try:
            count = self.get("Q" if self.big else "H", offset)
            places = [self._place(offset + head + i * size) for i in range(min(count, 100))]
            link = offset + head + count * size
            following = [self.get(self.word, link)]
        except (struct.error, OverflowError):
            return []
        self.directories.append((offset, places, link))
        inner = [self.get(self.word, p.value) for p in places if p.code in POINTERS]
        return following + inner

    def _place(self, at: int) -> Place:
        code, kind = self.get("H", at), self.get("H", at + 2)
        count, value = self.get(self.word, at + 4), at + 4 + self.width
        size = count * struct.calcsize(KINDS.get(kind, "B")) * (2 if kind in (5, 10) else 1)
        if size > self.width:
            value = self.get(self.word, value)
        return Place(at, code, kind, count, value)

    def places(self, codes: tuple[int, ...] | None = None) -> list[Place]:
        found = [p for _, places, _ in self.directories for p in places]
        return [p for p in found if codes is None or p.code in codes]


Change = Callable[[Draft, random.Random], None]


def _number(draft: Draft, chance: random.Random) -> int:
    near = (len(draft.data), len(draft.data) - 1, len(draft.data) // 2, 8)
    return chance.choice((*NUMBERS, *near, chance.randrange(2**16)))


def _flip(draft: Draft, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 1, 4, 32))):
        at = chance.randrange(len(draft.data))
        draft.data[at] ^= 1 << chance.randrange(8)


def _overwrite(draft: Draft, chance: random.Random) -> None:
    at, size = chance.randrange(len(draft.data)), chance.choice((1, 4, 16, 200))
    draft.data[at : at + size] = chance.randbytes(min(size, len(draft.data) - at))


def _cut(draft: Draft, chance: random.Random) -> None:
    keep = chance.choice((0, 1, 4, 7, 8, 9, 16, chance.randrange(len(draft.data))))
    del draft.data[keep:]


def _grow(draft: Draft, chance: random.Random) -> None:
    draft.data += bytes(chance.choice((1, 1000, 70_000)))


def _type(draft: Draft, chance: random.Random) -> None:
    place = chance.choice(draft.places())
    draft.put("H", place.at + 2, chance.choice((*KINDS, 0, 14, 15, 19, 255, 65535)))


def _count(draft: Draft, chance: random.Random) -> None:
    place = chance.choice(draft.places())
    draft.put(draft.word, place.at + 4, _number(draft, chance))


def _offset(draft: Draft, chance: random.Random) -> None:
    place = chance.choice(draft.places())
    draft.put(draft.word, place.at + 4 + draft.width, _number(draft, chance))


def _value(draft: Draft, chance: random.Random, codes: tuple[int, ...] | None = None) -> None:
    places = draft.places(codes)
    if places:
        place = chance.choice(places)
        code = KINDS.get(place.kind, "B")
        step = struct.calcsize(code)
        index = chance.randrange(max(1, min(place.count, 1000)))
        number = chance.choice(COMPRESSIONS) if place.code == 259 else _number(draft, chance)
        draft.put("Q" if step == 8 else {1: "B", 2: "H", 4: "I"}[step], place.value + index * step,
                  number)  # fmt: skip


def _size(draft: Draft, chance: random.Random) -> None:
    _value(draft, chance, SIZES)


def _storage(draft: Draft, chance: random.Random) -> None:
    _value(draft, chance, STORAGE)


def _resolution(draft: Draft, chance: random.Random) -> None:
    places = draft.places(RESOLUTION)
    pair = (chance.choice(NUMBERS), chance.choice((*NUMBERS, 1, 1, 1)))
    for place in places[: chance.choice((1, 2, 4))]:
        draft.put("I", place.value, pair[0])
        draft.put("I", place.value + 4, pair[1])
        if chance.random() < 0.2:
            draft.put("H", place.at + 2, chance.choice((10, 11, 12)))


def _segment(draft: Draft, chance: random.Random) -> None:
    _value(draft, chance, (273, 279, 324, 325))


def _same_segments(draft: Draft, chance: random.Random) -> None:
    """Every strip or tile is the first one; the picture is far larger than the file."""
    for place in draft.places((273, 279, 324, 325)):
        code = KINDS.get(place.kind, "B")
        for index in range(1, min(place.count, 10_000)):
            at = place.value + index * struct.calcsize(code)
            draft.put(code, at, draft.get(code, place.value))


def _stored(draft: Draft, chance: random.Random) -> None:
    """Damages what a codec reads."""
    offsets = draft.places((273, 324))
    if offsets:
        place = chance.choice(offsets)
        start = draft.get(KINDS.get(place.kind, "B"), place.value)
        for _ in range(chance.choice((1, 3, 20))):
            reach = max(1, min(600, len(draft.data) - start))
            at = start + chance.randrange(reach)
            if at < len(draft.data):
                draft.data[at] = chance.choice((0, 255, chance.randrange(256)))


def _loop(draft: Draft, chance: random.Random) -> None:
    offset, _, link = chance.choice(draft.directories)
    target = chance.choice([*(d[0] for d in draft.directories), offset + 2, offset + 12, link, 4])
    draft.put(draft.word, link, target)


def _inner_loop(draft: Draft, chance: random.Random) -> None:
    """A pointer tag (EXIF, GPS, SubIFDs, ...) towards a directory that leads back to it."""
    place = chance.choice(draft.places(POINTERS) or draft.places())
    draft.put("H", place.at, chance.choice(POINTERS))
    draft.put("H", place.at + 2, chance.choice((4, 13)))
    target = chance.choice(draft.directories)[0]
    draft.put(draft.word, place.at + 4, chance.choice((1, 1, 1000)))
    draft.put(draft.word, place.at + 4 + draft.width, target)


def _repeat(draft: Draft, chance: random.Random) -> None:
    one, other = chance.choice(draft.places()), chance.choice(draft.places())
    size = 4 + 2 * draft.width
    draft.data[one.at : one.at + size] = draft.data[other.at : other.at + size]


def _code(draft: Draft, chance: random.Random) -> None:
    place = chance.choice(draft.places())
    codes = (*SIZES, *STORAGE, *RESOLUTION, *POINTERS, 270, 305, 700, 33723, 34377, 34675, 37724)
    draft.put("H", place.at, chance.choice(codes))


def _many_entries(draft: Draft, chance: random.Random) -> None:
    offset = chance.choice(draft.directories)[0]
    draft.put("Q" if draft.big else "H", offset, chance.choice((0, 1, 300, 4096, 4097, 65535)))


def _overlapping_tags(draft: Draft, chance: random.Random) -> None:
    """A directory of thousands of tags, all of whose values are the whole file."""
    number, start = chance.choice((200, 4000)), len(draft.data) + len(draft.data) % 2
    draft.data += bytes(chance.choice((0, 65_000)) + len(draft.data) % 2)
    first = 8 if draft.big else 4
    start = len(draft.data)
    structure = [p for p in draft.places() if p.code < 400][:30]
    table = b""
    for place in structure:
        table += bytes(draft.data[place.at : place.at + 4 + 2 * draft.width])
    kind = chance.choice((1, 2, 7, 5))
    held = len(draft.data) // (8 if kind == 5 else 1)
    for code in range(number):
        table += struct.pack(f"{draft.order}HH{draft.word}{draft.word}", 40_000 + code, kind,
                             min(held, 64_000), 0)  # fmt: skip
    count = struct.pack(draft.order + ("Q" if draft.big else "H"), number + len(structure))
    draft.data += count + table + bytes(draft.width)
    draft.put(draft.word, first, start)
    if chance.random() < 0.5:  # as the EXIF directory of the old one
        draft.put(draft.word, first, draft.directories[0][0])
        place = chance.choice(draft.directories[0][1])
        draft.put("H", place.at, 34665)
        draft.put("H", place.at + 2, 4)
        draft.put(draft.word, place.at + 4, 1)
        draft.put(draft.word, place.at + 4 + draft.width, start)


def _many_pages(draft: Draft, chance: random.Random) -> None:
    """Hundreds of directories that share the tags and the strips of the first one."""
    offset, places, _ = draft.directories[0]
    head, size = (8, 20) if draft.big else (2, 12)
    body = bytes(draft.data[offset : offset + head + size * len(places)])
    for _ in range(chance.choice((3, 1200))):
        draft.data += bytes(len(draft.data) % 2)
        start = len(draft.data)
        link = draft.directories[-1][2]
        draft.data += body + bytes(draft.width)
        draft.put(draft.word, link, start)
        draft.directories.append((start, [], start + len(body)))


def _header(draft: Draft, chance: random.Random) -> None:
    at = chance.choice((0, 1, 2, 3, 4, 6, 8))
    draft.put("H", at, chance.choice((42, 43, 44, 0, 8, 65535)))


CHANGES: tuple[tuple[Change, int], ...] = (
    (_flip, 4), (_overwrite, 3), (_cut, 3), (_grow, 1), (_type, 4), (_count, 4), (_offset, 4),
    (_value, 6), (_size, 6), (_storage, 6), (_resolution, 6), (_segment, 5), (_same_segments, 2),
    (_stored, 8), (_loop, 3), (_inner_loop, 3), (_repeat, 2), (_code, 4), (_many_entries, 2),
    (_overlapping_tags, 2), (_many_pages, 1), (_header, 1),
)  # fmt: skip


def mutated(seed: bytes, chance: random.Random) -> bytes:
    """The file with one to six changes."""
    draft = Draft(seed)
    changes, weights = zip(*CHANGES, strict=True)
    for change in chance.choices(changes, weights, k=chance.choice((1, 1, 1, 2, 3, 6))):
        if len(draft.data) > 16 and draft.places():
            # What a change was to start from may be gone by another one.
            with suppress(struct.error, OverflowError):
                change(draft, chance)
    return bytes(draft.data)
