"""Lines: what a block is drawn as, and how text is broken into them.

A line knows words and style names, not colours: a change of theme costs no re-wrapping, and
thousands of kept lines stay lean. Widths are terminal cells throughout, as `rich.cells`
counts them, so wide characters, combining marks and emoji sequences are never split.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len, get_character_cell_size, split_graphemes
from textual.strip import Strip

Span = tuple[str, str]
"""A piece of text and the names of its styles, joined by spaces (`"heading code"`)."""

Break = tuple[int, int, str | None]
"""Start and end of a line in a text, and what joins it to the next: "", " ", or None = newline."""

# Never at the start of a line (East Asian closing punctuation).
_CLOSING = frozenset("、。，．！？：；）」』】〉》〕］｝”’…ー々")


@dataclass(slots=True, eq=False)
class Line:
    """One row of a block.

    `lead`: how many characters at the start are decoration, which copying leaves out.
    `soft`: what joins it to the next line when copied; None means a newline.
    `fill`: the style of the rest of the row.
    """

    spans: Sequence[Span]
    lead: int = 0
    soft: str | None = None
    fill: str = ""
    strip: Strip | None = field(default=None, repr=False)
    """How it was last painted; the view's own."""
    painted: object = field(default=None, repr=False)
    """What `strip` is valid for; the view's own."""

    @property
    def text(self) -> str:
        """All of it, decoration included."""
        return "".join(text for text, _ in self.spans)

    def says(self, other: Line) -> bool:
        """Whether it looks, and is copied, as the other is."""
        return (
            self.spans == other.spans
            and (self.lead, self.soft, self.fill) == (other.lead, other.soft, other.fill)
            and type(self) is type(other) is Line
        )

    @property
    def width(self) -> int:
        """In cells."""
        return cell_len(self.text)


def keep_equal(lines: list[Line], before: Sequence[Line]) -> None:
    """Put a line of before in the place of one that says the same there: it is painted already."""
    for number, (line, old) in enumerate(zip(lines, before, strict=False)):
        if line is not old and line.says(old):
            lines[number] = old


def cells(text: str) -> int:
    """The width of `text` in cells."""
    return len(text) if text.isascii() else cell_len(text)


def _single_width(text: str) -> bool:
    return text.isascii() or all(get_character_cell_size(char) == 1 for char in set(text))


def break_text(text: str, width: int, first: int | None = None) -> list[Break]:
    """Where `text` breaks so that no line is wider than `width` cells.

    Breaks at spaces, between wide characters, and inside a word only where it is wider than
    a whole line. Newlines break always. Every character is in a line or is a space or newline
    at a break.

    Args:
        first: the width of the first line, where it differs.
    """
    breaks: list[Break] = []
    position = 0
    room = width if first is None else first
    for paragraph in text.split("\n"):
        end = position + len(paragraph)
        if len(paragraph) <= room and paragraph.isascii():
            breaks.append((position, end, None))
        elif _single_width(paragraph):
            _break_narrow(text, position, end, width, room, breaks)
        else:
            _break_wide(paragraph, position, width, room, breaks)
        position = end + 1
        room = width
    return breaks


def _break_narrow(
    text: str, start: int, end: int, width: int, first: int, breaks: list[Break]
) -> None:
    room = first
    while end - start > room:
        cut = text.rfind(" ", start, start + room + 1)
        if cut <= start or text[start:cut].isspace():
            # A word wider than the first line's room goes to the next, if it fits there.
            if room < width and " " not in text[start : start + width]:
                breaks.append((start, start, ""))
            else:
                cut = start + max(1, room)
                breaks.append((start, cut, ""))
                start = cut
        else:
            breaks.append((start, cut, " "))
            start = cut + 1
        room = width
    breaks.append((start, end, None))


def _break_wide(paragraph: str, offset: int, width: int, first: int, breaks: list[Break]) -> None:
    graphemes, _ = split_graphemes(paragraph)
    start = used = 0
    room = first
    chance: tuple[int, int, int] | None = None  # where the line ends, the next starts, its cells
    previous_wide = False
    for begin, end, size in graphemes:
        char = paragraph[begin]
        wide = size > 1
        if begin > start and (wide or previous_wide) and char not in _CLOSING and char != " ":
            chance = (begin, begin, used)
        if used + size > room and begin > start:
            if char == " ":
                breaks.append((offset + start, offset + begin, " "))
                start, used, chance = end, 0, None
                room, previous_wide = width, False
                continue
            if chance is not None and chance[0] > start:
                soft = " " if chance[1] > chance[0] else ""
                breaks.append((offset + start, offset + chance[0], soft))
                start, used = chance[1], used - chance[2]
            else:
                breaks.append((offset + start, offset + begin, ""))
                start, used = begin, 0
            room, chance = width, None
            if used + size > room and begin > start:
                breaks.append((offset + start, offset + begin, ""))
                start, used = begin, 0
        used += size
        if char == " ":
            chance = (begin, end, used) if begin > start else chance
        previous_wide = wide
    breaks.append((offset + start, offset + len(paragraph), None))


def slice_spans(spans: Sequence[Span], pieces: Iterable[tuple[int, int]]) -> list[list[Span]]:
    """Cut runs of text at character positions; the pieces come in order."""
    result: list[list[Span]] = []
    index = begin = 0
    for start, end in pieces:
        while index < len(spans) and begin + len(spans[index][0]) <= start:
            begin += len(spans[index][0])
            index += 1
        line: list[Span] = []
        at, position = index, begin
        while at < len(spans) and position < end:
            text, style = spans[at]
            piece = text[max(0, start - position) : end - position]
            if piece:
                line.append((piece, style))
            position += len(text)
            at += 1
        result.append(line)
    return result


def wrap(
    spans: Sequence[Span],
    width: int,
    rest: Sequence[Span] = (),
    first: Sequence[Span] | None = None,
    fill: str = "",
) -> list[Line]:
    """Break runs of text into lines of at most `width` cells.

    Args:
        rest: decoration before every line.
        first: decoration before the first line, where it differs.
    """
    head = rest if first is None else first
    before_rest = "".join(text for text, _ in rest)
    before_head = "".join(text for text, _ in head)
    room_rest = width - cells(before_rest)
    if room_rest < 2:  # no room for decoration: the words matter more
        rest, before_rest, room_rest = (), "", max(2, width)
    room_head = width - cells(before_head)
    if room_head < 2:
        head, before_head, room_head = (), "", max(2, width)
    text = spans[0][0] if len(spans) == 1 else "".join(text for text, _ in spans)
    breaks = break_text(text, room_rest, room_head)
    if len(spans) == 1:
        style = spans[0][1]
        bodies = [[(text[a:b], style)] if b > a else [] for a, b, _ in breaks]
    else:
        bodies = slice_spans(spans, ((a, b) for a, b, _ in breaks))
    lines = []
    for number, (body, (_, _, soft)) in enumerate(zip(bodies, breaks, strict=True)):
        decoration, length = (rest, len(before_rest)) if number else (head, len(before_head))
        lines.append(Line((*decoration, *body), length, soft, fill))
    return lines
