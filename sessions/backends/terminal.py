"""What stands in a terminal's place among backends: nothing answers there but the program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sessions.backends.base import Capabilities, Conversation, ModelInfo, Question, Reply
from sessions.errors import UsageError
from sessions.record.summary_parts import AgentState
from sessions.record.terminal_state import NO_MESSAGES, TERMINAL


class TerminalBackend:
    """Refuses whatever a model would do."""

    name = type = TERMINAL
    default_model = ""
    capabilities = Capabilities(
        tools=False, steer=False, fork=False, models=False, note="A program on a terminal.",
        reasons=dict.fromkeys(("fork", "tools", "models"), NO_MESSAGES),
    )  # fmt: skip

    async def open(self, session_id: str, cwd: Path, state: AgentState) -> Conversation:
        """There is no conversation. Raises UsageError."""
        raise UsageError(NO_MESSAGES)

    async def models(self) -> list[ModelInfo]:
        """None."""
        return []

    async def ask(self, question: Question, on_text: Callable[[str], None] | None = None) -> Reply:
        """Nobody answers. Raises UsageError."""
        raise UsageError(NO_MESSAGES)

    async def close(self) -> None:
        """Nothing was started."""
