"""`agentdeck acp`: a native session for any editor that speaks the Agent Client Protocol.

The editor talks to this process on stdio; this process talks to the engine like any client, so
the session is in the deck too, with its skills, primings and record. Permissions are asked of
whoever answers first: the editor or the deck.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import click
import msgspec

from sessions import VERSION
from sessions.cli import editor_forms
from sessions.cli import editor_messages as em
from sessions.cli.output import CONTEXT
from sessions.errors import AgentdeckError
from sessions.record import events as ev
from sessions.record.closed_sets import Permission, TurnReason
from sessions.record.summary import Summary
from sessions.runtime.full_disk import NOT_RECORDED, not_recorded

if TYPE_CHECKING:
    from sessions.engine.client import Client

log = logging.getLogger("agentdeck.acp")

_MODES: dict[Permission, str] = {
    "read-only": "Reads, and asks for nothing.",
    "ask": "Asks before it writes or runs.",
    "edit": "Edits freely in its directory, asks before it runs.",
}
_REASONS: dict[TurnReason, em.StopReason] = {
    "end_turn": "end_turn",
    "max_tokens": "max_tokens",
    "refusal": "refusal",
    "interrupted": "cancelled",
    "max_turns": "max_turn_requests",
    "limit": "max_turn_requests",
}
_NOT_TYPED = ("priming", "broadcast", "handed", "session")
"""Messages that come from the deck while the editor looks on."""


@click.command(context_settings=CONTEXT)
@click.option("--profile", default="", help="The profile of its sessions.")
def acp(profile: str) -> None:
    """Be an agent on stdio for an editor that speaks the Agent Client Protocol."""
    asyncio.run(_serve(profile))


async def _serve(profile: str) -> None:
    from acp.connection import Connection
    from acp.stdio import stdio_streams

    from sessions.engine.client import Client

    reader, writer = await stdio_streams(limit=50 * 2**20)
    bridge = Bridge(await Client.connect(), profile)
    connection = Connection(bridge.handle, writer, reader, listening=False)
    bridge.editor = connection
    try:
        await connection.main_loop()
    finally:
        await bridge.client.close()


@dataclass(slots=True)
class Open:
    """A session that the editor has open, and the turn that it waits for."""

    id: str
    ended: asyncio.Future[ev.TurnEnded] | None = None
    turn: int = 0
    replaying: bool = False
    asks: set[asyncio.Task[None]] = field(default_factory=set)

    def finish(self, ended: ev.TurnEnded) -> None:
        """Wake whoever waits for the turn's end."""
        if self.ended is not None and not self.ended.done():
            self.ended.set_result(ended)

    def fail(self, error: AgentdeckError) -> None:
        """Tell whoever waits for the turn's end that it won't hear of it."""
        if self.ended is not None and not self.ended.done():
            self.ended.set_exception(error)


