"""A growing Markdown text → pieces that can be drawn one by one.

While an answer streams, only its last piece changes; all before it is final. A piece is a
paragraph, a list item, a quote, a heading, a table, or up to `CHUNK_LINES` lines of a fenced
code block. The boundaries are those of CommonMark's top-level blocks (and list items), found
by looking at each line once, so the cost of more text does not depend on how much there is.

Reference: CommonMark 0.31 sections 4 (leaf blocks) and 5 (container blocks).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

CHUNK_LINES = 40
"""A long code block is cut into pieces of so many lines."""
PIECE_LIMIT = 6000
"""A piece longer than this many characters is cut at the next chance."""

_FENCE = re.compile(r"( {0,3})(`{3,}(?=[^`]*$)|~{3,})[ \t]*([^\s`]*)")
_INNER_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}#{1,6}(?:[ \t]|$)")
_BULLET = re.compile(r"[-*+][ \t]+\S")
_ORDERED = re.compile(r"(\d{1,9})[.)][ \t]+\S")
_QUOTE = re.compile(r" {0,3}>")


@dataclass(slots=True, eq=False)
class Part:
    """A piece of the source.

    `kind`: `md` (Markdown), or `code` (lines of a fenced block, without the fence).
    `gap`: a blank line stands before it. `cont`: it goes on where the one before was cut.
    """

    kind: Literal["md", "code"]
    text: str = ""
    gap: bool = False
    lang: str = ""
    cont: bool = False
    final: bool = False
    version: int = field(default=0, compare=False)


class Splitter:
    """Takes text as it comes; `parts` are what it is made of so far, the last one open."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self._partial = ""
        self._fence = ""  # the marker of the open top-level fence
        self._indent = 0  # and how far it is indented
        self._inner = ""  # the marker of an open fence inside a list item or quote
        self._blank = False
        self._list = False
        self._marker = ""
        self._lines = 0

    def feed(self, text: str) -> None:
        """Take in what came."""
        self._withdraw()
        lines = (self._partial + text).split("\n")
        self._partial = lines.pop()
        for line in lines:
            self._line(line)
        self._show_partial()

    def close(self) -> None:
        """The text is complete."""
        self._withdraw()
        if self._partial:
            self._line(self._partial, last=True)
            self._partial = ""
        self._end()

    # -- the line that is not complete yet is shown as part of the open piece

    _shown = 0  # how many characters of the open piece are the incomplete line

    def _withdraw(self) -> None:
        if self._shown:
            part = self.parts[-1]
            part.text = part.text[: -self._shown]
            self._shown = 0

    def _show_partial(self) -> None:
        partial = self._partial
        if not partial or (self._fence and self._maybe_closing(partial)):
            return
        if len(partial) > PIECE_LIMIT and not self._fence:
            cut = partial.rfind(" ", PIECE_LIMIT // 2) + 1 or len(partial)
            self._append(partial[:cut], glue=False)
            self._end()
            self._open("md", cont=True)
            self._partial = partial = partial[cut:]
        part = self._open_part()
        if part is None or (self._blank and not self._list and part.text):
            part = self._open("md")
        part.text += partial
        part.version += 1
        self._shown = len(partial)

    def _maybe_closing(self, partial: str) -> bool:
        stripped = partial.strip()
        return not stripped.strip(self._fence[0]) and len(stripped) <= len(self._fence)

    # -- parts

    def _open_part(self) -> Part | None:
        part = self.parts[-1] if self.parts else None
        return part if part is not None and not part.final else None

    def _open(self, kind: Literal["md", "code"], lang: str = "", cont: bool = False) -> Part:
        self._end()
        gap = self._blank and not cont and bool(self.parts)
        part = Part(kind, gap=gap, lang=lang, cont=cont)
        self.parts.append(part)
        self._lines = 0
        return part

    def _end(self) -> None:
        part = self._open_part()
        if part is None:
            return
        if part.text.strip() or part.kind == "code":
            part.final = True
            part.version += 1
        else:
            self.parts.pop()

    def _append(self, line: str, glue: bool = True) -> None:
        part = self._open_part() or self._open("md")
        part.text += line + "\n" if glue else line
        part.version += 1
        self._lines += 1

    # -- one complete line

    def _line(self, line: str, last: bool = False) -> None:
        if self._fence:
            self._code_line(line)
            return
        if self._inner:
            self._inner_line(line)
            return
        if not line.strip():
            if self._list:
                self._append("")
            else:
                self._end()
            self._blank = True
            return
        self._text_line(line)
        self._blank = False
        part = self._open_part()
        if part is not None and len(part.text) > PIECE_LIMIT and not last:
            self._end()
            self._open("md", cont=True)

    def _code_line(self, line: str) -> None:
        stripped = line.strip()
        closing = len(stripped) >= len(self._fence) and not stripped.strip(self._fence[0])
        if closing and len(line) - len(line.lstrip(" ")) <= 3:
            self._fence = ""
            self._end()
            self._blank = False
            return
        if self._lines >= CHUNK_LINES:
            self._open("code", lang=self.parts[-1].lang, cont=True)
        indent = min(self._indent, len(line) - len(line.lstrip(" ")))
        self._append(line[indent:])

    def _inner_line(self, line: str) -> None:
        if line and not line[0].isspace() and not line.startswith(">"):
            self._inner = ""  # the list item, or quote, ends here, and its fence with it
            self._line(line)
            return
        self._append(line)
        match = _INNER_FENCE.match(line.lstrip("> \t"))
        if match and match[1].startswith(self._inner) and not line.strip(" \t>`~"):
            self._inner = ""

    def _text_line(self, line: str) -> None:
        indented = line[0] in " \t"
        fence = _FENCE.match(line)
        if fence and not (self._list and len(fence[1]) >= 2):
            self._leave_list()
            self._fence, self._indent = fence[2], len(fence[1])
            self._open("code", lang=fence[3])
        elif _HEADING.match(line) and not indented:
            self._leave_list()
            self._open("md")
            self._append(line)
            self._end()
        elif not indented and self._is_item(line):
            marker = "1" if line[0].isdigit() else line[0]
            item = self._open("md")
            # Items of one list stand close, however they were written.
            item.gap = item.gap and not (self._list and marker == self._marker)
            self._list, self._marker = True, marker
            self._append(line)
        elif self._list and (indented or not self._blank):
            self._append(line)
            self._look_inside(line)
        else:
            self._leave_list()
            self._other(line)

    def _other(self, line: str) -> None:
        """A quote or a paragraph, a table, a rule."""
        part = self._open_part()
        quote = bool(_QUOTE.match(line))
        if part is None or (quote and not _QUOTE.match(part.text)):
            self._open("md")
        self._append(line)
        if quote:
            self._look_inside(line.lstrip("> \t"))

    def _look_inside(self, line: str) -> None:
        match = _INNER_FENCE.match(line)
        if match and "`" not in line[match.end() :]:
            self._inner = match[1]

    def _leave_list(self) -> None:
        if self._list:
            self._list = False
            self._end()

    def _is_item(self, line: str) -> bool:
        if _BULLET.match(line):
            return True
        match = _ORDERED.match(line)
        if match is None:
            return False
        part = self._open_part()
        in_paragraph = part is not None and bool(part.text) and not self._blank
        return self._list or not in_paragraph or int(match[1]) == 1
