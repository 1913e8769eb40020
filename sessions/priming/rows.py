"""What an interface shows of a draw and of what was read in it: plain rows, cleaned already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from sessions.api.priming import DrawnRow
from sessions.priming.model import Draw, Item
from sessions.priming.untrusted import instructions_in

_LINE = 43
"""Cells of a line: what a side panel has room for."""
SOURCES = {
    "network": "drawn now",
    "cache": "this draw, from the cache",
    "earlier": "no network: papers of earlier draws",
    "bundled": "no network: the sample that ships with agentdeck",
}


@dataclass(frozen=True, slots=True)
class DrawRow:
    """One line of a draw. `key` names what it stands for; `link` opens; `detail` is to be read."""

    key: str
    text: str
    detail: str = ""
    link: str = ""
    warning: str = ""

    def to_json(self) -> DrawnRow:
        """For an interface."""
        return {
            "key": self.key,
            "text": self.text,
            "detail": self.detail,
            "link": self.link,
            "warning": self.warning,
        }


def draw_rows(drawn: Draw) -> list[DrawRow]:
    """A draw, line by line: letters and sets of them as many as a line holds, papers, words."""
    if drawn.kind in ("acronym", "names"):
        return [DrawRow(line, line) for line in wrap(" ".join(drawn.draw), _LINE)]
    if drawn.kind == "arxiv":
        return [_paper(paper) for paper in drawn.draw]
    return [DrawRow(term, term) for term in drawn.draw]


def _paper(paper: dict[str, object]) -> DrawRow:
    found, title, abstract = (str(paper.get(key, "")) for key in ("id", "title", "abstract"))
    authors = paper.get("authors")
    names = ", ".join(str(name) for name in authors) if isinstance(authors, list) else ""
    return DrawRow(
        found,
        f"{found} [{paper.get('primary_category', '')}] {title}",
        f"{names}\n\n{abstract}".strip(),
        f"https://arxiv.org/abs/{found}",
        "; ".join(instructions_in(f"{title} {abstract}")),
    )


def source_line(drawn: Draw) -> str:
    """Where papers came from, in a few words; nothing for other kinds."""
    return SOURCES.get(drawn.source, "")


def matching(items: Sequence[Item], typed: str) -> list[Item]:
    """The items that hold all the words typed, for type-to-filter."""
    words = typed.casefold().split()
    return [item for item in items if all(word in _all_text(item) for word in words)]


def _all_text(item: Item) -> str:
    parts = (item.source, item.term, item.gloss, item.why, *item.cited, *item.extra.values())
    return " ".join(parts).casefold()
