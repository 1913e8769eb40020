"""A host: another engine, whose sessions are in this deck; cut off at any moment."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sessions.backends.base import TurnHost
from sessions.config.model import HostConfig
from sessions.engine.client import Client
from sessions.engine.commands import find
from sessions.engine.server import Server
from sessions.errors import EngineError, UsageError
from sessions.record import codec
from sessions.record import events as ev
from sessions.record.journal import store_file
from sessions.record.summary_parts import AttachedFile
from sessions.remote import host as remote_host
from sessions.remote.host import RemoteHost
from sessions.remote.host_transport import command_of
from sessions.remote.site_interface import Offline
from tests.support.deckrig import Rig
from tests.support.rig import until


class Line:
    """A connection to the other engine's socket, in place of one by a process."""

    version = "1"
    came = sent = 0

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.write, self.drain, self.close = writer.write, writer.drain, writer.close
        self.cut = writer.transport.abort

    async def end(self) -> None:
        """It is a socket: closing it was enough."""

    def why(self, otherwise: str = "") -> str:
        """As a process says it."""
        return otherwise


@dataclass
class Two:
    """A deck here, and one over there that is its host `far`."""

    here: Rig
    far: Rig
    path: str
    host: RemoteHost = field(init=False)
    server: Server = field(init=False)
    lines: list[Line] = field(default_factory=list)
    reachable: bool = True
    told: list[str] = field(default_factory=list)

    async def open(self, command: Any, env: Any) -> Line:
        """In place of `HostWire.open`."""
        if not self.reachable:
            raise EngineError("no route to it.")
        line = Line(*await asyncio.open_unix_connection(self.path, limit=2**26))
        self.lines.append(line)
        return line

    async def serve(self) -> None:
        """The engine over there listens."""
        self.server = Server(self.far.deck, find, lambda: None)
        await self.server.listen(self.path)

    def mirror(self, session: str) -> list[bytes]:
        """The lines here of a session over there, without its beginning."""
        found = self.here.deck.sessions.get(session)
        return [] if found is None else [codec.line(e) for e in found.journal.events()][1:]

    def whole(self, session: str) -> bool:
        """Whether all that it said is here."""
        there = self.far.deck.sessions[session].journal.events()
        return self.mirror(session) == [codec.line(event) for event in there][1:]


@pytest.fixture
async def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Two]:
    """Both decks, and the host reached."""
    with tempfile.TemporaryDirectory(prefix="deck-") as short:
        here, far = await Rig.make(tmp_path / "here"), await Rig.make(tmp_path / "far")
        both = Two(here, far, f"{short}/s.sock")
        monkeypatch.setattr(remote_host.HostWire, "open", both.open)
        monkeypatch.setattr(remote_host, "AGAIN_S", 0.01)
        monkeypatch.setattr(remote_host, "MOST_S", 0.05)
        await both.serve()
        elsewhere = here.deck.elsewhere
        both.host = RemoteHost("far", HostConfig(ssh="far"), elsewhere, both.told.append)
        elsewhere.add(both.host)
        both.host.start()
        await until(lambda: not both.host.offline)
        yield both
        await both.host.close()
        await both.server.close()
        await here.close()
        await far.close()


async def test_sessions_of_a_host_are_in_this_deck_as_they_go_on(two: Two) -> None:
    session = await two.far.session()
    await until(lambda: session.id in two.here.deck.sessions)
    await session.send("Hello?")
    await until(lambda: two.here.deck.sessions[session.id].summary.status == "done")
    assert two.whole(session.id)
    (summary,) = await two.here.deck.all_summaries()
    assert (summary.host, summary.turns) == ("far", 1)


async def test_commands_go_to_where_the_session_lives(two: Two) -> None:
    async with _client(two) as client:
        made = await client.on_host("far").call(
            "session.create", title="New", cwd=str(two.far.root)
        )
        assert (made["host"], made["title"]) == ("far", "New")
        assert made["id"] in two.far.deck.sessions
        await client.call("session.send", session=made["id"], text="Hello?")
        await until(lambda: two.here.deck.sessions[made["id"]].summary.status == "done")
        await client.call("session.set", session=made["id"], changes={"title": "Renamed"})
        forked = await client.call("session.fork", session=made["id"], title="Fork")
        assert (forked["host"], forked["turns"]) == ("far", 1)
        turns = await client.call("session.turns", session=made["id"])
        assert [turn["text"] for turn in turns] == ["Hello?"]
        await client.call("session.delete", session=made["id"])
        await until(lambda: made["id"] not in two.here.deck.sessions)
        assert [s.title for s in await two.far.deck.all_summaries()] == ["Fork"]
        with pytest.raises(Offline, match="No host is called near"):
            await two.here.deck.elsewhere.ask("near", "deck.list", {})


