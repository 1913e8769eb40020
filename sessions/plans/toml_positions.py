"""Where a key stands in a TOML text, tables in arrays by their number."""

from __future__ import annotations

import re

from sessions.config.strict import key_parts
from sessions.record.textlines import lines

Path = tuple[str, ...]

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([\w.\"' -]+?)\s*=")
_QUOTES = ('"""', "'''")


def positions(text: str) -> dict[Path, int]:
    """Keys and tables with the line that each stands in, counted from 1.

    The second `[[task]]` is `("task", "1")`. What several lines of text hold is no key.
    """
    found: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    inside = ""
    for number, line in enumerate(lines(text), 1):
        if inside:
            if line.count(inside) % 2:
                inside = ""
            continue
        if header := _HEADER.match(line):
            table = _table(tuple(key_parts(header[2])), header[1] == "[[", counts)
            if header[1] == "[[":
                found.setdefault(table[:-1], number)
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            found.setdefault((*table, *key_parts(key[1])), number)
        inside = next((q for q in _QUOTES if line.count(q) % 2), "")
    return found


def _table(name: Path, of_array: bool, counts: dict[Path, int]) -> Path:
    """The table's path: each array on the way to it stands for its last entry."""
    path: Path = ()
    for depth, part in enumerate(name, 1):
        path = (*path, part)
        last = depth == len(name)
        if last and of_array:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, str(counts[path]))
    return path
