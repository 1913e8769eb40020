"""Inline Markdown (emphasis, code, links …) → runs of styled text.

Links are shown as their text and their address: what would be opened is what is read. Only
http and https addresses count as links; images and HTML are shown as what they are, text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.view.line import Span

if TYPE_CHECKING:
    from markdown_it.token import Token

URL = re.compile(r"https?://[^\s<>\"'`|\\^{}\[\]]+", re.IGNORECASE)
_TRAILING = ".,;:!?"
_OPEN = {"strong_open": "strong", "em_open": "em", "s_open": "strike"}
_CLOSE = {"strong_close", "em_close", "s_close"}


def urls(text: str) -> list[str]:
    """The http(s) addresses in a text, in order, each once."""
    found: dict[str, None] = {}
    for match in URL.finditer(text):
        url = match.group().rstrip(_TRAILING)
        while url.endswith(")") and url.count(")") > url.count("("):
            url = url[:-1].rstrip(_TRAILING)
        found[url] = None
    return list(found)


class _Runs:
    """Collects runs; neighbours of one style become one run."""

    def __init__(self, style: str) -> None:
        self.spans: list[Span] = []
        self.styles = [style] if style else []

    def add(self, text: str, extra: str = "") -> None:
        if not text:
            return
        style = " ".join([*self.styles, extra] if extra else self.styles)
        if self.spans and self.spans[-1][1] == style:
            self.spans[-1] = (self.spans[-1][0] + text, style)
        else:
            self.spans.append((text, style))


def inline(children: Sequence[Token], style: str = "") -> list[Span]:
    """The runs of an inline token's children."""
    runs = _Runs(style)
    links: list[tuple[str, int]] = []
    for token in children:
        kind = token.type
        if kind == "text" or kind == "html_inline":
            runs.add(token.content)
        elif kind == "code_inline":
            runs.add(token.content, "code")
        elif kind in ("softbreak", "hardbreak"):
            runs.add("\n")
        elif kind in _OPEN:
            runs.styles.append(_OPEN[kind])
        elif kind in _CLOSE:
            runs.styles.pop()
        elif kind == "link_open":
            links.append((str(token.attrs.get("href", "")), len(runs.spans)))
            runs.styles.append("link" if _is_web(links[-1][0]) else "")
        elif kind == "link_close":
            runs.styles.pop()
            _address(runs, *links.pop())
        elif kind == "image":
            source = str(token.attrs.get("src", ""))
            runs.add(f"[image: {token.content}] ({source})", "em")
        else:
            runs.add(token.content)
    return runs.spans


def _is_web(href: str) -> bool:
    return href.lower().startswith(("http://", "https://"))


def _address(runs: _Runs, href: str, start: int) -> None:
    """After a link's text, its address, unless that is what the text says."""
    said = "".join(text for text, _ in runs.spans[start:])
    if not href or said.endswith(href):
        return
    runs.add(" (")
    runs.add(href, "link" if _is_web(href) else "")
    runs.add(")")
