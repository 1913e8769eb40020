"""A Messages API server that streams at a steady rate, token by token, to many at once.

    python -m tests.bench.harness.server

A message `bench RATE` is answered with Markdown as models write it, RATE tokens a second, until
the client goes; anything else as the tests' server does. `GET /bench/stats` says how many
characters and tokens have been streamed. Its address is the first line it prints.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass, field
from functools import lru_cache

from tests.bench.harness.words import tokens
from tests.support.messages_server import MessagesServer, Request, Status, _plain, sse, start, text

TICK_S = 0.005


@dataclass(eq=False, slots=True)
class Stream:
    """One answer on its way."""

    writer: asyncio.StreamWriter
    rate: float
    seed: int
    began: float = field(default_factory=time.monotonic)
    sent: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)


@lru_cache(200_000)
def _delta(token: str) -> bytes:
    data = sse("content_block_delta", index=0, delta={"type": "text_delta", "text": token}).data
    return b"%x\r\n%s\r\n" % (len(data), data)


class BenchServer(MessagesServer):
    """Adds the steady streams to the tests' server."""

    def __init__(self) -> None:
        super().__init__()
        self.streams: set[Stream] = set()
        self.count = 0
        self.characters = 0
        self.tokens = 0

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        if request.path == "/bench/stats":
            told = {"characters": self.characters, "tokens": self.tokens}
            return await _plain(writer, Status(200, json.dumps(told).encode()))
        words = request.last_text.split()
        if request.path != "/v1/messages" or words[-2:-1] != ["bench"]:
            return await super()._answer(request, writer)
        head = start().data + text(0)[0].data  # type: ignore[union-attr]
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
            b"request-id: req_1\r\nTransfer-Encoding: chunked\r\n\r\n"
            + b"%x\r\n%s\r\n"
            % (len(head), head)
        )
        self.count += 1
        stream = Stream(writer, float(words[-1]), self.count)
        self.streams.add(stream)
        await stream.ended.wait()
        return False

    async def run(self) -> None:
        """Write what is due, to every stream in turn."""
        sources = {}
        while True:
            await asyncio.sleep(TICK_S)
            now = time.monotonic()
            for stream in list(self.streams):
                if stream.writer.is_closing():
                    self.streams.discard(stream)
                    sources.pop(stream, None)
                    stream.ended.set()
                    continue
                source = sources.setdefault(stream, tokens(stream.seed))
                due = int((now - stream.began) * stream.rate)
                while stream.sent < due:
                    token = next(source)
                    stream.writer.write(_delta(token))
                    stream.sent += 1
                    self.tokens += 1
                    self.characters += len(token)


async def main() -> None:
    """Serve until killed."""
    server = BenchServer()
    async with server:
        print(server.url, flush=True)
        await server.run()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
