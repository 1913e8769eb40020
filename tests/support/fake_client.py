"""An engine without an engine: the interface of `sessions.engine.client.Client`, in memory.

Events are numbered and folded by the real reducer, so what the deck is told is what the real
engine would tell. `calls` records every command in order; `refuse` makes the next call of a
command fail.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, cast, get_type_hints

from sessions.api.answers import (
    BackendAbilities,
    BackendListed,
    BroadcastSent,
    Greeting,
    Handed,
    HostState,
    McpServerState,
    ModelChoice,
    SandboxState,
    Sent,
    SessionListed,
    SettingChanged,
    SettingsShown,
    TurnShown,
    Watched,
)
from sessions.api.calls import Calls
from sessions.api.deck import OfferFound, ProfileShown, SearchHit
from sessions.api.notices import EngineNotice
from sessions.api.plans import RunLine
from sessions.api.skills import SkillsListed
from sessions.api.terminals import TerminalOutput
from sessions.api.worktrees import ConflictShown, Fetched, Landed, NotLanded
from sessions.archive.order import grouped, started_by
from sessions.archive.rows import repository_of
from sessions.backends.base import Capabilities
from sessions.config import change
from sessions.config.model import Profile
from sessions.config.settings import as_json, overview
from sessions.engine.commands import check
from sessions.engine.protocol import functions
from sessions.errors import AgentdeckError, EngineError, NotFound
from sessions.record import codec
from sessions.record import events as ev
from sessions.record.closed_sets import Origin, TurnReason
from sessions.record.summary import Reducer, SessionSummary, Summary
from sessions.record.summary_parts import AskOption, MessageWaiting
from sessions.runtime.queued_message import Queued
from tests.support.shapes import fits

OPTIONS: list[AskOption] = [
    {"id": "once", "name": "once", "kind": "allow_once"},
    {"id": "session", "name": "for this session", "kind": "allow_session"},
    {"id": "always", "name": "always", "kind": "allow_always"},
    {"id": "no", "name": "no", "kind": "reject_once"},
]
ABLE = cast("BackendAbilities", asdict(Capabilities()))
BACKENDS: list[BackendListed] = [
    {"name": "local", "type": "local", "model": "SmolLM2-135M", "ok": True, "default": True,
     "detail": "a small model on this machine, for trying things", "remedy": "",
     "capabilities": ABLE},
    {"name": "claude", "type": "anthropic", "model": "", "ok": False, "default": False,
     "detail": "ANTHROPIC_API_KEY is not set", "remedy": "Set it, then start the deck again.",
     "capabilities": ABLE},
]  # fmt: skip


def profile(name: str, backend: str = "", *, default: bool = False) -> ProfileShown:
    """A profile of which nothing but that is configured."""
    shown = {"name": name, **asdict(Profile(backend or name)), "default": default}
    return cast("ProfileShown", shown)


def host(name: str, why: str = "", sessions: int = 0) -> HostState:
    """A machine of the configuration; `why`: it can't be reached."""
    version = "" if why else "1"
    return {
        "name": name, "version": version, "why": why, "sessions": sessions, "came": 0, "sent": 0,
    }  # fmt: skip


def hit(session: str, seq: int, snippet: str = "", title: str = "", at: str = "") -> SearchHit:
    """A message that a search finds."""
    return {"id": session, "seq": seq, "at": at, "snippet": snippet, "title": title}


def landed(session: str, commits: int) -> Landed:
    """So many commits of a session are on `main`."""
    return {
        "id": session, "landed": True, "onto": "main", "how": "rebase", "commit": "", "before": "",
        "commits": commits,
    }  # fmt: skip


def not_landed(session: str, path: str) -> NotLanded:
    """They are not: there is a conflict."""
    conflict: ConflictShown = {"path": path, "kind": "contents", "message": ""}
    return {
        "id": session, "landed": False, "onto": "main", "how": "rebase", "conflicts": [conflict],
        "message": "",
    }  # fmt: skip


@cache
def _commands() -> dict[str, Callable[..., Any]]:
    return functions()


@cache
def _answer_of(command: str) -> Any:
    return get_type_hints(_commands()[command])["return"]


