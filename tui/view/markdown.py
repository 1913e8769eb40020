"""One piece of Markdown → lines.

markdown-it parses (CommonMark, tables, strikethrough); the layout is ours, since a widget per
block costs thirty times as much as its lines do. Nothing is dropped: what is not Markdown to
us (HTML, images, reference definitions) is shown as the text that it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from sessions.safety.sanitise import clean
from tui.terminal import glyphs
from tui.view import code
from tui.view.inline import inline
from tui.view.line import Line, Span, cells, wrap
from tui.view.table import Table, draw

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_TASK = re.compile(r"\[([ xX])\] ")
# A paragraph of one line, which is what most are while they stream: no block to be found.
_SIMPLE = re.compile(r"[A-Za-z\"'(][^\n&]*\n?")
_SPECIAL = re.compile(r"[\\`*_\[\]<>!~]")
# A list item or a heading of one line, as most are too: a parser of blocks finds nothing in it.
_SHORT = re.compile(r"(?:([-*+])|(\d{1,9})([.)])|(#{1,6})) ([A-Za-z\"'(][^\n&]*)\n*")
NARROW = 12
"""Fewer cells than this are not indented any further."""
DEEPEST = 3
"""Lists nested deeper than this are not indented any further."""


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"maxNesting": 12})
    # A definition would vanish from the screen, and it can stand far from its use.
    return parser.enable(["table", "strikethrough"]).disable("reference")


def render(source: str, width: int, style: str = "") -> list[Line]:
    """The lines of a piece of Markdown, at most `width` cells wide.

    Args:
        style: names of styles for all of it.
    """
    if _SIMPLE.fullmatch(source):
        return wrap(_runs(source.rstrip(), style), width)
    if (short := _SHORT.fullmatch(source)) and (lines := _short(short, width, style)):
        return lines
    lines = _Layout(width, style).run(_parser().parse(source))
    if not lines and source.strip():
        return wrap([(source.strip("\n"), style)], width)
    return lines


def _runs(text: str, style: str) -> list[Span]:
    """The runs of a text that is no block but a paragraph, without entities."""
    if not _SPECIAL.search(text):
        return [(text, style)]
    return inline(_parser().parseInline(text)[0].children or [], style)


def _short(match: re.Match[str], width: int, style: str) -> list[Line]:
    """A list item or a heading of one line; none where that is to be parsed after all."""
    bullet, number, point, level, text = match.groups()
    text = text.rstrip()
    if level:
        if "#" in text:  # it may be closed by some
            return []
        heading = "heading" if len(level) < 3 else "subheading"
        return wrap(_runs(text, f"{style} {heading}".strip()), width)
    if width < NARROW:
        return []
    mark = f"{glyphs.mark('bullet')} " if bullet else f"{int(number)}{point} "
    rest = [(" " * cells(mark), "")]
    return wrap(_runs(text, style), width, rest, [(mark, "bullet")])


def code_lines(
    text: str, lang: str, width: int, state: code.State = ("root",)
) -> tuple[list[Line], code.State]:
    """The lines of (a part of) a code block, with its bar, and the state in which it ends."""
    if text.endswith("\n"):
        colored, after = code.highlight(text, lang, state)
        colored.pop()
    else:
        colored, after = code.highlight(text, lang, state)
    lines: list[Line] = []
    for spans in colored:
        lines += code_line(spans, width)
    return lines, after


def code_line(spans: list[Span], width: int) -> list[Line]:
    """The lines of one line of code."""
    bar = [(glyphs.mark("code") + " ", "code-bar")]
    return wrap(
        [(text, f"{style} block".strip()) for text, style in spans], width, bar, fill="block"
    )


class _Layout:
    """Walks the tokens of a piece and lays them out."""

    def __init__(self, width: int, style: str) -> None:
        self.width = width
        self.lines: list[Line] = []
        self.styles = [style] if style else []
        self.indent: list[Span] = []
        self.first: list[Span] | None = None  # decoration of the next line only
        self.numbers: list[int | None] = []
        self.table: Table | None = None
        self.end = 0  # the source line where the last block ended

    def run(self, tokens: list[Token]) -> list[Line]:
        index = 0
        while index < len(tokens):
            token = tokens[index]
            handler = self._HANDLERS.get(token.type)
            if handler is not None:
                handler(self, token)
            elif token.content:
                self._put([(token.content, self.style)])
            index += 1
        if self.first is not None:
            self._put([])
        return self.lines

    @property
    def style(self) -> str:
        return " ".join(self.styles)

    def _put(self, spans: list[Span], fill: str = "") -> None:
        """Lines of text under the decoration that holds here."""
        lines = wrap(spans, self.width, self.indent, self.first, fill)
        self.first = None
        self.lines += lines

    def _gap(self, token: Token) -> None:
        """A blank line where the source has one between two blocks."""
        if token.map is None:
            return
        if self.lines and self.first is None and token.map[0] > self.end and self.end:
            self.lines += wrap([], self.width, self.indent)
        self.end = token.map[1]

    # -- blocks

    def _paragraph(self, token: Token) -> None:
        self._gap(token)

    def _inline(self, token: Token) -> None:
        spans = inline(token.children or [], self.style)
        if "&" in token.content:  # an entity may stand for what the first gate keeps out
            spans = [(clean(text), style) for text, style in spans]
        if self.table is not None:
            self.table.rows[-1].append(spans)
            return
        if self.first is not None and self.numbers and spans:
            spans = self._task(spans)
        self._put(spans)

    def _task(self, spans: list[Span]) -> list[Span]:
        text, style = spans[0]
        match = _TASK.match(text)
        if match is None:
            return spans
        shape = glyphs.mark("task" if match[1] == " " else "task-done")
        return [(f"{shape} ", "muted"), (text[match.end() :], style), *spans[1:]]

    def _heading(self, token: Token) -> None:
        self._gap(token)
        self.styles.append("heading" if token.tag in ("h1", "h2") else "subheading")

    def _pop_style(self, _: Token) -> None:
        self.styles.pop()

    def _rule(self, token: Token) -> None:
        self._gap(token)
        room = max(3, self.width - sum(cells(text) for text, _ in self.indent))
        self._put([(glyphs.mark("rule") * min(room, 24), "muted")])

    def _code(self, token: Token) -> None:
        self._gap(token)
        lang = token.info.split()[0] if token.info.strip() else ""
        before, rest = self.first if self.first is not None else self.indent, self.indent
        room = self.width - max(sum(cells(text) for text, _ in each) for each in (before, rest))
        if room < 4:
            before, rest, room = [], [], self.width
        lines, _ = code_lines(token.content, lang, room)
        for line in lines or code_line([], room):
            lead = sum(len(text) for text, _ in before)
            line.spans = (*before, *line.spans)
            line.lead += lead
            self.lines.append(line)
            before = rest
        self.first = None

    def _html(self, token: Token) -> None:
        self._gap(token)
        self._put([(token.content.rstrip("\n"), self.style)])

    # -- containers

    def _list(self, token: Token) -> None:
        if token.type == "ordered_list_open":
            self.numbers.append(int(token.attrs.get("start", 1)))
        else:
            self.numbers.append(None)

    def _list_end(self, _: Token) -> None:
        self.numbers.pop()

    def _item(self, token: Token) -> None:
        if self.first is not None:  # an empty item before it, or a list that starts in an item
            self._put([])
        number = self.numbers[-1]
        depth = len(self.numbers)
        if number is None:
            shape = glyphs.mark(("bullet", "bullet2", "bullet3")[min(depth, 3) - 1]) + " "
        else:
            shape = f"{number}{token.markup or '.'} "
            self.numbers[-1] = number + 1
        self.first = [*self.indent, (shape, "bullet")]
        deep = depth > DEEPEST or self._narrow()
        self.indent.append(("" if deep else " " * cells(shape), ""))
        if token.map is not None:
            self.end = token.map[0]

    def _narrow(self) -> bool:
        return self.width - sum(cells(text) for text, _ in self.indent) < NARROW

    def _item_end(self, _: Token) -> None:
        if self.first is not None:
            self._put([])
        self.indent.pop()

    def _quote(self, token: Token) -> None:
        self._gap(token)
        self.end = token.map[0] if token.map else self.end
        if self.first is not None:
            self.first = [*self.first, (glyphs.mark("quote") + " ", "muted")]
        self.indent.append(("" if self._narrow() else glyphs.mark("quote") + " ", "muted"))
        self.styles.append("quote")

    def _quote_end(self, _: Token) -> None:
        self.indent.pop()
        self.styles.pop()

    # -- tables

    def _table(self, token: Token) -> None:
        self._gap(token)
        self.table = Table()

    def _row(self, _: Token) -> None:
        if self.table is not None:
            self.table.rows.append([])

    def _cell(self, token: Token) -> None:
        if self.table is not None and len(self.table.rows) == 1:
            how = str(token.attrs.get("style", "")).rpartition(":")[2]
            self.table.align.append(how or "left")
        if token.type == "th_open":
            self.styles.append("strong")

    def _table_end(self, _: Token) -> None:
        if self.table is not None:
            table, self.table = self.table, None
            if self.first is not None:
                self._put([])
            self.lines += draw(table, self.width, tuple(self.indent))

    def _nothing(self, _: Token) -> None:
        pass

    _HANDLERS: ClassVar[dict[str, Callable[[_Layout, Token], None]]] = {
        "paragraph_open": _paragraph,
        "paragraph_close": _nothing,
        "inline": _inline,
        "heading_open": _heading,
        "heading_close": _pop_style,
        "hr": _rule,
        "fence": _code,
        "code_block": _code,
        "html_block": _html,
        "bullet_list_open": _list,
        "ordered_list_open": _list,
        "bullet_list_close": _list_end,
        "ordered_list_close": _list_end,
        "list_item_open": _item,
        "list_item_close": _item_end,
        "blockquote_open": _quote,
        "blockquote_close": _quote_end,
        "table_open": _table,
        "table_close": _table_end,
        "tr_open": _row,
        "th_open": _cell,
        "td_open": _cell,
        "th_close": _pop_style,
    }
