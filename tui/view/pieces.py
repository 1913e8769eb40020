"""Pieces: what a block is made of. Each renders itself into lines for a given width."""

from __future__ import annotations

from collections.abc import Callable

from tui.terminal import glyphs
from tui.view import code
from tui.view.line import Line, Span, wrap
from tui.view.markdown import code_line, code_lines, render
from tui.view.split import Part


class Piece:
    """A part of a block that is rendered, kept and dropped as a whole.

    `gap`: a blank row stands before it. `lines`: kept lines, valid for `width`; dropped when
    too many are kept, while `height` stays.
    """

    __slots__ = ("gap", "height", "lines", "version", "width")

    def __init__(self, gap: bool = False) -> None:
        self.gap = gap
        self.lines: list[Line] | None = None
        self.height = 0
        self.width = 0
        self.version = -1

    @property
    def source(self) -> str:
        """The text it shows, for searching and estimating."""
        raise NotImplementedError

    @property
    def wanted(self) -> int:
        """The version of its content; rendered again when it differs from `version`."""
        return 0

    def fresh(self, width: int) -> bool:
        """Whether its height holds for this width."""
        return self.width == width and self.version == self.wanted

    def render(self, width: int) -> list[Line]:
        """Its lines, without the gap."""
        raise NotImplementedError

    def estimate(self, width: int) -> int:
        """About how many rows it will take, gap included."""
        return estimate(self.source, width) + self.gap


def estimate(text: str, width: int) -> int:
    """About how many rows a text takes."""
    return max(1, text.count("\n") + len(text) // max(8, int(width * 0.9)))


class MarkdownPiece(Piece):
    """A paragraph, list item, quote, heading, table, or part of a code block."""

    __slots__ = ("_after", "_before", "_done", "_kept", "_start", "part", "style")

    def __init__(self, part: Part, before: MarkdownPiece | None, style: str = "") -> None:
        super().__init__(part.gap)
        self.part = part
        self.style = style
        self._before = before if part.cont else None
        self._start: code.State | None = None
        self._after: code.State = ("root",)
        self._done = 0  # characters of an open code block whose lines are final
        self._kept: tuple[Line, ...] | list[Line] = ()  # thousands of pieces have none

    @property
    def source(self) -> str:
        return self.part.text

    @property
    def wanted(self) -> int:
        return self.part.version

    def render(self, width: int) -> list[Line]:
        if self.part.kind == "md":
            return render(self.part.text, width, self.style)
        if self.part.final:
            self._kept, self._done = (), 0
            lines, self._after = code_lines(self.part.text, self.part.lang, width, self._state)
            return lines or code_line([], width)
        return self._growing(width)

    @property
    def _state(self) -> code.State:
        """Where the code before it left off, as far as that is known."""
        if self._start is None:
            self._start = self._before._after if self._before is not None else ("root",)
            self._before = None
        return self._start

    def _growing(self, width: int) -> list[Line]:
        """Only lines that came since the last time are lexed."""
        if self.width != width or not self._done:
            self._kept, self._done, self._after = (), 0, self._state
        text = self.part.text
        end = text.rfind("\n") + 1
        if end > self._done:
            new = text[self._done : end]
            lines, self._after = code_lines(new, self.part.lang, width, self._after)
            self._kept = [*self._kept, *lines]
            self._done = end
        if end < len(text):
            last, _ = code_lines(text[end:], self.part.lang, width, self._after)
            return [*self._kept, *last]
        return list(self._kept) or code_line([], width)


class TextPiece(Piece):
    """Plain text, each line with the same decoration."""

    __slots__ = ("_before", "_spans", "_style")

    def __init__(
        self, text: str, style: str = "", before: tuple[Span, ...] = (), gap: bool = False
    ) -> None:
        super().__init__(gap)
        self._spans: list[Span] = [(text, style)]
        self._before = before

    @property
    def source(self) -> str:
        return self._spans[0][0]

    def render(self, width: int) -> list[Line]:
        return wrap(self._spans, width, self._before)


class DiffPiece(Piece):
    """Lines of a unified diff, coloured by their first character."""

    __slots__ = ("_before", "_text")

    def __init__(self, text: str, before: tuple[Span, ...] = ()) -> None:
        super().__init__()
        self._text = text
        self._before = before

    @property
    def source(self) -> str:
        return self._text

    def render(self, width: int) -> list[Line]:
        lines: list[Line] = []
        for line in self._text.split("\n"):
            style = {"+": "added", "-": "removed", "@": "tok-keyword"}.get(line[:1], "muted")
            lines += wrap([(line, style)], width, self._before)
        return lines


class MadePiece(Piece):
    """Lines made by a function of the width; `text` is what they say."""

    __slots__ = ("_make", "_text")

    def __init__(self, text: str, make: Callable[[int], list[Line]], gap: bool = False) -> None:
        super().__init__(gap)
        self._text = text
        self._make = make

    @property
    def source(self) -> str:
        return self._text

    def render(self, width: int) -> list[Line]:
        return self._make(width)


def marked(mark: str, style: str, text: str, rest_style: str = "muted") -> TextPiece:
    """A text whose first line is led by a mark: notices, hints."""
    return TextPiece(f"{glyphs.mark(mark)} {text}", f"{rest_style} {style}".strip())
