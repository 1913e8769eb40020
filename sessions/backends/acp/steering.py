"""Messages into a running turn of an agent, where the agent takes them.

Two ways, both beside the protocol as it is (its second version has `session/inject`): an agent
that says `_meta.steering.supported` in its answer to `initialize` (Claude Code, Codex, pi) is
told by `_session/steering`; Qwen Code asks the client between its steps, by
`craft/drainMidTurnQueue`. What was taken is recorded where it took effect; what was not waits
for a turn of its own.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sessions.backends.acp import prompt
from sessions.backends.acp.transport import Message
from sessions.errors import BackendError

if TYPE_CHECKING:
    from sessions.backends.acp.process import AgentProcess
    from sessions.backends.base import TurnHost

DRAIN = "craft/drainMidTurnQueue"
CLAIM = "craft/claimTodoStopGuardContinuation"
"""Asked by Qwen Code before it goes on by itself; without an answer it never does again."""
_MOST_DRAINED = 10
_SETTLES_S = 5.0
_TAKEN = ("injected", "startedNewTurn")


class Steering:
    """The messages that go into one turn."""

    def __init__(self, agent: AgentProcess, agent_session: str, host: TurnHost) -> None:
        self._agent = agent
        self._session = agent_session
        self._host = host
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """A message may wait: the agent is told at once, if it can be."""
        if self._agent.steers and self._task is None and self._host.steers():
            self._task = asyncio.get_running_loop().create_task(self._tell())
            self._task.add_done_callback(lambda _: setattr(self, "_task", None))

    async def _tell(self) -> None:
        while waiting := self._host.steers():
            item = waiting[0]
            params = {
                "sessionId": self._session,
                "prompt": prompt.message(self._host, item.text, item.attachments, self._agent),
                "_meta": {"steering": {"idleBehavior": "promptRequired"}},
            }
            try:
                answer = await self._agent.request("_session/steering", params)
            except BackendError:
                answer = {}
            if answer.get("outcome") in _TAKEN:
                self._host.take_steers([item.id])
            else:
                self._host.not_steered(item.id)

    def drain(self) -> Message:
        """The answer to an agent that asks for what waits."""
        items: list[Message] = []
        for item in self._host.steers()[:_MOST_DRAINED]:
            blocks = prompt.message(self._host, item.text, item.attachments, self._agent)
            items.append({"content": blocks, "displayText": item.text or "[attachments]"})
            self._host.take_steers([item.id])
        return {"items": items, "hasQueuedPrompt": False}

    async def settle(self) -> None:
        """The turn is over: what was told last is answered first."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=_SETTLES_S)
        self.stop()

    def stop(self) -> None:
        """Tell no more."""
        if self._task is not None:
            self._task.cancel()
