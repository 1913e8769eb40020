"""The word lists that ship with agentdeck, read once when first needed."""

from __future__ import annotations

import codecs
from functools import cache
from importlib.resources import files


def _read(name: str) -> str:
    return (files("sessions.priming") / "data" / name).read_text(encoding="utf-8")


def _lines(text: str) -> frozenset[str]:
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return frozenset(word for line in lines for word in line.split())


@cache
def stop_words() -> frozenset[str]:
    """Words that carry no subject, lower case."""
    return _lines(_read("stop.txt"))


@cache
def known_words() -> frozenset[str]:
    """Words and acronyms that are known already, upper case: no draw hands them out."""
    return frozenset(word.upper() for word in _lines(_read("known.txt")))


@cache
def offensive() -> frozenset[str]:
    """Letter sets that nobody wants to be dealt, upper case."""
    head, _, rest = _read("offensive.rot13").partition("\n")
    del head  # the comment is in plain text
    return frozenset(word.upper() for word in codecs.decode(rest, "rot13").split())


@cache
def trades() -> dict[str, tuple[str, ...]]:
    """Ordinary people by their trades, under the first letter, upper case."""
    found: dict[str, list[str]] = {}
    for line in _read("trades.txt").splitlines():
        if line and not line.startswith("#"):
            found.setdefault(line[0].upper(), []).append(line)
    return {letter: tuple(lines) for letter, lines in found.items()}
