"""A value from outside is at most one event's fault, or one session's: never the engine's."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from sessions.archive.index import Index
from sessions.archive.indexer import Indexer
from sessions.backends.base import TurnHost
from sessions.engine.client import Client
from sessions.engine.server import Server
from sessions.errors import AgentdeckError, JournalError
from sessions.record import events as ev
from sessions.record.summary import Reducer, Summary
from sessions.safety.numbers_from_outside import amount, count
from tests.support.deckrig import Rig
from tests.support.rig import until

HOSTILE: list[Any] = [
    2**64, -1, 1e400, float("nan"), float("-inf"), "many", "", None, True, [], [1], {}, {"a": 1},
    "\ud800", 10**400, 1.5,
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_only_a_count_is_a_count(value: Any) -> None:
    assert count(value) is None
    assert amount(value) in (None, 1.5)


@pytest.mark.parametrize("value", HOSTILE, ids=repr)
@pytest.mark.parametrize("where", ["input", "cost", "text", "turn", "call input", "used", "queue"])
async def test_a_turn_of_hostile_values_ends_and_all_goes_on(
    rig: Rig, value: Any, where: str
) -> None:
    async def act(host: TurnHost) -> ev.TurnEnded:
        if where == "text":
            host.emit(ev.Text(turn=host.turn, text=value))
        elif where == "turn":
            host.emit(ev.ToolProgress(turn=value, call="c"))
        elif where == "call input":
            host.emit(ev.ToolCall(turn=host.turn, call="c", name="n", input={"a": value}))
            host.emit(ev.ToolResult(turn=host.turn, call="c", status="ok", content=value))
        elif where == "used":
            host.emit(ev.BackendState(data={"context": {"used": value, "size": value}}))
        elif where == "queue":
            host.emit(ev.QueueSet(items=[{"id": value, "text": value, "attachments": value}]))
        usage = {"input": value} if where == "input" else {}
        cost = value if where == "cost" else None
        return ev.TurnEnded(turn=host.turn, reason="end_turn", usage=usage, cost_usd=cost)

    session = await rig.session()
    other = await rig.session()
    rig.backend.act = act
    await session.send("go")
    await until(lambda: not session.working, 60)
    assert session.summary.status in ("done", "failed", "idle")
    rig.backend.act = type(rig.backend)().act
    for each in (session, other):
        await each.send("again")
        await until(lambda each=each: not each.working, 60)  # type: ignore[misc]
        assert each.summary.status == "done"
    listed = {s.id for s in await rig.deck.all_summaries()}
    assert {session.id, other.id} <= listed
    hits = await rig.deck.index.ask(lambda index: index.search("again"))
    assert {h.id for h in hits} == {session.id, other.id}


def journal_of(folder: Path, session: str, *events: ev.JSON) -> None:
    """A session's journal of these lines, as another version or a person may have left it."""
    (folder / session / "files").mkdir(parents=True)
    created = {"type": "session.created", "id": session, "backend": "rig", "cwd": str(folder)}
    lines = [{"seq": n, "at": "", **e} for n, e in enumerate([created, *events], 1)]
    text = "\n".join(json.dumps(line) for line in lines) + "\n"
    (folder / session / "journal.jsonl").write_text(text)


OLD = [
    {"type": "turn.ended", "turn": 1, "reason": "end_turn", "usage": {"input": 2**70}},
    {"type": "turn.ended", "turn": 1, "reason": "end_turn", "cost_usd": 1e308},
    {"type": "backend.state", "data": {"context": {"used": "many"}}},
    {"type": "backend.state", "data": {"context": 3}},
    {"type": "session.set", "title": {"a": "b"}},
    {"type": "session.set", "paused": 3},
    {"type": "queue.set", "items": [{"attachments": 3, "text": []}]},
    {"type": "permission.asked", "turn": 1, "call": "c", "ask": "a", "options": [{"id": []}]},
    {"type": "message.user", "turn": 2**53, "text": "\ud800", "attachments": [{"path": 3}]},
    {"type": "tool.call", "turn": 1, "call": "c", "name": "n", "input": {"a": 2**80}},
    {"type": "priming.drawn", "id": "p", "kind": "names", "seed": 1, "items": [{"term": 3}]},
    {"type": "skill.set", "name": "s", "state": "sideways"},
]


@pytest.mark.parametrize("event", OLD, ids=lambda e: f"{e['type']}")
async def test_a_journal_with_such_a_value_is_one_session_of_the_list(
    rig: Rig, event: ev.JSON
) -> None:
    journal_of(rig.deck.places.sessions, "0old", event, event)
    session = await rig.session()
    index = Index.open(rig.deck.places.state / "other.db", rig.deck.places.sessions)
    index.refresh()
    assert {s.id for s in index.summaries()} == {"0old", session.id}
    assert {r.id for r in index.rows()} == {"0old", session.id}
    await rig.deck.open()
    assert {s.id for s in await rig.deck.all_summaries()} == {"0old", session.id}
    try:
        await rig.deck.get("0old")
    except JournalError as error:
        assert "0old" in str(error)
    await session.send("hello")
    await until(lambda: not session.working, 60)
    assert session.summary.status == "done"


