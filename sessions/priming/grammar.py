"""A grammar bound to one draw: for small models, which are held to it word by word.

A model of a hundred million parameters loses the question and copies the example. Held to a
grammar it can't: each item is of a set, letter, term or paper that was drawn, initials are right,
strings end in time. What it says may be weak; it can be read. The notation is llama.cpp's GBNF;
what it makes is the JSON of the form with fewer fields, since each key costs a small model time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import cache

from sessions.priming.arxiv.store import bundled
from sessions.priming.model import Draw
from sessions.priming.words import stop_words, trades

_MOST_ITEMS = 26
_MOST_WORDS = 150
# For letters with which hardly a word of the abstracts begins.
_RARE = (
    "jamming jitter joint junction juxtaposed kernel kinetic keyed quantum quenched queue "
    "quorum xenon xeric xylem xerographic yield yoked yearly zero zonal zeta zipper zigzag"
)
_RULES = """low ::= [a-z]{2,11}
name ::= [A-Z] low
short ::= [A-Z] [a-z ,-]{3,30}
tail ::= [a-z] [a-z ,'-]{8,70}
gloss ::= ("A way to " | "What happens when " | "How much " | "Where ") tail
why ::= ("It could " | "It would show " | "Then we would ") tail
"""


def bound_form(draw: Draw, keep: int, letters: Sequence[str] = (), stage: int = 1) -> str:
    """GBNF of a JSON document with `keep` items of this draw, in its order.

    `letters`: of a further stage of names, where they are not the draw's.
    """
    keep = min(keep, _MOST_ITEMS)
    items = ' "," '.join(_ITEMS[draw.kind](draw, keep, letters, stage)) or '""'
    root = f'root ::= "{{\\"items\\":[" {items} "]}}"\n'
    used = "".join(sorted(set("".join(draw.draw[:keep])))) if draw.kind == "acronym" else ""
    return root + "".join(_words_with(letter) for letter in used) + _RULES


@cache
def _vocabulary() -> dict[str, list[str]]:
    """Words of research by their first letter: those of the abstracts that ship with agentdeck.

    Letter by letter a small model makes no words; so it chooses among some.
    """
    text = _RARE + " ".join(f" {paper.title} {paper.abstract}" for paper in bundled())
    found: dict[str, set[str]] = {}
    for word in re.findall(r"\b[a-z]{4,13}\b", text.lower()):
        if word not in stop_words():
            found.setdefault(word[0].upper(), set()).add(word)
    return {letter: sorted(words)[:_MOST_WORDS] for letter, words in found.items()}


def _words_with(letter: str) -> str:
    """The rule of words that begin with a letter."""
    words = [_literal(word.capitalize()) for word in _vocabulary().get(letter, [])]
    return f"word-{letter.lower()} ::= {' | '.join(words or [_literal(letter) + ' low'])}\n"


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
        return _literal(" ").join(f" word-{letter.lower()} " for letter in letters)

    return [
        _object(source=_literal(made), term=reading(made), gloss="gloss", why="why")
        for made in draw.draw[:keep]
    ]


def _names(draw: Draw, keep: int, letters: Sequence[str], stage: int) -> list[str]:
    def person(letter: str) -> str:
        initial = _literal(letter)
        if draw.names.get("who") == "ordinary":
            return f"({' | '.join(_literal(trade) for trade in trades()[letter])})"
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
    ids = [str(paper["id"]) for paper in draw.papers]
    pairs = [(ids[n], ids[(n + 1) % len(ids)]) for n in range(min(keep, len(ids)))]
    made = []
    for pair in pairs:
        told = _object(term="short", gloss="gloss", why="why")
        cited = _literal('{"from":' + json.dumps(pair) + ',"term":"')
        made.append(told.replace(_literal('{"term":"'), cited, 1))
    return made


def _terms(draw: Draw, keep: int, _: Sequence[str], __: int) -> list[str]:
    if not draw.draw:
        return [_object(term='low (" " low)?', gloss="gloss", why="why")] * keep
    words = [json.dumps(word)[1:-1] for word in draw.draw[:keep]]
    return [_object(term=_literal(word), gloss="gloss", why="why") for word in words]


_ITEMS: dict[str, Callable[[Draw, int, Sequence[str], int], list[str]]] = {
    "acronym": _acronym,
    "names": _names,
    "arxiv": _arxiv,
    "terms": _terms,
}
