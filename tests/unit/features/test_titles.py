"""What sessions are called that nobody gave a title."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessions.archive.index import Index
from sessions.backends.acp.updates import Translator
from sessions.cli.sessions import list_
from sessions.features.titles import _title
from sessions.record import events as ev
from sessions.record.names import MOST, first_words, name_of
from sessions.record.summary import Reducer
from tests.support.invoked import invoke
from tests.support.messages_server import MessagesServer, Request, Step, say
from tests.support.nativerig import NativeRig, of_type
from tests.support.rig import until


def writer(request: Request) -> list[Step]:
    """Answers; asked for a title it says one."""
    return say("Harbour tide tables" if "Give it a title" in request.last_text else "The answer.")


def test_first_words_are_whole_and_one_line() -> None:
    assert first_words("fix\nthe   bug") == "fix the bug"
    assert first_words("## Task\n") == "Task"
    assert first_words("Summarise the minutes of May. Then send them to Ada.") == (
        "Summarise the minutes of May"
    )
    long = first_words("word " * 40)
    assert len(long) <= MOST and long.endswith("word…")
    assert len(first_words("x" * 200)) <= MOST
    assert first_words("[priming acronym · p1 · seed 3]\nThe lines…") == "primed: acronym"


def test_the_users_title_comes_first_then_the_agents_then_the_words() -> None:
    reducer = Reducer("s")
    seq = 0

    def name(event: ev.Event) -> str:
        nonlocal seq
        seq += 1
        reducer.apply(ev.replace(event, seq=seq))
        return name_of(reducer.summary)

    assert name(ev.SessionCreated(id="s")) == ""
    assert name(ev.UserMessage(turn=1, text="[priming names · p1 · x]", origin="priming")) == (
        "primed: names"
    )
    assert name(ev.UserMessage(turn=2, text="sum it")) == "sum it"
    assert name(ev.SessionSet(auto_title="Sums of columns")) == "Sums of columns"
    assert name(ev.SessionSet(agent_title="Adding up")) == "Adding up"
    assert name(ev.SessionSet(title="Mine")) == "Mine"
    assert name(ev.SessionSet(agent_title="Adding up more")) == "Mine"


def test_an_agents_title_is_told_when_it_comes_and_taken_back_by_null() -> None:
    translator = Translator(1)
    update = {"sessionUpdate": "session_info_update"}

    def told(**more: object) -> list[ev.Event]:
        return translator.events({**update, **more})

    assert told(title="Sums") == [ev.SessionSet(agent_title="Sums")]
    assert told(title="Sums") == [] and told(updatedAt="now") == []
    assert told(title=None) == [ev.SessionSet(agent_title="")]


@pytest.mark.parametrize(
    ("reply", "title"),
    [
        ('"Harbour tides"\n', "Harbour tides"),
        ("Title: **Harbour tides**.", "Harbour tides"),
        ("I can't do that.\nBut here is more.", ""),
        ("word " * 40, ""),
        ("", ""),
    ],
)
def test_a_reply_is_a_title_or_none(reply: str, title: str) -> None:
    assert _title(reply) == title


async def test_a_broadcast_to_six_gives_six_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with MessagesServer(writer) as server:
        rig = await NativeRig.make(tmp_path, server)
        made = [await rig.session() for _ in range(6)]
        await rig.deck.broadcast([s.id for s in made], "Compare these boats")
        await until(lambda: not any(s.working for s in made), 60)
        names = [name_of(s.summary) for s in made]
        assert names[0] == "Compare these boats" and len(set(names)) == 6, names
        assert all(name.startswith("Compare these boats") for name in names)
        assert not any(s.summary.title for s in made)
        await rig.session()
        await rig.close()
    index = Index.open(rig.deck.places.index, rig.deck.places.sessions)
    index.refresh()
    assert {name_of(row) for row in index.rows()} == {*names, ""}
    assert set(index.titles([s.id for s in made]).values()) == set(names)
    index.close()
    monkeypatch.setenv("AGENTDECK_HOME", str(tmp_path / "home"))
    shown = invoke(list_, [])
    assert "Compare these boats (6)" in shown.output and "new session" in shown.output


async def test_a_model_finds_better_words_where_one_is_named(tmp_path: Path) -> None:
    async with MessagesServer(writer) as server:
        rig = await NativeRig.make(tmp_path, server, extra='[titles]\nmodel = "small"\n')
        session, named = await rig.session(), await rig.session()
        await named.set({"title": "Mine"})
        await rig.turn(named, "When is high water?")
        await rig.turn(session, "When is high water?")
        await until(lambda: session.summary.auto_title == "Harbour tide tables", 60)
        asked = [r for r in server.asked if "Give it a title" in r.last_text]
        assert [r.body["model"] for r in asked] == ["small"], "asked once, and not for the named"
        assert named.summary.auto_title == "" and name_of(named.summary) == "Mine"
        await rig.turn(session, "And low water?")
        assert len(of_type(session, ev.SessionSet)) == 1
        await rig.close()


async def test_no_other_server_is_asked_unless_told_so(tmp_path: Path) -> None:
    async with MessagesServer(writer) as server:
        rig = await NativeRig.make(tmp_path, server)
        session = await rig.session()
        await rig.turn(session, "When is high water?")
        await until(lambda: not rig.deck.features.titles._tasks, 60)
        assert len(server.asked) == 1
        await rig.close()
