"""Foreign text made safe to show: the first gate.

What a model, a tool, a page or a skill says may hold terminal control sequences (CWE-150),
text that reads backwards, or characters that can't be encoded. Single characters are
replaced, never sequences matched: so a sequence that was split over two chunks can't pass.

Replaced by a visible mark: C0 controls other than newline and tab, DEL, C1 controls, a lone
carriage return (it hides what stood before it), surrogates, line and paragraph separators,
bidirectional overrides and isolates, and the invisible tag characters. CR LF becomes LF.
"""

from __future__ import annotations

import re

_FORBIDDEN = re.compile(
    "\r\n|[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e"
    "\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]"
)
_LINE = re.compile(r"\s*[\n\t]\s*")


def _mark(match: re.Match[str]) -> str:
    char = match.group()
    if char == "\r\n":
        return "\n"
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return "\ufffd"


def clean(text: str) -> str:
    """`text` with everything that is not plain text replaced by a visible mark."""
    if text.isascii() and text.isprintable():
        return text
    return _FORBIDDEN.sub(_mark, text)


def clean_line(text: str) -> str:
    """The same on one line: newlines and tabs, with the space around them, become one space."""
    if text.isascii() and text.isprintable():
        return text
    return _LINE.sub(" ", clean(text))
