"""What a terminal shows, written down as an asciicast (version 3, https://docs.asciinema.org).

One JSON line each: a header, then `[seconds since the event before, code, data]` with the codes
`o` (output), `r` (a new size), `m` (a marker) and `x` (the program's end). What is typed is never
recorded: a password that is not shown is so in no record.
"""

from __future__ import annotations

import asyncio
import codecs
import json
import logging
import os
import re
import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from sessions.api.terminals import CastHeader, Recorded
from sessions.errors import NotFound
from sessions.record import events as ev
from sessions.safety import secrets_filter
from sessions.safety.sanitise import clean_line

log = logging.getLogger("agentdeck.terminals")

NAME = "terminal.cast"
FLUSH_S = 1.0
_FLUSH = 2**16
_MOST_PART = 2**18
_plainly = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_STEERS = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def _encode(data: Any) -> str:
    """One line of JSON: what steers a terminal is escaped in it, so that it can be printed."""
    return _STEERS.sub(lambda found: f"\\u{ord(found[0]):04x}", _plainly(data))


class CastWriter:
    """Writes one. `on_full` is told why it ends before the program does."""

    def __init__(
        self,
        path: Path,
        *,
        size: tuple[int, int],
        command: Sequence[str],
        most: int,
        on_full: Callable[[str], None],
    ) -> None:
        """Begin it. Raises OSError."""
        self.path = path
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self._most = most
        self._on_full = on_full
        self.whole = True
        """Nothing of what was shown is missing."""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._text = ""
        """The beginning of what may be a key: it waits for more."""
        self._lines: list[str] = []
        self._waiting = self._written = 0
        self._began = time.monotonic()
        self._told = 0.0
        """The sum of the intervals that were written: rounding does not add up."""
        self._timer: asyncio.TimerHandle | None = None
        header = {
            "version": 3,
            "term": {"cols": size[0], "rows": size[1], "type": "xterm-256color"},
            "timestamp": int(time.time()),
            "command": clean_line(secrets_filter.hide(shlex.join(command))),
        }
        self._put(_encode(header))

    def output(self, raw: bytes) -> None:
        """It printed that."""
        text = secrets_filter.hide(self._text + self._decoder.decode(raw))
        held = secrets_filter.begun(text)
        self._text = text[len(text) - held :]
        if text := text[: len(text) - held]:
            self._event("o", text)

    def resized(self, columns: int, rows: int) -> None:
        """It draws at that size from here on."""
        self._event("r", f"{columns}x{rows}")

    def end(self, code: int | None) -> None:
        """The program has ended."""
        if rest := self._text + self._decoder.decode(b"", True):
            self._text = ""
            self._event("o", rest)
        self._event("x", str(1 if code is None else code if code >= 0 else 128 - code))
        self.close()

    def _event(self, code: str, data: str) -> None:
        if self._fd < 0:
            return
        interval = max(0.0, round(time.monotonic() - self._began - self._told, 3))
        self._told += interval
        line = _encode([interval, code, data])
        if code != "x" and self._written + self._waiting + len(line) > self._most:
            self._full()
        else:
            self._put(line)

    def _full(self) -> None:
        why = (
            f"The recording of this terminal ends here: it has {self._most // 2**20} MB, "
            "the most that terminals.record_mb allows. The terminal goes on."
        )
        self._put(_encode([0, "m", why]))
        self.whole = False
        self.close()
        self._on_full(why)

    def _put(self, line: str) -> None:
        self._lines.append(line)
        self._waiting += len(line)
        if self._waiting > _FLUSH:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_S, self.flush)

    def flush(self) -> None:
        """Put what waits into the file."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._fd < 0 or not self._lines:
            return
        data = ("\n".join(self._lines) + "\n").encode("utf-8", "replace")
        self._lines, self._waiting = [], 0
        try:
            while data:
                sent = os.write(self._fd, data)
                self._written += sent
                data = data[sent:]
        except OSError as error:
            fd, self._fd, self.whole = self._fd, -1, False
            os.close(fd)
            why = f"This terminal is not recorded any more: {error.strerror}. It goes on."
            log.warning("%s: %s", self.path, error)
            self._on_full(why)

    def close(self) -> None:
        """Write what waits, and let go of the file."""
        self.flush()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def path_of(folder: Path) -> Path:
    """A session's recording. Raises NotFound."""
    path = folder / NAME
    if not path.is_file():
        raise NotFound(
            "Nothing of that session is recorded as a terminal.",
            "It is no terminal, or was started so that nothing is recorded.",
        )
    return path


def part(folder: Path, offset: int) -> Recorded:
    """Events of a recording from a byte on."""
    told: Recorded = {"events": [], "next": offset, "done": True}
    size = 0
    with path_of(folder).open("rb") as file:
        file.seek(max(0, offset))
        while size < _MOST_PART and (line := file.readline()).endswith(b"\n"):
            size += len(line)
            told["next"] += len(line)
            data = _read(line)
            if isinstance(data, dict):
                told["header"] = cast("CastHeader", data)
            elif data is not None:
                told["events"].append(data)
        told["done"] = size < _MOST_PART
    return told


def size(path: Path) -> tuple[int, int]:
    """Columns and rows at the beginning of a recording."""
    with path.open("rb") as file:
        header = _read(file.readline())
    term = header.get("term") if isinstance(header, dict) else None
    cells = [term.get("cols"), term.get("rows")] if isinstance(term, dict) else []
    columns, rows = [n if type(n) is int and 0 < n <= 1000 else 0 for n in cells] or [0, 0]
    return columns or 80, rows or 24


def events(path: Path) -> Iterator[tuple[float, str, str]]:
    """All events of a recording, with the seconds since the one before; broken lines left out."""
    with path.open("rb") as file:
        for line in file:
            data = _read(line)
            if data is not None and not isinstance(data, dict):
                yield data


def _read(line: bytes) -> ev.JSON | tuple[float, str, str] | None:
    """A header, an event, or nothing that can be read."""
    try:
        data: Any = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if isinstance(data, dict):
        return data
    if not isinstance(data, list) or len(data) != 3:
        return None
    seconds, code, text = data
    fits = isinstance(seconds, int | float) and 0 <= seconds < 1e9
    return (float(seconds), code, text) if fits and isinstance(text, str) else None
