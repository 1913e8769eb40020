"""What a model wrote → items, whatever form it took.

Asked for JSON, a strong model sends JSON, most send it in a fence or with a sentence before it,
some are cut off in the middle, and small ones write prose. All of it is read; nothing is run,
nothing raises, and what can't be read is simply not there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sessions.priming.model import JSON, TEXT_EXTRAS, Item, fraction, whole
from sessions.priming.prose_items import items_of_lines
from sessions.priming.untrusted import clean
from sessions.record.closed_sets import ReadHow

REPLY_LIMIT = 200_000
MAX_ITEMS = 200
_TERM_LIMIT, _TEXT_LIMIT = 160, 400

# Names that models give to the fields, and ours.
_ALIASES: dict[str, tuple[str, ...]] = {
    "source": ("source", "acronym", "letters", "letterset", "letter_set", "set", "id"),
    "term": ("term", "reading", "expansion", "concept", "title", "name", "phrase", "insight"),
    "gloss": ("gloss", "insight", "meaning", "definition", "description", "explanation", "summary"),
    "why": ("why", "connection", "link", "relevance", "reason", "how", "connects"),
    "leap": ("leap", "distance", "novelty"),
    "p": ("p", "probability", "likelihood", "chance"),
    "kind": ("kind", "type"),
    "from": ("from", "papers", "ids", "sources", "cited", "citations"),
    "letter": ("letter", "initial"),
    "person": ("person", "who", "name"),
    "concept": ("concept", "idea", "topic"),
    "domain": ("domain", "field", "area", "discipline"),
    "handle": ("handle", "evidence", "work", "reference"),
    "confidence": ("confidence", "certainty"),
    "mechanism": ("mechanism",),
    "test": ("test", "falsifier", "wrong", "quickest_test"),
}

_Rows = tuple[list[Any], tuple[str, ...]]
"""Rows of a reply, and the words that it says it skipped."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """Items of a reply. `how`: `json`, `part` (cut-off JSON), `lines` (prose), `none`."""

    items: tuple[Item, ...]
    skipped: tuple[str, ...] = ()
    how: ReadHow = "none"


def parse_reply(kind: str, text: str) -> Parsed:
    """Read a reply; never raises."""
    text = text[:REPLY_LIMIT]
    tries: tuple[tuple[ReadHow, Iterator[_Rows]], ...] = (
        ("json", _documents(text)),
        ("part", _objects(text)),
    )
    for how, found in tries:
        for rows, skipped in found:
            items = _items(kind, rows)
            if items:
                return Parsed(items, skipped, how)
    items = _items(kind, items_of_lines(kind, text))
    return Parsed(items, (), "lines" if items else "none")


def mentioned(terms: Sequence[str], text: str) -> Parsed:
    """The last resort for words that were given: each with the first sentence that mentions it."""
    sentences = [clean(s, _TEXT_LIMIT) for s in re.split(r"(?<=[.!?])\s+|\n+", text[:REPLY_LIMIT])]
    items: list[Item] = []
    for term in terms[:MAX_ITEMS]:
        pattern = re.compile(rf"(?<!\w){re.escape(term)}(?!\w)", re.IGNORECASE)
        gloss = next((s for s in sentences if len(s) > len(term) + 10 and pattern.search(s)), "")
        if gloss:
            items.append(Item(f"t{len(items) + 1}", "", term, gloss))
    return Parsed(tuple(items), (), "lines" if items else "none")


def refuses(text: str) -> bool:
    """Whether a reply lectures that random letters mean nothing, or declines."""
    start = text[:600].lower()
    return len(text) < 3_000 and bool(
        re.search(
            r"\b(?:can(?:no|')t|unable to|won't|not able to) (?:help|assist|provide|do|comply)|"
            r"\b(?:no|any|without) (?:inherent |real |actual )?meaning\b|\bi'm sorry\b|"
            r"\bdo(?:n't| not) (?:mean|represent|stand for)\b",
            start,
        )
    )


# -- JSON


def _loads(text: str) -> Any:
    """JSON, or None: also where it is nested or numbered to break a parser."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _documents(text: str) -> Iterator[_Rows]:
    """Whole JSON documents of a reply: all of it, a fence's content, the outermost braces."""
    candidates = [text.strip()]
    candidates += re.findall(r"```(?:json\w*)?[ \t]*\n(.*?)(?:\n```|\Z)", text, re.DOTALL | re.I)
    for opening, closing in ("{}", "[]"):
        first, last = text.find(opening), text.rfind(closing)
        if 0 <= first < last:
            candidates.append(text[first : last + 1])
    for candidate in candidates:
        rows, skipped = _rows(_loads(candidate))
        if rows:
            yield rows, skipped


