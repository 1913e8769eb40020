"""Lines on the engine's socket, from either side: each costs itself alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions import errors
from sessions.engine.client import Client
from sessions.engine.commands import find, load_commands
from sessions.engine.server import Connection, Server
from sessions.record import events as ev
from tests.support.deckrig import Rig
from tests.unit.fuzz.events import one_of_each
from tests.unit.fuzz.strategies import JSON, fuzzed, gone_bad

pytestmark = pytest.mark.timeout(300)

# Not these: they fetch, install, ask a model, or end what is tested.
LEFT_OUT = {
    "deck.stop", "skills.add", "harvest.improve", "harvest.pair", "harvest.install",
    "priming.run", "priming.each", "priming.compare", "priming.dream", "priming.expand",
    "priming.deepen", "priming.draw", "harvest.export", "session.compact",
    "terminal.new",
}  # fmt: skip
COMMANDS = sorted({*load_commands(), "hello", "session.watch", "session.unwatch"} - LEFT_OUT)
NAMES = [
    "session", "text", "origin", "mode", "attachments", "id", "items", "changes", "ask", "decision",
    "turn", "title", "name", "state", "cwd", "query", "limit", "sessions", "from_seq", "compact",
    "model", "backend", "profile", "permission", "path", "kind", "wanted", "files", "archived",
]  # fmt: skip


class Written:
    """Where a connection's answers go."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.transport = self

    def write(self, data: bytes) -> None:
        self.lines.append(data)

    def get_write_buffer_size(self) -> int:
        return 0

    async def drain(self) -> None:
        pass

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[asyncio.Runner, Any, str]]:
    """A deck with one session, its server, and the loop they live in."""
    root = tmp_path_factory.mktemp("fuzz-engine")
    with asyncio.Runner() as runner:

        async def begin() -> tuple[Rig, Server, str]:
            rig = await Rig.make(root)
            server = Server(rig.deck, find, lambda: None)
            rig.deck.status = dict  # type: ignore[assignment]
            session = await rig.deck.create(cwd=str(root))
            return rig, server, session.id

        rig, server, session = runner.run(begin())
        yield runner, server, session
        runner.run(asyncio.wait_for(rig.close(), 60))


ARGS = st.dictionaries(st.sampled_from(NAMES), st.one_of(JSON, st.just("SESSION")), max_size=5)
REQUESTS = st.one_of(
    st.fixed_dictionaries({"id": JSON, "do": st.sampled_from(COMMANDS), "args": ARGS}),
    st.fixed_dictionaries({"do": JSON, "args": JSON}),
    JSON,
)


def about(line: Any, session: str) -> Any:
    """The request with the session's own id where it says so."""
    if isinstance(line, dict) and isinstance(line.get("args"), dict):
        args = {k: session if v == "SESSION" else v for k, v in line["args"].items()}
        args.setdefault("session", session)
        # No file of the machine that the tests run on, and nothing of the user's.
        if not isinstance(args.get("cwd"), str):
            args.pop("cwd", None)
        return {**line, "args": args}
    return line


@given(request=REQUESTS, raw=st.one_of(st.none(), st.binary(max_size=80)))
@fuzzed
def test_every_line_gets_an_answer_and_none_is_a_fault_of_ours(
    engine: tuple[asyncio.Runner, Any, str], request: Any, raw: bytes | None
) -> None:
    runner, server, session = engine
    line = raw if raw is not None else json.dumps(about(request, session)).encode()

    async def ask() -> list[bytes]:
        written = Written()
        connection = Connection(server, None, written)  # type: ignore[arg-type]
        await asyncio.wait_for(connection._command(line), 60)
        return written.lines

    answer = json.loads(runner.run(ask())[-1])
    if "error" in answer:
        kind = getattr(errors, answer["error"]["kind"], None)
        assert kind is not None or answer["error"]["kind"] == "SkillError", answer
        assert not answer["error"]["message"].startswith("agentdeck failed"), (line, answer)
    else:
        assert "ok" in answer


GOOD_DOWN = [
    {"session": "s", "event": one_of_each()[3]},
    {"session": "s", "event": one_of_each()[0]},
    {"summary": {"id": "s", "title": "t", "status": "idle", "turns": 3, "asks": []}},
    {"gone": "s"},
    {"notice": {"kind": "disk", "message": "m"}},
    {"bye": "slow"},
    {"id": 99, "ok": {}},
    {"id": 98, "error": {"kind": "UsageError", "message": "m", "hint": "h"}},
]


@given(lines=gone_bad(GOOD_DOWN, 5), junk=st.lists(st.binary(max_size=40), max_size=3))
@fuzzed
def test_whatever_the_engine_says_the_client_reads_on(lines: list[Any], junk: list[bytes]) -> None:
    async def read() -> None:
        reader = asyncio.StreamReader()
        client = Client(reader, Written())  # type: ignore[arg-type]
        seen: list[ev.Event] = []
        lost: list[str] = []
        notices: list[Any] = []
        client.on_event = lambda session, event: seen.append(event)
        client.on_notice = notices.append
        client.on_lost = lost.append
        for line in lines:
            reader.feed_data(json.dumps(line).encode() + b"\n")
        for part in junk:
            reader.feed_data(part.replace(b"\n", b"") + b"\n")
        last = {
            "session": "s",
            "event": {"seq": 7, "at": "", "type": "text", "turn": 1, "text": "end"},
        }
        reader.feed_data(json.dumps(last).encode() + b"\n")
        reader.feed_eof()
        await asyncio.wait_for(client._reading, 60)
        assert isinstance(seen[-1], ev.Text) and seen[-1].text == "end"
        assert len(lost) == 1
        assert all(isinstance(notice, dict) for notice in notices)

    asyncio.run(read())
