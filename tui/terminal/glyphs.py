"""Shapes for states and marks, each with an ASCII stand-in.

Only characters that every terminal draws one cell wide are used for states: the filled
circles, triangles and arrows of the "ambiguous" width class take two cells in East Asian
locales and push what follows out of place.

ASCII is used when `AGENTDECK_ASCII` is set, when the locale can't write the shapes, or when
`use_ascii(True)` was called (the `tui.ascii` setting).
"""

from __future__ import annotations

import locale
import os

_STATUS = {
    "working": ("▸", ">"),
    "needs-you": ("!", "!"),
    "done": ("✓", "+"),
    "idle": ("◦", "."),
    "failed": ("✗", "x"),
    "paused": ("▫", "="),
    "cut-off": ("▪", "~"),
    "offline": ("◇", "o"),
    "unknown": ("?", "?"),
}
_TOOL = {
    "running": ("▸", ">"),
    "asking": ("!", "!"),
    "ok": ("✓", "+"),
    "error": ("✗", "x"),
    "denied": ("⊘", "-"),
    "cancelled": ("▫", "="),
    "unknown": ("?", "?"),
}
_MARKS = {
    "user": ("▌", ">"),
    "cursor": ("┃", "#"),
    "folded": ("▸", ">"),
    "unfolded": ("▾", "v"),
    "bullet": ("•", "*"),
    "bullet2": ("◦", "-"),
    "bullet3": ("▪", "+"),
    "task": ("☐", "[ ]"),
    "task-done": ("☑", "[x]"),
    "quote": ("▎", "|"),
    "code": ("▏", "|"),
    "result": ("│", "|"),
    "rule": ("─", "-"),
    "column": ("│", "|"),
    "cross": ("┼", "+"),
    "more": ("…", "..."),
    "notice": ("·", "-"),
    "error": ("✗", "x"),
    "retry": ("↻", "~"),
    "new": ("⇣", "v"),
    "under": ("└", "`"),
    "filled": ("█", "#"),
    "left": ("░", "."),
    "colour": ("■", "#"),
}

_ascii: bool | None = None


def use_ascii(on: bool | None) -> None:
    """Use ASCII shapes, or not; None asks the environment."""
    global _ascii
    _ascii = on


def is_ascii() -> bool:
    """Whether ASCII shapes are used now."""
    if _ascii is not None:
        return _ascii
    if (wish := os.environ.get("AGENTDECK_ASCII", "")) != "":
        return wish.lower() not in ("0", "no", "false", "off")
    encoding = locale.getpreferredencoding(False).lower().replace("-", "")
    return encoding not in ("utf8", "utf16", "cp65001")


def status(name: str) -> str:
    """The shape of a session's status."""
    return _STATUS.get(name, _STATUS["unknown"])[is_ascii()]


def tool(name: str) -> str:
    """The shape of a tool call's status."""
    return _TOOL.get(name, _TOOL["unknown"])[is_ascii()]


def mark(name: str) -> str:
    """A mark of the transcript, or what a bar and the names of its colours are drawn with.

    Raises:
        KeyError: there is no such mark.
    """
    return _MARKS[name][is_ascii()]
