"""Lines → strips: style names become colours, with the gutter, what was found and selected."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rich.segment import Segment
from textual.strip import Strip

from tui.pictures.strips import joined
from tui.terminal import glyphs
from tui.terminal.output_guard import printable
from tui.view.light_strip import LightStrip
from tui.view.line import Line, Span, cells
from tui.view.palette import Palette
from tui.view.picture import PictureLine

GUTTER = 2
"""Cells left of every line: a bar for what is mine, or for the block in hand."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a row looks beside its text.

    `gutter`: ``""``, ``"user"`` or ``"cursor"``. `undone`: no longer part of the conversation.
    `needle`: what is searched for; `here`: this row holds the match that was jumped to.
    `selected`: first and last character of the row, gutter included, that the mouse selected
    (last -1: to the end).
    """

    gutter: str = ""
    undone: bool = False
    needle: re.Pattern[str] | None = None
    here: bool = False
    selected: tuple[int, int] | None = None


PLAIN = Look()


def paint(line: Line, look: Look, palette: Palette, width: int) -> Strip:
    """The strip of a line, exactly `width` cells wide; kept on the line while nothing changes."""
    key = (look, palette, width)
    if line.strip is not None and line.painted == key:
        return line.strip
    strip = _paint(line, look, palette, width)
    line.strip, line.painted = strip, key
    return strip


def _paint(line: Line, look: Look, palette: Palette, width: int) -> Strip:
    spans: list[Span] = list(line.spans)
    if look.needle is not None:
        style = "found-here" if look.here else "found"
        found = [match.span() for match in look.needle.finditer(line.text)]
        spans = _overlay(spans, found, style)
    mark = glyphs.mark(look.gutter) + " " if look.gutter else " " * GUTTER
    spans.insert(0, (mark, "cursor" if look.gutter == "cursor" else "user-bar"))
    if look.selected is not None:
        start, end = look.selected
        length = sum(len(text) for text, _ in spans)
        spans = _overlay(spans, [(max(start, GUTTER), length if end < 0 else end)], "selected")
    undone = " undone" if look.undone else ""
    if isinstance(line, PictureLine):
        parts = [Strip([Segment(printable(t), palette[style + undone])]) for t, style in spans]
        room = width - sum(part.cell_length for part in parts)
        return joined([*parts, line.drawn(max(0, room), palette[line.fill])])
    segments = []
    used = 0
    for text, style in spans:
        if not text.isprintable():  # the second gate, for what slipped past the first
            text = printable(text)
        segments.append(Segment(text, palette[style + undone]))
        used += cells(text)
    if used < width:
        segments.append(Segment(" " * (width - used), palette[line.fill]))
        used = width
    strip = LightStrip(segments, used)
    return strip if used == width else strip.adjust_cell_length(width, palette.base)


def _overlay(spans: list[Span], ranges: list[tuple[int, int]], style: str) -> list[Span]:
    """Add a style to ranges of characters."""
    for start, end in ranges:
        result: list[Span] = []
        at = 0
        for text, names in spans:
            left, right = max(0, start - at), max(0, end - at)
            for piece, extra in (
                (text[:left], ""),
                (text[left:right], style),
                (text[max(left, right) :], ""),
            ):
                if piece:
                    result.append((piece, f"{names} {extra}".strip()))
            at += len(text)
        spans = result
    return spans


def bar(text: str, palette: Palette, width: int, style: str) -> Strip:
    """A whole row that says something of the view itself: a hint, the search."""
    strip = Strip([Segment(printable(text), palette[style])])
    return strip.adjust_cell_length(width, palette[style])


def copied(rows: list[tuple[Line, int, int]]) -> str:
    """The text of selected rows: `(line, first, last)` in characters after the gutter.

    Decoration is left out, and lines that were only broken to fit are joined again.
    """
    text = ""
    joint: str | None = ""
    for line, start, end in rows:
        piece = line.text[max(start, line.lead) : None if end < 0 else max(end, line.lead)]
        text += ("\n" if joint is None else joint) + piece
        joint = line.soft
    return text
