"""Keys that terminals without the Kitty protocol send as escape and a character.

Textual 8.2.8 reads alt+1 and alt+2 there as `¡` and `™`, drops the alt of alt+enter (which
would send a message that was to get a new line), and holds every other alt+letter back until
its escape delay has passed. Most terminals, and tmux in all of them, send these.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from typing import Any, NamedTuple, cast

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._xterm_parser import XTermParser
from textual.keys import KEY_NAME_REPLACEMENTS, _character_to_key
from textual.message import Message

from tui.terminal.terminal_answers import answers

_WORD_MOVES = {"b": "ctrl+left", "f": "ctrl+right"}
"""What option+left and option+right send on macOS: they stay moves by a word."""
_SIGNS = "!\"#$%&'()*+,-./:;<=>?@\\`{|}~ "
"""Those with which no sequence of a terminal begins."""


class AltLetter(str):
    """A move by a word that came as alt and a letter; for a program on a terminal it is that."""

    letter: str

    @classmethod
    def of(cls, letter: str) -> AltLetter:
        """The move that a letter is."""
        made = cls(_WORD_MOVES[letter])
        made.letter = letter
        return made


class _Named(NamedTuple):
    """Stands where the parser looks for a member of `Keys`."""

    value: str


_BEGIN, _END = "\x1b[200~", "\x1b[201~"
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|.)?", re.DOTALL)
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|O)?\Z")
_REPORT = re.compile(r"\x1b\[(?:27;(?P<mods>\d+);(?P<other>\d+)~|(?P<code>\d+)[\d:;]*u)")


class Pastes:
    """Makes text of what stands between the marks of a paste, whatever it is.

    tmux with extended keys sends the line ends of a paste as reports of the key enter
    (`ESC [13;1u`), which Textual's parser would hand over as keys, before the text and apart
    from it. What is no character (an arrow, a colour) is left out.
    """

    def __init__(self) -> None:
        self._within = False
        self._held = ""
        """The beginning of a sequence whose end has not come yet; only within a paste."""
        self._recent = ""
        """The end of what went through: a mark may come in two pieces."""

    def text(self, data: str) -> str:
        """What is to be parsed in the place of `data`."""
        parts: list[str] = []
        while data:
            if self._within:
                data = self._inside(self._held + data, parts)
            else:
                data = self._outside(data, parts)
        return "".join(parts)

    def _outside(self, data: str, parts: list[str]) -> str:
        joined = self._recent + data
        at = joined.find(_BEGIN)
        self._within = at >= 0
        cut = at + len(_BEGIN) - len(self._recent) if self._within else len(data)
        parts.append(data[:cut])
        self._recent = "" if self._within else joined[1 - len(_BEGIN) :]
        return data[cut:]

    def _inside(self, data: str, parts: list[str]) -> str:
        self._held = ""
        at = data.find(_END)
        if at >= 0:
            parts.append(_SEQUENCE.sub(_character, data[:at]) + _END)
            self._within = False
            return data[at + len(_END) :]
        if unfinished := _UNFINISHED.search(data):
            data, self._held = data[: unfinished.start()], unfinished[0]
        parts.append(_SEQUENCE.sub(_character, data))
        return ""


def _character(sequence: re.Match[str]) -> str:
    report = _REPORT.fullmatch(sequence[0])
    code = int(report["code"] or report["other"]) if report else 0
    if code == 13:
        return "\n"
    return chr(code) if code == 9 or (32 <= code < 0xE000 and code != 127) else ""


def _feed(parser: XTermParser, data: str) -> Iterable[Message]:
    if data:  # an empty one is the end of everything
        data = answers.text(data)
        return _parsed(parser, data) if data else ()
    return _FEED(parser, data)


def _parsed(parser: XTermParser, data: str) -> Iterable[Message]:
    pastes: Pastes = parser.__dict__.setdefault("_agentdeck_pastes", Pastes())
    told = pastes.text(data)
    return _FEED(parser, told) if told else ()


def _tick(parser: XTermParser) -> Iterable[Message]:
    if late := answers.late():  # an escape key that looked like an answer's beginning
        yield from _parsed(parser, late)
    yield from _TICK(parser)


_FEED = XTermParser.feed
_TICK = XTermParser.tick


def learn() -> None:
    """Teach Textual's parser alt with digits, small letters, signs and enter; and pastes."""
    XTermParser.feed = _feed  # type: ignore[method-assign,assignment]
    XTermParser.tick = _tick  # type: ignore[method-assign,assignment]
    table = cast("dict[str, Any]", ANSI_SEQUENCES_KEYS)
    for character in string.ascii_lowercase + string.digits:
        table[f"\x1b{character}"] = (_Named(f"alt+{character}"),)
    for letter in _WORD_MOVES:
        table[f"\x1b{letter}"] = (_Named(AltLetter.of(letter)),)
    for sign in _SIGNS:
        name = _character_to_key(sign)
        table[f"\x1b{sign}"] = (_Named(f"alt+{KEY_NAME_REPLACEMENTS.get(name, name)}"),)
    table["\x1b\r"] = table["\x1b\n"] = (_Named("alt+enter"),)
