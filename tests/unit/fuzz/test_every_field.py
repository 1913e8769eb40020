"""Every field of every event and of every command, with any value: nobody else notices.

One example gives its value to all fields in turn, so a few examples go through everything.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions.engine import commands
from sessions.engine.commands import find, load_commands
from sessions.engine.server import Connection, Server
from sessions.errors import AgentdeckError
from sessions.record import codec
from sessions.record import events as ev
from tests.support.deckrig import Rig
from tests.support.rig import until
from tests.unit.fuzz.events import one_of_each
from tests.unit.fuzz.strategies import EXAMPLES, JSON, fuzzed
from tests.unit.fuzz.test_socket_fuzz import LEFT_OUT, Written

pytestmark = pytest.mark.timeout(300)

few = settings(fuzzed, max_examples=max(5, EXAMPLES // 10))
GOOD = one_of_each()
FIELDS = [(event, key) for event in GOOD for key in event if key != "type"]
COMMANDS = {k: v for k, v in load_commands().items() if k not in LEFT_OUT}
_BEYOND = [float("nan"), float("inf"), float("-inf"), 1e400]
VALUES = st.one_of(JSON, st.sampled_from(_BEYOND), st.lists(st.sampled_from(_BEYOND), max_size=2))
KEYS = ("id", "text", "title", "permission", "closed", "model", "attachments", "a")
_numbers = itertools.count()


@pytest.fixture(scope="module")
def deck() -> Iterator[tuple[asyncio.Runner, Rig]]:
    """A deck, and the loop that it lives in."""
    with tempfile.TemporaryDirectory() as root, asyncio.Runner() as runner:
        rig = runner.run(Rig.make(Path(root)))
        yield runner, rig
        runner.run(asyncio.wait_for(rig.close(), 60))


async def others_go_on(rig: Rig) -> None:
    """A session beside it runs a turn; the list and the search know it."""
    session = await rig.session()
    word = f"word{next(_numbers)}"
    await session.send(word)
    await until(lambda: not session.working, 60)
    assert session.summary.status == "done"
    assert session.id in {s.id for s in await rig.deck.all_summaries()}
    assert [h.id for h in await rig.deck.index.ask(lambda i: i.search(word))] == [session.id]
    await rig.deck.delete(session.id)


def test_every_field_is_there() -> None:
    assert {event["type"] for event, _ in FIELDS} == set(ev.TYPES)
    assert len(FIELDS) > 3 * len(ev.TYPES)


@given(value=VALUES)
@few
def test_a_record_of_any_values_stops_no_start_no_list_no_search(value: Any) -> None:
    async def go(root: Path) -> None:
        rig = await Rig.make(root)
        await rig.deck.index.made()
        with_one = await rig.deck.index.ask(lambda index: index.search("again"))
        assert len(with_one) <= 100
        await rig.deck.all_summaries()
        for old in ("0created", "0after"):
            try:
                await rig.deck.get(old)
            except AgentdeckError:
                continue  # a record that can't be read is said to be one
        await others_go_on(rig)
        await rig.close()

    with tempfile.TemporaryDirectory() as root:
        after = [{**event, key: value} for event, key in FIELDS]
        record(Path(root), "0after", [GOOD[0], *after])
        # `session.created` with each of its fields gone bad; the last one is good.
        record(Path(root), "0created", [e for e in after if e["type"] == GOOD[0]["type"]])
        asyncio.run(go(Path(root)))


def record(root: Path, session: str, events: list[dict[str, Any]]) -> None:
    folder = root / "data" / "sessions" / session
    (folder / "files").mkdir(parents=True)
    lines = (json.dumps(event) for event in events)
    (folder / "journal.jsonl").write_text("\n".join(lines) + "\n")


def made(event: dict[str, Any], key: str, value: Any) -> ev.Event:
    """The event with a value that its type forbids: what a backend's mistake makes."""
    good = codec.from_json(event)
    if isinstance(good, ev.SessionSet):
        return ev.SessionSet(**{key: value} if key not in ("seq", "at") else {})
    cls = type(good)
    names = dict(zip(cls.__struct_encode_fields__, cls.__struct_fields__, strict=True))
    given = {name: getattr(good, name) for name in cls.__struct_fields__}
    return cls(**{**given, "seq": 0, "at": "", names[key]: value})


@given(value=VALUES)
@few
def test_a_turn_of_events_with_any_values_is_its_sessions_fault(
    deck: tuple[asyncio.Runner, Rig], value: Any
) -> None:
    runner, rig = deck

    async def go() -> None:
        session = await rig.session()
        for event, key in FIELDS:
            if key not in ("seq", "at") and event["type"] != "session.created":
                session.recorder.emit(made(event, key, value))
        await session.recorder.sync()
        assert session.recorder.healthy
        await others_go_on(rig)
        await rig.deck.delete(session.id)

    runner.run(asyncio.wait_for(go(), 120))


def arguments(function: Any, session: str, value: Any) -> Iterator[dict[str, Any]]:
    """For each argument of a command: the value there, and good ones for what else it needs."""
    takes = commands._signature(function)
    good: dict[str, Any] = {}
    for name in takes.needed:
        origin = get_origin(takes.hints[name]) or takes.hints[name]
        good[name] = {int: 1, bool: True, list: [], dict: {}, Sequence: []}.get(origin, "words")
    if "session" in takes.parameters:
        good["session"] = session
    for name in takes.parameters:
        origin = get_origin(takes.hints.get(name)) or str
        within = {dict: [{k: value} for k in KEYS], list: [[value], [dict.fromkeys(KEYS, value)]]}
        yield from ({**good, name: bad} for bad in (value, *within.get(origin, [])))


@given(value=VALUES)
@few
def test_a_command_with_any_argument_is_answered(
    deck: tuple[asyncio.Runner, Rig], value: Any
) -> None:
    runner, rig = deck
    server = Server(rig.deck, find, lambda: None)
    rig.deck.status = lambda: {}

    async def go() -> None:
        session = await rig.session()
        for name, function in COMMANDS.items():
            for args in arguments(function, session.id, value):
                line = {"id": 1, "do": name, "args": args}
                written = Written()
                connection = Connection(server, None, written)  # type: ignore[arg-type]
                await asyncio.wait_for(connection._command(json.dumps(line).encode()), 60)
                while not written.lines:
                    await asyncio.sleep(0)
                answer = json.loads(written.lines[-1])
                assert "ok" in answer or "agentdeck failed" not in answer["error"]["message"], line
        rig.deck.listener = rig.listener
        for each in list(rig.deck.sessions):
            await rig.deck.delete(each)
        await others_go_on(rig)

    runner.run(asyncio.wait_for(go(), 200))


@given(number=st.one_of(VALUES, st.integers(), st.floats()))
@fuzzed
def test_an_id_that_is_no_finite_number_is_refused(
    deck: tuple[asyncio.Runner, Rig], number: Any
) -> None:
    runner, rig = deck
    server = Server(rig.deck, find, lambda: None)

    async def ask() -> dict[str, Any]:
        written = Written()
        connection = Connection(server, None, written)  # type: ignore[arg-type]
        await connection._command(json.dumps({"id": number, "do": "deck.profiles"}).encode())
        while not written.lines:  # what is told in one round of the loop goes out at its end
            await asyncio.sleep(0)
        answer: dict[str, Any] = json.loads(written.lines[-1])
        return answer

    fits = number is None or (type(number) in (int, float) and abs(number) <= ev.LARGEST)
    answer = runner.run(ask())
    rig.deck.listener = rig.listener
    assert ("ok" in answer) == fits
    assert answer["id"] == (number if fits else None)
