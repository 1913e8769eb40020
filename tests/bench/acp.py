"""What a session of an agent takes of the deck itself, the agent excluded.

The agent is the tests' scripted one, in a process of its own that all sessions share; the engine
(deck, journal, server) is this process, watched by a client in a third. Memory is what a session
adds to this process once it has had a turn. The anchors, in the same run: `json.loads` of the very
same lines; the same agent asked by a bare client that reads its lines and nothing else.
Where `AGENTDECK_AGENTS` says that the real ones are installed (see `make agents`), they are asked
for their first chunk too.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sessions import config
from sessions.engine.client import Client
from sessions.engine.commands import find
from sessions.engine.server import Server
from sessions.engine.whole_deck import WholeDeck
from sessions.paths import Places, private_folder
from sessions.record import events as ev
from sessions.runtime.session import Session
from tests.agents.setting import AGENTS, FOLDER, command_of
from tests.bench.engine import WATCHER
from tests.bench.harness import six_agents
from tests.bench.harness.figure import Figure, Target
from tests.support.messages_server import MessagesServer
from tests.support.rig import rig_places, until

AGENT = str(Path(__file__).parents[1] / "support" / "scripted_agent.py")
STREAMS, RATE = 24, 100
FLOOD = 5000
TURN_S = 120.0
EACH_S, ALL_S = 60.0, 130.0
"""How long a real agent may take for its rows, being started twice and asked some times; and all
of them, so that all of this fits five minutes."""


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent to be asked: its backend, its process, the mode that the deck sets."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    mode: str = ""


def _scripted(folder: str, *flags: str) -> Agent:
    command = (sys.executable, AGENT, "--state", str(Path(folder) / "agent.json"), *flags)
    return Agent("scripted", command, mode="default")


def _config(agent: Agent) -> str:
    env = ", ".join(f"{k} = {json.dumps(v)}" for k, v in agent.env.items())
    return (
        f'[defaults]\nprofile = "{agent.name}"\n[backends.{agent.name}]\ntype = "acp"\n'
        f"command = {json.dumps(agent.command)}\nenv = {{{env}}}\n"
        f"[limits]\nturns_at_once = {STREAMS}\n"
    )


@dataclass
class Here:
    """An engine in this process, whose default backend is the scripted agent."""

    deck: WholeDeck
    places: Places
    folder: str

    async def sessions(self, count: int) -> list[Session]:
        """New sessions."""
        return [await self.deck.create(cwd=self.folder) for _ in range(count)]

    def watcher(self, sessions: list[Session]) -> subprocess.Popen[bytes]:
        """A client in a process of its own that is told everything."""
        ids = [s.id for s in sessions]
        return subprocess.Popen([sys.executable, "-c", WATCHER, str(self.places.socket), *ids])


@asynccontextmanager
async def _engine(agent: Agent | None = None) -> AsyncIterator[Here]:
    with tempfile.TemporaryDirectory(prefix="ad-bench-", ignore_cleanup_errors=True) as folder:
        places = rig_places(Path(folder))
        places.config_file.write_text(_config(agent or _scripted(folder)))
        deck = WholeDeck(places, config.load(places.config_file))
        await deck.open()
        await deck.index.made()
        server = Server(deck, find, lambda: None)
        private_folder(places.run)
        await server.listen(str(places.socket))
        try:
            yield Here(deck, places, folder)
        finally:
            await server.close()
            await deck.close()


async def _turns(sessions: list[Session], text: str) -> None:
    for session in sessions:
        await session.send(text)
    await until(lambda: not any(s.working for s in sessions), TURN_S)


# -- memory


def _own_mb() -> float:
    """What this process alone has in memory."""
    gc.collect()
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(n.split()[1]) for n in lines if n.startswith("Private_")) / 1024


async def _memory(count: int, *more: str) -> float:
    async with _engine() as here:
        await _turns(await here.sessions(2), "everything")  # what is imported once
        before = _own_mb()
        sessions = await here.sessions(count)
        for act in ("everything", "say", "echo " + "a message of some length " * 40, *more):
            await _turns(sessions, act)
        return (_own_mb() - before) / count


# -- CPU


async def _streaming(seconds: float) -> dict[str, float]:
    """24 sessions of 100 updates a second."""
    async with _engine() as here:
        sessions = await here.sessions(STREAMS)
        watcher = here.watcher(sessions)
        for session in sessions:
            await session.send("forever")
        await asyncio.sleep(3)  # the agent is started, all stream
        before, cpu, wall = _told(sessions), time.process_time(), time.monotonic()
        await asyncio.sleep(seconds)
        cpu, wall = time.process_time() - cpu, time.monotonic() - wall
        updates = _told(sessions) - before
        await asyncio.gather(*(s.interrupt() for s in sessions))
        watcher.kill()
        watcher.wait()
    return {"us": cpu / updates * 1e6, "share": 100 * cpu / wall, "rate": updates / wall}


def _told(sessions: list[Session]) -> int:
    """Updates so far: each of them is the next number."""
    total = 0
    for session in sessions:
        session.recorder.flush()
        content: Any = session.context.messages()[-1]["content"]
        total += int(content[-1]["text"].split()[-1]) + 1
    return total


async def _flood(count: int) -> float:
    """Updates as fast as the agent sends them; µs for each."""
    async with _engine() as here:
        sessions = await here.sessions(count)
        await _turns(sessions, "say")
        watcher = here.watcher(sessions)
        cpu = time.process_time()
        await _turns(sessions, "flood")
        cpu = time.process_time() - cpu
        watcher.kill()
        watcher.wait()
    return cpu / (count * FLOOD) * 1e6


def _anchor() -> float:
    content = {"type": "text", "text": "1234 "}
    update = {"sessionUpdate": "agent_message_chunk", "content": content}
    params = {"sessionId": "s12345-12", "update": update}
    line = json.dumps({"jsonrpc": "2.0", "method": "session/update", "params": params}).encode()
    began = time.process_time()
    for _ in range(50_000):
        json.loads(line)
    return (time.process_time() - began) / 50_000 * 1e6


# -- from the prompt to the first chunk


@dataclass(frozen=True, slots=True)
class Waits:
    """Milliseconds from the prompt to the first chunk."""

    start: float
    """The very first: the agent is started, and a session made."""
    session: float
    """A new session of an agent that runs."""
    turn: float
    """A later turn."""


async def _through_the_deck(times: int, agent: Agent | None = None) -> Waits:
    """As a client of the engine sees it."""
    async with _engine(agent) as here:
        client = await Client.connect(here.places, start=False)
        first: dict[str, asyncio.Future[float]] = {}

        def on_event(session: str, event: ev.Event) -> None:
            waiting = first.get(session)
            if isinstance(event, ev.Text) and waiting is not None and not waiting.done():
                waiting.set_result(time.perf_counter())

        client.on_event = on_event

        async def ask(session: Session) -> float:
            first[session.id] = asyncio.get_running_loop().create_future()
            began = time.perf_counter()
            await client.call("session.send", session=session.id, text="say")
            wait = (await asyncio.wait_for(first[session.id], TURN_S) - began) * 1000
            await until(lambda: not session.working, TURN_S)
            return wait

        sessions = await here.sessions(times + 1)
        for session in sessions:
            await client.call("session.watch", session=session.id)
        start, *news = [await ask(session) for session in sessions]
        turns = [await ask(session) for session in sessions]
        await client.close()
    return Waits(start, statistics.median(news), statistics.median(turns))


async def _bare(times: int, agent: Agent | None = None) -> Waits:
    """The agent's own time: what a client does that only writes and reads lines."""
    with tempfile.TemporaryDirectory(prefix="ad-bench-", ignore_cleanup_errors=True) as folder:
        agent = agent or _scripted(folder)
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *agent.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, **agent.env},
            limit=50 * 2**20,
            start_new_session=True,  # as the deck does it: the kernel shares out CPU by sessions
        )
        number = 0

        async def ask(method: str, **params: Any) -> tuple[dict[str, Any], float]:
            """The answer, and when the first chunk of text came."""
            nonlocal number
            number += 1
            assert process.stdin and process.stdout
            message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            process.stdin.write(json.dumps(message).encode() + b"\n")
            came = 0.0
            while True:
                if not (line := await process.stdout.readline()):
                    raise ValueError("it ended without an answer")
                answer = json.loads(line)
                update = answer.get("params", {}).get("update", {})
                if not came and update.get("sessionUpdate") == "agent_message_chunk":
                    came = time.perf_counter()
                if answer.get("id") == number and "method" not in answer:
                    return dict(answer["result"]), came

        async def made() -> str:
            session = str((await ask("session/new", cwd=folder, mcpServers=[]))[0]["sessionId"])
            if agent.mode:
                await ask("session/set_mode", sessionId=session, modeId=agent.mode)
            return session

        async def said(session: str) -> float:
            prompt = [{"type": "text", "text": "say"}]
            return (await ask("session/prompt", sessionId=session, prompt=prompt))[1]

        try:
            await ask("initialize", protocolVersion=1, clientCapabilities={})
            sessions = [await made()]
            start = (await said(sessions[0]) - began) * 1000
            news, turns = [], []
            for _ in range(times):
                began = time.perf_counter()
                sessions.append(await made())
                news.append((await said(sessions[-1]) - began) * 1000)
            for session in sessions:
                began = time.perf_counter()
                turns.append((await said(session) - began) * 1000)
        finally:  # with all that it started
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    return Waits(start, statistics.median(news), statistics.median(turns))


