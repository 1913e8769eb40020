"""One tool-less question to an agent, in a session of its own that is deleted afterwards.

Where an agent deletes none, it stays among its conversations; an import knows it by its folder.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sessions.backends.acp import elicitation, opening, permission_request
from sessions.backends.acp.content import content_text
from sessions.backends.acp.options import Options
from sessions.backends.acp.process import AgentProcess
from sessions.backends.acp.transport import Message
from sessions.backends.base import Question, Reply
from sessions.errors import BackendError
from sessions.paths import ASKED_IN

if TYPE_CHECKING:
    from sessions.backends.acp.port import Listened

_END_S = 5.0


class _Listener:
    """Collects the text of a throw-away session and refuses whatever it wants to do."""

    def __init__(self, on_text: Callable[[str], None] | None) -> None:
        self.parts: list[str] = []
        self._on_text = on_text

    def on_update(self, update: Message) -> None:
        """Take one session/update in."""
        if update.get("sessionUpdate") == "agent_message_chunk":
            text = content_text(update.get("content"))
            self.parts.append(text)
            if self._on_text is not None:
                self._on_text(text)

    @property
    def working(self) -> bool:
        """As long as it is there."""
        return True

    def on_fault(self, words: str) -> None:
        """The answer says enough: it is read strictly, or shown as it is."""

    async def on_request(self, method: str, params: Message) -> Any:
        """Refuse permissions and questions; nothing else is there."""
        if method == elicitation.CREATE:
            return elicitation.CANCEL
        if method != "session/request_permission":
            return NotImplemented
        refusal = permission_request.option(permission_request.options_of(params), "reject_once")
        if refusal:
            return {"outcome": {"outcome": "selected", "optionId": refusal}}
        return {"outcome": {"outcome": "cancelled"}}


async def ask(
    agent: AgentProcess,
    question: Question,
    backend: Listened,
    on_text: Callable[[str], None] | None,
) -> Reply:
    """Ask in an empty directory. Raises BackendError."""
    listener = _Listener(on_text)
    with tempfile.TemporaryDirectory(prefix=ASKED_IN) as nowhere:
        made = await opening.opened(agent, {"cwd": nowhere, "mcpServers": []}, backend)
        theirs = str(made.get("sessionId", ""))
        backend.remember(theirs, listener)
        try:
            options = Options(backend.known)
            options.opened(made)
            await options.apply(agent, theirs, question.model)
            answer = await agent.request(
                "session/prompt",
                {"sessionId": theirs, "prompt": [{"type": "text", "text": _text(question)}]},
                None,
            )
        finally:
            backend.forget(theirs)
            for way in ("close", "delete"):
                if agent.can(way):
                    with contextlib.suppress(BackendError):
                        await agent.request(f"session/{way}", {"sessionId": theirs}, _END_S)
    return Reply("".join(listener.parts), {}, stop_reason=str(answer.get("stopReason", "")))


def _text(question: Question) -> str:
    """The question as one text: an agent's session begins with nothing before it."""
    parts = [question.system] if question.system else []
    for message in question.messages:
        content = message["content"]
        if not isinstance(content, str):
            content = "\n".join(str(b.get("text", "")) for b in content if b.get("type") == "text")
        parts.append(content if len(question.messages) == 1 else f"{message['role']}: {content}")
    parts.append("Answer in text only; use no tools.")
    if question.schema is not None:
        parts.append(f"Reply with JSON only, by this schema: {json.dumps(question.schema)}")
    return "\n\n".join(parts)
