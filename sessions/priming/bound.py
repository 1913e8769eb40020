"""A grammar bound to one draw: for small models, which are held to it word by word.

A model of a hundred million parameters loses the question and copies the example. Held to a
grammar it can't: each item is of a set, letter, term or paper that was drawn, initials are right,
strings end in time. What it says may be weak; it can be read. The notation is llama.cpp's GBNF;
what it makes is the JSON of the form with fewer fields, since each key costs a small model time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from sessions.priming.model import Draw

_MOST_ITEMS = 26
_RULES = """low ::= [a-z]{2,11}
name ::= [A-Z] low
short ::= [A-Z] [a-z ,-]{3,30}
line ::= [A-Z] [a-z0-9 ,:'()-]{8,90}
"""


def bound_form(draw: Draw, keep: int, letters: Sequence[str] = (), stage: int = 1) -> str:
    """GBNF of a JSON document with `keep` items of this draw, in its order.

    `letters`: of a further stage of names, where they are not the draw's.
    """
    made = _ITEMS[draw.kind](draw, min(keep, _MOST_ITEMS), letters, stage)
    items = ' "," '.join(made) or '""'
    root = f'root ::= "{{\\"items\\":[" {items} "]}}"\n'
    return root + _RULES


def _literal(text: str) -> str:
    """Text that stands in the document as it is, as a GBNF literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _object(**fields: str) -> str:
    """An object; the value of a field is a rule for what stands between the quotes."""
    parts: list[str] = []
    for number, (name, rule) in enumerate(fields.items()):
        parts += [_literal(("," if number else "{") + f'"{name}":"'), rule, _literal('"')]
    return " ".join([*parts, _literal("}")])


def _acronym(draw: Draw, keep: int, _: Sequence[str], __: int) -> list[str]:
    def reading(letters: str) -> str:
        return _literal(" ").join(f" {_literal(letter)} low " for letter in letters)

    return [
        _object(source=_literal(made), term=reading(made), gloss="line", why="line")
        for made in draw.draw[:keep]
    ]


def _names(draw: Draw, keep: int, letters: Sequence[str], stage: int) -> list[str]:
    def person(letter: str) -> str:
        initial = _literal(letter)
        return f'({initial} low " " name | name " " {initial} low)'

    more = {"handle": "short"} if stage > 1 else {}
    return [
        _object(
            letter=_literal(letter),
            person=person(letter),
            concept="short",
            domain="short",
            **more,
            confidence=_literal("unsure"),
        )
        for letter in (letters or draw.draw)[:keep]
    ]


def _arxiv(draw: Draw, keep: int, _: Sequence[str], __: int) -> list[str]:
    ids = [str(paper["id"]) for paper in draw.draw]
    pairs = [(ids[n], ids[(n + 1) % len(ids)]) for n in range(min(keep, len(ids)))]
    made = []
    for pair in pairs:
        told = _object(term="short", gloss="line", why="line")
        cited = _literal('{"from":' + json.dumps(pair) + ',"term":"')
        made.append(told.replace(_literal('{"term":"'), cited, 1))
    return made


def _terms(draw: Draw, keep: int, _: Sequence[str], __: int) -> list[str]:
    if not draw.draw:
        return [_object(term='low (" " low)?', gloss="line", why="line")] * keep
    words = [json.dumps(word)[1:-1] for word in draw.draw[:keep]]
    return [_object(term=_literal(word), gloss="line", why="line") for word in words]


_ITEMS: dict[str, Callable[[Draw, int, Sequence[str], int], list[str]]] = {
    "acronym": _acronym,
    "names": _names,
    "arxiv": _arxiv,
    "terms": _terms,
}
