"""What programs say of themselves to their terminal, read from the bytes that they print.

Titles (OSC 0 and 2), progress (OSC 9;4), notices (OSC 9, 99 and 777), where a prompt, a command
and its output begin (OSC 133, and 633 as one editor's shells say it), the directory (OSC 7), the
bell, and OSC 52, which asks for the clipboard: that one is cut out, whoever draws the bytes never
has it. All else goes on as it came, but never ends within a sequence: the beginning of one waits
for its rest, so that what is read does not depend on how it was cut.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from sessions.safety.sanitise import clean, clean_line

Kind = Literal[
    "bell", "title", "progress", "notice", "directory", "clipboard",
    "prompt", "typing", "command", "output", "done",
]  # fmt: skip
MOST_WORDS = 500
_MOST, _MOST_CLIPBOARD = 2**14, 2**18
_BEL, _ESC, _OSC, _SEMICOLON = 0x07, 0x1B, 0x5D, 0x3B
_OURS = (b"0", b"2", b"7", b"9", b"52", b"99", b"133", b"633", b"777")
_DIGITS = 8
_NUMBER = re.compile(rb"\x1b\](\d{0,%d})" % _DIGITS)
_BEGIN = re.compile(rb"\x07|\x1b[\]P_^X]")
_BEGINS = (b"\x1b]", b"\x1bP", b"\x1b_", b"\x1b^", b"\x1bX")
_CUT = re.compile(rb"\x1b(?:\[[\x20-\x3f]{0,200}|[\x20-\x2f]{0,8})?\Z")
_END_OSC, _END_STRING = re.compile(rb"[\x07\x1b\x18\x1a]"), re.compile(rb"[\x1b\x18\x1a]")
_CONEMU = re.compile(r"\d{1,2}(?:;|\Z)")
_CODE = re.compile(r"-?\d{1,10}\Z")
_PROGRESS = {"1": "normal", "2": "error", "3": "unknown", "4": "paused"}


@dataclass(frozen=True, slots=True)
class TerminalMark:
    """One thing that was said. `number`: an exit code, or percent; None: not told."""

    kind: Kind
    words: str = ""
    number: int | None = None


TerminalPiece = tuple[bytes, TerminalMark | None]
"""Bytes to pass on, and what they say."""


class Marks:
    """Reads one terminal's output."""

    def __init__(self) -> None:
        self._held = b""
        """The beginning of a sequence, which waits for its rest."""
        self._within: re.Pattern[bytes] | None = None
        """In a string that goes on as it comes (a picture, say), up to what this finds."""
        self._dropping = False
        """That string is one that is not passed on."""

    def feed(self, data: bytes) -> list[TerminalPiece]:
        """Pieces in order, each followed by what it said; b"" for what is cut out."""
        if not self._held and self._within is None and b"\x07" not in data:
            at = data.rfind(b"\x1b", -256)
            if (at < 0 or not _CUT.match(data, at)) and not any(b in data for b in _BEGINS):
                return [(data, None)]
        data, self._held = self._held + data, b""
        return list(self._pieces(data))

    def rest(self) -> bytes:
        """What waited for more, at the end."""
        held, self._held = self._held, b""
        return b"" if _is_clipboard(held) else held

    def _pieces(self, data: bytes) -> Iterator[TerminalPiece]:
        at = 0
        while at < len(data):
            if self._within is not None:
                dropped = self._dropping
                upto = self._string(data, at, self._within)
                if not dropped:
                    yield data[at:upto], None
                at = len(data) if self._held else upto
                continue
            found = _BEGIN.search(data, at)
            if found is None:
                yield from self._plain(data[at:])
                return
            begin = found.start()
            if begin > at:
                yield data[at:begin], None
            piece: TerminalPiece
            if data[begin] == _BEL:
                at, piece = begin + 1, (b"\x07", TerminalMark("bell"))
            elif data[begin + 1] == _OSC:
                at, piece = self._command(data, begin)
            else:
                self._within = _END_STRING
                at, piece = begin + 2, (data[begin : begin + 2], None)
            if piece[0] or piece[1] is not None:
                yield piece

    def _plain(self, data: bytes) -> Iterator[TerminalPiece]:
        at = data.rfind(b"\x1b", -256)
        if at >= 0 and _CUT.match(data, at):
            data, self._held = data[:at], data[at:]
        if data:
            yield data, None

    def _string(self, data: bytes, at: int, end: re.Pattern[bytes]) -> int:
        """Where a string that goes on as it comes ends, or what there is of it."""
        found = end.search(data, at)
        if found is None:
            return len(data)
        where = found.start()
        if data[where] == _ESC and where + 1 == len(data):
            self._held = data[where:]
            return where
        self._within, self._dropping = None, False
        return _behind(data, where)

    def _command(self, data: bytes, at: int) -> tuple[int, TerminalPiece]:
        """An OSC: where it ends, and the piece that it is."""
        number = _NUMBER.match(data, at)
        assert number is not None
        behind = number.end()
        if behind == len(data):
            return self._wait(data, at)
        name = number[1].lstrip(b"0") or number[1][:1]  # 052 is 52
        if len(number[1]) == _DIGITS:  # no command has such a number; 52 is not hidden in zeros
            self._within, self._dropping = _END_OSC, True
            return behind, (b"", None)
        clipboard = name == b"52"
        if name not in _OURS or data[behind] != _SEMICOLON:
            self._within = _END_OSC
            return at + 2, (data[at : at + 2], None)
        found = _END_OSC.search(data, behind)
        if found is None or (data[found.start()] == _ESC and found.end() == len(data)):
            if len(data) - at <= (_MOST_CLIPBOARD if clipboard else _MOST):
                return self._wait(data, at)
            self._within, self._dropping = _END_OSC, clipboard
            return behind, (b"" if clipboard else data[at:behind], None)
        where = found.start()
        upto = _behind(data, where)
        whole = data[where] == _BEL or upto == where + 2
        said = _said(name.decode(), data[behind + 1 : where]) if whole else None
        return upto, (b"" if clipboard else data[at:upto], said)

    def _wait(self, data: bytes, at: int) -> tuple[int, TerminalPiece]:
        self._held = data[at:]
        return len(data), (b"", None)


