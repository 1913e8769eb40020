"""What code can check of what a model said: letters, ids, bans, doubles. Flagged, not dropped."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sessions.priming.arxiv.ids import split_id
from sessions.priming.gauge import content_terms
from sessions.priming.model import Draw, Flag, Item
from sessions.priming.untrusted import instructions_in

# Words that a reading may skip.
_SMALL = frozenset(
    (
        *("a", "an", "and", "as", "at", "by", "for", "from", "in", "into", "of", "on", "or"),
        *("over", "per", "the", "to", "under", "via", "with", "vs"),
    )
)
_CHECKED_TO_BEGIN_WITH = 5
_LIKELY_HERE_SHARE = 0.3
# With one of these an item is never ticked to begin with.
SERIOUS = ("letters", "not-drawn", "banned", "instruction", "invented-id", "no-id", "double")


def check(
    draw: Draw, items: Sequence[Item], *, ban: Sequence[str] = (), about: str = ""
) -> tuple[Item, ...]:
    """Flag every item, sort the unlikely first, and tick those to begin with.

    `about` is the conversation's text: items that only repeat it are flagged.
    """
    checks = _CHECKS[draw.kind]
    known = frozenset(content_terms(about))
    seen: set[str] = set()
    flagged: list[Item] = []
    for item in items:
        flags = list(checks(draw, item))
        flags += _common(item, ban, known)
        key = item.source if draw.kind == "acronym" else _plain(item.term)
        if key in seen:
            flags.append(Flag("double", "came up before in this list"))
        seen.add(key)
        flagged.append(replace(item, flags=tuple(flags), checked=False))
    flagged.sort(key=lambda item: 2.0 if item.p is None else item.p)
    return _ticked(draw.kind, flagged)


def _ticked(kind: str, items: list[Item]) -> tuple[Item, ...]:
    """Names are never ticked for the user; of the rest the unlikeliest that passed."""
    left = 0 if kind == "names" else _CHECKED_TO_BEGIN_WITH
    done: list[Item] = []
    for item in items:
        good = left > 0 and not item.flagged(*SERIOUS)
        left -= good
        done.append(replace(item, checked=good))
    return tuple(done)


def _common(item: Item, ban: Sequence[str], known: frozenset[str]) -> list[Flag]:
    text = " ".join((item.term, item.gloss, item.why, *item.extra.values()))
    flags = [Flag("banned", f"uses the banned {word!r}") for word in banned_in(text, ban)]
    flags += [Flag("instruction", f"reads like an instruction: {what}")
              for what in instructions_in(text)]  # fmt: skip
    own = content_terms(f"{item.term} {item.gloss}")
    if known and len(own) >= 4:
        new = sum(term not in known for term in own) / len(own)
        if new < _LIKELY_HERE_SHARE:
            flags.append(Flag("close", "close to what the conversation has already"))
    return flags


def banned_in(text: str, ban: Sequence[str]) -> list[str]:
    """The banned terms that a text uses, whole words, whatever their case or accents."""
    plain = _plain(text)
    return [
        word
        for word in ban
        if _plain(word) and re.search(rf"(?<!\w){re.escape(_plain(word))}(?:e?s)?(?!\w)", plain)
    ]


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


def _acronym(draw: Draw, item: Item) -> Iterable[Flag]:
    if item.source not in draw.draw:
        yield Flag("not-drawn", f"{item.source or 'its set'} was not drawn")
    elif not initials_match(item.source, item.term):
        yield Flag("letters", f"letters do not match {item.source}")


def _names(draw: Draw, item: Item) -> Iterable[Flag]:
    person = item.extra.get("person", "")
    if item.source not in draw.draw:
        yield Flag("not-drawn", f"{item.source or 'its letter'} was not drawn")
    if not person:
        return
    words = re.findall(r"[^\W\d_]+", _plain(person))
    if words and item.source.casefold() not in {word[0] for word in words}:
        yield Flag("letters", f"neither name begins with {item.source}")
    if draw.names.get("who") != "ordinary":
        yield Flag("unverified", "nobody has checked that this person exists")


def _arxiv(draw: Draw, item: Item) -> Iterable[Flag]:
    bases = {_base(paper["id"]) for paper in draw.papers}
    invented = [cited for cited in item.cited if _base(cited) not in bases]
    if invented:
        yield Flag("invented-id", f"cites {', '.join(invented[:3])}, which was not drawn")
    elif not item.cited:
        yield Flag("no-id", "cites no paper of the draw")


def _terms(draw: Draw, item: Item) -> Iterable[Flag]:
    return ()


_CHECKS = {"acronym": _acronym, "names": _names, "arxiv": _arxiv, "terms": _terms}


def _base(text: str) -> str:
    parts = split_id(text)
    return parts[0] if parts else text


def initials_match(letters: str, term: str) -> bool:
    """Whether a term reads as an acronym of the letters, in order.

    Every word gives its first letter; small words may be skipped; of a hyphenated word the
    further parts may give theirs or not.
    """
    words: list[tuple[str, bool]] = []
    for word in re.split(r"[\s/,]+", _plain(term)):
        for index, part in enumerate(
            re.findall(r"[^\W_]+", word.replace("'", "").replace("’", ""))
        ):
            words.append((part[0], index > 0 or part in _SMALL))
    # Positions in `letters` that can be reached after each word.
    reached = {0}
    for initial, may_skip in words:
        taken = {i + 1 for i in reached if i < len(letters) and letters[i].casefold() == initial}
        reached = taken | (reached if may_skip else set())
    return len(letters) in reached


def coverage(draw: Draw, items: Sequence[Item]) -> dict[str, bool]:
    """Letter by letter whether there is a concept for it, for the bar of the panel."""
    have = {item.source for item in items}
    return {letter: letter in have for letter in sorted(draw.draw)}


def domains(items: Sequence[Item]) -> dict[str, int]:
    """How many items each domain has, the most frequent first."""
    counts: dict[str, int] = {}
    for item in items:
        domain = item.extra.get("domain", "").strip().lower()
        if domain:
            counts[domain] = counts.get(domain, 0) + 1
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
