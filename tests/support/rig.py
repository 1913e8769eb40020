"""A deck without a network: real journals, real events, a backend that says what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from sessions.backends.base import Capabilities, ModelInfo, Question, Reply, TurnHost
from sessions.paths import Places
from sessions.record import events as ev
from sessions.record.summary_parts import AgentState

Act = Callable[[TurnHost], Awaitable[ev.TurnEnded]]


async def say_hello(host: TurnHost) -> ev.TurnEnded:
    """The default turn: two chunks of text."""
    host.emit(ev.Text(turn=host.turn, text="Hello "))
    host.emit(ev.Text(turn=host.turn, text="there."))
    return ev.TurnEnded(turn=host.turn, reason="end_turn", usage={"input": 3, "output": 2})


class RigConversation:
    """Runs the backend's current act."""

    def __init__(self, backend: RigBackend) -> None:
        self.backend = backend
        self.closed = False

    async def turn(self, host: TurnHost) -> ev.TurnEnded:
        """Run the act."""
        return await self.backend.act(host)

    async def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True


class RigBackend:
    """A backend whose turns are Python functions."""

    type = "rig"
    default_model = "rig-1"
    capabilities = Capabilities()

    def __init__(self, name: str = "rig", act: Act = say_hello) -> None:
        self.name = name
        self.act: Act = act
        self.questions: list[Question] = []
        self.reply = "A summary."
        self.conversations: list[RigConversation] = []

    async def open(self, session_id: str, cwd: Path, state: AgentState) -> RigConversation:
        """A conversation."""
        conversation = RigConversation(self)
        self.conversations.append(conversation)
        return conversation

    async def models(self) -> list[ModelInfo]:
        """One model."""
        return [ModelInfo("rig-1", context=100_000)]

    async def ask(self, question: Question, on_text: Callable[[str], None] | None = None) -> Reply:
        """The reply that was set."""
        self.questions.append(question)
        return Reply(self.reply, {"input": 1, "output": 1}, "rig-1")

    async def close(self) -> None:
        """Nothing to end."""


def rig_places(root: Path) -> Places:
    """Places under a test's own folder."""
    return Places(
        config_file=root / "config.toml",
        data=root / "data",
        state=root / "state",
        run=root / "run",
        my_skills=root / "skills",
    )


async def until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """Let the loop turn until `condition()` holds; fail after `timeout_s`.

    What takes long is looked at less often: each look of a process that waits costs 0.1 to 0.4 ms.
    """
    pause = 0.005
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(pause)
            pause = min(pause * 1.25, 0.02)


def alive(pid: int) -> bool:
    """Whether a process runs and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
