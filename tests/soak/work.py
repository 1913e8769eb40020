"""What two dozen sessions and their users do all day, in a few minutes."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from sessions.engine.client import Client
from sessions.errors import AgentdeckError
from sessions.paths import Places
from sessions.record import events as ev

SESSIONS = 24
_TURN_S = 60.0
_LIFE = (4, 9)
"""Turns of a session before another takes its place: what a session holds is bounded."""
_SHELL = 'tool Bash {"command": "seq 200; sleep 0.2; echo done"}'
_READ = 'tool Read {"file_path": "notes.txt"}'
_WAYS = {"write": 8, "tool": 3, "interrupt": 2, "prime": 2, "fork": 1, "queue": 1}


@dataclass
class Done:
    """How much was done, and what was refused."""

    counts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


class Worker:
    """Uses one place of the deck: a session after another, a turn after another."""

    def __init__(self, client: Client, cwd: str, seed: int, done: Done) -> None:
        self.client = client
        self.cwd = cwd
        self.rng = random.Random(seed)
        self.done = done
        self.session = ""
        self.idle: dict[str, asyncio.Event] = {}

    async def run(self) -> None:
        """Until cancelled."""
        ways: dict[str, Callable[[], Awaitable[None]]] = {
            "write": self._write,
            "tool": self._tool,
            "interrupt": self._interrupt,
            "prime": self._prime,
            "fork": self._fork,
            "queue": self._queue,
        }
        while True:
            await self._new()
            for _ in range(self.rng.randint(*_LIFE)):
                (name,) = self.rng.choices(list(_WAYS), weights=list(_WAYS.values()))
                try:
                    await ways[name]()
                    self.done.counts[name] += 1
                except (AgentdeckError, TimeoutError) as error:
                    self.done.refused[f"{name}: {type(error).__name__}: {error}"[:120]] += 1
            await self._delete(self.session)

    async def _new(self) -> None:
        made = await self.client.call("session.create", cwd=self.cwd, confirmed_full=True)
        self.session = made["id"]
        self.done.counts["sessions"] += 1

    async def _delete(self, session: str) -> None:
        with contextlib.suppress(AgentdeckError):
            await self.client.call("session.delete", session=session)

    async def _turn(self, words: str) -> None:
        """Send, and wait for the end of all turns."""
        sent = await self.client.call("session.send", session=self.session, text=words)
        await self._ended(sent.get("turn", 0))

    async def _ended(self, turn: int) -> None:
        async with asyncio.timeout(_TURN_S):
            while True:
                changed = CHANGES.setdefault(self.session, asyncio.Event())
                summary = self.client.summaries.get(self.session)
                if summary is not None and summary.turns >= turn and _rests(summary.status):
                    # A turn that was just recorded stands still for a moment before it works.
                    get = await self.client.call("session.get", session=self.session)
                    if _rests(get["status"]) and get["tokens"] is not None:
                        return
                changed.clear()
                # Not wait_for: before Python 3.12 it can swallow a cancellation.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(1.0):
                        await changed.wait()

    async def _write(self) -> None:
        await self._turn(f"write {self.rng.randint(40, 240)}")

    async def _tool(self) -> None:
        await self._turn(self.rng.choice((_SHELL, _READ)))

    async def _interrupt(self) -> None:
        await self.client.call("session.send", session=self.session, text="write 400")
        await asyncio.sleep(self.rng.uniform(0.2, 2.0))
        await self.client.call("session.interrupt", session=self.session)

    async def _queue(self) -> None:
        for words in ("write 60", "write 40", "write 20"):
            await self.client.call("session.send", session=self.session, text=words)
        await asyncio.sleep(1.0)
        await self._ended(0)

    async def _prime(self) -> None:
        drawn = await self.client.call("priming.draw", session=self.session, kind="acronym")
        items = await self.client.call("priming.raw", session=self.session, id=drawn["id"])
        chosen = items[:5]
        sent = await self.client.call(
            "priming.inject", session=self.session, id=drawn["id"], items=chosen
        )
        await self._ended(int(sent.get("turn") or 0))

    async def _fork(self) -> None:
        made = await self.client.call("session.fork", session=self.session)
        before, self.session = self.session, made["id"]
        await self.client.call("session.confirm_full", session=self.session)
        await self._delete(before)


CHANGES: dict[str, asyncio.Event] = {}


def _rests(status: str) -> bool:
    return status not in ("working", "needs-you")


def hear(client: Client) -> None:
    """Wake whoever waits for a session."""

    def changed(summary: Any) -> None:
        if (event := CHANGES.get(summary.id)) is not None:
            event.set()

    def gone(session: str) -> None:
        CHANGES.pop(session, None)

    client.on_summary, client.on_gone = changed, gone


async def come_and_go(where: Places, rng: random.Random, done: Done) -> None:
    """Clients attach, watch some sessions, and go: politely, or in the middle of a replay."""
    while True:
        client = await Client.connect(where, start=False)
        seen: list[ev.Event] = []
        client.on_event = lambda _, event, seen=seen: seen.append(event)  # type: ignore[misc]
        try:
            ids = [s.id for s in await client.attach()]
            for session in rng.sample(ids, min(6, len(ids))):
                with contextlib.suppress(AgentdeckError):  # it may be gone by now
                    await client.call("session.watch", session=session)
            await asyncio.sleep(rng.uniform(0.1, 2.0))
        finally:
            if rng.random() < 0.5:
                assert isinstance(client._writer, asyncio.StreamWriter)
                client._writer.transport.abort()
            await client.close()
        done.counts["clients"] += 1
