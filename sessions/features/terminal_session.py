"""A session that is a terminal: what its program says goes into its record and its summary."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from sessions.errors import NotFound, UsageError
from sessions.ids import new_id
from sessions.record import events as ev
from sessions.record import terminal_state
from sessions.safety import secrets_filter
from sessions.safety.sanitise import clean
from sessions.terminals import agent_hooks, plain
from sessions.terminals.marks import TerminalMark
from sessions.terminals.recording import NAME, CastWriter
from sessions.terminals.terminal import LiveTerminal

if TYPE_CHECKING:
    from sessions.runtime.session import Session

_TITLE_S, _NOTICE_S, _TOLD_S = 3.0, 1.0, 0.1
"""Between two titles, two notices on record, and two summaries."""
_MOST_TYPED, _MOST_OUTPUT = 2**12, 2**16
_SHOWN = 400
_MOST_COMMANDS, _COMMANDS_S = 100, 1.0
"""Commands on record at once; one more for each of so many seconds."""
MOST_ASKED = 3
"""Questions for the clipboard that wait at a time; further ones are not asked."""


class TellsOf(Protocol):
    """What a terminal's session asks of its deck."""

    def changed(self, session: Session) -> None:
        """Its summary has changed."""


class TerminalSession:
    """Hears one terminal, and keeps its session's record."""

    def __init__(
        self, deck: TellsOf, session: Session, started: ev.TerminalStarted, record_mb: int
    ) -> None:
        self.session = session
        self.started = started
        self.terminal = LiveTerminal(self, (started.columns, started.rows))
        self.over = asyncio.Event()
        self.why = ""
        """What ends it, if not its program."""
        self.clipboard: dict[str, str] = {}
        """What was asked to be put there, by its question."""
        self._deck = deck
        self._recording = self._record(record_mb) if started.record else None
        self._loop = asyncio.get_running_loop()
        self._prompted, self._typed, self._output = bytearray(), bytearray(), bytearray()
        self._width = 0
        """Cells of the prompt before what is typed."""
        self._cut = 0
        """Bytes that are left out of the output's middle."""
        self._in = ""
        """Where the program is: prompt, typing, output, or ""."""
        self._command = ""
        self._since = monotonic()
        self._asking = self._asked = False
        """Its title says that it asks for something, and so it was told."""
        self._spare, self._spared_at = float(_MOST_COMMANDS), self._since
        self._too_many = False
        """It was said that not all commands are on record."""
        self.last: ev.ShellRan | None = None
        self._later: dict[str, tuple[asyncio.TimerHandle, Callable[[], None]]] = {}

    def _record(self, megabytes: int) -> CastWriter | None:
        started = self.started
        try:
            return CastWriter(
                self.session.folder / NAME, size=(started.columns, started.rows),
                command=started.argv, most=megabytes * 2**20, on_full=self._unrecorded,
            )  # fmt: skip
        except OSError as error:
            self._unrecorded(f"This terminal is not recorded: {error.strerror}.")
            return None

    def _unrecorded(self, why: str) -> None:
        self.session.recorder.emit(ev.Notice(kind="terminal", message=why))

    @property
    def state(self) -> ev.JSON:
        """What its summary says of the terminal."""
        state = self.session.summary.terminal
        assert state is not None
        return state

    # -- what its program says

    def marked(self, mark: TerminalMark) -> None:
        """The program said something of itself."""
        {
            "bell": self._bell, "title": self._title, "progress": self._progress,
            "notice": self._notice, "clipboard": self._clipboard, "prompt": self._prompt,
            "typing": self._typing, "command": self._told, "output": self._began,
            "done": self._done, "directory": self._directory,
        }[mark.kind](mark)  # fmt: skip

    def _bell(self, mark: TerminalMark) -> None:
        if not self.state["bell"]:
            self._state(bell=True)

    def _title(self, mark: TerminalMark) -> None:
        words = secrets_filter.hide(mark.words)
        if words == self.state["title"]:
            return
        self._state(title=words)
        self._at_most("title", _TITLE_S, self._put_title)
        if (asks := agent_hooks.asks_by_title(words)) != self._asking:
            self._asking = asks
            self._at_most("asks", _NOTICE_S, self._put_asks)

    def _put_asks(self) -> None:
        if self._asking == self._asked:
            return
        self._asked = self._asking
        state, message = (
            ("needs-you", "It asks for your approval.") if self._asked else ("working", "")
        )
        self.session.recorder.emit(ev.TerminalSaid(state=state, message=message))

    def _put_title(self) -> None:
        title = agent_hooks.named(self.state["title"])
        if title != self.session.summary.agent_title:
            self.session.recorder.emit(ev.SessionSet(agent_title=title))

    def _progress(self, mark: TerminalMark) -> None:
        told = {"state": mark.words, "percent": mark.number or 0} if mark.words else None
        if told != self.state["progress"]:
            self._state(progress=told)

    def _notice(self, mark: TerminalMark) -> None:
        words = secrets_filter.hide(mark.words)
        self._state(said={**self.state["said"], "message": words}, bell=True)
        said = ev.TerminalSaid(message=words)
        self._at_most("notice", _NOTICE_S, lambda: self.session.recorder.emit(said))

    def _directory(self, mark: TerminalMark) -> None:
        self._state(directory=mark.words)

    def _clipboard(self, mark: TerminalMark) -> None:
        if len(self.clipboard) >= MOST_ASKED or mark.words in self.clipboard.values():
            return
        ask = new_id()
        self.clipboard[ask] = mark.words
        size = len(mark.words)
        shown = clean(secrets_filter.hide(mark.words[:_SHOWN]))
        self.session.recorder.emit(
            ev.PermissionAsked(
                turn=0, call="", ask=ask, tool="clipboard",
                summary=f"The program wants to put {size} characters into your clipboard",
                detail=shown + ("…" if size > _SHOWN else ""),
                why="What a program puts there, you may paste elsewhere.",
                options=[
                    {"id": "copy", "name": "Copy it", "kind": "allow_once", "short": "copy"},
                    {"id": "reject", "name": "No", "kind": "reject_once", "short": "no"},
                ],
            )
        )  # fmt: skip

    # -- commands, as a shell tells of them

    def _prompt(self, mark: TerminalMark) -> None:
        self._in = "prompt"
        self._prompted.clear()
        self._state(at="prompt", progress=None)

    def _typing(self, mark: TerminalMark) -> None:
        self._width = plain.width_of(bytes(self._prompted)) if self._in == "prompt" else 0
        self._in = "typing"
        self._typed.clear()

    def _told(self, mark: TerminalMark) -> None:
        self._command = mark.words

    def _began(self, mark: TerminalMark) -> None:
        typed = plain.typed(bytes(self._typed), self._width) if self._in == "typing" else ""
        self._command = mark.words or self._command or typed
        self._in, self._since, self._cut = "output", monotonic(), 0
        self._output.clear()
        self._state(at="command", new=False)

    def _done(self, mark: TerminalMark) -> None:
        if self._in != "output":
            return
        self._in = ""
        output = plain.plain(bytes(self._output))
        if self._cut:
            output = f"[{self._cut} bytes are left out here]\n{output}"
        ran = ev.ShellRan(
            command=secrets_filter.hide(self._command),
            exit=mark.number,
            output=secrets_filter.hide(output),
            seconds=round(monotonic() - self._since, 3),
        )
        self._command = ""
        self.last = ran
        self._state(at="prompt")
        if self.started.record and ran.command and self._room_for_one():
            self.session.recorder.emit(ran)
        else:
            self._state(exit=ran.exit, new=ran.exit is not None)

    def _room_for_one(self) -> bool:
        """Whether one more command goes on record: whoever prints marks could print any number."""
        now = monotonic()
        earned = (now - self._spared_at) / _COMMANDS_S
        self._spare, self._spared_at = min(_MOST_COMMANDS, self._spare + earned), now
        if self._spare >= 1:
            self._spare -= 1
            return True
        if not self._too_many:
            self._too_many = True
            self._unrecorded("This terminal tells of more commands than are recorded.")
        return False

    def drawn(self, data: bytes) -> None:
        """The program printed all that."""
        if self._recording is not None:
            self._recording.output(data)

    def printed(self, raw: bytes, mark: bool) -> None:
        """A piece of it; `mark`: as a mark."""
        if mark:
            return
        if self._in == "typing" and len(self._typed) < _MOST_TYPED:
            self._typed += raw
        elif self._in == "prompt" and len(self._prompted) < _MOST_TYPED:
            self._prompted += raw
        elif self._in == "output":
            self._output += raw
            if (more := len(self._output) - _MOST_OUTPUT) > _MOST_OUTPUT:
                self._cut += more
                del self._output[:more]

    def sized(self, columns: int, rows: int) -> None:
        """It draws at that size from here on."""
        if self._recording is not None:
            self._recording.resized(columns, rows)
        self._state(columns=columns, rows=rows)

    # -- what its user does

    def typed(self) -> None:
        """Its user types: what it needed somebody for is over, as far as is known."""
        if self.state["said"].get("state") in ("needs-you", "done", "failed"):
            self._state(said={})

    async def answered(self, answer: ev.PermissionAnswered) -> bool:
        """The user has answered a question of this terminal; whether it was one."""
        if answer.ask not in {str(ask["ask"]) for ask in self.session.summary.asks}:
            return False
        self.clipboard.pop(answer.ask, None)
        await self.session.recorder.emit_synced(answer)
        self._state()
        return True

    async def copied(self, ask: str) -> str:
        """What a question was about, which its user has allowed. Raises NotFound."""
        text = self.clipboard.pop(ask, None)
        if text is None:
            raise NotFound("That is not asked any more.")
        await self.answered(
            ev.PermissionAnswered(turn=0, call="", ask=ask, decision="copy", allowed=True)
        )
        return text

    def paste(self, text: str, run: bool) -> str:
        """Type a text without running it, unless `run`; why it was not typed, or "".

        Raises UsageError: the program has ended, or does not read.
        """
        body = clean(text.replace("\r\n", "\n").replace("\r", "\n")).rstrip("\n")
        lines = body.count("\n") + 1
        if self.terminal.bracketed:
            data = b"\x1b[200~" + body.replace("\n", "\r").encode() + b"\x1b[201~"
        elif lines > 1 and not run:
            return f"It would run: the program takes {lines} lines for so many commands."
        else:
            data = body.replace("\n", "\r").encode()
        if not body:
            raise UsageError("There is nothing to type.")
        self.terminal.write(data + (b"\r" if run else b""))
        return ""

    # -- its end

    def end(self, why: str = "") -> None:
        """End the program, and all that it started."""
        self.why = self.why or why
        if self.terminal.running:
            self.terminal.hang_up()

    def ended(self, code: int | None) -> None:
        """The program has ended, and everything that it printed was told."""
        for timer, put in list(self._later.values()):
            timer.cancel()
            put()
        self._later.clear()
        if self._recording is not None:
            self._recording.end(code)
        recorder = self.session.recorder
        for ask in [str(each["ask"]) for each in self.session.summary.asks]:
            gone = ev.PermissionAnswered(turn=0, call="", ask=ask, decision="cancelled", by="mode")
            recorder.emit(gone)
        self.clipboard.clear()
        recorder.emit(ev.TerminalEnded(code=code, why=self.why))
        self.over.set()

    def flush(self) -> None:
        """Put all that is recorded into the file."""
        if self._recording is not None:
            self._recording.flush()

    @property
    def put_away(self) -> bool:
        """It is over, nobody looks at it, and all that it showed is recorded."""
        recorded = self._recording is not None and self._recording.whole
        return self.over.is_set() and recorded and not self.terminal.watchers

    def close(self) -> None:
        """Let go of everything now; nobody is told."""
        for timer, _ in self._later.values():
            timer.cancel()
        self._later.clear()
        self.terminal.close()
        if self._recording is not None:
            self._recording.close()
        self.over.set()

    # -- what its summary says

    def _state(self, **changes: object) -> None:
        state = self.state
        state.update(changes)
        summary = self.session.summary
        summary.status = "needs-you" if summary.asks else terminal_state.status(state)
        self._at_most("told", _TOLD_S, lambda: self._deck.changed(self.session))

    def _at_most(self, what: str, seconds: float, do: Callable[[], None]) -> None:
        """Do it now, or, if it was done within that time, at its end, the newest alone."""
        if (waiting := self._later.get(what)) is not None:
            self._later[what] = (waiting[0], do)
            return
        do()

        def again() -> None:
            _, put = self._later.pop(what)
            if put is not _nothing:
                self._at_most(what, seconds, put)

        self._later[what] = (self._loop.call_later(seconds, again), _nothing)


def _nothing() -> None:
    """Nothing waits."""


def shell() -> list[str]:
    """The user's own login shell."""
    return [os.environ.get("SHELL") or "/bin/sh", "-l"]


def directory(path: str) -> Path:
    """A directory to begin in. Raises UsageError."""
    found = Path(path).expanduser()
    if not found.is_dir():
        raise UsageError(f"There is no directory {found}.", "Choose one that exists.")
    return found.resolve()
