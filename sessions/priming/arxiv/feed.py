"""The bytes of an answer of arXiv's API, read with feedparser.

An answer is Atom: entries that are papers, or (HTTP 400) one entry that is an error, told by
its id, since a paper may well be called "Error". The old server wraps titles and abstracts and
declares namespaces on each element, the new one does not.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from sessions.priming.arxiv.ids import split_id
from sessions.priming.arxiv.papers import ABSTRACT_LIMIT, Paper
from sessions.priming.untrusted import clean

_TITLE_LIMIT = 500
_NAME_LIMIT = 120


class NotAFeed(ValueError):
    """These bytes are no feed of arXiv's; the message says what they look like instead."""


@dataclass(frozen=True, slots=True)
class Feed:
    """An answer. `error` is what an error feed says; then there are no papers."""

    papers: tuple[Paper, ...]
    total: int
    """How many there are in all, as the server counts; -1 if it does not say."""
    error: str = ""


def read_feed(body: bytes) -> Feed:
    """Read an answer.

    Raises:
        NotAFeed: plain text, HTML, broken XML, or XML with a DOCTYPE (arXiv sends none, and
            entities can blow up a parser).
    """
    _refuse_what_is_no_feed(body)
    import feedparser

    # A stream, since bytes and strings may be taken for the name of a file or a page. Sanitising
    # is ours: feedparser's is for HTML and eats "a<b" of a formula.
    try:
        parsed = feedparser.parse(
            io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False
        )
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        # Of a namespace with control characters in its name, for one (feedparser 6.0.11).
        raise NotAFeed(f"XML that can't be read ({type(error).__name__})") from error
    if not str(parsed.get("version", "")).startswith("atom"):
        raise NotAFeed("XML that is no Atom feed")
    if parsed.get("bozo") and "SAX" in type(parsed.get("bozo_exception")).__name__:
        raise NotAFeed("broken or cut-off XML")
    entries: list[Any] = list(parsed.entries)
    for entry in entries:
        if "/api/errors" in str(entry.get("id", "")):
            return Feed((), 0, clean(str(entry.get("summary", "")), 300) or "an unnamed error")
    papers = tuple(paper for paper in map(_paper, entries) if paper is not None)
    return Feed(papers, _total(parsed.feed))


def _refuse_what_is_no_feed(body: bytes) -> None:
    start = body[:2_000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start:
        raise NotAFeed("an empty body")
    if start.startswith((b"<!doctype html", b"<html")):
        raise NotAFeed("an HTML page")
    if b"\x00" in body or start.startswith((b"\xff\xfe", b"\xfe\xff")):
        # Would hide a DOCTYPE from the next check.
        raise NotAFeed("bytes that are not UTF-8")
    if b"<!doctype" in body.lower():
        raise NotAFeed("XML with a DOCTYPE")
    if not start.startswith(b"<"):
        raise NotAFeed(f"plain text: {clean(body[:200].decode('utf-8', 'replace'), 80)!r}")


def _total(feed: Any) -> int:
    try:
        return max(-1, int(str(feed.get("opensearch_totalresults", "-1"))[:12]))
    except ValueError:
        return -1


def _paper(entry: Any) -> Paper | None:
    """The paper of an entry, or None where its id is none of arXiv's."""
    found = str(entry.get("id", "")).partition("/abs/")[2].strip()
    title = clean(str(entry.get("title", "")), _TITLE_LIMIT)
    if split_id(found) is None:
        return None
    primary = entry.get("arxiv_primary_category") or {}
    categories = tuple(
        clean(str(tag.get("term") or ""), 60) for tag in entry.get("tags", []) if tag.get("term")
    )
    names = (clean(str(author.get("name", "")), _NAME_LIMIT) for author in entry.get("authors", []))
    return Paper(
        id=found,
        title=title or "(no title)",
        authors=tuple(name for name in names if name)[:50],
        abstract=clean(str(entry.get("summary", "")), ABSTRACT_LIMIT),
        primary_category=clean(str(primary.get("term", "")), 60) or (categories or ("",))[0],
        categories=categories,
        published=clean(str(entry.get("published", "")), 40),
    )
