"""Hostile sheets, regions and configs: what a plan is made of."""

from __future__ import annotations

import random
from typing import Any

from fuzz.texts import damaged, scrambled

SHEET = (
    "scan\tpath\tbatch\trecipe\tmaterial\n"
    "# boxes 1 and 2\n"
    "hostile\tmasters/hostile.tif\tall\tplain\tprint\n"
    "sound\tmasters/sound.tif\tall\t\tpositive\n"
)
PATHS = (
    "/",
    ".",
    "..",
    "",
    "/dev/zero",
    "/dev/stdin",
    "/proc/self/mem",
    "/etc/passwd",
    "masters",
    "masters/" + "x" * 240 + ".tif",
    "x/" * 3000,
    "masters/sound.tif/x",
    "a\0b",
    "\x1b[2J.tif",
    "masters/../masters/hostile.tif",
    "~/x.tif",
    "$HOME/x.tif",
    "file:///etc/passwd",
    "masters/",
    "//",
    "http://192.0.2.1/x.tif",
    "masters/hostile.tif ",
    "masters\\hostile.tif",
    "masters/\u202efit.fit",
)
NAMES = (
    "../x",
    "..",
    ".",
    "a/b",
    "@a",
    "-rf",
    "a" * 121,
    "a" * 400,
    "con",
    "a\0",
    "{x}",
    "a b",
    "ä",
    "hostile",
    "HOSTILE",
    "",
    "=1",
    "a..b",
    "run.json",
    "log",
)


def sheet(chance: random.Random) -> bytes:
    """A sheet with odd cells, or with scrambled text, in an encoding of any kind."""
    text = SHEET
    kind = chance.randrange(4)
    if kind == 0:
        text = text.replace("masters/hostile.tif", chance.choice(PATHS))
    elif kind == 1:
        column = chance.choice(("hostile\t", "\tall\t", "\tplain\t", "\tprint\n"))
        name = column.strip("\t\n")
        text = text.replace(column, column.replace(name, chance.choice(NAMES)), 1)
    elif kind == 2:
        size = chance.choice((200_000, 2_000_000))
        text += chance.choice(
            ("x" * size, "\t" * size, "\n" * size, f"b\t{'x' * size}", "\0" * size)
        )
    else:
        text = scrambled(text, chance)
    if chance.random() < 0.1:
        text = text.replace("\n", chance.choice(("\r", "\r\n", "\n\r", "\u2028")))
    encoding = chance.choice(("utf-8",) * 8 + ("utf-8-sig", "utf-16", "latin-1", "utf-32"))
    data = text.encode(encoding, "replace")
    return damaged(data, chance) if chance.random() < 0.1 else data


REGIONS = """feather: 4
cleanup:
  only:
    - box: [4, 4, 20, 20]
    - polygon: [[1, 1], [30, 2], [12, 30]]
  exclude:
    - mask: mask.tif
      page: 1
faces:
  none: false
  include:
    - {box: [5, 5, 9, 9], strength: 0.5}
colour:
  targets:
    - {kind: grey, box: [0, 0, 20, 9]}
"""
YAMLS = (
    "!!python/object/apply:os.system ['touch CANARY']",
    "a: !!python/object/new:type {args: ['z', !!python/tuple [], {}]}",
    "!!python/name:os.system",
    "!<tag:yaml.org,2002:python/object/apply:subprocess.Popen> [[touch, CANARY]]",
    "feather: 2001-99-99",
    "feather: " + "9" * 5000,
    "feather: !!int x",
    "feather: !!float [1]",
    "feather: !!timestamp x",
    "? [a]\n: b",
    "? {a: b}\n: c",
    "{" * 5000,
    "[" * 100_000,
    "- " * 20_000 + "a",
    "a: &a [*a]\ncleanup: *a",
    "cleanup: &a {only: *a}",
    "feather: .inf",
    "feather: .nan",
    "cleanup: {only: [{mask: ../../../etc/passwd}]}",
    "cleanup: {only: [{mask: /dev/zero}]}",
    "cleanup: {only: [{mask: /etc/passwd}]}",
    'cleanup: {only: [{mask: "a\\0b"}]}',
    "cleanup: {only: [{mask: .}]}",
    "cleanup: {only: [{mask: ../masters/sound.tif}]}",
    'cleanup: {only: [{mask: ""}]}',
    "cleanup: {only: [{mask: fifo}]}",
    "cleanup: {only: [{polygon: [[1e300, 1], [3e300, 1e300], [1, 1e300]]}]}",
    "cleanup: {only: [{box: [1e300, 1e300, 1e300, 1e300]}]}",
    "cleanup: {only: [{box: [0, 0, 1e-300, 1e-300]}]}",
    "cleanup: {only: []}",
    "<<: *x",
    "a: *a",
    "%YAML 9.9\n---\na",
    "--- a\n--- b",
    "\u0085",
    "cleanup: {only: [{box: [0, 0, 9, 9], page: 99999999999999999999}]}",
    "colour: {targets: [{kind: grey, polygon: [[0,0],[0,0],[0,0],[0,0]]}]}",
    "colour: {targets: [{kind: colorchecker, box: [1e18, 0, 1e18, 9]}]}",
    "faces: {include: [{polygon: [[-1e9,0],[1e9,0],[0,1e9]]}]}",
    "feather: !!binary x",
    "- a",
    "a",
    "",
)


def regions(chance: random.Random, canary: str) -> bytes:
    """A file of regions: hostile YAML, a bomb of anchors, or a sound one that was scrambled."""
    kind = chance.randrange(4)
    if kind < 2:
        text = chance.choice(YAMLS).replace("CANARY", canary)
    elif kind == 2:
        size = chance.choice((9, 40))
        lines = ["a0: &a0 [1, 2]"] + [
            f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, size)
        ]
        text = "\n".join([*lines, f"cleanup: {{only: *a{size - 1}}}"])
        if chance.random() < 0.5:
            points = ", ".join(["[1, 2]", "[5, 9]", "[9, 1]"] * chance.choice((3, 3000)))
            many = ", ".join(["*s"] * chance.choice((5, 3000)))
            text = f"cleanup: {{only: [&s {{polygon: [{points}]}}, {many}]}}"
    else:
        text = scrambled(REGIONS, chance)
    data = text.encode(chance.choice(("utf-8",) * 6 + ("utf-16", "latin-1")), "replace")
    return damaged(data, chance) if chance.random() < 0.1 else data


ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    float("nan"),
    float("inf"),
    10**30,
    "",
    "x",
    "\0",
    "a\nb",
    "../../x",
    "/dev/null",
    "/etc/passwd",
    [],
    {},
    [[]],
    {"a": {"b": 1}},
    "a" * 10_000,
    b"x",
    (1, 2),
    "0" * 64,
    "none",
    {1: 2},
    "\ud800",
)


def config(chance: random.Random, sound: dict[str, Any]) -> dict[str, Any]:
    """The config with one to three values put in anywhere, of the wrong kind or out of range."""
    for _ in range(chance.choice((1, 1, 2, 3))):
        place: Any = sound
        while True:
            key = chance.choice([*place, "new", "scans", "results"])
            inner = place.get(key)
            if not isinstance(inner, dict) or not inner or chance.random() < 0.3:
                break
            place = inner
        place[key] = chance.choice((*ODD, {}, _nested(3000), _laughs(chance.choice((5, 30)))))
    return sound


def _nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = {"a": value}
    return value


def _laughs(depth: int) -> Any:
    """What YAML makes of a bomb of anchors: small in memory, endless when written out."""
    value: Any = ["ha"]
    for _ in range(depth):
        value = [value] * 10
    return value
