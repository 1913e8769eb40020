"""A paper, as far as arXiv's metadata tells of it (metadata is CC0 1.0)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sessions.api.priming import DrawnPaper
from sessions.priming.arxiv.ids import split_id

ABSTRACT_LIMIT = 3_000
_AUTHORS_KEPT = 50


@dataclass(frozen=True, slots=True)
class Paper:
    """All texts are cleaned: no control, invisible or reordering characters; LaTeX as it came."""

    id: str
    title: str
    authors: tuple[str, ...]
    abstract: str
    primary_category: str
    categories: tuple[str, ...]
    published: str
    """When its first version was submitted, `2026-01-06T18:00:00Z`."""

    @property
    def base(self) -> str:
        """The id without its version."""
        parts = split_id(self.id)
        return parts[0] if parts else self.id

    @property
    def link(self) -> str:
        """Its page."""
        return f"https://arxiv.org/abs/{self.id}"

    @property
    def usable(self) -> bool:
        """Whether there is an abstract to read."""
        start = self.abstract[:120].lower()
        return bool(start) and not ("withdrawn" in start and len(self.abstract) < 400)

    def to_json(self) -> DrawnPaper:
        """The shape that `prime arxiv --draw-only --json` prints."""
        return {
            "id": self.id,
            "title": self.title,
            "authors": list(self.authors),
            "abstract": self.abstract,
            "primary_category": self.primary_category,
            "categories": list(self.categories),
            "published": self.published,
        }


def paper_from_json(data: Mapping[str, Any]) -> Paper:
    """Read a paper from an event, a cache or the shipped sample.

    Raises:
        ValueError: it has no id or no title.
    """

    def text(key: str) -> str:
        value = data.get(key)
        return value if isinstance(value, str) else ""

    def texts(key: str) -> tuple[str, ...]:
        value = data.get(key)
        return tuple(v for v in value if isinstance(v, str)) if isinstance(value, list) else ()

    if split_id(text("id")) is None or not text("title"):
        raise ValueError("a paper without an id or a title")
    return Paper(
        id=text("id"),
        title=text("title"),
        authors=texts("authors")[:_AUTHORS_KEPT],
        abstract=text("abstract")[:ABSTRACT_LIMIT],
        primary_category=text("primary_category"),
        categories=texts("categories"),
        published=text("published"),
    )