# -- into a running turn


async def _steered_through_the_deck(times: int) -> list[float]:
    """Milliseconds from a client's message until it is told as part of the running turn.

    That is once the agent has said that it has it. What it then answers is text like any other,
    which is told in pieces of 50 ms.
    """
    with tempfile.TemporaryDirectory(prefix="ad-bench-", ignore_cleanup_errors=True) as folder:
        agent = _scripted(folder, "--steers")
        async with _engine(agent) as here:
            client = await Client.connect(here.places, start=False)
            (session,) = await here.sessions(1)
            heard: asyncio.Queue[tuple[str, float]] = asyncio.Queue()

            def on_event(_: str, event: ev.Event) -> None:
                if isinstance(event, ev.Text | ev.UserMessage):
                    heard.put_nowait((event.text, time.perf_counter()))

            async def until_heard(word: str) -> float:
                while True:
                    text, came = await asyncio.wait_for(heard.get(), TURN_S)
                    if word in text:
                        return came

            client.on_event = on_event
            await client.call("session.watch", session=session.id)
            await client.call("session.send", session=session.id, text="listen")
            await until_heard("listening")
            waits = []
            for number in range(times):
                began = time.perf_counter()
                await client.call(
                    "session.send", session=session.id, text=f"word{number}", mode="steer"
                )
                waits.append((await until_heard(f"word{number}") - began) * 1000)
            await client.call("session.send", session=session.id, text="enough", mode="steer")
            await until(lambda: not session.working, TURN_S)
            await client.close()
    return waits


