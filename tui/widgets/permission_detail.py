"""What will happen, as a person must see it before saying yes: nothing hidden by its layout.

Blank lines and long runs of spaces, which would push a command's end out of sight, are folded and
counted; characters that take no room are named; private keys are not shown at all.
"""

from __future__ import annotations

import re
from itertools import pairwise

from textual.content import Content

from skills.text import name_hidden
from tui.words.text import clean

_BLANK_KEPT = 1
_SPACES = re.compile(r"(?<=\S)[ \t\u00a0\u2000-\u200a\u202f\u205f\u3000]{12,}(?=\S)")
_PRIVATE_KEY = re.compile(
    r"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY[A-Z ]*)-----.*?(-----END \1-----|\Z)", re.DOTALL
)


def seen(text: str) -> str:
    """The text of a request, folded and named as above."""
    text = _PRIVATE_KEY.sub(_key, text)
    text = clean(name_hidden(text))
    text = _SPACES.sub(lambda found: f" ⟨{len(found[0])} spaces⟩ ", text)
    return "\n".join(_folded(text.split("\n")))


def _key(found: re.Match[str]) -> str:
    lines = found[0].count("\n") + 1
    return f"⟨a private key of {lines} lines, not shown⟩"


def _folded(lines: list[str]) -> list[str]:
    """Runs of blank lines as one line that counts them; those at the end are none of it."""
    while lines and not lines[-1].strip():
        lines.pop()
    told: list[str] = []
    blank = 0
    for line in lines:
        if not line.strip():
            blank += 1
            continue
        told += [""] * blank if blank <= _BLANK_KEPT else [f"⟨{blank} blank lines⟩"]
        blank = 0
        told.append(line)
    return told


def _named_once(lines: list[str]) -> list[str]:
    """A diff's lines without the two that name the file, where a line above them has named it."""
    for at, (old, new) in enumerate(pairwise(lines)):
        if old.startswith("@@"):
            break
        if old.startswith("--- ") and new == f"+++ {old[4:]}" and old[4:] in lines[:at]:
            above = lines[: at - 1] if not lines[at - 1] else lines[:at]
            return above + lines[at + 2 :]
    return lines


def detail(text: str, kind: str) -> Content:
    """The detail of a request, drawn; the lines of a `diff` in their colours."""
    shown = seen(text)
    if kind != "diff":
        return Content(shown)
    parts: list[Content] = []
    for line in _named_once(shown.split("\n")):
        style = {"+": "$text-success", "-": "$text-error", "@": "$text-accent"}.get(line[:1])
        parts.append(Content.styled(line, style) if style else Content(line))
    return Content("\n").join(parts)
