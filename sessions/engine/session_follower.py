"""A session that a client follows: live while the client keeps up, from the journal when not.

Nothing is kept for a client that reads slowly: what it is not sent stands in the journal, and
comes from there, at its own speed, without a gap and in order.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

from sessions.engine.outbox import Outbox
from sessions.engine.replay import Replay
from sessions.engine.slow_clients import LetGo
from sessions.paths import JOURNAL
from sessions.runtime.session import Session

log = logging.getLogger("agentdeck.engine")

UNREADABLE = "the record of a session that this client follows can't be read"


class Following:
    """One client's view of one session. `replaying` is held by one of its sessions at a time."""

    def __init__(
        self,
        session: Session,
        outbox: Outbox,
        replaying: asyncio.Lock,
        on_gone: LetGo,
        *,
        from_seq: int,
        compact: bool,
    ) -> None:
        self._session = session
        self._outbox = outbox
        self._replaying = replaying
        self._on_gone = on_gone
        self._next = max(1, from_seq)
        self._compact = compact
        self._offset = 0
        """Where in the journal the next event stands, as far as is known."""
        self._frame = len(wrapped(session.id, b"\n")) - 1
        self._live = self._closed = False
        self._behind: asyncio.Task[None] | None = None

    def event(self, seq: int, line: bytes) -> None:
        """An event is in the journal; `line` is how it goes to clients."""
        if not self._live or seq < self._next:
            return
        if self._outbox.behind:
            self._live = False
            self._behind = asyncio.ensure_future(self._come_after())
            return
        self._next = seq + 1
        self._offset += len(line) - self._frame
        self._outbox.send(line)

    async def catch_up(self) -> int:
        """Send what the client has not had, as it reads; live from then on. The last `seq`.

        Raises OSError: the journal can't be read.
        """
        session = self._session
        session.recorder.flush()
        while not self._closed and self._next <= (upto := session.summary.seq):
            path = session.folder / JOURNAL
            replay = Replay(path, self._next, upto, compact=self._compact, offset=self._offset)
            with contextlib.closing(replay):
                while not self._closed and await self._part(replay):
                    pass
            self._next, self._offset = upto + 1, replay.offset
        self._live = not self._closed
        return session.summary.seq

    async def _part(self, replay: Replay) -> bool:
        async with self._replaying, self._outbox.turn():
            lines = await asyncio.get_running_loop().run_in_executor(None, replay.part)
            for line in lines:
                self._outbox.send(wrapped(self._session.id, line))
        return bool(lines)

    async def _come_after(self) -> None:
        try:
            await self.catch_up()
        except OSError as error:
            if self._session.folder.exists():
                log.warning("a client can't come after: %s", error)
                self._on_gone(UNREADABLE)

    def close(self) -> None:
        """Follow it no more."""
        self._live, self._closed = False, True
        if self._behind is not None:
            self._behind.cancel()


def wrapped(session_id: str, line: bytes) -> bytes:
    """An event's own line as it goes to a client: not encoded a second time."""
    return b'{"session":"' + session_id.encode() + b'","event":' + line[:-1] + b"}\n"