class FakeSession:
    """One session's events and their fold."""

    def __init__(self, session_id: str) -> None:
        self.id = session_id
        self.events: list[ev.Event] = []
        self.reducer = Reducer(session_id)
        self.watched = False

    @property
    def summary(self) -> Summary:
        """Its summary."""
        return self.reducer.summary


class FakeClient(Calls):
    """In the deck's own loop; nothing happens unless a test says so."""

    def __init__(self, at: str = "") -> None:
        self.at = at
        """When everything happens; "" = now."""
        self.engine: Greeting = {"version": "0", "pid": 1, "since": ""}
        self.on_event: Callable[[str, ev.Event], None] = lambda *_: None
        self.on_terminal: Callable[[str, TerminalOutput], None] = lambda *_: None
        self.on_summary: Callable[[Summary], None] = lambda *_: None
        self.on_gone: Callable[[str], None] = lambda *_: None
        self.on_notice: Callable[[EngineNotice], None] = lambda *_: None
        self.on_lost: Callable[[str], None] = lambda *_: None
        self.on_fault: Callable[[Exception], None] | None = None
        self.sessions: dict[str, FakeSession] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.refuse: dict[str, AgentdeckError] = {}
        self.found: list[SearchHit] = []
        self.sandbox: SandboxState = {"works": True, "detail": "", "remedy": ""}
        self.servers: list[McpServerState] = []
        self.offers: list[OfferFound] = []
        self.hosts: list[HostState] = []
        self.config_file = Path("/nonexistent/config.toml")
        """What the settings are read from and written to, for real."""
        self.closed = False
        self.gate = asyncio.Event()
        self.gate.set()

    @property
    def summaries(self) -> dict[str, Summary]:
        """All open sessions' summaries."""
        return {s.id: s.summary for s in self.sessions.values()}

    # -- what tests do

    def add(self, title: str = "", **created: Any) -> str:
        """Make a session without telling anybody; its id."""
        session_id = f"s{len(self.sessions) + 1:03}"
        self.sessions[session_id] = FakeSession(session_id)
        made: dict[str, Any] = {"backend": "local", "model": "smol", "cwd": "/tmp", **created}
        self._fold(session_id, ev.SessionCreated(id=session_id, title=title, **made))
        return session_id

    def emit(self, session_id: str, *events: ev.Event) -> None:
        """Let events happen, as the engine tells them."""
        session = self.sessions[session_id]
        for event in events:
            stamped, changed = self._fold(session_id, event)
            if session.watched:
                self.on_event(session_id, stamped)
            if changed:
                self.on_summary(session.summary)

    def _fold(self, session_id: str, event: ev.Event) -> tuple[ev.Event, bool]:
        session = self.sessions[session_id]
        stamped = ev.stamp(event, len(session.events) + 1, event.at or self.at or None)
        session.events.append(stamped)
        return stamped, session.reducer.apply(stamped)

    def start_turn(self, session_id: str, text: str = "hello", origin: Origin = "typed") -> int:
        """A user message and the beginning of its turn; the turn's number."""
        turn = self.sessions[session_id].summary.turns + 1
        self.emit(
            session_id,
            ev.UserMessage(turn=turn, text=text, origin=origin),
            ev.TurnStarted(turn=turn, model="smol"),
        )
        return turn

    def say(self, session_id: str, text: str) -> None:
        """A chunk of the answer."""
        self.emit(session_id, ev.Text(turn=self.sessions[session_id].summary.turns, text=text))

    def end_turn(self, session_id: str, reason: TurnReason = "end_turn", **more: Any) -> None:
        """The end of the running turn."""
        turn = self.sessions[session_id].summary.turns
        usage = {"input": 100, "output": 50}
        self.emit(session_id, ev.TurnEnded(turn=turn, reason=reason, usage=usage, **more))

    def ask(
        self, session_id: str, ask: str = "a1", detail: str = "rm -rf build", **more: Any
    ) -> None:
        """A permission request for a tool call."""
        turn = self.sessions[session_id].summary.turns
        call = f"c-{ask}"
        asked: dict[str, Any] = {
            "tool": "bash", "summary": f"run {detail.splitlines()[0]}", "detail": detail,
            "detail_kind": "command", "options": OPTIONS, **more,
        }  # fmt: skip
        self.emit(
            session_id,
            ev.ToolCall(turn=turn, call=call, name="bash", input={"command": detail}),
            ev.PermissionAsked(turn=turn, call=call, ask=ask, **asked),
        )

    def said(self, command: str) -> list[dict[str, Any]]:
        """The arguments of every call of a command."""
        return [args for name, args in self.calls if name == command]

    # -- the client's interface

    async def attach(self) -> list[Summary]:
        """All sessions that are on the deck."""
        return [s for s in self.summaries.values() if not s.closed and not s.archived]

    async def close(self) -> None:
        """Hang up."""
        self.closed = True

    def on_host(self, host: str) -> FakeClient:
        """Itself: the other machine has what this one has."""
        return self

    async def _ask(self, command: str, args: dict[str, Any]) -> Any:
        """Record the call, and do what the engine would; its own check of arguments included.

        What is answered is what the engine's command declares, as it comes over a socket.
        """
        assert command in _commands(), f"no command {command}"
        check(_commands()[command], args)
        self.calls.append((command, args))
        if command in self.refuse:
            raise self.refuse.pop(command)
        await self.gate.wait()
        if self.closed:
            raise EngineError("The engine has gone.", "Reconnect.")
        method = getattr(self, "_" + command.replace(".", "_"), None)
        if method is None:
            return None  # whoever tests that does not look at it
        told = json.loads(json.dumps(await method(**args)))
        fits(told, _answer_of(command))
        return told

    async def _deck_list(
        self, closed: bool = False, archived: bool = False
    ) -> list[SessionSummary]:
        return [s.to_json() for s in self.summaries.values()]

    async def _deck_order(self, first: list[str] | None = None) -> list[str]:
        trees = {i: repository_of(s.worktree) for i, s in self.summaries.items()}
        above = {i: started_by(s.parent) for i, s in self.summaries.items()}
        return grouped(trees, above, first or ())

    async def _deck_rows(self, sessions: list[str]) -> list[SessionListed]:
        keys, known = SessionListed.__annotations__, self.summaries
        return [cast("SessionListed", known[i].part(keys)) for i in sessions if i in known]

    async def _plan_going(self) -> list[RunLine]:
        return []

    async def _session_hand(self, session: str, to: list[str], words: str) -> list[Handed]:
        return [{"to": target, "session": target} for target in to]

    async def _session_when_done(self, session: str, to: list[str], words: str = "") -> None:
        self.emit(session, ev.SessionSet(then={"to": to, "words": words} if to else {}))

    async def _worktree_fetch(self, session: str, message: str = "") -> Fetched:
        branch = self.summaries[session].branch
        return {
            "id": session, "repository": "/work", "branch": branch, "commit": "",
            "loose": ["a.txt"], "files": [], "left": [],
        }  # fmt: skip

    async def _deck_backends(self) -> list[BackendListed]:
        return BACKENDS

    async def _config_settings(self) -> SettingsShown:
        return cast("SettingsShown", as_json(overview(self.config_file)))

    async def _config_check(self, keys: list[str], text: str) -> str:
        return change.fault_of(self.config_file, tuple(keys), text)

    async def _config_put(
        self, keys: list[str], text: str, before: str | None = None
    ) -> SettingChanged:
        done = change.put(self.config_file, tuple(keys), text, before)
        return cast("SettingChanged", asdict(done))

    async def _config_reset(self, keys: list[str], before: str | None = None) -> SettingChanged:
        done = change.reset(self.config_file, tuple(keys), before)
        return cast("SettingChanged", asdict(done))

    async def _config_add(self, keys: list[str], first: dict[str, str]) -> SettingChanged:
        done = change.add(self.config_file, tuple(keys), first)
        return cast("SettingChanged", asdict(done))

    async def _deck_hosts(self, again: bool = False) -> list[HostState]:
        return self.hosts

    async def _deck_offers(self) -> list[OfferFound]:
        return self.offers

    async def _deck_sandbox(self, backend: str = "") -> SandboxState:
        return self.sandbox

    async def _session_mcp(
        self, session: str, changes: dict[str, bool] | None = None
    ) -> list[McpServerState]:
        return self.servers

    async def _deck_profiles(self) -> list[ProfileShown]:
        return [profile("local", default=True), profile("claude")]

    async def _skills_list(self, session: str = "") -> SkillsListed:
        return {"rows": [], "cost": {"tokens": 0, "enabled": 0}, "broken": [], "notices": []}

    async def _deck_models(self, backend: str) -> list[ModelChoice]:
        return [
            {"id": f"{backend}-{n}", "name": f"Model {n}", "context": 8192, "max_output": 0}
            for n in (1, 2)
        ]

    async def _archive_search(self, query: str, limit: int = 50) -> list[SearchHit]:
        return self.found

    async def _session_create(self, **args: Any) -> SessionSummary:
        known = {k: v for k, v in args.items() if k in ("title", "backend", "model", "cwd")}
        session_id = self.add(**known)
        self.on_summary(self.sessions[session_id].summary)
        return self.sessions[session_id].summary.to_json()

    async def _session_fork(
        self, session: str, title: str = "", turn: int | None = None
    ) -> SessionSummary:
        return await self._session_create(title=title)

    async def _session_turns(self, session: str) -> list[TurnShown]:
        said = [e for e in self.sessions[session].events if isinstance(e, ev.UserMessage)]
        return [
            {"turn": e.turn, "at": e.at, "text": e.text, "origin": e.origin, "files": [],
             "ended": True, "undone": False}
            for e in said
        ]  # fmt: skip

    async def _session_watch(self, session: str, from_seq: int = 1) -> Watched:
        target = self.sessions[session]
        target.watched = True
        for event in target.events[from_seq - 1 :]:
            self.on_event(session, event)
        return {"last_seq": len(target.events)}

    async def _session_unwatch(self, session: str) -> None:
        if session not in self.sessions:
            raise NotFound(f"There is no session {session}.")
        self.sessions[session].watched = False

    async def _session_send(self, session: str, text: str, **_: Any) -> Sent:
        if self.sessions[session].summary.status in ("working", "needs-you"):
            item = Queued(text, id=f"q{len(self.calls)}")
            queue = [*self.sessions[session].summary.queue, item.to_json()]
            self.emit(session, ev.QueueSet(items=queue))
            return {"queued": item.id}
        return {"turn": self.start_turn(session, text)}

    async def _deck_broadcast(self, sessions: list[str], text: str) -> list[BroadcastSent]:
        return [{"session": i, "error": "", **await self._session_send(i, text)} for i in sessions]

    async def _session_queue(self, session: str, items: list[MessageWaiting]) -> None:
        waiting = [Queued.from_json(item).to_json() for item in items]
        self.emit(session, ev.QueueSet(items=waiting))

    async def _session_next(self, session: str, item: str = "") -> bool:
        waiting = list(self.sessions[session].summary.queue)
        first = next((w for w in waiting if w["id"] == item), waiting[0])
        self.emit(session, ev.QueueSet(items=[w for w in waiting if w is not first]))
        self.start_turn(session, first["text"], "queued")
        return True

    async def _session_set(self, session: str, changes: ev.JSON) -> None:
        self.emit(session, codec.session_set(changes))

    async def _session_archive(self, session: str, archived: bool = True) -> None:
        self.emit(session, ev.SessionSet(archived=archived))

    async def _session_seen(self, session: str) -> None:
        self.emit(session, ev.SessionSet(seen=True))

    async def _session_delete(self, session: str) -> None:
        del self.sessions[session]
        self.on_gone(session)

    async def _session_interrupt(self, session: str) -> None:
        self.end_turn(session, "interrupted")

    async def _session_answer(
        self, session: str, ask: str, decision: str, reason: str = ""
    ) -> None:
        turn = self.sessions[session].summary.turns
        allowed = decision not in ("no", "cancelled")
        self.emit(
            session,
            ev.PermissionAnswered(
                turn=turn,
                call=f"c-{ask}",
                ask=ask,
                decision=decision,
                allowed=allowed,
                reason=reason,
            ),
        )
