"""What a session of a run does, as it happens: its end, its requests, whether it stands still."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessions.errors import AgentdeckError, JournalError
from sessions.plans.interfaces import SessionChanges
from sessions.record import events as ev
from sessions.record.textlines import whole_lines
from sessions.remote.site_interface import Offline
from sessions.safety.sanitise import clean
from sessions.worktrees import review

if TYPE_CHECKING:
    from sessions.features.interfaces import Trees
    from sessions.runtime.session import Session

SAME_CALLS = 8
"""The same tool call so often in a row is no progress."""
ASKED_FOR = 3
"""So often, our own tools ask a person; a run does not wait for one."""
HARMLESS = frozenset({"Read", "Grep", "Glob", "LS", "skill", "AskUserQuestion", "BashOutput"})
_HARMLESS_KINDS = frozenset({"read", "search", "think"})
MOST_DIFF = 200_000


class Watch:
    """Observes one session. `asked` and `answered` are called as its requests come and go."""

    def __init__(
        self,
        session: Session,
        asked: Callable[[ev.PermissionAsked], None],
        answered: Callable[[], None],
        spent: Callable[[], None],
        heard: Callable[[Session], Awaitable[None]] | None = None,
    ) -> None:
        self.session = session
        self._heard = heard
        self.last_event = asyncio.get_running_loop().time()
        self.error: ev.Error | None = None
        self.retry_s = 0.0
        self.waiting: set[str] = set()
        self.stalled = ""
        """Why it was interrupted by the run, if it was."""
        self.said_something = False
        self._asked, self._answered, self._spent = asked, answered, spent
        self._ended: asyncio.Future[ev.TurnEnded] | None = None
        self._from_turn = 0
        self._last_call, self._same = "", 0
        self._aside: set[asyncio.Task[None]] = set()
        session.observers.append(self.observe)

    def close(self) -> None:
        """Observe no longer."""
        if self.observe in self.session.observers:
            self.session.observers.remove(self.observe)

    def observe(self, event: ev.Event) -> None:
        """One event of the session."""
        self.last_event = asyncio.get_running_loop().time()
        if isinstance(event, ev.PermissionAsked):
            if self._same >= ASKED_FOR:
                self._stall()
                return
            self.waiting.add(event.ask)
            self._asked(event)
        elif isinstance(event, ev.PermissionAnswered):
            self.waiting.discard(event.ask)
            if not self.waiting:
                self._answered()
        elif isinstance(event, ev.ToolCall):
            self.said_something = True
            self._count(event)
        elif isinstance(event, ev.Text):
            self.said_something = True
        elif isinstance(event, ev.Retry):
            self.retry_s = event.wait_s
        elif isinstance(event, ev.Error):
            self.error = event
        elif isinstance(event, ev.TurnEnded):
            self._end(event)

    def _count(self, call: ev.ToolCall) -> None:
        if call.name == "BashOutput":
            return  # whoever waits for a command asks the same again
        words = f"{call.name} {json.dumps(call.input, sort_keys=True, default=str)}"
        self._same = self._same + 1 if words == self._last_call else 1
        self._last_call = words
        if self._same >= SAME_CALLS:
            self._stall()

    def _stall(self) -> None:
        if not self.stalled:
            name = self._last_call.split(" ", 1)[0]
            self.stalled = f"called {name} with the same input {self._same} times in a row"
            self.interrupt()

    def _end(self, event: ev.TurnEnded) -> None:
        self.waiting.clear()
        # The summary has this event a moment later, and whoever waits for the end after that.
        asyncio.get_running_loop().call_soon(self._spent)
        if self._ended is not None and not self._ended.done() and event.turn >= self._from_turn:
            self._ended.set_result(event)

    def interrupt(self) -> None:
        """End the turn that runs, with the reason that was noted."""
        why = f"The run interrupted this turn: the session {self.stalled}."
        self.aside(self.session.interrupt(why))

    def aside(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that an event asks for, when it has been taken in."""

        async def quietly() -> None:
            with suppress(AgentdeckError):  # what was asked for may be over already
                await work

        task = asyncio.get_running_loop().create_task(quietly())
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)

    async def turn(self, text: str, stall_s: float) -> ev.TurnEnded:
        """Send a message and wait for its turn's end; a turn that stands still is interrupted."""
        self.error, self.retry_s, self.said_something = None, 0.0, False
        self.stalled, self._last_call, self._same = "", "", 0
        loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        self._from_turn = self.session.summary.turns + 1
        self.last_event = loop.time()
        await self._sent(text)
        timer = loop.create_task(self._still(stall_s)) if stall_s > 0 else None
        try:
            return await self._ended
        finally:
            if timer is not None:
                timer.cancel()

    async def _sent(self, text: str) -> None:
        """Send it once. Where it is not known whether it arrived, that is found out first."""
        while True:
            try:
                await self.session.send(text, "plan")
                return
            except Offline:
                if self._heard is None:
                    raise
                await self._heard(self.session)
                if self.session.summary.turns >= self._from_turn:
                    return

    async def end_of(self, turn: int) -> ev.TurnEnded:
        """The next end of a turn that goes on by itself."""
        self._ended = asyncio.get_running_loop().create_future()
        self._from_turn = turn
        return await self._ended

    async def _still(self, stall_s: float) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(max(0.05, self.last_event + stall_s - loop.time()))
            if self.waiting:
                self.last_event = loop.time()
            elif loop.time() - self.last_event >= stall_s:
                self.stalled = f"stood still for {stall_s / 60:g} minutes"
                self.interrupt()
                return


