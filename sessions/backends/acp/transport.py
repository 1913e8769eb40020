"""Lines of an agent's stdout as messages, however untidy they are.

A `Transport` for `acp.connection.Connection` (JSON-RPC 2.0, one object a line; the Agent
Client Protocol, schema 1.19). Lines that are no JSON object are noise: kept for the log,
counted, skipped. Of a message that is too long the beginning of its text is taken, and that is
told. `session/update` notifications are handed over in the very callback in which their bytes
came, and in order; the connection would make a task of each, and a reader's wake-up costs as much
as an update itself.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections import deque
from collections.abc import Callable
from typing import Any

from sessions.backends.read_pacing import Pace
from sessions.child_process import ChildPipes
from sessions.record import codec
from sessions.safety.bounded_lines import KEPT, Lines, texts

log = logging.getLogger("agentdeck.acp")

Message = dict[str, Any]
MAX_LINE = 16 * 2**20
"""Bytes of a message that is taken whole."""
_NOISE_KEPT = 20
_STDOUT = 1
_OWED: Message = {}
"""Wakes whoever receives, so that what is owed is sent."""
_CHUNKS = ("agent_message_chunk", "agent_thought_chunk")


class Pipes(ChildPipes):
    """An agent's pipes, of which stdout goes to its transport and to no reader."""

    def __init__(self, limit: int, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(limit, loop)
        self._early: list[bytes] = []
        self.silent = asyncio.Event()
        """Its stdout has ended."""
        self._transport_of_lines: LineTransport | None = None
        self._pace: Pace | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.SubprocessProtocol."""
        super().connection_made(transport)
        assert isinstance(transport, asyncio.SubprocessTransport)
        pipe = transport.get_pipe_transport(_STDOUT)
        if isinstance(pipe, asyncio.ReadTransport):
            self._pace = Pace(pipe)

    def pipe_data_received(self, fd: int, data: bytes | str) -> None:
        """See asyncio.SubprocessProtocol."""
        if fd != _STDOUT or isinstance(data, str):
            super().pipe_data_received(fd, data)
        elif self._transport_of_lines is None:
            self._early.append(data)
        else:
            text = self._transport_of_lines.feed(data)
            if self._pace is not None:
                self._pace.read(len(data), text=text)

    def hurry(self) -> None:
        """Take what comes next as it comes."""
        if self._pace is not None:
            self._pace.hurry()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """See asyncio.SubprocessProtocol."""
        super().pipe_connection_lost(fd, exc)
        if fd == _STDOUT:
            self.silent.set()
            if self._transport_of_lines is not None:
                self._transport_of_lines.feed_eof()

    def process_exited(self) -> None:
        """See asyncio.SubprocessProtocol."""
        self.hurry()  # its last words
        super().process_exited()

    def read_by(self, transport: LineTransport) -> None:
        """From now on, and what has come by now."""
        self._transport_of_lines = transport
        transport.hurry = self.hurry
        for data in self._early:
            transport.feed(data)
        self._early.clear()
        if self.silent.is_set():
            transport.feed_eof()


class LineTransport:
    """Reads and writes one agent process's messages."""

    def __init__(
        self,
        writer: asyncio.StreamWriter,
        on_update: Callable[[str, Message], None],
        on_fault: Callable[[str, str], None],
    ) -> None:
        """`on_fault(session, words)`: something of it was lost; "" is whoever works now."""
        self._writer = writer
        self._on_update = on_update
        self._on_fault = on_fault
        self._lines = Lines(MAX_LINE)
        self._text_alone = True
        """Whether what was fed last is text of a turn and nothing else."""
        self.hurry: Callable[[], None] = lambda: None
        """Has what the agent says next taken as it comes."""
        self._came: asyncio.Queue[Message | None] = asyncio.Queue()
        """What is no update, for the connection; None is the end."""
        self._owed: list[Message] = []
        """Answers to requests that were too long, to be sent before the next is received."""
        self.asked: dict[int, Any] = {}
        """The parameters of our requests that the agent has not answered, by their ids."""
        self.wanted: dict[Any, Any] = {}
        """The parameters of the agent's requests that are not answered yet, by its ids."""
        self.noise: list[str] = []
        self.noise_count = 0
        self.prose: deque[tuple[int, str]] = deque(maxlen=_NOISE_KEPT)
        """The last lines of noise that are text for people, each with its number."""

    async def send(self, message: Message) -> None:
        """Write one message. Raises ConnectionError when the agent has gone."""
        if "method" in message and type(message.get("id")) is int:
            self.asked[message["id"]] = message.get("params")
        elif "method" not in message:
            self.wanted.pop(message.get("id"), None)
        self._writer.write(json.dumps(message).encode() + b"\n")
        self.hurry()
        await self._writer.drain()

    async def receive(self) -> Message | None:
        """The next message that is not a session/update, or None at the end."""
        while True:
            message = await self._came.get()
            while self._owed:
                await self.send(self._owed.pop(0))
            if message != _OWED:
                return message

    def feed(self, data: bytes) -> bool:
        """Bytes of its stdout, as they come; whether they were text of a turn and nothing else."""
        self._text_alone = True
        for line, size in self._lines.feed(data):
            try:
                self._take(line, size)
            except Exception:  # the lines behind it are as good as ever
                log.exception("a message of an agent could not be taken in")
        return self._text_alone

    def feed_eof(self) -> None:
        """There will be no more."""
        self._came.put_nowait(None)

    def _take(self, line: bytes, size: int) -> None:
        text_alone, self._text_alone = self._text_alone, False
        if size > len(line):
            self._shortened(line, size)
            return
        try:
            message = codec.loads(line)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            self._noise(line[:400].decode("utf-8", "replace").strip(), prose=message is None)
            return
        if message.get("method") == "session/update" and "id" not in message:
            self._text_alone = self._update(message) and text_alone
            return
        number = message.get("id")
        if "method" not in message:
            if not isinstance(number, int):
                self._noise(f"an answer to {number!r}, which was not asked")
                return
            self.asked.pop(number, None)
        elif isinstance(number, int | str):
            self.wanted[number] = message.get("params")
        self._came.put_nowait(message)

    def _shortened(self, line: bytes, size: int) -> None:
        """What a message was of which a line holds the beginning and the end.

        An answer to us becomes an error; a request is answered with one; of an update the
        beginning of its text goes on its way.
        """
        head, tail = line[:KEPT], line[KEPT:]
        number = _field(head[:2000], "id") or _field(tail[-200:], "id")
        method = _field(head, "method") or _field(tail, "method")
        session = _field(head, "sessionId") or _field(tail, "sessionId")
        kind = _field(head, "sessionUpdate") or _field(tail, "sessionUpdate")
        what = str(kind or method or ("an answer" if number is not None else "no message"))
        told = f"a message of {size:,} bytes ({what}); {MAX_LINE:,} are taken at most"
        self._noise(f"{told}")
        if method and number is not None:
            error = {"code": -32600, "message": f"This is {told}."}
            self._owed.append({"jsonrpc": "2.0", "id": number, "error": error})
            self._came.put_nowait(_OWED)
        elif type(number) is int:
            error = {"code": -32603, "message": told}
            self._came.put_nowait({"jsonrpc": "2.0", "id": number, "error": error})
            return
        shown = ""
        if isinstance(session, str) and isinstance(kind, str):
            update = _beginning(kind, head, tail)
            shown = ", of which the beginning is shown" if update else ""
            if update:
                self._on_update(session, update)
        self._on_fault(session if isinstance(session, str) else "", f"sent {told}{shown}")

    async def close(self) -> None:
        """Close the agent's stdin, which asks it to end."""
        self._writer.close()

    def _update(self, message: Message) -> bool:
        """Hand it over; whether it is text of a turn."""
        params = message.get("params")
        known = params if isinstance(params, dict) else {}
        update, session = known.get("update"), known.get("sessionId")
        if not isinstance(update, dict) or not isinstance(session, str):
            self._noise("a session/update without session or update")
            return False
        self._on_update(session, update)
        return update.get("sessionUpdate") in _CHUNKS

    def said(self, since: int = 0) -> str:
        """What it printed for people on stdout, from its line of noise number `since` on."""
        return "\n".join(text for number, text in self.prose if number > since)

    def _noise(self, line: str, *, prose: bool = False) -> None:
        self.noise_count += 1
        if prose and any(c.isalpha() for c in line) and not line.startswith(("{", "[")):
            self.prose.append((self.noise_count, line))
        if line and len(self.noise) < _NOISE_KEPT:
            self.noise.append(line)


def _field(piece: bytes, name: str) -> str | int | None:
    """The first value of a field in a piece of JSON, if it is a short text or a number."""
    found = re.search(rb'"%s"\s*:\s*(\d{1,15}\b|"[^"\\]{1,200}")' % name.encode(), piece)
    value: str | int | None = json.loads(found[1]) if found else None
    return value


def _beginning(kind: str, head: bytes, tail: bytes) -> Message | None:
    """An update with the beginning of its text alone."""
    text = "\n".join(texts(head)).strip("\n")
    if kind in _CHUNKS:
        return {"sessionUpdate": kind, "content": {"type": "text", "text": text}} if text else None
    call = _field(head, "toolCallId") or _field(tail, "toolCallId")
    if kind not in ("tool_call", "tool_call_update") or not isinstance(call, str):
        return None
    update: Message = {"sessionUpdate": kind, "toolCallId": call}
    for name in ("status", "kind", "title"):
        if isinstance(value := _field(head[:4000], name) or _field(tail, name), str):
            update[name] = value
    block = {"type": "content", "content": {"type": "text", "text": text}}
    return update | ({"content": [block]} if text else {})
