"""Sessions that an agent starts itself: each a row in the session that it belongs to.

By the draft of the Agent Client Protocol (schema 1.19, unstable: `subagent_update`,
`session_message`), to agents that are told that the client takes it. A child is announced in its
parent, then speaks as a session of its own on the same wire. Its row is a tool call of the parent's
turn: what it says and does is its progress, what it said its result. What it asks permission for is
asked in the parent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from sessions.backends.acp.transport import Message
from sessions.backends.acp.updates import Translator, content_text
from sessions.record import events as ev
from sessions.record.closed_sets import CallStatus
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
    runs: int = 0
    call: str = ""
    """Its row in the running turn, "" where it has none."""
    said: list[str] = field(default_factory=list)
    called: dict[str, str] = field(default_factory=dict)
    """The titles of its tool calls."""

    @property
    def working(self) -> bool:
        """As its parent."""
        return self.parent.working

    def on_update(self, update: Message) -> None:
        """Take one session/update in."""
        self.heard(self, update)

    def on_fault(self, words: str) -> None:
        """As its parent."""
        self.parent.on_fault(words)

    async def on_request(self, method: str, params: Message) -> Any:
        """What it asks is asked in the parent."""
        return await self.parent.on_request(method, params)


class Children:
    """The children of one conversation."""

    def __init__(self, parent: Parent, backend: SessionFinder) -> None:
        self._parent = parent
        self._backend = backend
        self._children: dict[str, Child] = {}
        self._emit: Callable[[ev.Event], None] | None = None
        self._translator: Translator | None = None

    def begin(self, emit: Callable[[ev.Event], None], translator: Translator) -> None:
        """A turn of the parent begins."""
        self._emit, self._translator = emit, translator

    def end(self, *, interrupted: bool) -> None:
        """It is over: rows that are open are closed."""
        for child in self._children.values():
            self._close(child, "cancelled" if interrupted else "ok", _WENT_ON)
        self._emit = self._translator = None

    def forget(self) -> None:
        """The parent's session is left."""
        for name in self._children:
            self._backend.forget(name)
        self._children.clear()

    def take(self, update: Message, above: str = "") -> None:
        """One of UPDATES, told in the parent or in a child of the title `above`."""
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

    def _announced(self, update: Message, above: str) -> None:
        name = update.get("sessionId")
        if not isinstance(name, str) or not name:
            return
        child = self._children.get(name)
        if child is None:
            if len(self._children) >= _MOST:
                return
            child = self._children[name] = Child(name, self._parent, self._heard)
            self._backend.remember(name, child)
        if update.get("title"):
            title = clean_line(str(update["title"]))[:_MOST_TITLE].strip()
            child.title = f"{above} › {title}" if above else title
        if update.get("description"):
            child.about = str(update["description"])
        state = update.get("state")
        if isinstance(state, dict) and state.get("state") == "idle":
            reason = state.get("stopReason")
            self._close(child, _ENDS.get(str(reason), "error") if reason else "ok")
        elif isinstance(state, dict) or child.runs == 0:
            self._open(child)

    def _heard(self, child: Child, update: Message) -> None:
        if self._emit is None or self._translator is None:
            return  # it goes on behind the turn; the parent's next one is told what came of it
        kind = update.get("sessionUpdate")
        if kind in UPDATES:
            self.take(update, child.title)
        elif kind == "agent_message_chunk":
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
                turn=self._translator.turn, call=child.call, status=status, content=text.strip()
            )
        )
        child.call = ""
        child.said.clear()
        child.called.clear()
