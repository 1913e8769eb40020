"""Words for the screen: foreign text as plain content, cut to fit, and figures."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from sessions.record.names import name_of
from sessions.record.summary import Summary
from sessions.record.terminal_state import called
from sessions.safety.sanitise import clean, clean_line

__all__ = [
    "clean",
    "clip",
    "clip_middle",
    "column",
    "cost",
    "duration",
    "first_line",
    "fitting",
    "in_column",
    "in_file_name",
    "one_line",
    "place_of",
    "plain",
    "rows_of",
    "size",
    "title_of",
    "tokens",
]


def plain(text: str, style: str = "") -> Content:
    """Foreign text as content: no markup is read in it, no control code survives."""
    return Content.styled(clean(text), style) if style else Content(clean(text))


def one_line(text: str) -> str:
    """Foreign text on one line, white space joined, without control codes."""
    return clean_line(" ".join(text.split()))


def clip(text: str, cells: int) -> str:
    """`text` cut to so many cells, with an ellipsis where something is left out."""
    if cells <= 0:
        return ""
    if cell_len(text) <= cells:
        return text
    return set_cell_size(text, cells - 1).rstrip() + "…"


def column(cells: Iterable[str], most: int) -> int:
    """How wide a column is that holds these: as its widest, `most` at most."""
    return min(most, max(map(cell_len, cells), default=0))


def in_column(text: str, width: int) -> str:
    """A text in a column of that width, and the space after it."""
    if text.isascii() and len(text) <= width:
        return text.ljust(width + 1)  # a list has thousands of them
    return set_cell_size(clip(text, width), width) + " "


def fitting(text: str, cells: int, *, last: bool = False) -> str:
    """As many of its parts (` · ` between them) as so many cells hold, the first in any case.

    `last`: the last one too, which is the way out.
    """
    parts, kept = text.split(" · "), 2 if last else 1
    while len(parts) > kept and cell_len(" · ".join(parts)) > cells:
        parts.pop(-kept)
    return " · ".join(parts)


def in_file_name(text: str) -> str:
    """What of a text a file's name can have: its words, with `-` between them."""
    return "-".join(re.findall(r"\w+", text.casefold()))[:40].strip("-")


def clip_middle(text: str, cells: int) -> str:
    """At most so many cells of a text: its beginning and its end."""
    if cell_len(text) <= cells:
        return text
    tail = max(0, (cells - 1) // 3)
    end = text[len(text) - tail :] if tail else ""
    while cell_len(end) > tail:
        end = end[1:]
    end = end.lstrip("… ")
    return set_cell_size(text, cells - 1 - cell_len(end)).rstrip("… ") + "…" + end


def rows_of(text: str, width: int) -> int:
    """About how many rows a text takes in so many columns."""
    return sum(1 + len(line) // max(8, width) for line in text[:20_000].split("\n"))


def first_line(text: str) -> str:
    """The first line with something in it, and how many follow."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    more = f"  (+{len(lines) - 1} lines)" if len(lines) > 1 else ""
    return one_line(lines[0][:400]) + more if lines else ""


def place_of(summary: Summary) -> str:
    """Where a session works: repository and branch, where it has a worktree; else its directory.

    The part of the branch that is the same for all, and the id at its end, are left out.
    """
    if not summary.branch:
        return one_line(summary.cwd)
    name = summary.branch.removeprefix("agentdeck/").removeprefix("agentdeck-")
    return one_line(f"{summary.repository} {name.removesuffix(f'-{summary.id}')}")


def title_of(summary: Summary) -> str:
    """What a session is called: its title, else the beginning of its first message, else what
    runs on it, where it is a terminal.

    One on another machine names that first.
    """
    name = one_line(name_of(summary)) or _unnamed(summary)
    return f"{one_line(summary.host)}: {name}" if summary.host else name


def _unnamed(summary: Summary) -> str:
    if (state := summary.terminal) is not None:
        return one_line(called(state["argv"])) or "shell"
    return "new session" if not summary.turns else f"session {summary.id[-6:]}"


def tokens(count: int) -> str:
    """`950`, `12.3k`, `1.2M`."""
    if count < 1000:
        return str(count)
    if count < 999_950:
        return f"{count / 1000:.1f}k"
    return f"{count / 1_000_000:.1f}M"


def cost(usd: float) -> str:
    """Dollars with as many places as they deserve."""
    if usd and usd < 0.01:
        return "<$0.01"
    return f"${usd:.2f}"


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3:05`, `1 h 02`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02}"
    return f"{minutes}:{rest:02}" if minutes else f"{rest} s"


def size(count: int) -> str:
    """Bytes or characters as `12 KB`."""
    if count < 1024:
        return f"{count} B"
    if count < 1024 * 1024:
        return f"{round(count / 1024)} KB"
    return f"{count / 1024 / 1024:.1f} MB"
