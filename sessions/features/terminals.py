"""Terminals: sessions whose work is a program on a pty, for whatever speaks no protocol.

The engine owns the program: it goes on when every deck is closed, and ends with the engine. A
terminal is a session like any other in lists, search, groups and the inbox; only nothing is sent
to it but keys.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sessions.errors import NotFound, UsageError
from sessions.features.feature import Feature
from sessions.features.terminal_session import TerminalSession, directory, shell
from sessions.ids import new_id
from sessions.record import events as ev
from sessions.record.closed_sets import SAID, Said, one_of
from sessions.record.summary_parts import TerminalState
from sessions.record.terminal_state import TERMINAL, WENT
from sessions.safety import secrets_filter
from sessions.safety.sanitise import clean_line
from sessions.terminals import orphans, recording
from sessions.terminals.environment import environment
from sessions.terminals.pty import GRACE_S, Pty
from sessions.terminals.recorded_terminal import RecordedTerminal

if TYPE_CHECKING:
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session
    from sessions.terminals.terminal import LiveTerminal

_MOST_SAID = 500


class TerminalSessions(Feature):
    """The terminals of a deck."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck
        self._of: dict[str, TerminalSession] = {}

    @property
    def _pids(self) -> Path:
        return self._deck.places.state / "terminals"

    # -- made

    async def new(
        self,
        argv: Sequence[str] = (),
        *,
        cwd: str = "",
        beside: str = "",
        title: str = "",
        keys: bool | None = None,
        record: bool | None = None,
        size: tuple[int, int] = (80, 24),
    ) -> Session:
        """A new terminal in `cwd`, or where the session `beside` works; no `argv`: a login shell.

        Raises UsageError, NotFound, JournalError.
        """
        if beside and not cwd:
            cwd = (await self._deck.get(beside)).summary.cwd
        folder = directory(cwd or str(Path.home()))
        own = not argv
        argv = list(argv) or shell()
        created = ev.SessionCreated(
            id=new_id(), title=clean_line(title)[:200], backend=TERMINAL, cwd=str(folder)
        )
        started = ev.TerminalStarted(
            argv=argv, shell=own, columns=size[0], rows=size[1],
            keys=own if keys is None else keys,
            record=self._deck.config.terminals.record if record is None else record,
        )  # fmt: skip
        self._runnable(argv, folder, self._environment(created.id, started.keys))
        session = self._deck.bare(created)
        try:
            self._start(session, started)
        except UsageError:
            await self._deck.delete(session.id)
            raise
        return session

    async def again(self, session: Session) -> None:
        """Start its program anew, where it has ended. Raises UsageError."""
        state = _state_of(session)
        if state["running"]:
            raise UsageError("Its program runs.", "End it first.")
        started = ev.TerminalStarted(
            argv=list(state["argv"]), shell=state["shell"], columns=state["columns"],
            rows=state["rows"], keys=state["keys"], record=state["record"],
        )  # fmt: skip
        folder = directory(session.summary.cwd)
        self._runnable(started.argv, folder, self._environment(session.id, started.keys))
        self._let_go(session.id)
        self._start(session, started)

    def _environment(self, session_id: str, keys: bool) -> dict[str, str]:
        return environment(session_id, keys=keys, more=self._deck.config.tools.env)

    def _runnable(self, argv: Sequence[str], folder: Path, env: dict[str, str]) -> None:
        name = argv[0]
        found = shutil.which(str(folder / name) if "/" in name else name, path=env.get("PATH"))
        if found is None:
            raise UsageError(
                f"There is no program {clean_line(name)} to run.",
                "A line for the shell is run by: sh -c 'LINE'.",
            )
        if any("\0" in word for word in argv):
            raise UsageError("A command can't hold a NUL.")

    def _start(self, session: Session, started: ev.TerminalStarted) -> None:
        for other in [name for name, live in self._of.items() if live.put_away]:
            self._let_go(other)  # what it showed is read from its recording
        told = ev.replace(started, argv=[secrets_filter.hide(word) for word in started.argv])
        session.recorder.emit(told)
        live = TerminalSession(self._deck, session, started, self._deck.config.terminals.record_mb)
        make = partial(
            Pty.start, started.argv, cwd=Path(session.summary.cwd),
            env=self._environment(session.id, started.keys), size=(started.columns, started.rows),
        )  # fmt: skip
        try:
            live.terminal.start(lambda on_exit: make(on_exit=on_exit))
        except UsageError as error:
            live.close()
            session.recorder.emit(ev.TerminalEnded(why=error.message))
            raise
        self._of[session.id] = live
        session.answers = live.answered
        session.stops = partial(self._interrupt, live)
        orphans.remember(self._pids, live.terminal.pid)
        asyncio.get_running_loop().create_task(self._forget(live))
        self._deck.changed(session)

    async def _forget(self, live: TerminalSession) -> None:
        pid = live.terminal.pid
        await live.over.wait()
        orphans.forget(self._pids, pid)
        self._deck.on_quiet()

    @staticmethod
    def _interrupt(live: TerminalSession) -> None:
        """As Ctrl+C does."""
        with contextlib.suppress(UsageError):
            live.terminal.write(b"\x03")

    # -- used

    def of(self, session: Session) -> TerminalSession:
        """A terminal that is there, running or ended. Raises UsageError, NotFound."""
        if (live := self._of.get(session.id)) is not None:
            return live
        _state_of(session)
        raise NotFound("Its program has ended.", "Start it again; what it showed is recorded.")

    async def shown(self, session: Session) -> LiveTerminal | RecordedTerminal:
        """What there is to be seen: a terminal, or what is recorded of one that is gone."""
        if (live := self._of.get(session.id)) is not None:
            return live.terminal
        _state_of(session)
        return await asyncio.to_thread(_replayed, session.folder)

    async def last(self, session: Session) -> ev.ShellRan | None:
        """The last command that its shell told of."""
        live = self._of.get(session.id)
        if live is not None and live.last is not None:
            return live.last
        _state_of(session)
        session.recorder.flush()
        return await asyncio.to_thread(_last_of, session)

    def flush(self, session: Session) -> None:
        """Put all that is recorded of it into the file."""
        if (live := self._of.get(session.id)) is not None:
            live.flush()

    def told(self, session: Session, state: str, message: str) -> None:
        """A program on it says that it is so, by `agentdeck notify`. Raises UsageError."""
        _state_of(session)
        said: Said = one_of(Said, state, "")
        if said != state:
            raise UsageError(f"{clean_line(state)} is none of {', '.join(SAID)}.")
        if said and (live := self._of.get(session.id)) is not None:
            live.notified()
        words = secrets_filter.hide(clean_line(message).strip()[:_MOST_SAID])
        session.recorder.emit(ev.TerminalSaid(state=said, message=words))

    # -- the engine's life

    @property
    def busy(self) -> bool:
        """Whether a program runs."""
        return any(live.terminal.running for live in self._of.values())

    async def recover(self) -> None:
        """End what an engine that was killed left behind."""
        await asyncio.to_thread(orphans.sweep, self._pids)

    async def stop(self) -> None:
        """End every program; each has a moment for it."""
        running = [live for live in self._of.values() if live.terminal.running]
        for live in running:
            live.end(WENT)
        waits = [asyncio.ensure_future(live.over.wait()) for live in running]
        if waits:
            _, late = await asyncio.wait(waits, timeout=2 * GRACE_S + 1)
            for each in late:
                each.cancel()

    async def close(self) -> None:
        """The sessions are closed."""
        for session_id in list(self._of):
            self._let_go(session_id)

    async def parted(self, session: Session) -> None:
        """A session is not in memory any more: its program ends with it."""
        self._let_go(session.id)

    def _let_go(self, session_id: str) -> None:
        if (live := self._of.pop(session_id, None)) is not None:
            live.close()


def _state_of(session: Session) -> TerminalState:
    """What a terminal says of itself. Raises UsageError."""
    if (state := session.summary.terminal) is None:
        raise UsageError("That session is no terminal.")
    return state


def _last_of(session: Session) -> ev.ShellRan | None:
    found = [event for event in session.journal.events() if isinstance(event, ev.ShellRan)]
    return found[-1] if found else None


def _replayed(folder: Path) -> RecordedTerminal:
    """What is recorded of an ended terminal. Raises NotFound."""
    path = recording.path_of(folder)
    return RecordedTerminal(recording.size(path), recording.events(path))
