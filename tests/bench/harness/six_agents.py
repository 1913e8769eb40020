"""Six real agents of four kinds that stream side by side: what the deck itself takes for them.

Used by the part `acp` where `AGENTDECK_AGENTS` says that the agents are installed.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sessions import config
from sessions.backends.acp.conversation import AcpConversation
from sessions.backends.acp.transport import LineTransport
from sessions.engine.whole_deck import WholeDeck
from sessions.runtime.session import Session
from tests.agents import dialects
from tests.agents.setting import AGENTS, configuration
from tests.support import chat_steps, gemini_steps, messages_server, responses_steps
from tests.support.messages_server import MessagesServer, Request, Sleep, Step
from tests.support.rig import rig_places, until

SIX = ("opencode", "claude-code", "codex", "gemini", "opencode", "claude-code")
RATE, SECONDS = 100, 90
_WISH = "please pour"
START_S = 120.0
_KEPT, _TIMES = 1000, 20


def possible() -> bool:
    """Whether the four kinds are installed."""
    return set(SIX) <= set(AGENTS)


def _model(request: Request) -> Sequence[Step]:
    """Pours words where it is told to, in whatever API it is asked."""
    speak = dialects.of(request)
    if request.path.endswith(gemini_steps.WHOLE):
        return [gemini_steps.whole("{}")]
    if _WISH not in json.dumps(dialects.recent(request)) or not dialects.shell(request):
        return speak.say("So be it.")
    words = [f"word{number} " for number in range(RATE * SECONDS)]
    pauses = [Sleep(1 / RATE)] * len(words)
    if isinstance(speak, dialects.Chat):
        steps: list[Any] = [chat_steps.start()]
        for word, pause in zip(words, pauses, strict=True):
            steps += [*chat_steps.text(word), pause]
        return [*steps, *chat_steps.stop()]
    if isinstance(speak, dialects.Gemini):
        poured = [s for w, p in zip(words, pauses, strict=True) for s in (*gemini_steps.text(w), p)]
        return [*poured, *gemini_steps.stop()]
    of = responses_steps if isinstance(speak, dialects.Responses) else messages_server
    told = [s for step in of.text(0, *words) for s in (step, Sleep(1 / RATE))]
    return [of.start(), *told, *of.stop()]


async def serve() -> None:
    """Be the model, in a process of its own: it says its address and stays."""
    async with MessagesServer(_model) as server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


async def streaming(seconds: float, times: int) -> list[dict[str, float]]:
    """CPU of this process for each update of theirs, and its share of a core; measured `times`."""
    home = os.environ.get("HOME", "")
    code = "import asyncio; from tests.bench.harness.six_agents import serve; asyncio.run(serve())"
    server = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    with tempfile.TemporaryDirectory(prefix="ad-bench-", ignore_cleanup_errors=True) as folder:
        os.environ["HOME"] = str(Path(folder) / "agents")
        try:
            assert server.stdout is not None
            return await _run(server.stdout.readline().strip(), Path(folder), seconds, times)
        finally:
            os.environ["HOME"] = home
            server.kill()
            server.wait()


async def _run(url: str, root: Path, seconds: float, times: int) -> list[dict[str, float]]:
    (root / "work").mkdir()
    places = rig_places(root / "home")
    places.config_file.parent.mkdir(parents=True, exist_ok=True)
    places.config_file.write_text(configuration(url, root / "agents", tuple(dict.fromkeys(SIX))))
    deck = WholeDeck(places, config.load(places.config_file))
    await deck.open()
    try:
        sessions = [await deck.create(backend=name, cwd=str(root / "work")) for name in SIX]
        await asyncio.gather(*(session.send(_WISH) for session in sessions))
        await until(lambda: all(_updates(s) > RATE / 4 for s in sessions), START_S)
        found = [await _measured(sessions, seconds) for _ in range(times)]
        await asyncio.gather(*(session.interrupt() for session in sessions))
    finally:
        await deck.close()
    return found


async def _measured(sessions: Sequence[Session], seconds: float) -> dict[str, float]:
    before, cpu, wall = sum(map(_updates, sessions)), time.process_time(), time.monotonic()
    await asyncio.sleep(seconds)
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    updates = sum(map(_updates, sessions)) - before
    return {
        "us": cpu / updates * 1e6,
        "share": 100 * cpu / wall,
        "rate": updates / wall,
        "loads": await _anchor(),
    }


async def _anchor() -> float:
    """What `json.loads` alone takes for the lines that they send meanwhile, µs for each."""
    lines: list[bytes] = []
    take = LineTransport._take

    def keep(self: LineTransport, line: bytes, size: int) -> None:
        lines.append(line)
        take(self, line, size)

    LineTransport._take = keep  # type: ignore[method-assign]
    try:
        await until(lambda: len(lines) > _KEPT, START_S)
    finally:
        LineTransport._take = take  # type: ignore[method-assign]
    began = time.process_time()
    for _ in range(_TIMES):
        for line in lines:
            json.loads(line)
    return (time.process_time() - began) / (_TIMES * len(lines)) * 1e6


def _updates(session: Session) -> int:
    """What its agent has sent by now."""
    talk = session.conversation
    return talk._updates if isinstance(talk, AcpConversation) else 0
