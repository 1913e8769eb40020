"""Sessions that an agent starts itself: each a session of its own, and a row in its parent's.

By the Agent Client Protocol (stable since November 2026: `subagent_update`, `session_message`), to
agents that are told that the client takes it. A child is announced in its parent, then speaks as a
session of its own on the same wire. Its row is a tool call of the parent's turn: what it says and
does is its progress, what it said its result. All of it stands in a session of the deck, which the
agent leads: it is in the list, has a tile while it works, and works on when its parent's turn is
over, if the agent lets it. What it asks permission for is asked in the parent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from sessions.backends.acp.content import content_text
from sessions.backends.acp.images import kept
from sessions.backends.acp.transport import Message
from sessions.backends.acp.updates import Translator
from sessions.backends.base import Bears, ChildHost, TurnHost
from sessions.record import events as ev
from sessions.record.closed_sets import CallStatus, TurnReason
from sessions.record.summary_parts import AgentState
from sessions.safety.sanitise import clean_line

CAPABILITIES: Message = {"subagents": {}}
UPDATE = "subagent_update"
MESSAGE = "session_message"
UPDATES = (UPDATE, MESSAGE, "session_message_chunk")
"""What is told of children in their parent's own session."""
_TOOLS = ("tool_call", "tool_call_update")
_MOST = 64
_MOST_TEXT = 200_000
_MOST_TITLE = 200
_ENDS: dict[str, CallStatus] = {
    "end_turn": "ok",
    "max_tokens": "ok",
    "max_turn_requests": "ok",
    "cancelled": "cancelled",
}
_REASONS: dict[CallStatus, tuple[TurnReason, str]] = {
    "ok": ("end_turn", ""),
    "cancelled": ("interrupted", ""),
}
_WORK = ("agent_message_chunk", "agent_thought_chunk", "tool_call", "tool_call_update")
"""What a child does only while it works."""
_GONE = "The agent that led this session has gone."
_WENT_ON = "\n(It had not ended when the turn did.)"


class Parent(Protocol):
    """The conversation that the children belong to."""

    @property
    def working(self) -> bool:
        """Whether a turn runs."""

    def on_fault(self, words: str) -> None:
        """Something was lost."""

    async def on_request(self, method: str, params: Message) -> Any:
        """Answer a request."""


class SessionFinder(Protocol):
    """Who keeps which session's updates go where."""

    def remember(self, agent_session: str, conversation: Child) -> None:
        """Updates of this agent session belong to that one."""

    def forget(self, agent_session: str) -> None:
        """They belong to nobody any more."""


@dataclass(slots=True, eq=False)
class Child:
    """One session of the agent's own; hears for the rows of its parent."""

    id: str
    parent: Parent
    heard: Callable[[Child, Message], None]
    title: str = "Sub-agent"
    about: str = ""
    asked: str = ""
    """What its parent has told it to do."""
    above: str = ""
    """The child that started it, by its id; "" for one of the conversation itself."""
    can_stop: bool = False
    """Whether the agent lets its work be ended alone."""
    led: ChildHost | None = None
    """Its session in the deck."""
    translator: Translator | None = None
    """Of its stretch of work in that session."""
    runs: int = 0
    call: str = ""
    """Its row in the running turn, "" where it has none."""
    said: list[str] = field(default_factory=list)
    called: dict[str, str] = field(default_factory=dict)
    """The titles of its tool calls."""

    @property
    def working(self) -> bool:
        """Whether a turn of its parent's runs, or it works on behind that."""
        return self.parent.working or (self.led is not None and self.led.working)

    def on_update(self, update: Message) -> None:
        """Take one session/update in."""
        self.heard(self, update)

    def on_fault(self, words: str) -> None:
        """As its parent."""
        self.parent.on_fault(words)

    async def on_request(self, method: str, params: Message) -> Any:
        """What it asks is asked in the parent; the call that it is about is its own."""
        call = params.get("toolCall")
        if self.led is not None and self.translator is not None and isinstance(call, dict):
            for event in self.translator.announce(call):
                self.led.emit(event)
        return await self.parent.on_request(method, params)