async def test_a_connection_that_is_cut_again_and_again_loses_and_doubles_nothing(
    two: Two,
) -> None:
    rng = random.Random(7)

    async def talk(host: TurnHost) -> ev.TurnEnded:
        for n in range(60):
            host.emit(ev.Error(turn=host.turn, kind="agent", message=f"word {n}"))
            if rng.random() < 0.3:
                await asyncio.sleep(0)
            if rng.random() < 0.1:
                two.lines[-1].cut()
        return ev.TurnEnded(turn=host.turn, reason="end_turn")

    two.far.backend.act = talk
    session = await two.far.session()
    await session.send("Go.")
    await two.far.idle(session)
    await until(lambda: two.whole(session.id) and not two.host.offline)
    seen = [event.seq for s, event in two.here.listener.events if s == session.id]
    assert seen == list(range(1, session.summary.seq + 1))


async def test_a_host_that_is_away_leaves_offline_rows_and_comes_back_by_itself(two: Two) -> None:
    session = await two.far.session()
    await until(lambda: session.id in two.here.deck.sessions)
    two.reachable = False
    two.lines[-1].cut()
    here = two.here.deck.sessions[session.id]
    await until(lambda: here.summary.status == "offline")
    with pytest.raises(Offline, match="can't be reached"):
        await here.send("Hello?")
    async with _client(two) as client:
        await client.call("session.seen", session=session.id)  # nobody is told
    await session.send("Meanwhile.")
    await two.far.idle(session)
    two.reachable = True
    await until(lambda: two.whole(session.id) and here.summary.status == "done")
    assert [told.split(" What")[0].split(":")[0] for told in two.told] == [
        "far can't be reached",
        "far is there again.",
    ]


async def test_what_is_asked_while_a_host_is_reached_for_the_first_time_waits_for_it(
    two: Two,
) -> None:
    elsewhere = two.here.deck.elsewhere
    second = RemoteHost("second", HostConfig(ssh="far"), elsewhere, two.told.append)
    elsewhere.add(second)
    asked = asyncio.ensure_future(elsewhere.ask("second", "deck.list", {}))
    await asyncio.sleep(0)
    second.start()
    assert await asked == []
    await second.close()


async def test_a_closed_session_is_as_it_was_once_its_host_is_back(two: Two) -> None:
    session = await two.far.session()
    await session.send("Hello?")
    await two.far.idle(session)
    await session.set({"closed": True})
    await until(lambda: two.whole(session.id))
    two.reachable = False
    two.lines[-1].cut()
    await until(lambda: bool(two.host.offline))
    await two.here.deck.lay_down(session.id)
    (away,) = await two.here.deck.all_summaries()
    two.reachable = True
    await until(lambda: not two.host.offline)
    (back,) = await two.here.deck.all_summaries()
    assert (away.status, back.status) == ("offline", "done")
    assert await _listed(two) == ["done"]
    two.reachable = False  # it is in the index alone now: `sessions list` reads that
    two.lines[-1].cut()
    await until(lambda: bool(two.host.offline) and not two.here.deck.elsewhere._listing)
    assert await _listed(two) == ["offline"]


async def _listed(two: Two) -> list[str]:
    return [row.status for row in await two.here.deck.index.ask(lambda index: index.rows())]


async def test_a_session_that_went_away_over_there_stays_here_as_it_was_seen(two: Two) -> None:
    session = await two.far.session()
    await until(lambda: session.id in two.here.deck.sessions)
    two.reachable = False
    two.lines[-1].cut()
    await until(lambda: bool(two.host.offline))
    await two.far.deck.delete(session.id)
    two.reachable = True
    await until(lambda: not two.host.offline)
    (summary,) = await two.here.deck.all_summaries()
    assert (summary.id, summary.status) == (session.id, "offline")


async def test_a_session_that_is_itself_a_mirror_is_not_mirrored_again(two: Two) -> None:
    created = ev.SessionCreated(id="1m8jw9ren48vpq4n", host="third", backend="rig")
    two.far.deck.mirror(created)
    session = await two.far.session()
    await until(lambda: session.id in two.here.deck.sessions)
    assert list(two.here.deck.sessions) == [session.id]


