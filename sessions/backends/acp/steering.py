"""Messages into a running turn of an agent, where the agent takes them.

Three ways. An agent that says `_meta.steering.supported` in its answer to `initialize` (Claude
Code, Codex, pi) is told by `_session/steering`; one that names `inject` among what its sessions
can (of the protocol's second version, its RFD of August 2026; Devin and Kit have it) by
`session/inject`; Qwen Code asks the client between its steps, by `craft/drainMidTurnQueue`. What
was taken is recorded where it took effect; what was not waits for a turn of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sessions.backends.acp import abilities, prompt
from sessions.backends.acp.transport import Message
from sessions.backends.base import WaitingMessage
from sessions.errors import BackendError

if TYPE_CHECKING:
    from sessions.backends.acp.process import AgentProcess
    from sessions.backends.base import TurnHost

DRAIN = "craft/drainMidTurnQueue"
CLAIM = "craft/claimTodoStopGuardContinuation"
"""Asked by Qwen Code before it goes on by itself; without an answer it never does again."""
DELIVERED = ("user_message", "user_message_chunk")
"""Updates by which an agent tells where a message of the user's took effect."""
_MOST_DRAINED = 10
_SETTLES_S = 5.0
_TAKEN = ("injected", "startedNewTurn")
_MOST_SEEN = 1000


@dataclass(slots=True)
class _Injected:
    """A message that the agent has and has not put into its turn yet."""

    item: str
    text: str
    number: str
    """The agent's id for it."""


class Steering:
    """The messages that go into one turn."""

    def __init__(self, agent: AgentProcess, agent_session: str, host: TurnHost) -> None:
        self._agent = agent
        self._session = agent_session
        self._host = host
        self._task: asyncio.Task[None] | None = None
        self._again = False
        self._over = False
        self._injected: list[_Injected] = []
        self._seen: set[str] = set()
        """The ids of the user's messages that the agent told of in this turn."""

    def wake(self) -> None:
        """A message may wait, or wait no more: the agent is told at once, if it can be."""
        if not self._agent.steers or not (self._host.steers() or self._injected):
            return
        if self._task is not None and not self._task.done():
            self._again = True
            return
        self._task = asyncio.get_running_loop().create_task(self._tell())

    async def _tell(self) -> None:
        self._again = True
        while self._again:
            self._again = False
            for gone in self._changed():
                await self._revoke(gone)
            while (item := self._next()) is not None:
                blocks = prompt.message(self._host, item.text, item.attachments, self._agent)
                if abilities.steered(self._agent.info):
                    await self._steer(item, blocks)
                else:
                    await self._inject(item, blocks)

    def _next(self) -> WaitingMessage | None:
        """The first message that waits and that the agent does not have."""
        if self._over:
            return None
        has = {each.item for each in self._injected}
        return next((item for item in self._host.steers() if item.id not in has), None)

    async def _steer(self, item: WaitingMessage, blocks: list[Message]) -> None:
        params = {
            "sessionId": self._session,
            "prompt": blocks,
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

    # -- session/inject

    async def _inject(self, item: WaitingMessage, blocks: list[Message]) -> None:
        params = {"sessionId": self._session, "mode": "steer", "content": blocks}
        try:
            answer = await self._agent.request("session/inject", params)
        except BackendError:
            answer = {}
        number = answer.get("messageId")
        if not isinstance(number, str) or not number:
            self._host.not_steered(item.id)
        elif number in self._seen:
            self._host.take_steers([item.id])
        else:
            self._injected.append(_Injected(item.id, item.text, number))

    def _changed(self) -> list[_Injected]:
        """What the agent has and its user has changed or taken back since."""
        waiting = {item.id: item.text for item in self._host.steers()}
        return [each for each in self._injected if waiting.get(each.item) != each.text]

    def delivered(self, number: Any) -> None:
        """The agent told of a message of the user's by its own id: it has taken effect."""
        if not isinstance(number, str) or len(self._seen) >= _MOST_SEEN:
            return
        self._seen.add(number)
        for each in self._injected:
            if each.number == number:
                self._injected.remove(each)
                self._host.take_steers([each.item])
                return

    async def _revoke(self, each: _Injected) -> bool:
        """Take a message back from the agent; False where it has taken effect before that."""
        params = {"sessionId": self._session, "messageId": each.number}
        try:
            await self._agent.request("session/revoke_inject", params, _SETTLES_S)
        except BackendError as error:
            if _reason(error) == "already_delivered":
                self.delivered(each.number)
                return False
        if each in self._injected:
            self._injected.remove(each)
            return True
        return False  # it was told while we asked

    def withdraw(self) -> asyncio.Future[None]:
        """The turn ends: what the agent has not put into it waits for a turn of its own.

        Agents keep such a message past an interrupt; it would begin a turn that nobody waits for.
        It is asked for at once, before anything that is sent after the next step of the loop.
        """
        self._over = True
        asked = [asyncio.ensure_future(self._back(each)) for each in self._injected]
        return asyncio.ensure_future(self._settled(asked))

    async def _settled(self, asked: Sequence[asyncio.Future[None]]) -> None:
        if self._task is not None:  # what was told last is answered first
            await asyncio.wait([self._task], timeout=_SETTLES_S)
        self.stop()
        await asyncio.gather(*asked)
        await asyncio.gather(*map(self._back, list(self._injected)))

    async def _back(self, each: _Injected) -> None:
        if await self._revoke(each):
            self._host.not_steered(each.item)

    def drain(self) -> Message:
        """The answer to an agent that asks for what waits."""
        items: list[Message] = []
        for item in self._host.steers()[:_MOST_DRAINED]:
            blocks = prompt.message(self._host, item.text, item.attachments, self._agent)
            items.append({"content": blocks, "displayText": item.text or "[attachments]"})
            self._host.take_steers([item.id])
        return {"items": items, "hasQueuedPrompt": False}

    def stop(self) -> None:
        """Tell no more."""
        if self._task is not None:
            self._task.cancel()


def _reason(error: BackendError) -> str:
    """Why the agent refused, in the protocol's word for it."""
    data = getattr(error.__cause__, "data", None)
    return str(data.get("reason") or "") if isinstance(data, dict) else ""
