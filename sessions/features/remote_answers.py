"""Answers of sessions on other machines that go, once they are done, to where those can't send.

The wish stands in the session's record over there, with the engine that it is of; that one sees the
end of the turn in its mirror, also when it ended while this engine was not there.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import socket
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from sessions.record import events as ev
from sessions.record.closed_sets import WENT_THROUGH
from sessions.record.summary_parts import AnswerGoesTo
from sessions.remote.mirrored_session import Mirrored
from sessions.remote.site_interface import Offline

if TYPE_CHECKING:
    from sessions.paths import Places

log = logging.getLogger("agentdeck.passing")

_LOOK_S = 1.0


class FarAnswers:
    """Sees turns over there end. `send_on` is called once for each wish, when it is taken back."""

    def __init__(
        self, places: Places, send_on: Callable[[Mirrored, AnswerGoesTo], Awaitable[None]]
    ) -> None:
        said = f"{socket.gethostname()}:{places.data}"
        self.mine = hashlib.sha256(said.encode()).hexdigest()[:16]
        """Stands in a wish as `by`: this engine sends it on, no other does."""
        self._send_on = send_on
        self._wished: dict[str, int] = {}
        """By session: the number of the event that wished it."""
        self._under_way: dict[str, asyncio.Task[None]] = {}

    def follow(self, session: Mirrored) -> None:
        """A mirror is in memory from now on; its past is folded next."""
        session.observers.append(partial(self._heard, session))

    async def wish(self, session: Mirrored, then: AnswerGoesTo) -> None:
        """Let it stand in the session's record, or (`{}`) not any more. Raises AgentdeckError."""
        to, words = then.get("to", []), then.get("words", "")
        await session.deck.elsewhere.on(session.host).call(
            "session.when_done", session=session.id, to=to, words=words, by=self.mine
        )

    def _heard(self, session: Mirrored, event: ev.Event) -> None:
        if isinstance(event, ev.SessionSet) and isinstance(event.then, dict):
            if event.then.get("by") == self.mine:
                self._wished[session.id] = event.seq
            else:
                self._wished.pop(session.id, None)
        elif isinstance(event, ev.TurnEnded) and session.id in self._wished:
            good = event.reason in WENT_THROUGH
            if good and session.id not in self._under_way:
                task = asyncio.get_running_loop().create_task(self._done(session))
                self._under_way[session.id] = task
                task.add_done_callback(lambda _: self._under_way.pop(session.id, None))

    async def _done(self, session: Mirrored) -> None:
        """The wish is taken back first: whatever becomes of it, it is not sent again."""
        asked: AnswerGoesTo = {}
        while True:
            wish = session.summary.then
            if session.summary.open or session.queue:
                return  # it goes on: with its next end it is looked at again
            if wish.get("by") != self.mine:
                if asked:  # the answer was lost on the way; it is taken back all the same
                    break
                return
            try:
                asked = wish
                await self.wish(session, {})
                break
            except Offline as error:
                log.info("the answer of %s waits: %s", session.id, error)
                await asyncio.sleep(_LOOK_S)
        await self._send_on(session, asked)

    async def close(self) -> None:
        """The engine ends."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
