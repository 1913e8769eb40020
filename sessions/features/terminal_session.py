"""A session that is a terminal: what its program says goes into its record and its summary."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Unpack, cast

from sessions.errors import NotFound, UsageError
from sessions.features.coalesced_calls import CoalescedCalls
from sessions.ids import new_id
from sessions.record import events as ev
from sessions.record import terminal_state
from sessions.record.closed_sets import ProgressState, one_of
from sessions.record.summary_parts import TerminalChanges, TerminalProgress, TerminalState
from sessions.safety import secrets_filter
from sessions.safety.sanitise import clean
from sessions.terminals import agent_hooks
from sessions.terminals.escape_sequences import TerminalMark
from sessions.terminals.recording import NAME, CastWriter
from sessions.terminals.shell_commands import ShellCommands
from sessions.terminals.terminal import LiveTerminal

if TYPE_CHECKING:
    from sessions.runtime.session import Session

_TITLE_S, _NOTICE_S, _TOLD_S = 3.0, 1.0, 0.1
"""Between two titles, two notices on record, and two summaries."""
_SHOWN = 400
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
        self._commands = ShellCommands(started.columns)
        self._asking = self._asked = False
        """Its title says that it asks for something, and so it was told."""
        self._too_many = False
        """It was said that not all commands are on record."""
        self.last: ev.ShellRan | None = None
        self._sparing = CoalescedCalls()

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
    def state(self) -> TerminalState:
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
        self._sparing.do("title", _TITLE_S, self._put_title)
        if (asks := agent_hooks.asks_by_title(words)) != self._asking:
            self._asking = asks
            self._sparing.do("asks", _NOTICE_S, self._put_asks)

    def _put_asks(self) -> None:
        if self._asking == self._asked:
            return
        self._asked = self._asking
        if self._asked and self.state["said"].get("state") == "needs-you":
            return  # a hook has said so, and what for
        said = ev.TerminalSaid(state="working")
        if self._asked:
            said = ev.TerminalSaid(state="needs-you", message="It asks for your approval.")
        self.session.recorder.emit(said)

    def _put_title(self) -> None:
        title = agent_hooks.named(self.state["title"])
        if title != self.session.summary.agent_title:
            self.session.recorder.emit(ev.SessionSet(agent_title=title))

    def _progress(self, mark: TerminalMark) -> None:
        told: TerminalProgress | None = None
        if mark.words:
            state: ProgressState = one_of(ProgressState, mark.words, "unknown")
            told = TerminalProgress(state=state, percent=mark.number or 0)
        if told != self.state["progress"]:
            self._state(progress=told)

    def _notice(self, mark: TerminalMark) -> None:
        words = secrets_filter.hide(mark.words)
        self._state(said={**self.state["said"], "message": words}, bell=True)
        said = ev.TerminalSaid(message=words)
        self._sparing.do("notice", _NOTICE_S, lambda: self.session.recorder.emit(said))

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
        self._commands.prompt()
        self._state(at="prompt", progress=None)

    def _typing(self, mark: TerminalMark) -> None:
        self._commands.typing()

    def _told(self, mark: TerminalMark) -> None:
        self._commands.told(mark.words)

    def _began(self, mark: TerminalMark) -> None:
        self._commands.began(mark.words)
        self._state(at="command", new=False)

    def _done(self, mark: TerminalMark) -> None:
        if (ran := self._commands.done(mark.number)) is None:
            return
        self.last = ran
        self._state(at="prompt")
        if self.started.record and ran.command and self._room_for_one():
            self.session.recorder.emit(ran)
        else:
            self._state(exit=ran.exit, new=ran.exit is not None)

    def _room_for_one(self) -> bool:
        room = self._commands.room_for_one()
        if not room and not self._too_many:
            self._too_many = True
            self._unrecorded("This terminal tells of more commands than are recorded.")
        return room

    def drawn(self, data: bytes) -> None:
        """The program printed all that."""
        if self._recording is not None:
            self._recording.output(data)

    def printed(self, raw: bytes, mark: bool) -> None:
        """A piece of it; `mark`: as a mark."""
        if not mark:
            self._commands.printed(raw)

    def sized(self, columns: int, rows: int) -> None:
        """It draws at that size from here on."""
        if self._recording is not None:
            self._recording.resized(columns, rows)
        self._commands.sized(columns)
        self._state(columns=columns, rows=rows)

    def notified(self) -> None:
        """`agentdeck notify` says how it is: what its title said before is known no better."""
        self._asked = self._asking

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
        self._sparing.finish()
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
        self._sparing.close()
        self.terminal.close()
        if self._recording is not None:
            self._recording.close()
        self.over.set()

    # -- what its summary says

    def _state(self, **changes: Unpack[TerminalChanges]) -> None:
        state = self.state
        state.update(cast("TerminalState", changes))
        summary = self.session.summary
        summary.status = "needs-you" if summary.asks else terminal_state.status(state)
        self._sparing.do("told", _TOLD_S, lambda: self._deck.changed(self.session))


def shell() -> list[str]:
    """The user's own login shell."""
    return [os.environ.get("SHELL") or "/bin/sh", "-l"]


def directory(path: str) -> Path:
    """A directory to begin in. Raises UsageError."""
    found = Path(path).expanduser()
    if not found.is_dir():
        raise UsageError(f"There is no directory {found}.", "Choose one that exists.")
    return found.resolve()
