"""Lines of text as files, tools and people count them: they end at a newline and nowhere else.

`str.splitlines` also ends them at form feeds, vertical tabs, U+0085, U+2028 and others, so that
line numbers disagree with every editor, with grep and with diff.
"""

from __future__ import annotations


def lines(text: str) -> list[str]:
    """The lines without their ends; a newline at the very end begins no further line."""
    found = text.split("\n")
    if found[-1] == "":
        found.pop()
    return found


def whole_lines(text: str) -> list[str]:
    """The lines with their ends, so that joined they are the text."""
    found = [line + "\n" for line in text.split("\n")]
    found[-1] = found[-1][:-1]
    if not found[-1]:
        found.pop()
    return found
