"""The engine's CPU per streamed event: SDK, SSE, journal, fold, broadcast to an attached client.

24 sessions stream 100 events a second each from a scripted server in a process of its own; a
client in another process watches them all. Only this process's CPU is counted. The anchor, in
the same run: parsing the very same SSE lines with `json.loads`, and nothing else.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sessions import config
from sessions.engine.commands import find
from sessions.engine.server import Server
from sessions.engine.whole_deck import WholeDeck
from sessions.paths import private_folder
from tests.bench.harness.figure import Figure, Target
from tests.support.messages_server import served, sse
from tests.support.rig import rig_places, until

SESSIONS, RATE = 24, 100

WATCHER = """
import json, socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
for number, session in enumerate(["hello", *sys.argv[2:]]):
    do, args = ("hello", {"version": "bench"}) if not number else (
        "session.watch", {"session": session})
    s.sendall(json.dumps({"id": number, "do": do, "args": args}).encode() + b"\\n")
total = 0
while data := s.recv(1 << 20):
    total += len(data)
"""


async def _run(seconds: int, backend: str = "anthropic") -> dict[str, float]:
    with served() as url, tempfile.TemporaryDirectory(prefix="ad-bench-") as folder:
        places = rig_places(Path(folder))
        places.config_file.write_text(
            f'[defaults]\nprofile = "t"\n[backends.t]\ntype = "{backend}"\n'
            f'base_url = "{url}"\nmodel = "m"\n'
            f"[limits]\nturns_at_once = {SESSIONS}\n"
        )
        deck = WholeDeck(places, config.load(places.config_file))
        await deck.open()
        await deck.index.made()
        server = Server(deck, find, lambda: None)
        private_folder(places.run)
        await server.listen(str(places.socket))
        sessions = [await deck.create(cwd=folder) for _ in range(SESSIONS)]
        ids = [s.id for s in sessions]
        watcher = subprocess.Popen([sys.executable, "-c", WATCHER, str(places.socket), *ids])
        for session in sessions:
            await session.send(f"stream {RATE * (seconds + 20)} {RATE}")
        # The SDK is imported, all streams run.
        await until(lambda: all(_words([s]) > RATE / 2 for s in sessions), 60)
        before, cpu, wall = _words(sessions), time.process_time(), time.monotonic()
        await asyncio.sleep(seconds)
        cpu, wall = time.process_time() - cpu, time.monotonic() - wall
        events = _words(sessions) - before
        watcher.kill()
        await asyncio.gather(*(s.interrupt() for s in sessions))
        await server.close()
        await deck.close()
    return {"us": cpu / events * 1e6, "share": 100 * cpu / wall}


def _words(sessions: list[Any]) -> int:
    """Streamed events so far: each carries one word."""
    total = 0
    for session in sessions:
        session.recorder.flush()
        total += sum(m["content"][-1]["text"].count("word") for m in session.context.messages()
                     if m["role"] == "assistant" and m["content"])  # fmt: skip
    return total


def _anchor() -> float:
    line = sse(
        "content_block_delta", index=0, delta={"type": "text_delta", "text": "word1 "}
    ).data.split(b"\n")[1][5:]
    began = time.process_time()
    for _ in range(50_000):
        json.loads(line)
    return (time.process_time() - began) / 50_000 * 1e6


def figures(quick: bool) -> Iterator[Figure]:
    """All of the engine included, both backends in turn, each first in every second round."""
    runs: dict[str, list[dict[str, float]]] = {"anthropic": [], "openai": []}
    anchors = []
    for number in range(2 if quick else 6):
        for backend in sorted(runs, reverse=bool(number % 2)):
            runs[backend].append(asyncio.run(_run(4 if quick else 6, backend)))
        anchors.append(_anchor())
    ours, other = ([r["us"] for r in runs[backend]] for backend in ("anthropic", "openai"))
    shares = [r["share"] for r in runs["anthropic"]]
    yield Figure("engine CPU per event", ours, "µs", Target(120), "json.loads alone", anchors)
    yield Figure("engine CPU, 24 sessions stream", shares, "% of a core")
    yield Figure("engine CPU per event, backend openai", other, "µs",
                 Target(1.0, "ratio"), "backend anthropic", ours)  # fmt: skip