async def test_a_session_whose_fold_fails_is_named_and_the_others_are_listed(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("0bad", "0good"):
        journal_of(rig.deck.places.sessions, name, {"type": "turn.started", "turn": 1})
    apply = Reducer.apply

    def failing(self: Reducer, event: ev.Event) -> bool:
        if self.summary.id == "0bad":
            raise KeyError("unforeseen")
        return apply(self, event)

    monkeypatch.setattr(Reducer, "apply", failing)
    index = Index.open(rig.deck.places.state / "other.db", rig.deck.places.sessions)
    index.refresh()
    found = {s.id: s for s in index.summaries()}
    assert set(found) == {"0bad", "0good"}
    assert found["0bad"].status == "unknown"
    assert "unforeseen" in found["0bad"].error
    await rig.deck.open()
    with pytest.raises(JournalError, match="0bad"):
        await rig.deck.get("0bad")
    assert (await rig.deck.get("0good")).id == "0good"


@pytest.mark.parametrize("title", [{"a": 1}, ["x"], 3, True, None])
async def test_a_title_that_is_none_is_refused(rig: Rig, title: Any) -> None:
    session = await rig.session()
    with pytest.raises(AgentdeckError, match="title"):
        await rig.deck.change(session, {"title": title})
    assert session.summary.title == ""
    await session.send("hello")
    await until(lambda: not session.working, 60)
    assert session.summary.status == "done"


class Heard:
    """Who is told of an index."""

    def __init__(self) -> None:
        self.failures: list[str] = []
        self.found: list[Summary] = []
        self.last = (0, 0)

    def taken(self, found: list[Summary]) -> None:
        self.found += found

    def progress(self, done: int, of: int) -> None:
        self.last = (done, of)

    def failed(self, why: str) -> None:
        self.failures.append(why)


DAMAGES = ["removed", "overwritten", "folder gone", "a table dropped"]


def damage(path: Path, how: str) -> None:
    """Do it to an index that is in use."""
    if how == "removed":
        path.unlink()
    elif how == "overwritten":
        path.write_bytes(b"no database at all" * 1000)
    elif how == "folder gone":
        path.rename(path.with_name("elsewhere"))
        path.parent.joinpath("index.db").mkdir()
    else:
        with sqlite3.connect(path) as db:
            db.execute("drop table messages")


@pytest.mark.parametrize("how", DAMAGES)
async def test_a_damaged_index_is_made_again_while_sessions_answer(rig: Rig, how: str) -> None:
    session = await rig.session()
    await session.send("the first question")
    await until(lambda: not session.working, 60)
    await rig.deck.index.ask(lambda index: index.search("first"))
    damage(rig.deck.places.index, how)
    for number in range(3):
        await session.send(f"question {number}")
        await until(lambda: not session.working, 60)
        assert session.summary.status == "done"
    hits = await rig.deck.index.ask(lambda index: index.search("question"))
    await rig.deck.index.made()
    hits = await rig.deck.index.ask(lambda index: index.search("question"))
    assert len(hits) >= 4
    assert {s.id for s in await rig.deck.all_summaries()} == {session.id}


async def test_delivery_does_not_wait_for_the_index(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(self: Index, *_: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Index, "feed", refuses)
    session = await rig.session()
    told: list[ev.Event] = []
    session.observers.append(told.append)
    await session.send("hello")
    await until(lambda: not session.working, 60)
    assert any(isinstance(e, ev.TurnEnded) for e in told)
    assert session.summary.status == "done"


async def test_the_rest_is_taken_in_behind_and_the_newest_are_there_at_once(
    tmp_path: Path,
) -> None:
    names = [f"{n:04}" for n in range(120)]
    for name in names:
        journal_of(tmp_path / "sessions", name, {"type": "message.user", "turn": 1, "text": "hi"})
    heard = Heard()
    keeper = Indexer(tmp_path / "state" / "index.db", tmp_path / "sessions", heard)  # type: ignore[arg-type]
    await keeper.start()
    assert [s.id for s in heard.found] == names[-40:]
    await keeper.made()
    assert heard.last == (120, 120)
    hits = await keeper.ask(lambda index: index.search("hi", limit=500))
    assert len(hits) == 120
    await keeper.close()


async def test_titles_that_are_none_are_refused_over_the_socket(rig: Rig, server: Server) -> None:
    client = Client(*await asyncio.open_unix_connection(str(rig.deck.places.socket)))
    made = await client.call("session.create", cwd=str(rig.root))
    for title in ({"a": 1}, 3, ["t"], None):
        with pytest.raises(AgentdeckError):
            await client.call("session.set", session=made["id"], changes={"title": title})  # type: ignore[call-overload]
        with pytest.raises(AgentdeckError):
            await client.call("session.create", title=title)  # type: ignore[call-overload]
    found = await client.call("deck.list")
    assert [s["title"] for s in found] == [""]
    await client.close()
