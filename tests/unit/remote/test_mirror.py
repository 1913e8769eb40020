"""A session that lives elsewhere: mirrored once, in order, whatever becomes of the messages."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessions.api.harvest import ByproductOrigin
from sessions.errors import (
    AgentdeckError,
    EngineError,
    JournalError,
    NotFound,
    told_as,
)
from sessions.harvest.byproducts import Found
from sessions.harvest.service import Harvest
from sessions.ids import new_id
from sessions.record import codec
from sessions.record import events as ev
from sessions.remote import untrusted_input
from sessions.remote.forwarding import forwarded
from sessions.remote.mirrored_session import Mirrored
from sessions.remote.site_interface import Offline
from tests.support.deckrig import Rig


class Far:
    """A site with one session whose record is a list."""

    def __init__(self, said: list[ev.Event] | None = None) -> None:
        self.name = "far"
        self.offline = ""
        self.session = new_id()
        self.asked: list[tuple[str, ev.JSON]] = []
        events = said if said is not None else _conversation()
        first = ev.SessionCreated(id=self.session, title="Over there", backend="theirs", cwd="/x")
        self.lines = [
            codec.line(ev.stamp(event, seq)) for seq, event in enumerate([first, *events], 1)
        ]

    async def call(self, command: str, args: ev.JSON) -> Any:
        """Remember it."""
        self.asked.append((command, args))
        return {"turn": 2}

    async def since(self, session: str, seq: int) -> Sequence[bytes]:
        """Three at a time."""
        await asyncio.sleep(0)
        later = [line for line in self.lines if codec.decode(line).seq > seq]
        return later[:3]


def _conversation() -> list[ev.Event]:
    return [
        ev.UserMessage(turn=1, text="Look around."),
        ev.TurnStarted(turn=1, model="m"),
        *(ev.Text(turn=1, text=f"part {n} ") for n in range(8)),
        ev.TurnEnded(turn=1, reason="end_turn"),
    ]


def _mirrored(rig: Rig, session: str) -> list[ev.Event]:
    return list(rig.deck.sessions[session].journal.events())


def test_events_are_mirrored_once_and_in_order_however_they_come(tmp_path: Path) -> None:
    """Reordered, doubled and lost messages: what is pulled in the end is the record."""

    async def one(arrive: list[list[int]]) -> None:
        far = Far()
        rig.deck.elsewhere.add(far)
        try:
            await asyncio.gather(
                *(
                    rig.deck.elsewhere.take("far", far.session, [far.lines[n] for n in part])
                    for part in arrive
                )
            )
            assert await rig.deck.elsewhere.pull("far", far.session) == len(far.lines)
            told = [event.seq for session, event in rig.listener.events if session == far.session]
            assert told == list(range(1, len(far.lines) + 1))
            assert [codec.line(event) for event in _mirrored(rig, far.session)][1:] == far.lines[1:]
        finally:
            rig.deck.elsewhere.drop("far")

    numbers = st.integers(0, len(Far().lines) - 1)

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.lists(numbers, max_size=12), max_size=5))
    def run(arrive: list[list[int]]) -> None:
        loop.run_until_complete(one(arrive))

    loop = asyncio.new_event_loop()
    try:
        rig = loop.run_until_complete(Rig.make(tmp_path))
        run()
        loop.run_until_complete(rig.close())
    finally:
        loop.close()


async def test_a_mirror_is_listed_searched_and_read_as_any_other_session(rig: Rig) -> None:
    far = Far()
    rig.deck.elsewhere.add(far)
    await rig.deck.elsewhere.pull("far", far.session)
    (summary,) = await rig.deck.all_summaries()
    assert (summary.host, summary.title, summary.status) == ("far", "Over there", "done")
    assert await rig.deck.index.ask(lambda index: index.search("part"))
    assert [turn["text"] for turn in rig.deck.sessions[far.session].turns()] == ["Look around."]


async def test_what_is_missing_over_there_is_missing_here_and_no_more(rig: Rig) -> None:
    far = Far()
    rig.deck.elsewhere.add(far)
    del far.lines[4]
    await rig.deck.elsewhere.pull("far", far.session)
    assert [event.seq for event in _mirrored(rig, far.session)] == [1, 2, 3, 4, *range(6, 13)]


async def test_a_mirror_goes_on_after_the_end_of_the_engine_and_closes_no_turn(rig: Rig) -> None:
    """A torn last line is pulled once more; a turn that goes on over there is not cut off."""
    far = Far()
    rig.deck.elsewhere.add(far)
    await rig.deck.elsewhere.take("far", far.session, far.lines[:5])
    path = rig.deck.sessions[far.session].journal.path
    await rig.deck.lay_down(far.session)
    with path.open("ab") as journal:
        journal.write(far.lines[5][:20])
    session = await rig.deck.get(far.session)
    assert isinstance(session, Mirrored)
    assert (session.summary.status, session.last_seq) == ("offline", 5)
    await rig.deck.elsewhere.pull("far", far.session)
    assert [event.seq for event in _mirrored(rig, far.session)] == list(range(1, 13))
    assert session.summary.status == "done"


async def test_a_place_that_is_cut_off_leaves_what_was_seen(rig: Rig) -> None:
    far = Far()
    rig.deck.elsewhere.add(far)
    await rig.deck.elsewhere.take("far", far.session, far.lines[:5])
    summary = rig.deck.sessions[far.session].summary
    assert str(summary.status) == "working"
    far.offline = "The host far can't be reached."
    rig.deck.elsewhere.cut("far", far.offline)
    assert str(summary.status) == "offline"
    with pytest.raises(Offline, match="can't be reached"):
        await rig.deck.sessions[far.session].send("Hello?")
    assert not far.asked
    far.offline = ""
    await rig.deck.elsewhere.take("far", far.session, [])
    assert summary.status == "working"


async def test_what_is_done_to_a_mirror_is_done_over_there(rig: Rig) -> None:
    far = Far()
    rig.deck.elsewhere.add(far)
    await rig.deck.elsewhere.pull("far", far.session)
    session = rig.deck.sessions[far.session]
    assert await session.send("Go on.") == {"turn": 2}
    assert far.asked == [
        (
            "session.send",
            {"session": far.session, "text": "Go on.", "origin": "typed", "mode": "queue"},
        )
    ]
    with pytest.raises(JournalError, match="another machine"):
        await session.recorder.emit_synced(ev.SessionSet(title="Mine"))
    assert session.summary.seq == len(far.lines)


async def test_a_place_can_not_write_into_a_session_that_is_not_its_own(rig: Rig) -> None:
    mine = await rig.session()
    far = Far()
    rig.deck.elsewhere.add(far)
    with pytest.raises(ValueError, match="not of far"):
        await rig.deck.elsewhere.take("far", mine.id, far.lines)
    for name in ("../../etc", "..", far.session[:-1] + "/", 7):
        with pytest.raises(ValueError, match="no session's id"):
            await rig.deck.elsewhere.take("far", name, far.lines)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no beginning"):
        await rig.deck.elsewhere.take("far", new_id(), far.lines)
    assert [s.id for s in await rig.deck.all_summaries()] == [mine.id]


async def test_what_comes_from_elsewhere_is_cleaned(rig: Rig) -> None:
    far = Far([ev.UserMessage(turn=1, text="a\x1b[2Jb\u202ec")])
    rig.deck.elsewhere.add(far)
    await rig.deck.elsewhere.pull("far", far.session)
    last = _mirrored(rig, far.session)[-1]
    assert isinstance(last, ev.UserMessage)
    assert last.text == "a␛[2Jb\ufffdc"


async def test_places_of_another_machine_are_none_of_this_one(rig: Rig) -> None:
    """What it says of paths leads to no file here."""
    far = Far(
        [
            ev.WorktreeAdded(
                session="x", path="/etc", repository="/root/r", name="r", branch="b", base="c"
            ),
            ev.Byproduct(kind="picture", path="files/../../../../etc/passwd"),
            ev.Byproduct(kind="picture", path="files/abc.png"),
            ev.ToolCall(turn=1, call="1", name="Read", input={"path": "/etc/passwd"}),
        ]
    )
    rig.deck.elsewhere.add(far)
    await rig.deck.elsewhere.pull("far", far.session)
    created, tree, out, kept, call = _mirrored(rig, far.session)
    assert isinstance(created, ev.SessionCreated)
    assert created.cwd == "far:/x"
    assert isinstance(tree, ev.WorktreeAdded)
    assert (tree.path, tree.repository) == ("far:/etc", "far:/root/r")
    assert isinstance(out, ev.Byproduct)
    assert out.path.startswith("far:")
    assert isinstance(kept, ev.Byproduct)
    assert kept.path == "files/abc.png"
    assert isinstance(call, ev.ToolCall)
    assert call.input["path"] == "/etc/passwd"


async def test_a_session_can_not_be_begun_a_second_time_as_another(rig: Rig) -> None:
    mine = await rig.session()
    far = Far([ev.SessionCreated(id=mine.id, title="Not yours"), ev.SessionSet(title="Told")])
    rig.deck.elsewhere.add(far)
    await rig.deck.elsewhere.pull("far", far.session)
    assert {s.id for s in await rig.deck.all_summaries()} == {mine.id, far.session}
    assert rig.deck.sessions[far.session].summary.title == "Told"


async def test_where_a_session_works_over_there_is_no_place_here_however_it_is_said(
    rig: Rig,
) -> None:
    """Not by what begins nowhere in particular, nor by a key that is spelt otherwise."""
    far = Far(
        [
            ev.WorktreeAdded(session="x", path="tree", repository=".git", branch="b", base="c"),
            ev.SessionSet(cwd="."),
        ]
    )
    far.lines[0] = far.lines[0].replace(b'"cwd":"/x"', b'"c\\u0077d": "etc"')
    rig.deck.elsewhere.add(far)
    await rig.deck.elsewhere.pull("far", far.session)
    created, tree, moved = _mirrored(rig, far.session)
    assert isinstance(created, ev.SessionCreated) and created.cwd == "far:etc"
    assert isinstance(tree, ev.WorktreeAdded)
    assert (tree.path, tree.repository) == ("far:tree", "far:.git")
    assert isinstance(moved, ev.SessionSet) and moved.cwd == "far:."


async def test_an_answer_can_not_name_a_session_of_here_as_the_one_that_was_made(rig: Rig) -> None:
    mine, far = await rig.session(), Far()

    async def call(command: str, args: ev.JSON) -> Any:
        return answers[0]

    far.call = call  # type: ignore[method-assign]
    rig.deck.elsewhere.add(far)
    more: list[Any] = [{"id": mine.id, "seq": 3}, {"id": new_id()}, {"id": "../.."}, [], None]
    for answer in [{"id": mine.id}, *more]:
        answers = [answer]
        with pytest.raises(AgentdeckError):
            await rig.deck.elsewhere.create("far", {"title": "New"})
    answers = [{"id": mine.id}]
    with pytest.raises(EngineError, match="not of far"):
        await forwarded(rig.deck.elsewhere, "session.fork", {}, "far")


async def test_a_session_of_elsewhere_is_below_none_of_here(rig: Rig) -> None:
    mine = await rig.session()
    for parent, kept in ((mine.id, False), (new_id(), True)):
        far = Far([])
        created = ev.SessionCreated(id=far.session, parent={"id": parent, "seq": 1, "call": "1"})
        far.lines = [codec.line(ev.stamp(created, 1))]
        rig.deck.elsewhere.add(far)
        await rig.deck.elsewhere.pull("far", far.session)
        assert bool(rig.deck.sessions[far.session].summary.parent) is kept
        rig.deck.elsewhere.drop("far")


async def test_a_byproduct_of_elsewhere_is_no_file_of_here(rig: Rig, tmp_path: Path) -> None:
    """Whatever path a tool call of it names: not to be shown, and not for a draft."""
    secret = tmp_path / "secret.txt"
    secret.write_text("of this machine")
    far = Far()
    rig.deck.elsewhere.add(far)
    await rig.deck.elsewhere.pull("far", far.session)
    harvest = Harvest(rig.deck.places)
    for session, seen in ((far.session, False), ((await rig.session()).id, True)):
        origin: ByproductOrigin = {"session": session}
        found = Found(
            "file", "", path=str(secret), origin=origin, signals={"input": True, "made": False}
        )
        assert (harvest._held(found).text == "of this machine") is seen
        folder = rig.deck.places.session(session)
        with nullcontext() if seen else pytest.raises(NotFound):
            harvest.as_file(found, folder, harvest._folder_here(session))


def test_an_error_of_elsewhere_is_cleaned_and_is_none_of_this_disk() -> None:
    said = {"kind": "JournalError", "message": "a\x1b[2J", "hint": "\u202eb"}
    error = untrusted_input.refusal(told_as(said))
    assert (type(error), str(error)) == (AgentdeckError, "a␛[2J \ufffdb")
    for odd in (None, [], {"kind": "LimitLasts"}, {"kind": "datetime"}, {"kind": "Exception"}):
        assert isinstance(told_as(odd), AgentdeckError)
