"""Items in prose: lists, tables and paragraphs, as small models write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sessions.priming.arxiv.ids import ids_in

_BULLET = re.compile(r"^\s*(?:[-*•·+>]+|\(?\d{1,3}[.):]|\[[ xX]?\])\s+")
_DECORATION = re.compile(r"\*\*|__|`|^#+\s*")
# Between a term and what is said of it.
_BREAK = re.compile(r"\s+[-–—:]+\s+|:\s+|\s*\|\s*|\s+\((?=[^)]{12,})|;\s+|\.\s+(?=[A-Z])")
_SET = re.compile(
    r"^([A-Z](?:[A-Z]{1,5}|(?:[.\s-][A-Z]){1,5}\.?))(?=[\s:=|,)–—-]|$)\s*[:=|,)–—-]*\s*"
)
_LETTER = re.compile(r"^\(?([A-Z])\)?\s*(?:[:.)=|–—]|-\s|\s-)\s*")
_RULE = re.compile(r"^[\s|:+=-]*$")


def items_of_lines(kind: str, text: str) -> list[Any]:
    """Rows as the JSON would have had them, one per line or paragraph that reads as an item."""
    readers = {
        "acronym": _acronyms,
        "names": _names,
        "arxiv": _insights,
        "terms": _terms,
    }
    return list(readers[kind](text))


def _lines(text: str) -> Iterator[tuple[str, bool]]:
    """Lines without bullets and decoration, and whether they had a bullet or were in a table."""
    for line in text.splitlines()[:2_000]:
        line = line[:1_000]
        if _RULE.match(line) or line.lstrip().startswith("```"):
            continue
        plain = _DECORATION.sub("", line).strip()
        bare = _BULLET.sub("", plain)
        marked = bare != plain or plain.startswith("|")
        bare = bare.strip().strip("|").strip()
        if bare:
            yield bare, marked


def _parts(text: str) -> list[str]:
    return [part.strip(" )\"'") for part in _BREAK.split(text) if part.strip(" )\"'")]


def _acronyms(text: str) -> Iterator[Any]:
    """`TGVR: Tidal Gravity Vortex Ring — what it is`."""
    for line, _ in _lines(text):
        match = _SET.match(line)
        if match is None:
            continue
        parts = _parts(line[match.end() :])
        if parts and re.search(r"[a-z]", parts[0]):
            yield {
                "source": re.sub(r"[^A-Z]", "", match[1]),
                "term": parts[0].rstrip("."),
                "gloss": " ".join(parts[1:2]),
                "why": " ".join(parts[2:]),
            }


def _names(text: str) -> Iterator[Any]:
    """`A: Ada Lovelace — notation as machine — mathematics — why`."""
    for line, _ in _lines(text):
        match = _LETTER.match(line)
        if match is None:
            continue
        parts = _parts(line[match.end() :])
        if len(parts) == 1 and re.fullmatch(r"(?:[A-Z][\w.'’-]*\s?){2,4}", parts[0]):
            # Only a name: the person stands for what they would say.
            parts *= 2
        if len(parts) < 2:
            continue
        row = dict(zip(("person", "concept", "domain"), parts, strict=False))
        yield {**row, "letter": match[1], "why": " ".join(parts[3:])}


def _insights(text: str) -> Iterator[Any]:
    """Paragraphs that cite at least one id."""
    for paragraph in re.split(r"\n\s*\n|\n(?=\s*(?:[-*•]|\d{1,2}[.)])\s)", text[:100_000])[:200]:
        cited = ids_in(paragraph)
        plain = " ".join(line for line, _ in _lines(paragraph))
        if cited and len(plain) > 40:
            yield {"gloss": plain, "from": cited}


def _terms(text: str) -> Iterator[Any]:
    """A bulleted or numbered list, or one line with commas."""
    marked = [line for line, bullet in _lines(text) if bullet]
    if marked:
        for line in marked:
            parts = _parts(line)
            if parts and len(parts[0].split()) <= 6:
                yield {"term": parts[0].rstrip("."), "gloss": " ".join(parts[1:])}
        return
    for line, _ in _lines(text):
        words = [word.strip(" .") for word in line.split(",")]
        if len(words) >= 3 and all(len(word.split()) <= 5 for word in words):
            yield from ({"term": word} for word in words if word)
