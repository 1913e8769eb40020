"""One session with an agent: its session id there, its turns, its permission requests."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from sessions import events as ev
from sessions.backends.acp.permissions import decide
from sessions.backends.acp.process import AgentProcess
from sessions.backends.acp.transport import Message
from sessions.backends.acp.updates import Translator, tool_text
from sessions.backends.base import TurnHost
from sessions.errors import BackendError

if TYPE_CHECKING:
    from sessions.backends.acp.backend import AcpBackend

_REASONS = {
    "end_turn": "end_turn",
    "max_tokens": "max_tokens",
    "max_turn_requests": "max_turns",
    "refusal": "refusal",
    "cancelled": "interrupted",
}
_CANCEL_S = 5.0
_CANCELLED: Message = {"outcome": {"outcome": "cancelled"}}
# What an agent that can't load its past is told of it, in characters.
_PREFACE = 60_000


class AcpConversation:
    """A session's side of an agent."""

    def __init__(self, backend: AcpBackend, session_id: str, cwd: Path, state: ev.JSON) -> None:
        self.session_id = session_id
        self.agent_session = ""
        self._backend = backend
        self._cwd = cwd
        self._state = dict(state)
        self._agent: AgentProcess | None = None
        self._host: TurnHost | None = None
        self._translator: Translator | None = None
        self._early: list[Message] = []
        self._loading = False
        self._asks: set[asyncio.Task[ev.PermissionAnswered]] = set()
        self._spent = 0.0

    # -- the seam

    async def turn(self, host: TurnHost) -> ev.TurnEnded:
        """Run one turn (see sessions.backends.base.Conversation)."""
        preface = await self._ready(host)
        self._host, self._translator = host, Translator(host.turn)
        for update in self._early:
            self.on_update(update)
        self._early.clear()
        try:
            return await self._prompt(host, preface)
        finally:
            self._host = self._translator = None
            for ask in self._asks:
                ask.cancel()

    async def close(self) -> None:
        """Let go of the agent's session; the agent itself is the backend's."""
        agent, self._agent = self._agent, None
        if agent is not None and agent.alive and self.agent_session:
            self._backend.forget(self.agent_session)
            if agent.can("close"):
                with contextlib.suppress(BackendError, TimeoutError):
                    async with asyncio.timeout(_CANCEL_S):
                        await agent.request("session/close", {"sessionId": self.agent_session})
        await self._backend.left(self)

    # -- what the agent sends

    def on_update(self, update: Message) -> None:
        """Take one session/update in. Nothing here waits, so the order is kept."""
        if self._loading:
            return  # the past, told again: the journal has it
        if self._host is None or self._translator is None:
            if len(self._early) < 100:
                self._early.append(update)
            return
        for event in self._translator.events(update):
            self._host.emit(event)

    async def on_permission(self, params: Message) -> Message:
        """Answer session/request_permission by the deck's mode, or by its user."""
        host, translator = self._host, self._translator
        if host is None or translator is None:
            return _CANCELLED
        call = params.get("toolCall") or {}
        options = [o for o in params.get("options") or [] if isinstance(o, dict)]
        for event in translator.announce(call):
            await host.emit_synced(event)
        call_id = str(call.get("toolCallId", ""))
        known = {**translator.call(call_id), **call}
        request = _asked(host.turn, call_id, known, options, self._cwd)
        verdict = decide(host.settings.permission, known, self._cwd)
        if verdict.option_kind and (chosen := _option(options, verdict.option_kind)):
            await host.emit_synced(
                ev.PermissionAnswered(
                    turn=host.turn,
                    call=call_id,
                    ask=request.ask,
                    decision=chosen,
                    allowed=verdict.option_kind.startswith("allow"),
                    by="mode",
                    reason=verdict.why,
                )
            )
            return {"outcome": {"outcome": "selected", "optionId": chosen}}
        asking = asyncio.ensure_future(host.ask(request))
        self._asks.add(asking)
        asking.add_done_callback(self._asks.discard)
        try:
            answered = await asking
        except asyncio.CancelledError:
            return _CANCELLED
        ids = {str(o.get("optionId")) for o in options}
        if answered.decision in ids:
            return {"outcome": {"outcome": "selected", "optionId": answered.decision}}
        kind = "allow_once" if answered.allowed else "reject_once"
        chosen = _option(options, kind)
        return {"outcome": {"outcome": "selected", "optionId": chosen}} if chosen else _CANCELLED

    # -- making ready

    async def _ready(self, host: TurnHost) -> str:
        """Have a running agent and a session in it; what it must be told of the past, or ""."""
        if self._agent is None or not self._agent.alive or not self.agent_session:
            # It takes seconds; whoever looks is told what it is that works.
            host.emit(ev.BackendState(data={"starting": self._backend.title}))
        agent = await self._backend.process()
        if agent is self._agent and self.agent_session:
            return ""
        self._agent = agent
        preface = await self._enter(agent, host)
        self._backend.remember(self.agent_session, self)
        await self._set_mode(agent)
        await self._set_model(agent, host.settings.model)
        host.emit(
            ev.BackendState(
                data={
                    "session_id": self.agent_session,
                    "owner": self.session_id,
                    "starting": "",
                    "agent": agent.info.get("agentInfo") or {"name": self._backend.name},
                }
            )
        )
        return preface

    async def _enter(self, agent: AgentProcess, host: TurnHost) -> str:
        theirs = str(self._state.get("session_id") or "")
        mine = self._state.get("owner") in (None, self.session_id)
        base: Message = {"cwd": str(self._cwd), "mcpServers": self._backend.mcp_servers()}
        if theirs and mine:
            for method in ("resume", "load"):
                if agent.can(method) and await self._return(agent, method, theirs, base):
                    return ""
        elif theirs and agent.can("fork") and self._backend.at_its_end(theirs, self._state):
            forked = await agent.request("session/fork", {**base, "sessionId": theirs})
            self._take(forked, str(forked.get("sessionId", "")))
            return ""
        made = await agent.request("session/new", base)
        self._take(made, str(made.get("sessionId", "")))
        return _past(host) if theirs else ""

    async def _return(self, agent: AgentProcess, method: str, theirs: str, base: Message) -> bool:
        """Enter the agent's session again; its retelling of the past is not recorded twice."""
        self.agent_session = theirs
        self._backend.remember(theirs, self)
        self._loading = True
        try:
            answer = await agent.request(f"session/{method}", {**base, "sessionId": theirs})
        except BackendError:
            if not agent.alive:
                raise
            return False
        finally:
            self._loading = False
        self._take(answer, theirs)
        return True

    def _take(self, answer: Message, agent_session: str) -> None:
        if not agent_session:
            raise BackendError(f"The agent {self._backend.name} opened no session.", kind="agent")
        self.agent_session = agent_session
        self._state.update(session_id=agent_session, owner=self.session_id)
        for ours, theirs in (("modes", "modes"), ("config_options", "configOptions")):
            if answer.get(theirs):
                self._state[ours] = answer[theirs]

    async def _set_mode(self, agent: AgentProcess) -> None:
        """Put the agent into the mode in which it asks; refuse to go on if it does not stick."""
        wanted, current, set_mode = self._backend.asking_mode(self._state)
        if not wanted or wanted == current:
            return
        await set_mode(agent, self.agent_session, wanted)
        self._state["mode"] = wanted

    async def _set_model(self, agent: AgentProcess, model: str) -> None:
        option = self._backend.config_option(self._state, "model")
        if model and option and option.get("currentValue") != model:
            with contextlib.suppress(BackendError):  # an unknown model: the agent's own stays
                await agent.request(
                    "session/set_config_option",
                    {"sessionId": self.agent_session, "configId": option["id"], "value": model},
                )

    # -- a turn

    async def _prompt(self, host: TurnHost, preface: str) -> ev.TurnEnded:
        assert self._agent is not None and self._translator is not None
        agent = self._agent
        prompt = asyncio.ensure_future(
            agent.request(
                "session/prompt",
                {"sessionId": self.agent_session, "prompt": self._blocks(host, preface)},
            )
        )
        ended = asyncio.ensure_future(agent.wait_ended())
        try:
            await asyncio.wait({prompt, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not prompt.done():
                raise agent.fault("ended in the middle of the turn")
            answer = prompt.result()
        except BackendError as error:
            # Its stdout may end a moment before the process itself does.
            if error.kind != "agent_ended":
                raise
            raise agent.fault("ended in the middle of the turn") from error
        except asyncio.CancelledError:
            await self._cancel(agent, prompt)
            raise
        finally:
            ended.cancel()
            prompt.cancel()
        return self._ended(host, answer)

    async def _cancel(self, agent: AgentProcess, prompt: asyncio.Future[Message]) -> None:
        """Ask the agent to stop, and take in what it still says before it does."""
        for ask in list(self._asks):
            ask.cancel()
        await agent.notify("session/cancel", {"sessionId": self.agent_session})
        with contextlib.suppress(TimeoutError, BackendError):
            async with asyncio.timeout(_CANCEL_S):
                await asyncio.shield(prompt)

    def _ended(self, host: TurnHost, answer: Message) -> ev.TurnEnded:
        assert self._translator is not None
        usage = answer.get("usage") or {}
        told = self._translator.usage
        if told:
            host.emit(ev.BackendState(data={"context": told}))
        host.emit(ev.BackendState(data={"turn": host.turn}))
        self._backend.note_turn(self.agent_session, host.turn)
        if self._translator.title:
            host.emit(ev.SessionSet(changes={"agent_title": self._translator.title}))
        return ev.TurnEnded(
            turn=host.turn,
            reason=_REASONS.get(str(answer.get("stopReason")), "error"),
            usage={
                ours: int(usage[theirs])
                for ours, theirs in (
                    ("input", "inputTokens"),
                    ("output", "outputTokens"),
                    ("cache_read", "cachedReadTokens"),
                    ("cache_write", "cachedWriteTokens"),
                )
                if isinstance(usage.get(theirs), int)
            },
            cost_usd=self._cost(told),
            detail="" if answer.get("stopReason") in _REASONS else str(answer.get("stopReason")),
        )

    def _cost(self, told: Message) -> float | None:
        """What this turn cost; the agent tells the sum over its session."""
        cost = told.get("cost") or {}
        amount = cost.get("amount")
        if cost.get("currency") != "USD" or not isinstance(amount, int | float):
            return None
        if not self._backend.cost_is_real:
            return None
        spent, self._spent = max(0.0, float(amount) - self._spent), float(amount)
        return spent

    def _blocks(self, host: TurnHost, preface: str) -> list[Message]:
        blocks: list[Message] = []
        if preface:
            blocks.append({"type": "text", "text": preface})
        for note in host.message.notes:
            blocks.append({"type": "text", "text": str(note.get("text", ""))})
        blocks.append({"type": "text", "text": host.message.text})
        for attachment in host.message.attachments:
            data = (host.files.parent / str(attachment["path"])).read_bytes()
            media = str(attachment.get("media_type", ""))
            if media.startswith("image/"):
                encoded = base64.b64encode(data).decode("ascii")
                blocks.append({"type": "image", "data": encoded, "mimeType": media})
            else:
                text = data.decode("utf-8", "replace")
                uri = f"file://{host.files.parent / str(attachment['path'])}"
                resource = {"uri": uri, "text": text, "mimeType": media or "text/plain"}
                blocks.append({"type": "resource", "resource": resource})
        return blocks


def _past(host: TurnHost) -> str:
    """The conversation so far as text, for an agent that can't load it."""
    lines: list[str] = []
    for message in host.context.messages()[:-1]:
        content = message["content"]
        if not isinstance(content, str):
            content = "\n".join(str(b.get("text", "")) for b in content if b.get("type") == "text")
        if content.strip():
            lines.append(f"{message['role'].upper()}:\n{content}")
    past = "\n\n".join(lines)[-_PREFACE:]
    if not past:
        return ""
    mark = uuid.uuid4().hex[:8]
    return (
        "This conversation goes on from an earlier one that you can't see any more. It is "
        f"quoted between the markers; go on from it.\n<<<{mark}\n{past}\n{mark}>>>"
    )


def _summary(call: Message, command: str, cwd: Path) -> str:
    """What is asked, in a line. Some agents' titles are the bare command, or the bare path."""
    title = str(call.get("title") or call.get("kind") or "The agent asks.")
    if title.strip("`") == command:
        return "Run a command"
    if title.startswith("/") and call.get("kind"):
        path = Path(title)
        shown = path.relative_to(cwd) if path.is_relative_to(cwd) else path
        return f"{str(call['kind']).capitalize()} {shown}"
    return title


def _asked(
    turn: int, call_id: str, call: Message, options: list[Message], cwd: Path
) -> ev.PermissionAsked:
    raw = call.get("rawInput")
    command = raw.get("command") if isinstance(raw, dict) else None
    diff = tool_text([c for c in call.get("content") or [] if c.get("type") == "diff"])
    paths = [str(loc.get("path")) for loc in call.get("locations") or [] if loc.get("path")]
    if isinstance(command, list):
        command = " ".join(map(str, command))
    kind, detail = (
        ("command", str(command))
        if command
        else ("diff", diff)
        if diff
        else ("path", "\n".join(paths))
        if paths
        else ("text", tool_text(call.get("content")) or str(raw or ""))
    )
    return ev.PermissionAsked(
        turn=turn,
        call=call_id,
        ask=uuid.uuid4().hex,
        tool=str(call.get("kind") or "tool"),
        summary=_summary(call, str(command or ""), cwd),
        detail=detail,
        detail_kind=kind,
        why="The agent asks before it does this.",
        options=[
            {
                "id": str(o.get("optionId", "")),
                "name": str(o.get("name", "")),
                "kind": str(o.get("kind", "")),
            }
            for o in options
        ],
    )


def _option(options: list[Message], kind: str) -> str:
    """The id of the first option of a kind, or ""."""
    return next((str(o.get("optionId")) for o in options if o.get("kind") == kind), "")
