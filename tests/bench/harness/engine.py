"""An engine that only streams: the socket's protocol, no sessions behind it.

    python -m tests.bench.harness.engine SOCKET COUNT RATE [HISTORY]

Every session answers at RATE tokens a second, in chunks of 50 ms as the real engine's. A
client gets the events of what it watches, and of the others a summary every ten seconds (a
turn's beginning and end at this rate).
Prints one line per second: how many events were sent, and how many tokens.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

from sessions import VERSION
from sessions import events as ev
from sessions.summary import Summary
from tests.bench.harness.words import answer, tokens

CHUNK_S = 0.05


class Streamer:
    """The state of all sessions."""

    def __init__(self, count: int, rate: float, history: int) -> None:
        self.rate = rate
        self.ids = [f"s{number:03d}" for number in range(count)]
        self.streams = {name: tokens(seed) for seed, name in enumerate(self.ids)}
        self.seq = {name: 0 for name in self.ids}
        self.due = {name: 0.0 for name in self.ids}
        self.history = history
        self.watched: set[str] = set()
        self.writers: set[asyncio.StreamWriter] = set()
        self.go = asyncio.Event()

    def summary(self, name: str) -> ev.JSON:
        return Summary(
            name, title=f"session {name}", status="working", model="bench", seq=self.seq[name]
        ).to_json()

    def event(self, name: str, event: ev.Event) -> bytes:
        self.seq[name] += 1
        stamped = ev.stamp(event, self.seq[name])
        return ev.encode({"session": name, "event": ev.to_json(stamped)})

    def begin(self, name: str) -> bytes:
        """The history of a session, then the turn that streams."""
        lines = [self.event(name, ev.SessionCreated(id=name, title=name))]
        written = turn = 0
        while written < self.history:
            turn += 1
            text = answer(turn)
            written += len(text)
            lines.append(self.event(name, ev.UserMessage(turn=turn, text="and then?")))
            lines.append(self.event(name, ev.Text(turn=turn, text=text)))
            lines.append(self.event(name, ev.TurnEnded(turn=turn, reason="end_turn")))
        turn += 1
        lines.append(self.event(name, ev.UserMessage(turn=turn, text="go")))
        lines.append(self.event(name, ev.TurnStarted(turn=turn)))
        self.turn = turn
        return b"".join(lines)

    def chunk(self, name: str, seconds: float) -> bytes:
        """What a session says in so many seconds."""
        self.due[name] += self.rate * seconds
        count = int(self.due[name])
        self.due[name] -= count
        stream = self.streams[name]
        text = "".join(next(stream) for _ in range(count))
        return self.event(name, ev.Text(turn=self.turn, text=text)) if text else b""

    async def run(self) -> None:
        """Stream; the sessions take turns within a chunk's time, as live ones do."""
        slices = 10
        last = time.monotonic()
        tick = 0
        while True:
            await asyncio.sleep(CHUNK_S / slices)
            now = time.monotonic()
            if not self.go.is_set():
                last = now
                continue
            tick += 1
            for number, name in enumerate(self.ids):
                if number % slices != tick % slices:
                    continue
                data = b""
                if name in self.watched:
                    data = self.chunk(name, CHUNK_S * max(1.0, (now - last) / (CHUNK_S / slices)))
                elif (tick + number * 17) % (slices * 200) == 0:
                    data = ev.encode({"summary": self.summary(name)})
                if data:
                    for writer in self.writers:
                        writer.write(data)
            last = now

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        import json

        self.writers.add(writer)
        try:
            while line := await reader.readline():
                asked = json.loads(line)
                answer_, after = self.answer(asked["do"], asked.get("args", {}))
                writer.write(ev.encode({"id": asked["id"], "ok": answer_}) + after)
        except ConnectionError:
            pass  # the interface was closed
        finally:
            self.writers.discard(writer)

    def answer(self, command: str, args: dict[str, Any]) -> tuple[Any, bytes]:
        if command == "hello":
            return {"version": VERSION, "pid": 1, "since": ev.now()}, b""
        if command == "deck.list":
            return [self.summary(name) for name in self.ids], b""
        if command == "session.watch":
            name = args["session"]
            new = name not in self.watched
            self.watched.add(name)
            return {"last_seq": self.seq[name]}, self.begin(name) if new else b""
        if command == "session.unwatch":
            self.watched.discard(args["session"])
        elif command == "bench.go":
            self.go.set()
        elif command == "bench.stop":
            self.go.clear()
        elif command in ("deck.backends", "deck.profiles", "deck.models", "deck.asks"):
            return [], b""
        return None, b""


async def main() -> None:
    """Serve until killed."""
    path, count, rate, *more = sys.argv[1:]
    streamer = Streamer(int(count), float(rate), int(more[0]) if more else 0)
    server = await asyncio.start_unix_server(streamer.serve, path)
    async with server:
        await streamer.run()


if __name__ == "__main__":
    asyncio.run(main())