class Children:
    """The children of one conversation."""

    def __init__(
        self,
        parent: Parent,
        backend: SessionFinder,
        stop: Callable[[str], None],
        printed: Callable[[str], str] | None = None,
    ) -> None:
        """`stop(session)` ends what a child does; `printed` gives what a terminal has printed."""
        self._parent = parent
        self._backend = backend
        self._stop = stop
        self._printed = printed
        self._children: dict[str, Child] = {}
        self._emit: Callable[[ev.Event], None] | None = None
        self._translator: Translator | None = None
        self._bears: Bears | None = None

    def begin(self, host: TurnHost, translator: Translator) -> None:
        """A turn of the parent begins."""
        self._emit, self._translator = host.emit, translator
        self._bears = host if isinstance(host, Bears) else None

    def end(self, *, interrupted: bool) -> None:
        """It is over: rows that are open are closed; a child that works on does so by itself."""
        for child in self._children.values():
            self._close(child, "cancelled" if interrupted else "ok", _WENT_ON)
            if child.led is not None and not child.led.working:
                child.led.leave()
        self._emit = self._translator = None

    @property
    def working(self) -> bool:
        """Whether one works on behind its parent's turn."""
        return any(c.led is not None and c.led.working for c in self._children.values())

    def forget(self) -> None:
        """The parent's session is left, or its agent has gone: nothing more is heard of them."""
        for name, child in self._children.items():
            self._backend.forget(name)
            if child.led is not None:
                child.led.end("interrupted", _GONE)
                child.led.leave()
        self._children.clear()

    def take(self, update: Message, above: Child | None = None) -> None:
        """One of UPDATES, told in the parent or in another child."""
        kind = update.get("sessionUpdate")
        if kind == UPDATE:
            self._announced(update, above)
        elif kind == MESSAGE:
            self._told(update)

    def _told(self, update: Message) -> None:
        """What a child is to do; what it reports it has said itself."""
        child = self._children.get(str(update.get("recipientSessionId") or ""))
        content = update.get("content")
        parts = content if isinstance(content, list) else []
        text = "\n".join(filter(None, map(content_text, parts)))
        if child is None or not text or text == child.asked:
            return
        child.asked = text
        if child.call:
            self._call(child)
        if child.led is not None and child.led.working:
            child.led.told(text)
        else:
            self._work(child)

    def _announced(self, update: Message, above: Child | None) -> None:
        name = update.get("sessionId")
        if not isinstance(name, str) or not name:
            return
        child = self._children.get(name)
        if child is None:
            if len(self._children) >= _MOST:
                return
            child = self._children[name] = Child(name, self._parent, self._heard)
            child.above = above.id if above is not None else ""
            self._backend.remember(name, child)
        if update.get("title"):
            title = clean_line(str(update["title"]))[:_MOST_TITLE].strip()
            child.title = f"{above.title} › {title}" if above is not None else title
        if update.get("description"):
            child.about = str(update["description"])
        if "capabilities" in update:
            can = update["capabilities"]
            child.can_stop = isinstance(can, dict) and isinstance(can.get("cancel"), dict)
        state = update.get("state")
        if isinstance(state, dict) and state.get("state") == "idle":
            reason = state.get("stopReason")
            status = _ENDS.get(str(reason), "error") if reason else "ok"
            self._rest(child, status)
            self._close(child, status)
        elif isinstance(state, dict) or child.runs == 0:
            self._open(child)

    def _heard(self, child: Child, update: Message) -> None:
        kind = update.get("sessionUpdate")
        if kind in UPDATES:
            self.take(update, child)
            return
        if kind in _WORK or child.translator is not None:
            self._work(child)
        if child.led is not None and child.translator is not None:
            for event in child.translator.events(update):
                child.led.emit(event)
        if self._emit is None or self._translator is None:
            return  # it goes on behind the turn; the parent's next one is told what came of it
        if kind == "agent_message_chunk":
            self._open(child)
            if text := content_text(update.get("content")):
                child.said.append(text)
                self._progress(child, text=text)
        elif kind in _TOOLS:
            self._open(child)
            self._tool(child, update)

    def _tool(self, child: Child, update: Message) -> None:
        """A call of the child's: its title in the row; whole where it was asked for."""
        assert self._emit is not None and self._translator is not None
        number = str(update.get("toolCallId", ""))
        if self._translator.told(number) is not None:
            for event in self._translator.events(update):
                self._emit(event)
            return
        title = clean_line(str(update.get("title") or ""))[:_MOST_TITLE].strip()
        if title and child.called.get(number) != title:
            child.called[number] = title
            if child.said and not child.said[-1].endswith("\n"):
                child.said.append("\n")
            self._progress(child, title=f"{child.title}: {title}")

    def _progress(self, child: Child, text: str = "", title: str = "") -> None:
        assert self._emit is not None and self._translator is not None
        turn = self._translator.turn
        self._emit(ev.ToolProgress(turn=turn, call=child.call, text=text, title=title))

    def _open(self, child: Child) -> None:
        if child.call or self._emit is None or self._translator is None:
            return
        child.runs += 1
        child.call = f"sub-{child.id}-{self._translator.turn}-{child.runs}"
        self._call(child)
        if child.led is None and self._bears is not None:
            over = self._children.get(child.above)
            above = over.led.session_id if over is not None and over.led is not None else ""
            child.led = self._bears.child(child.title, child.call, above=above)
            if child.led is not None:  # by its id an import knows its file as one of ours
                state: AgentState = {"session_id": child.id, "owner": "agent"}
                child.led.emit(ev.BackendState(data=state))

    def _work(self, child: Child) -> None:
        """A stretch of its work begins in its session, if none is open."""
        self._open(child)
        if child.led is None or child.led.working:
            return
        stop = partial(self._stop, child.id) if child.can_stop else None
        child.led.begin(child.asked or child.about or child.title, stop)
        child.translator = Translator(child.led.turn, self._printed, partial(kept, child.led.files))

    def _rest(self, child: Child, status: CallStatus) -> None:
        """It is over; out of sight where no turn of its parent's runs that would show it."""
        if child.led is None:
            return
        if child.translator is not None and child.translator.usage:
            child.led.emit(ev.BackendState(data={"context": child.translator.usage}))
        child.translator = None
        reason, detail = _REASONS.get(status, ("error", f"{child.title} ended with an error."))
        child.led.end(reason, detail)
        if self._emit is None:
            child.led.leave()

    def _call(self, child: Child) -> None:
        assert self._emit is not None and self._translator is not None
        given = {"description": child.about, "prompt": child.asked}
        self._emit(
            ev.ToolCall(
                turn=self._translator.turn,
                call=child.call,
                name="Sub-agent",
                input={name: text for name, text in given.items() if text},
                title=child.title,
                kind="think",
            )
        )

    def _close(self, child: Child, status: CallStatus, note: str = "") -> None:
        if not child.call or self._emit is None or self._translator is None:
            return
        text = "".join(child.said)[-_MOST_TEXT:] + note
        self._emit(
            ev.ToolResult(
                turn=self._translator.turn,
                call=child.call,
                status=status,
                content=text.strip(),
                data={"session": child.led.session_id} if child.led is not None else {},
            )
        )
        child.call = ""
        child.said.clear()
        child.called.clear()