class Bridge:
    """Answers the editor by asking the engine."""

    def __init__(self, client: Client, profile: str) -> None:
        self.client = client
        self.editor: em.Editor
        self._profile = profile
        self._open: dict[str, Open] = {}
        self._forms = False
        """Whether the editor shows forms (elicitation)."""
        client.on_event = self._event
        client.on_summary = self._summary
        client.on_lost = self._lost

    async def handle(self, method: str, params: Any, is_notification: bool) -> Any:
        """One request or notification of the editor (JSON-RPC)."""
        from acp.exceptions import RequestError

        given = params if isinstance(params, dict) else {}
        handler = self._METHODS.get(method)
        if handler is None:
            if is_notification:
                return None
            raise RequestError.method_not_found(method)
        try:
            does, takes = handler
            return await does(self, msgspec.convert(given, takes))
        except AgentdeckError as error:
            raise RequestError(-32603, error.message, {"details": error.hint}) from error
        except (KeyError, TypeError, ValueError, msgspec.ValidationError) as error:
            raise RequestError.invalid_params({"details": str(error)}) from error

    # -- methods

    async def _initialize(self, asked: em.EditorGreets) -> ev.JSON:
        self._forms = em.shows_forms(asked.client_capabilities)
        return {
            "protocolVersion": 1,
            "agentInfo": {"name": "agentdeck", "title": "agentdeck", "version": VERSION},
            "agentCapabilities": {
                "loadSession": True,
                "promptCapabilities": {"image": False, "embeddedContext": True},
                "sessionCapabilities": {"close": {}, "list": {}},
            },
            "authMethods": [],
        }

    async def _new(self, asked: em.SessionWanted) -> em.SessionMade:
        made = await self.client.call("session.create", cwd=asked.cwd, profile=self._profile)
        session = made["id"]
        await self._watch(session, made["seq"] + 1)
        await self._tell_skills(session)
        return {"sessionId": session, "modes": _modes(made["permission"])}

    async def _load(self, asked: em.OfSession) -> em.SessionLoaded:
        session = asked.session_id
        found = await self.client.call("session.get", session=session)
        await self._watch(session, 1, replaying=True)
        await self._tell_skills(session)
        return {"modes": _modes(found["permission"])}

    async def _list(self, asked: em.SessionsWanted) -> em.EditorSessions:
        rows = await self.client.call("deck.list", closed=True)
        return {
            "sessions": [
                {
                    "sessionId": row["id"],
                    "cwd": row["cwd"],
                    "title": row["title"],
                    "updatedAt": row["updated"],
                }
                for row in rows
                if asked.cwd in (None, row["cwd"])
            ]
        }

    async def _prompt(self, asked: em.PromptGiven) -> em.PromptEnded:
        session = self._open[asked.session_id]
        session.ended = asyncio.get_running_loop().create_future()
        sent = await self.client.call(
            "session.send", session=session.id, text=em.text_of(asked.prompt or [])
        )
        session.turn = sent.get("turn", 0)
        ended = await session.ended
        usage = ended.usage
        return {
            "stopReason": _REASONS.get(ended.reason, "end_turn"),
            "usage": {
                "inputTokens": usage.get("input", 0),
                "outputTokens": usage.get("output", 0),
                "totalTokens": sum(usage.values()),
            },
        }

    async def _cancel(self, asked: em.OfSession) -> None:
        await self.client.call("session.interrupt", session=asked.session_id)

    async def _set_mode(self, asked: em.ModeWanted) -> ev.JSON:
        mode = next((each for each in _MODES if each == asked.mode_id), None)
        if mode is None:
            raise ValueError(f"no mode {asked.mode_id}")
        await self.client.call(
            "session.set", session=asked.session_id, changes={"permission": mode}
        )
        return {}

    async def _close(self, asked: em.OfSession) -> ev.JSON:
        session = asked.session_id
        self._open.pop(session, None)
        await self.client.call("session.unwatch", session=session)
        await self.client.call("session.set", session=session, changes={"closed": True})
        return {}

    async def _watch(self, session: str, from_seq: int, *, replaying: bool = False) -> None:
        opened = self._open.setdefault(session, Open(session))
        opened.replaying = replaying
        await self.client.call("session.watch", session=session, from_seq=from_seq)
        opened.replaying = False

    async def _tell_skills(self, session: str) -> None:
        """The skills that are on, as the editor's slash commands."""
        found = await self.client.call("skills.list", session=session)
        commands: list[em.EditorCommand] = [
            {
                "name": row["name"],
                "description": row["description"],
                "input": {"hint": row["arguments"] or "what to use it for"},
            }
            for row in found["rows"]
            if row["state"] != "off"
        ]
        # It goes out behind the answer: the notification is a task that has not begun yet.
        self._tell(
            session,
            {"sessionUpdate": "available_commands_update", "availableCommands": commands},
        )

    # -- what the engine tells

    def _event(self, session_id: str, event: ev.Event) -> None:
        session = self._open.get(session_id)
        if session is None:
            return
        for update in _updates(event, replaying=session.replaying):
            self._tell(session_id, update)
        if isinstance(event, ev.PermissionAsked) and not session.replaying:
            task = asyncio.ensure_future(self._ask(session, event))
            session.asks.add(task)
            task.add_done_callback(session.asks.discard)
        elif isinstance(event, ev.PermissionAnswered):
            for task in list(session.asks):
                if task.get_name() == event.ask:
                    task.cancel()
        elif isinstance(event, ev.TurnEnded) and event.turn >= session.turn:
            session.finish(event)

    def _summary(self, summary: Summary) -> None:
        session = self._open.get(summary.id)
        if session is not None and summary.paused.startswith(NOT_RECORDED):
            session.fail(not_recorded(summary.paused))

    def _lost(self, reason: str) -> None:
        for session in self._open.values():
            session.fail(AgentdeckError(f"The engine has gone: {reason}."))

    def _tell(self, session: str, update: em.EditorUpdate) -> None:
        params = {"sessionId": session, "update": update}
        task = asyncio.ensure_future(self.editor.send_notification("session/update", params))
        task.add_done_callback(_quiet)

    async def _ask(self, session: Open, asked: ev.PermissionAsked) -> None:
        """Ask the editor; the deck may answer first, and then this is cancelled."""
        asyncio.current_task().set_name(asked.ask)  # type: ignore[union-attr]
        if asked.form and self._forms:
            decision, content = await editor_forms.filled(self.editor, session.id, asked)
        else:
            decision, content = await self._chosen(session.id, asked), {}
        if decision:
            with suppress(AgentdeckError):  # answered in the deck meanwhile
                await self.client.call(
                    "session.answer",
                    session=session.id,
                    ask=asked.ask,
                    decision=decision,
                    content=content,
                )

    async def _chosen(self, session: str, asked: ev.PermissionAsked) -> str:
        """The editor's choice, "" if it made none. A form it can't show is left to the deck."""
        offered = [o for o in asked.options if not (o["kind"] == "form" and asked.form)]
        options: list[em.EditorOption] = [
            {"optionId": o["id"], "name": o["name"], "kind": em.option_kind(o["kind"])}
            for o in offered
        ]
        answer = await self.editor.send_request(
            "session/request_permission",
            {
                "sessionId": session,
                "toolCall": {
                    "toolCallId": asked.call,
                    "title": asked.summary,
                    "content": [em.content(asked.detail)],
                },
                "options": options,
            },
        )
        return em.option_chosen(answer)

    _METHODS: ClassVar[dict[str, tuple[Callable[[Any, Any], Awaitable[object]], type]]] = {
        "initialize": (_initialize, em.EditorGreets),
        "session/new": (_new, em.SessionWanted),
        "session/load": (_load, em.OfSession),
        "session/list": (_list, em.SessionsWanted),
        "session/prompt": (_prompt, em.PromptGiven),
        "session/cancel": (_cancel, em.OfSession),
        "session/set_mode": (_set_mode, em.ModeWanted),
        "session/close": (_close, em.OfSession),
    }


