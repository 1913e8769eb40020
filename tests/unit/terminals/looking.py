"""A client that looks at terminals, and what it has seen."""

from __future__ import annotations

import asyncio
import base64
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sessions.api.terminals import TerminalOutput, TerminalWatched
from sessions.engine.client import Client
from sessions.record.summary import Summary
from sessions.record.summary_parts import TerminalState
from tests.support.deckrig import Rig
from tests.support.rig import until


@dataclass
class Looking:
    """What a client was told of terminals."""

    client: Client
    seen: dict[str, list[TerminalOutput]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    async def attach(cls, rig: Rig) -> Looking:
        """Another client of the rig's engine."""
        return await cls.at(str(rig.deck.places.socket))

    @classmethod
    async def at(cls, path: str) -> Looking:
        """A client of the engine that listens there."""
        reader, writer = await asyncio.open_unix_connection(path)
        client = Client(reader, writer)
        looking = cls(client)
        client.on_terminal = lambda session, output: looking.seen[session].append(output)
        await client.call("hello", version="test")
        await client.attach()
        return looking

    async def new(self, *argv: str, **how: Any) -> str:
        """A terminal; its id."""
        made = await self.client.call("terminal.new", argv=list(argv), **how)
        return str(made["id"])

    async def python(self, code: str, **how: Any) -> str:
        """One that runs some Python."""
        return await self.new("python3", "-c", code, **how)

    async def watch(self, session: str, **how: Any) -> TerminalWatched:
        """Look at one from now on, anew."""
        self.seen[session].clear()
        return await self.client.call("terminal.watch", session=session, **how)

    async def type(self, session: str, data: bytes) -> None:
        """Type something."""
        typed = base64.b64encode(data).decode()
        await self.client.call("terminal.input", session=session, data=typed)

    def text(self, session: str) -> bytes:
        """All that was printed since it looks."""
        return b"".join(piece.data for piece in self.seen[session])

    async def shows(self, session: str, wanted: bytes) -> None:
        """Wait until it has printed that."""
        await until(lambda: wanted in self.text(session))

    def sizes(self, session: str) -> list[tuple[int, int]]:
        """The sizes that it was told."""
        return [piece.size for piece in self.seen[session] if piece.size is not None]

    def summary(self, session: str) -> Summary:
        """What is known of it."""
        return self.client.summaries[session]

    def state(self, session: str) -> TerminalState:
        """What its summary says of the terminal."""
        state = self.summary(session).terminal
        assert state is not None
        return state

    async def ended(self, session: str) -> Summary:
        """Wait for its end."""
        known = self.client.summaries
        await until(lambda: session in known and not self.state(session)["running"])
        return self.summary(session)

    async def status(self, session: str, *wanted: str) -> None:
        """Wait until it has one of these."""
        known: dict[str, Summary] = self.client.summaries
        await until(lambda: session in known and known[session].status in wanted)


def whole(pieces: Sequence[TerminalOutput], start: int) -> bytes:
    """What was printed, if nothing of it is missing or came twice."""
    at = start
    for piece in pieces:
        assert piece.at == at, (piece.at, at)
        at += len(piece.data)
    return b"".join(piece.data for piece in pieces)
