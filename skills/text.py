"""Characters that a reader does not see: finding them, naming them, taking them out.

Text of a skill comes from strangers. What a person can't see must reach neither the terminal
nor the model: control codes, the tag block (U+E0000 to U+E007F, which can spell a whole
instruction), bidirectional overrides, zero-width characters. A zero-width joiner between two
emoji and the three flags that Unicode spells with tags are left alone, for they are drawn.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

_FLAG = "\U0001f3f4"
# The flags of England, Scotland and Wales: the only tag sequences in use (Unicode TR51, annex C).
_DRAWN_TAGS = tuple(
    _FLAG + "".join(chr(0xE0000 + ord(c)) for c in region) + "\U000e007f"
    for region in ("gbeng", "gbsct", "gbwls")
)
HiddenKind = Literal["tag", "bidi", "zero-width", "variation", "control", ""]
"""What characters that are not seen are; "": seen ones."""
_KINDS: tuple[tuple[HiddenKind, str], ...] = (
    ("tag", "\U000e0000-\U000e007f"),
    ("bidi", "\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c"),
    ("zero-width", "\u200b-\u200d\u2060-\u2065\ufeff\u180e\u00ad\u034f\u115f\u1160\u3164\uffa0"),
    ("variation", "\U000e0100-\U000e01ef"),
    ("control", "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"),
)
_HIDDEN = re.compile("[" + "".join(chars for _, chars in _KINDS) + "]")
_BY_KIND = tuple((kind, re.compile(f"[{chars}]")) for kind, chars in _KINDS)
_PLAIN_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_TAGS = re.compile("[\U000e0000-\U000e007f]+")


@dataclass(frozen=True, slots=True)
class Hidden:
    """One run of characters that are not seen; `line` and `column` count from 1."""

    kind: HiddenKind
    line: int
    column: int
    codes: str
    """`U+200B` and so on, the first eight of the run."""
    says: str = ""
    """What a run of tag characters spells."""


def has_hidden(text: str) -> bool:
    """Whether anything in `text` might be unseen (fast; a joiner between emoji counts too)."""
    return (not text.isascii() and _HIDDEN.search(text) is not None) or _controls(text)


def _controls(text: str) -> bool:
    return text.isascii() and not text.isprintable() and _HIDDEN.search(text) is not None


def hidden(text: str) -> list[Hidden]:
    """Every run of unseen characters in `text`."""
    if not has_hidden(text):
        return []
    found: list[Hidden] = []
    for number, line in enumerate(text.split("\n"), 1):
        if _HIDDEN.search(line):
            found += _in_line(line, number)
    return found


def _in_line(line: str, number: int) -> list[Hidden]:
    masked = _mask_flags(line)
    runs: list[Hidden] = []
    start = 0
    while match := _HIDDEN.search(masked, start):
        kind = kind_of(match.group())
        end = match.end()
        while end < len(masked) and _HIDDEN.match(masked, end) and kind_of(masked[end]) == kind:
            end += 1
        run = masked[match.start() : end]
        start = end
        if kind == "zero-width" and _joins_emoji(masked, match.start(), end):
            continue
        codes = " ".join(f"U+{ord(c):04X}" for c in run[:8]) + (" …" if len(run) > 8 else "")
        runs.append(Hidden(kind, number, match.start() + 1, codes, decode_tags(run)))
    return runs


def name_hidden(text: str) -> str:
    """The text with every run of unseen characters named where it stands: `⟨U+200B⟩`."""
    if not has_hidden(text):
        return text
    lines = text.split("\n")
    for run in reversed(hidden(text)):
        line, start = lines[run.line - 1], run.column - 1
        end = start
        while end < len(line) and _HIDDEN.match(line[end]) and kind_of(line[end]) == run.kind:
            end += 1
        lines[run.line - 1] = f"{line[:start]}⟨{run.codes}⟩{line[end:]}"
    return "\n".join(lines)


def kind_of(char: str) -> HiddenKind:
    """What a character is that is not seen, "" for one that is."""
    return next((kind for kind, pattern in _BY_KIND if pattern.match(char)), "")


def _mask_flags(line: str) -> str:
    for flag in _DRAWN_TAGS:
        line = line.replace(flag, _FLAG + " " * (len(flag) - 1))
    return line


def _joins_emoji(text: str, start: int, end: int) -> bool:
    """A single joiner (U+200D, or U+200C between letters of a script that needs it)."""
    if end - start != 1 or start == 0 or end >= len(text):
        return False
    before, after = text[start - 1], text[end]
    if text[start] == "\u200d" and before in "\ufe0f" and start > 1:
        before = text[start - 2]
    if text[start] == "\u200d":
        # Emoji are symbols (So) or skin tones (Sk); Indic and Arabic letters join too.
        return _joins(before) and _joins(after)
    return text[start] == "\u200c" and _letter(before) and _letter(after)


def _joins(char: str) -> bool:
    return unicodedata.category(char) in ("So", "Sk") or _letter(char)


def _letter(char: str) -> bool:
    return ord(char) >= 0x0600 and unicodedata.category(char) in ("Lo", "Mn", "Mc")


def decode_tags(text: str) -> str:
    """What the tag characters in `text` spell: U+E0041 is an unseen `A`."""
    return "".join(
        chr(ord(c) - 0xE0000)
        for run in _TAGS.findall(text)
        for c in run
        if 0x20 <= ord(c) - 0xE0000 < 0x7F
    )


def clean(text: str) -> str:
    """`text` without what is not seen; newlines and tabs stay."""
    if not has_hidden(text):
        return text
    return "\n".join(_clean_line(line) for line in text.split("\n"))


def _clean_line(line: str) -> str:
    if not _HIDDEN.search(line):
        return line
    masked, kept = _mask_flags(line), []
    for index, char in enumerate(masked):
        if _HIDDEN.match(char) and not _joins_emoji(masked, index, index + 1):
            continue
        kept.append(line[index])
    return "".join(kept)


def one_line(text: str) -> str:
    """`text` cleaned, with every run of blanks as one space."""
    line = " ".join(text.split())
    if line.isascii() and line.isprintable():
        return line
    return " ".join(clean(line).split()) if has_hidden(line) else line


def fold(name: str) -> str:
    """A name as it is compared: NFKC, case and the choice of space, `_` or `-` do not matter."""
    if _PLAIN_NAME.match(name):
        return name
    folded = unicodedata.normalize("NFKC", one_line(name)).casefold()
    return re.sub(r"[\s_-]+", "-", folded).strip("-")
