"""Commands in a terminal, as its shell tells of them (OSC 133): typed, begun, printed, ended."""

from __future__ import annotations

from time import monotonic

from sessions.record import events as ev
from sessions.safety import secrets_filter
from sessions.terminals import plain_text, typed_line

_MOST_TYPED, _MOST_OUTPUT = 2**12, 2**16
_MOST_COMMANDS, _COMMANDS_S = 100, 1.0
"""Commands on record at once; one more for each of so many seconds."""
_PASTES = b"\x1b[?2004h"


class ShellCommands:
    """Puts one terminal's commands together, out of what it says and what it prints between."""

    def __init__(self, columns: int = 80) -> None:
        self._prompted, self._typed, self._output = bytearray(), bytearray(), bytearray()
        self._width, self._columns = 0, columns
        """Cells of the prompt before what is typed, and of the whole line."""
        self._cut = 0
        """Bytes that are left out of the output's middle."""
        self._in = ""
        """Where the program is: prompt, typing, output, or ""."""
        self._command = ""
        self._since = monotonic()
        self._spare, self._spared_at = float(_MOST_COMMANDS), self._since

    def printed(self, raw: bytes) -> None:
        """It printed that, which is no mark."""
        if self._in == "typing" and len(self._typed) < _MOST_TYPED:
            self._typed += raw
        elif self._in == "prompt" and len(self._prompted) < _MOST_TYPED:
            self._prompted += raw
        elif self._in == "output":
            self._output += raw
            if (more := len(self._output) - _MOST_OUTPUT) > _MOST_OUTPUT:
                self._cut += more
                del self._output[:more]

    def sized(self, columns: int) -> None:
        """Lines are that wide from here on."""
        self._columns = columns

    def prompt(self) -> None:
        """Here a prompt begins."""
        self._in = "prompt"
        self._prompted.clear()

    def typing(self) -> None:
        """Here it ends, and what is typed begins."""
        if self._in == "typing":  # the line was drawn anew, prompt and all
            self._prompted = (self._prompted + self._typed)[-_MOST_TYPED:]
        known = self._in in ("prompt", "typing")
        self._width = plain_text.width_of(bytes(self._prompted)) if known else 0
        self._in = "typing"
        self._typed.clear()

    def told(self, command: str) -> None:
        """That is what was typed."""
        self._command = command

    def began(self, command: str) -> None:
        """Here the output begins, of that command if it is told."""
        typed = self._read() if self._in == "typing" else ""
        self._command = command or self._command or typed
        self._in, self._since, self._cut = "output", monotonic(), 0
        self._output.clear()

    def _read(self) -> str:
        """What was typed, as it stood when it was entered."""
        # Whoever takes these says of a line that is not the last.
        pastes = _PASTES in self._prompted
        return typed_line.typed(bytes(self._typed), self._width, self._columns, lines=pastes)

    def done(self, code: int | None) -> ev.ShellRan | None:
        """It has ended: the command, None where none had begun."""
        if self._in != "output":
            return None
        self._in = ""
        output = plain_text.plain(bytes(self._output))
        if self._cut:
            output = f"[{self._cut} bytes are left out here]\n{output}"
        ran = ev.ShellRan(
            command=secrets_filter.hide(self._command),
            exit=code,
            output=secrets_filter.hide(output),
            seconds=round(monotonic() - self._since, 3),
        )
        self._command = ""
        return ran

    def room_for_one(self) -> bool:
        """Whether one more goes on record: whoever prints marks could print any number."""
        now = monotonic()
        earned = (now - self._spared_at) / _COMMANDS_S
        self._spare, self._spared_at = min(_MOST_COMMANDS, self._spare + earned), now
        if self._spare < 1:
            return False
        self._spare -= 1
        return True
