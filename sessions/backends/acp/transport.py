"""Lines of an agent's stdout as messages, however untidy they are.

A `Transport` for `acp.connection.Connection` (JSON-RPC 2.0, one object a line; the Agent
Client Protocol, schema 1.19). Lines that are no JSON object are noise: kept for the log,
counted, skipped. `session/update` notifications are handed over at once and in order; the
connection would make a task of each.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from sessions.record import codec

Message = dict[str, Any]
_NOISE_KEPT = 20


class LineTransport:
    """Reads and writes one agent process's messages."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        on_update: Callable[[str, Message], None],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._on_update = on_update
        self.noise: list[str] = []
        self.noise_count = 0

    async def send(self, message: Message) -> None:
        """Write one message. Raises ConnectionError when the agent has gone."""
        self._writer.write(json.dumps(message).encode() + b"\n")
        await self._writer.drain()

    async def receive(self) -> Message | None:
        """The next message that is not a session/update, or None at the end."""
        while True:
            try:
                line = await self._reader.readline()
            except ValueError:  # a line beyond the limit; the reader has dropped it
                self._noise("a line that is too long")
                continue
            except ConnectionError:
                return None
            if not line:
                return None
            try:
                message = codec.loads(line)
            except (ValueError, RecursionError):
                message = None
            if not isinstance(message, dict):
                self._noise(line[:200].decode("utf-8", "replace").strip())
                continue
            if message.get("method") == "session/update" and "id" not in message:
                self._update(message)
                continue
            number = message.get("id")
            if "method" not in message and not isinstance(number, int):
                self._noise(f"an answer to {number!r}, which was not asked")
                continue
            return message

    async def close(self) -> None:
        """Close the agent's stdin, which asks it to end."""
        self._writer.close()

    def _update(self, message: Message) -> None:
        params = message.get("params")
        known = params if isinstance(params, dict) else {}
        update, session = known.get("update"), known.get("sessionId")
        if not isinstance(update, dict) or not isinstance(session, str):
            self._noise("a session/update without session or update")
            return
        self._on_update(session, update)

    def _noise(self, line: str) -> None:
        self.noise_count += 1
        if line and len(self.noise) < _NOISE_KEPT:
            self.noise.append(line)