def _rows(data: Any) -> tuple[list[Any], tuple[str, ...]]:
    """The list of items in a document, whatever it is called, and what was skipped."""
    if isinstance(data, list):
        return data, ()
    if not isinstance(data, dict):
        return [], ()
    skipped = data.get("skipped")
    left = tuple(clean(str(s), 80) for s in skipped if isinstance(s, str | int)) if isinstance(
        skipped, list
    ) else ()  # fmt: skip
    for key in ("items", "readings", "results", "concepts", "insights", "terms", "names", "people"):
        if isinstance(data.get(key), list):
            return data[key], left
    lists = [v for k, v in data.items() if isinstance(v, list) and k != "skipped"]
    if lists:
        return max(lists, key=len), left
    if data and all(isinstance(value, str) for value in data.values()) and "term" not in data:
        # {"TGVR": "Tidal Gravity …"}: a table from source to reading.
        return [{"source": key, "term": value} for key, value in data.items()], left
    return [data], left


def _objects(text: str) -> Iterator[_Rows]:
    """The complete objects of a document that was cut off or is broken somewhere."""
    decoder = json.JSONDecoder()
    rows: list[Any] = []
    position = text.find("{")
    attempts = 0
    while position >= 0 and attempts < 2_000:
        attempts += 1
        try:
            value, end = decoder.raw_decode(text, position)
            rows.append(value)
        except (ValueError, RecursionError):
            end = position + 1
        position = text.find("{", end)
    if rows:
        yield rows, ()


# -- items


def _items(kind: str, rows: list[Any]) -> tuple[Item, ...]:
    items: list[Item] = []
    for row in rows[:MAX_ITEMS]:
        item = _item(kind, row, len(items) + 1)
        if item is not None:
            items.append(item)
    return tuple(items)


def _item(kind: str, row: Any, number: int) -> Item | None:
    """An item of a row; None where there is no term in it."""
    if isinstance(row, str) and kind == "terms":
        row = {"term": row}
    if not isinstance(row, dict):
        return None
    lower = {str(key).strip().lower().replace(" ", "_"): value for key, value in row.items()}
    text = _Fields(lower)
    extra = {key: text.get(key, _TERM_LIMIT) for key in TEXT_EXTRAS if text.has(key)}
    term, source = text.get("term", _TERM_LIMIT), text.get("source", 40)
    if kind == "names":
        term = extra.get("concept", "") or text.only("term", _TERM_LIMIT)
        source = (extra.get("letter", "") or source).upper()[:1]
        if extra.get("person", "").strip(" -–—.?") in ("", "null", "None", "N/A"):
            extra.pop("person", None)
    else:
        # `concept` and `person` are names that models use for the term itself.
        extra = {k: v for k, v in extra.items() if k not in ("concept", "person", "letter")}
    if kind == "acronym":
        source = re.sub(r"[^A-Za-z]", "", source).upper()
    gloss = text.get("gloss", _TEXT_LIMIT)
    if kind == "arxiv":
        gloss = gloss or term
        term = text.only("term", _TERM_LIMIT) or clean(gloss, 80)
        source = ""
    if not term.strip(" -–—.…"):
        return None
    return Item(
        id=f"{kind[0]}{number}",
        source=source,
        term=term,
        gloss="" if gloss == term and kind != "arxiv" else gloss,
        why=text.get("why", _TEXT_LIMIT),
        leap=whole(lower.get("leap", text.raw("leap")), 1, 5),
        p=fraction(text.raw("p")),
        kind=text.get("kind", 20).lower(),
        cited=text.cited(),
        extra=extra,
    )


class _Fields:
    """A row's fields under any of their names, cleaned."""

    def __init__(self, row: JSON) -> None:
        self._row = row

    def raw(self, key: str) -> Any:
        for name in _ALIASES[key]:
            if self._row.get(name) not in (None, "", []):
                return self._row[name]
        return None

    def has(self, key: str) -> bool:
        return isinstance(self.raw(key), str | int | float)

    def get(self, key: str, limit: int) -> str:
        value = self.raw(key)
        return clean(str(value), limit) if isinstance(value, str | int | float) else ""

    def only(self, key: str, limit: int) -> str:
        """The field under its own name."""
        value = self._row.get(key)
        return clean(value, limit) if isinstance(value, str) else ""

    def cited(self) -> tuple[str, ...]:
        value = self.raw("from")
        parts = re.split(r"[,;\s]+", value) if isinstance(value, str) else value
        if not isinstance(parts, list):
            return ()
        return tuple(clean(part, 40) for part in parts[:50] if isinstance(part, str) and part)