def _updates(event: ev.Event, *, replaying: bool) -> list[em.EditorUpdate]:
    """The session/update kinds that an event means to an editor."""
    if isinstance(event, ev.Text):
        return [em.chunk("agent_message_chunk", event.text)]
    if isinstance(event, ev.Thinking) and event.text:
        return [em.chunk("agent_thought_chunk", event.text)]
    if isinstance(event, ev.UserMessage) and (replaying or event.origin in _NOT_TYPED):
        return [em.chunk("user_message_chunk", event.text)]
    if isinstance(event, ev.ToolCall):
        return [
            {
                "sessionUpdate": "tool_call",
                "toolCallId": event.call,
                "title": event.title or event.name,
                "kind": event.kind or "other",
                "status": "in_progress",
                "rawInput": event.input,
            }
        ]
    if isinstance(event, ev.ToolResult):
        return [
            {
                "sessionUpdate": "tool_call_update",
                "toolCallId": event.call,
                "status": "completed" if event.status == "ok" else "failed",
                "content": [em.content(event.content)],
            }
        ]
    if isinstance(event, ev.Error):
        return [em.chunk("agent_message_chunk", f"\n[{event.message} {event.hint}]\n")]
    return []


def _modes(current: Permission) -> em.EditorModes:
    modes: list[em.EditorMode] = [
        {"id": name, "name": name, "description": text} for name, text in _MODES.items()
    ]
    return {"currentModeId": current, "availableModes": modes}


def _quiet(task: asyncio.Future[Any]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.info("the editor has gone: %s", task.exception())