async def test_another_version_over_there_is_told_and_what_both_know_goes_on(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {"version": "0.0.9\x1b[31m", "pid": 1, "since": ""}
    monkeypatch.setattr(Server, "hello", lambda *_, **__: other)
    two.lines[-1].cut()
    await until(lambda: any("runs agentdeck 0.0.9" in told for told in two.told))
    assert "\x1b" not in "".join(two.told)
    session = await two.far.session()
    await until(lambda: session.id in two.here.deck.sessions)


async def test_what_a_host_keeps_to_itself_is_refused_and_told_once(two: Two) -> None:
    """Ids that are taken here: nothing of them is written, all others are shown."""
    mine = [await two.here.session() for _ in range(2)]
    for session in mine:
        await two.far.deck.create(cwd=str(two.far.root), id=session.id, title="Not yours")
    theirs = await two.far.session()
    await until(lambda: theirs.id in two.here.deck.sessions)
    await until(lambda: len(two.host._refused) == 2)
    assert [told for told in two.told if "not shown here" in told] == two.told[-1:]
    assert [session.summary.title for session in mine] == ["", ""]


async def test_one_message_and_a_draw_each_go_to_sessions_here_and_there(two: Two) -> None:
    here, there = await two.here.session(), await two.far.session()
    await until(lambda: there.id in two.here.deck.sessions)
    ids = [here.id, there.id]
    async with _client(two) as client:
        sent = await client.call("deck.broadcast", sessions=ids, text="Hello, both.")
        assert [(each["session"], each["error"]) for each in sent] == [(i, "") for i in ids]
        await until(lambda: not here.working and not there.working)
        primed = await client.call("priming.each", sessions=ids, kind="acronym", seed=4)
        assert [each["session"] for each in primed] == ids and all(e["items"] for e in primed)
        await until(lambda: not here.working and not there.working and two.whole(there.id))
    assert (here.summary.turns, there.summary.turns) == (2, 2)
    assert here.messages[2].text != there.messages[2].text
    told = [e for s in (here, there) for e in s.journal.events()]
    assert [e.by for e in told if isinstance(e, ev.PrimingInjected)] == ["nobody"] * 2


async def test_a_host_that_says_nothing_any_more_is_cut_off(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_host, "ALIVE_S", 0.3)
    two.lines[-1].cut()  # from the next connection on it is asked more often
    await until(lambda: len(two.lines) > 1 and not two.host.offline)
    two.lines[-1].reader._transport.pause_reading()  # type: ignore[attr-defined]
    await until(lambda: "does not answer" in two.host.offline)


async def test_files_come_along_both_ways_up_to_their_limit(two: Two) -> None:
    small, large = b"\x89PNG\r\n\x1a\n" + bytes(99), bytes(9 * 2**20)
    session = await two.far.session()

    async def show(host: TurnHost) -> ev.TurnEnded:
        for data in (small, large):
            path = store_file(session.folder, data, ".png")
            host.emit(ev.ToolResult(turn=host.turn, call="1", status="ok", path=path))
        return ev.TurnEnded(turn=host.turn, reason="end_turn")

    two.far.backend.act = show
    await session.send("Draw.")
    await until(lambda: session.id in two.here.deck.sessions and two.whole(session.id))
    await until(lambda: two.here.deck.sessions[session.id].summary.status == "done")
    here = two.here.deck.sessions[session.id].folder / "files"
    assert [file.read_bytes() for file in here.iterdir()] == [small]

    notes = two.here.root / "notes.txt"
    notes.write_text("of this machine")
    async with _client(two) as client:
        given: list[AttachedFile] = [{"file": str(notes)}]
        await client.call("session.send", session=session.id, text="Read.", attachments=given)
    (attached,) = session.messages[2].attachments
    assert attached["name"] == "notes.txt"
    assert (session.folder / attached["path"]).read_text() == "of this machine"


def test_what_is_run_is_a_login_shell_over_there_or_the_words_of_the_configuration() -> None:
    words = command_of(HostConfig(ssh="me@build"))
    assert words[0] == "ssh"
    assert words[-3:-1] == ["--", "me@build"]
    assert "engine attach --stdio" in words[-1]
    given = HostConfig(command=["docker", "exec", "-i", "box"], agentdeck=["/opt/agentdeck"])
    assert command_of(given)[4:] == ["/opt/agentdeck", "engine", "attach", "--stdio"]


@asynccontextmanager
async def _client(two: Two) -> AsyncIterator[Client]:
    """A client of the engine here."""
    server = Server(two.here.deck, find, lambda: None)
    path = f"{two.path}.here"
    await server.listen(path)
    client = Client(*await asyncio.open_unix_connection(path))
    try:
        await client.call("hello", version="x")
        yield client
    finally:
        await client.close()
        await server.close()


async def test_more_sessions_than_are_shown_are_told_and_left_out(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_host, "MOST_SESSIONS", 2)
    shown = [await two.far.session() for _ in range(2)]
    await until(lambda: all(s.id in two.here.deck.sessions for s in shown))
    await two.far.session()
    await until(lambda: any("more than 2 sessions" in told for told in two.told))
    two.host._came("1m8jw9ren48vpq4n", {"type": "text"}, 9)
    assert not two.host._inbox
    made = await two.here.deck.elsewhere.create("far", {"cwd": str(two.far.root)})
    await made.send("Hello?")  # what was made from here is followed all the same
    await until(lambda: made.summary.status == "done")
    assert len(two.here.deck.sessions) == 3


async def test_what_waits_is_bound_by_its_size_and_pulled_later(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_host, "_WAITING_BYTES", 100)
    session = await two.far.session()
    await until(lambda: session.id in two.here.deck.sessions)
    await session.send("Hello? " * 50)
    await two.far.idle(session)
    await until(lambda: two.whole(session.id))
    two.host._came(session.id, {}, 90)
    two.host._came(session.id, {}, 90)
    assert (len(two.host._inbox), two.host._behind) == (1, {session.id})


async def test_a_host_whose_connection_ends_at_once_is_tried_less_and_less(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_host, "MOST_S", 1e9)
    monkeypatch.setattr(Server, "hello", lambda *_, **__: {"version": remote_host.VERSION})
    for _ in range(3):
        before, waits = len(two.lines), two.host._waits
        two.lines[-1].cut()
        await until(lambda before=before: len(two.lines) > before and not two.host.offline)
        assert two.host._waits == max(waits, 0.01) * 2


async def test_a_session_that_is_deleted_while_its_events_come_cuts_nothing(two: Two) -> None:
    session = await two.far.session()
    await until(lambda: session.id in two.here.deck.sessions)
    await two.far.deck.delete(session.id)
    late = codec.to_json(ev.stamp(ev.Notice(message="late"), 99))
    two.host._known.add(session.id)
    two.host._came(session.id, late, 9)
    other = await two.far.session()
    await until(lambda: other.id in two.here.deck.sessions)
    assert (len(two.lines), two.host._refused, two.told) == (1, set(), [])


async def test_a_host_s_notices_are_told_up_to_a_number(two: Two) -> None:
    for n in range(99):
        two.host._told_there({"kind": "disk", "message": f"full \x1b[2J{n}"})
    assert len([told for told in two.told if "full" in told]) == 50
    assert "\x1b" not in "".join(two.told)


async def test_a_draw_is_dealt_out_over_sessions_here_and_there(two: Two) -> None:
    here, there = await two.here.session(), await two.far.session()
    await until(lambda: there.id in two.here.deck.sessions)
    ids = [here.id, there.id]
    async with _client(two) as client:
        for source in ids:
            drawn = await client.call("priming.draw", session=source, kind="acronym", seed=4)
            await until(lambda: two.whole(there.id))
            items = await client.call("priming.raw", session=source, id=drawn["id"])
            sent = await client.call(
                "priming.spread", session=source, id=drawn["id"], items=items, sessions=ids
            )
            assert list(sent) == ids
            await until(lambda: not here.working and not there.working and two.whole(there.id))
            went = [e for s in (here, there) for e in s.journal.events()]
            dealt = [
                len(e.items)
                for e in went
                if isinstance(e, ev.PrimingInjected) and e.id == drawn["id"]
            ]
            assert len(dealt) == 2 and sum(dealt) == len(items)
    assert (here.summary.turns, there.summary.turns) == (2, 2)


async def test_what_is_queued_or_steered_waits_over_there(two: Two) -> None:
    go = asyncio.Event()

    async def wait(host: TurnHost) -> ev.TurnEnded:
        await go.wait()
        return ev.TurnEnded(turn=host.turn, reason="end_turn")

    two.far.backend.act = wait
    session = await two.far.session()
    await until(lambda: session.id in two.here.deck.sessions)
    async with _client(two) as client:
        await client.call("session.send", session=session.id, text="One.")
        assert "queued" in await client.call("session.send", session=session.id, text="Two.")
        steered = await client.call("session.send", session=session.id, text="Three.", mode="steer")
        assert steered
        mirror = two.here.deck.sessions[session.id]
        await until(lambda: {q.text for q in mirror.queue} >= {"Two."})
        await client.call("session.queue", session=session.id, items=[{"text": "Four."}])
        go.set()
        await two.far.idle(session)
        await until(lambda: two.whole(session.id))
    said = [e.text for e in session.journal.events() if isinstance(e, ev.UserMessage)]
    assert said == ["One.", "Four."]


async def test_a_plan_s_task_over_there_is_landed_here_and_says_so(two: Two) -> None:
    session = await two.far.deck.create(cwd=str(two.far.root), run="1m8jw9ren48vpq4n")
    name = f"agentdeck/one-{session.id}"
    session.recorder.emit(
        ev.WorktreeAdded(session=session.id, path="/x", repository="/r", branch=name, base="c")
    )
    await until(lambda: session.id in two.here.deck.sessions)
    await until(lambda: two.here.deck.sessions[session.id].summary.branch == name)
    async with _client(two) as client:
        with pytest.raises(UsageError, match=f"git merge {name}"):
            await client.call("worktree.land", session=session.id)