def last_ended(events: Iterable[ev.Event]) -> ev.TurnEnded | None:
    """The end of the last turn."""
    found = None
    for event in events:
        if isinstance(event, ev.TurnEnded):
            found = event
    return found


def answer(events: Iterable[ev.Event]) -> str:
    """What was said last: behind the last tool call of the last turn, or else all of that turn."""
    whole: list[str] = []
    tail: list[str] = []
    turn = 0
    for event in events:
        if isinstance(event, ev.TurnStarted) and event.turn != turn:
            turn, whole, tail = event.turn, [], []
        elif isinstance(event, ev.Text) and event.turn == turn:
            whole.append(event.text)
            tail.append(event.text)
        elif isinstance(event, ev.ToolCall) and event.turn == turn:
            tail = []
    return ("".join(tail).strip() or "".join(whole).strip()).replace("\x00", "")


def unknown_effects(events: Iterable[ev.Event]) -> str:
    """A tool call by which something may have changed, if any was begun; "" if none was."""
    asked: set[str] = set()
    answered: set[str] = set()
    calls: list[ev.ToolCall] = []
    for event in events:
        if isinstance(event, ev.PermissionAsked):
            asked.add(event.call)
        elif isinstance(event, ev.PermissionAnswered) and event.allowed:
            answered.add(event.call)
        elif isinstance(event, ev.ToolCall):
            calls.append(event)
    for call in calls:
        harmless = call.name in HARMLESS or call.kind in _HARMLESS_KINDS
        never_ran = call.call in asked and call.call not in answered
        if not harmless and not never_ran:
            return call.title or call.name
    return ""


def files_of(session: Session) -> list[str]:
    """The files that a session's tools changed, each once, from its directory."""
    cwd = Path(session.summary.cwd)
    found: dict[str, None] = {}
    for paths in session.changed_files.values():
        for path in paths:
            inside = Path(path).is_relative_to(cwd)
            found[str(Path(path).relative_to(cwd)) if inside else path] = None
    return list(found)


def diff_of(session: Session, events: Iterable[ev.Event]) -> str:
    """What a session's own tools changed, as a unified diff of before and now."""
    import difflib

    first: dict[str, ev.FileChanged] = {}
    for event in events:
        if isinstance(event, ev.FileChanged):
            first.setdefault(event.path, event)
    cwd = Path(session.summary.cwd)
    parts: list[str] = []
    for path, change in first.items():
        before = _text(session.folder / "files" / change.before) if change.before else ""
        after = _text(Path(path))
        if before is None or after is None:
            continue
        name = str(Path(path).relative_to(cwd)) if Path(path).is_relative_to(cwd) else path
        lines = difflib.unified_diff(
            whole_lines(before), whole_lines(after), f"a/{name}", f"b/{name}"
        )
        parts += [line if line.endswith("\n") else f"{line}\n" for line in lines]
    return "".join(parts)[:MOST_DIFF]


async def changes_of(
    trees: Trees, session: Session, events: Sequence[ev.Event]
) -> SessionChanges:  # fmt: skip
    """What a session has changed so far: in its worktree, or by what its tools told."""
    if review.own(session.summary) is None:
        diff = await asyncio.to_thread(diff_of, session, events)
        return SessionChanges(files_of(session), diff)
    collect = partial(review.collect, session.summary, events, session.folder / "files")
    found = await trees.run(collect)
    loose = [os.fsdecode(f.path) for f in found.files if f.uncommitted]
    return SessionChanges(
        [clean(os.fsdecode(f.path)) for f in found.files], found.text()[:MOST_DIFF], loose,
        found.head,
    )  # fmt: skip


def _text(path: Path) -> str | None:
    """A file's text, "" where it is not there, None where it is none."""
    try:
        return path.read_text("utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError):
        return None


def events_of(session: Session) -> list[ev.Event]:
    """All of a session's events on disk, what was said last included."""
    session.recorder.flush()
    try:
        return list(session.journal.events())
    except JournalError:
        return []