async def _steered_bare(times: int) -> list[float]:
    """The agent's own time for the same, asked by a client that writes and reads lines."""
    with tempfile.TemporaryDirectory(prefix="ad-bench-", ignore_cleanup_errors=True) as folder:
        agent = _scripted(folder, "--steers")
        process = await asyncio.create_subprocess_exec(
            *agent.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stdin and process.stdout
        stdin, stdout = process.stdin, process.stdout

        def tell(number: int, method: str, **params: Any) -> None:
            message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            stdin.write(json.dumps(message).encode() + b"\n")

        async def until_seen(word: bytes) -> float:
            while word not in (line := await asyncio.wait_for(stdout.readline(), TURN_S)):
                assert line
            return time.perf_counter()

        tell(1, "session/new", cwd=folder, mcpServers=[])
        session = json.loads(await stdout.readline())["result"]["sessionId"]
        tell(2, "session/prompt", sessionId=session, prompt=[{"type": "text", "text": "listen"}])
        await until_seen(b"listening")
        waits, meta = [], {"steering": {"idleBehavior": "promptRequired"}}
        for number in range(times):
            began = time.perf_counter()
            prompt = [{"type": "text", "text": f"word{number}"}]
            tell(3 + number, "_session/steering", sessionId=session, prompt=prompt, _meta=meta)
            waits.append((await until_seen(b'"outcome": "injected"') - began) * 1000)
        process.kill()
        await process.wait()
    return waits


def _apart(what: str) -> float:
    """A figure of this module in a process of its own, which has loaded and kept nothing yet."""
    code = f"import asyncio, tests.bench.acp as b; print(asyncio.run(b.{what}))"
    command = [sys.executable, "-c", code]
    return float(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


async def _cold() -> float:
    """The very first prompt of an engine, sent in the instant in which it is there; ms."""
    return (await _through_the_deck(1)).start


def _over(name: str, ours: list[Waits], bare: list[Waits], who: str) -> Iterator[Figure]:
    # What real agents take themselves varies by more than the promise: they stand without it.
    promised = None if name else Target(30, "over")
    for title, part in (
        ("first prompt to first chunk, the agent not started yet", "start"),
        ("first prompt to first chunk, a new session", "session"),
        ("prompt to first chunk, a later turn", "turn"),
    ):
        mine, its = ([getattr(w, part) for w in waits] for waits in (ours, bare))
        yield Figure(name + title, mine, "ms", promised, who, its)


async def _real(name: str, times: int, sessions: int) -> tuple[list[Waits], list[Waits]]:
    """One real agent through the deck and alone, in turn."""
    ours, bare = [], []
    async with MessagesServer() as server:
        for _ in range(times):
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
                agent = Agent(name, *command_of(name, server.url, Path(home)))
                bare.append(await _bare(sessions, agent))
                ours.append(await _through_the_deck(sessions, agent))
    return ours, bare


def _wanted(group: str) -> bool:
    """Whether a group of rows is to be taken: all of them, or those in `BENCH_ROWS`."""
    given = os.environ.get("BENCH_ROWS", "")
    return not given or group in given.split(",")


def figures(quick: bool) -> Iterator[Figure]:
    """All of them."""
    runs = 1 if quick else 3
    for group, taken in (
        ("memory", _memories),
        ("first", _firsts),
        ("steered", _steered),
        ("updates", _updates),
        ("six", _six),
        ("each", _each),
    ):
        if _wanted(group):
            yield from taken(quick, runs)


def _memories(quick: bool, runs: int) -> Iterator[Figure]:
    memory = [_apart(f"_memory({12 if quick else 40})") for _ in range(runs)]
    yield Figure("memory of a session, three short turns", memory, "MB", Target(3.0))
    memory = [_apart('_memory(6, "flood", "flood")') for _ in range(runs)]
    yield Figure("memory of a session, 10,000 updates", memory, "MB", Target(3.0))


def _firsts(quick: bool, runs: int) -> Iterator[Figure]:
    ours: list[Waits] = []
    bare: list[Waits] = []
    asyncio.run(_through_the_deck(1))  # what is imported once
    for number in range(runs * 5):  # each first in every second round: others' load comes in waves
        for measure, into in ((_through_the_deck, ours), (_bare, bare))[:: 1 - 2 * (number % 2)]:
            into.append(asyncio.run(measure(4)))
    cold = [_apart("_cold()") for _ in range(runs * 3)]
    yield Figure("first prompt of a new engine, in the same instant", cold, "ms")
    yield from _over("", ours, bare, "the agent alone")


def _steered(quick: bool, runs: int) -> Iterator[Figure]:
    ours, bare = [], []
    for _ in range(runs):
        ours += asyncio.run(_steered_through_the_deck(20))
        bare += asyncio.run(_steered_bare(20))
    title = "a steered message, until the agent has it"
    yield Figure(title, ours, "ms", Target(20, "over"), "the agent alone", bare)


def _updates(quick: bool, runs: int) -> Iterator[Figure]:
    streams, floods, anchors = [], [], []
    for _ in range(runs):
        streams.append(asyncio.run(_streaming(4 if quick else 8)))
        floods.append(asyncio.run(_flood(4)))
        anchors.append(_anchor())
    anchor = "json.loads alone"
    steady = [s["us"] for s in streams]
    yield Figure("engine CPU per update, 24 sessions", steady, "µs", Target(80), anchor, anchors)
    yield Figure("engine CPU per update, a flood", floods, "µs", Target(80), anchor, anchors)
    yield Figure("engine CPU, 24 sessions of agents", [s["share"] for s in streams], "% of a core")
    yield Figure("updates taken in", [s["rate"] for s in streams], "1/s")


def _six(quick: bool, runs: int) -> Iterator[Figure]:
    if not six_agents.possible():
        return
    real = asyncio.run(six_agents.streaming(4 if quick else 8, runs))
    title = "engine CPU per update, six real agents of four kinds"
    of_theirs = "json.loads of their lines", [r["loads"] for r in real]
    for target in (Target(80), Target(40, "ratio")):
        yield Figure(title, [r["us"] for r in real], "µs", target, *of_theirs)
    yield Figure("engine CPU, those six", [r["share"] for r in real], "% of a core")


def _each(quick: bool, runs: int) -> Iterator[Figure]:
    """One agent after the other; one that takes too long is told of, and costs no other its row.

    What is theirs is shown without a promise, so one run of each is enough. `BENCH_ROWS=each,codex`
    takes those that are named.
    """
    ends = time.monotonic() + ALL_S
    # OpenCode last: alone it may take longer than all others, when nothing of it is cached.
    named = [name for name in AGENTS if name in os.environ.get("BENCH_ROWS", "").split(",")]
    for name in sorted(named or AGENTS, key="opencode".__eq__) if FOLDER else ():
        left = min(EACH_S, ends - time.monotonic())
        if left < 1:
            yield Figure(
                f"{name}: first chunks", (), "ms", failed=f"no time left: BENCH_ROWS=each,{name}"
            )
            continue
        try:
            ours, bare = asyncio.run(asyncio.wait_for(_real(name, 1, 2 if quick else 3), left))
        except (TimeoutError, KeyError, ValueError) as error:
            why = f"{type(error).__name__}: {error}" if str(error) else f"not within {left:.0f} s"
            yield Figure(f"{name}: first chunks", (), "ms", failed=why[:200])
            continue
        yield from _over(f"{name}: ", ours, bare, f"{name} alone")