def _behind(data: bytes, where: int) -> int:
    """Behind the end of a string that stands there; what another sequence ends is not its end."""
    if data[where] == _ESC:
        return where + 2 if data[where + 1 : where + 2] == b"\\" else where
    return where + 1


def _said(number: str, body: bytes) -> TerminalMark | None:
    text = body.decode("utf-8", "replace")
    if number in ("0", "2"):
        return TerminalMark("title", _line(text))
    if number == "7":
        return TerminalMark("directory", _path(text)) if text.startswith("file://") else None
    if number == "52":
        return _clipboard(text)
    if number in ("133", "633"):
        return _shell(text)
    if number == "9":
        return _nine(text)
    if number == "777":
        kind, _, rest = text.partition(";")
        return (
            TerminalMark("notice", _line(rest.replace(";", ": ", 1))) if kind == "notify" else None
        )
    return _kitty(text)


def _nine(text: str) -> TerminalMark | None:
    if not _CONEMU.match(text):
        return TerminalMark("notice", _line(text))
    kind, _, rest = text.partition(";")
    if kind != "4":
        return None
    state, _, percent = rest.partition(";")
    number = min(100, int(percent)) if percent.isdecimal() and len(percent) < 4 else None
    return TerminalMark("progress", _PROGRESS.get(state, ""), number)


def _shell(text: str) -> TerminalMark | None:
    kind, _, rest = text.partition(";")
    if kind == "A":
        return TerminalMark("prompt")
    if kind == "B":
        return TerminalMark("typing")
    if kind == "C":
        return TerminalMark("output", _told_command(rest))
    if kind == "E":
        return TerminalMark("command", clean(_unescaped(rest.rpartition(";")[0] or rest))[:_MOST])
    if kind == "D":
        code = rest.partition(";")[0]
        return TerminalMark("done", number=int(code) if _CODE.match(code) else None)
    return None


def _told_command(rest: str) -> str:
    name, _, value = rest.partition("=")
    if name == "cmdline_url":
        return clean(unquote(value.partition(";")[0]))[:_MOST]
    return clean(value)[:_MOST] if name == "cmdline" else ""


def _unescaped(text: str) -> str:
    return re.sub(r"\\x([0-9a-fA-F]{2})", lambda found: chr(int(found[1], 16)), text).replace(
        "\\\\", "\\"
    )


def _clipboard(text: str) -> TerminalMark | None:
    """What shall be put there; that it is asked for what is there is not answered at all."""
    _, _, data = text.partition(";")
    try:
        wanted = base64.b64decode(data, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None
    return TerminalMark("clipboard", clean(wanted)) if wanted else None


def _kitty(text: str) -> TerminalMark | None:
    told, _, payload = text.partition(";")
    keys = dict(entry.split("=", 1) for entry in told.split(":") if "=" in entry)
    if keys.get("p", "title") not in ("title", "body"):
        return None
    if keys.get("e") == "1":
        try:
            payload = base64.b64decode(payload, validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return None
    return TerminalMark("notice", _line(payload)) if payload else None


def _path(text: str) -> str:
    return _line(unquote("/" + text[7:].partition("/")[2]))


def _line(text: str) -> str:
    return clean_line(text).strip()[:MOST_WORDS]


def _is_clipboard(held: bytes) -> bool:
    return re.match(rb"\x1b\]0*52;", held) is not None
