"""An agent in the deck: the same record, search, permissions and forks as any session."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sessions import config
from sessions.engine.commands import load_commands
from sessions.engine.whole_deck import WholeDeck
from sessions.harvest.byproducts import byproducts
from sessions.record import events as ev
from sessions.record.names import name_of
from tests.support.deckrig import Listening, Rig
from tests.support.nativerig import of_type, text_of
from tests.support.rig import RigBackend, rig_places, until

AGENT = str(Path(__file__).parents[2] / "support" / "scripted_agent.py")


@pytest.fixture
async def agents(tmp_path: Path) -> AsyncIterator[Rig]:
    """A deck whose default backend is the scripted agent."""
    places = rig_places(tmp_path / "home")
    places.config_file.parent.mkdir(parents=True)
    command = [sys.executable, AGENT, "--state", str(tmp_path / "agent.json")]
    places.config_file.write_text(
        '[defaults]\nprofile = "scripted"\n'
        f'[backends.scripted]\ntype = "acp"\ncommand = {command!r}\n'
    )
    deck = WholeDeck(places, config.load(places.config_file))
    rig = Rig(deck, RigBackend(), Listening(), tmp_path)
    deck.listener = rig.listener
    await deck.open()
    yield rig
    await rig.close()


async def test_an_agents_turn_is_recorded_and_found(agents: Rig) -> None:
    session = await agents.session()
    await session.send("say something memorable")
    await agents.idle(session)
    assert text_of(session) == "message 1 in mode default"
    assert session.summary.status == "done"
    assert session.summary.tokens == {"input": 7, "output": 5}
    for words in ("memorable", "message mode default"):
        hits = await agents.deck.index.ask(lambda index, words=words: index.search(words))
        assert {h.id for h in hits} == {session.id}


async def test_an_agents_permission_is_answered_in_the_deck(agents: Rig) -> None:
    session = await agents.session()
    await session.send("permit")
    await until(lambda: session.summary.status == "needs-you", 60)
    ask = session.summary.asks[0]
    assert ask["detail"] == "make test"
    await session.answer(ask["ask"], "yes", "", True)
    await agents.idle(session)
    assert text_of(session) == "outcome selected yes"


async def test_a_killed_agent_comes_back_without_telling_its_past_twice(agents: Rig) -> None:
    session = await agents.session()
    await session.send("say one")
    await agents.idle(session)
    process = agents.deck.backend("scripted")._process._process  # type: ignore[attr-defined]
    os.kill(process.pid, signal.SIGKILL)
    await session.send("say two")
    await agents.idle(session)
    if session.summary.status == "failed":  # the turn met the agent while it was dying
        await session.send("say two")
        await agents.idle(session)
    assert text_of(session).count("message 1 ") == 1
    assert "message 2 " in text_of(session)
    assert len(of_type(session, ev.Text)) <= 6


async def test_a_fork_of_an_agents_session_is_a_session_of_its_own_there(agents: Rig) -> None:
    session = await agents.session()
    await session.send("say one")
    await agents.idle(session)
    fork = await agents.deck.fork(session.id)
    await fork.send("say two")
    await agents.idle(fork)
    theirs = {
        e.data["session_id"]
        for s in (session, fork)
        for e in of_type(s, ev.BackendState)
        if "session_id" in e.data
    }
    assert len(theirs) == 2
    await session.send("say three")
    await agents.idle(session)
    assert "message 2 " in text_of(session)


async def test_an_interrupt_stops_the_agent_and_keeps_what_it_said(agents: Rig) -> None:
    session = await agents.session()
    await session.send("forever")
    await until(lambda: len(text_of(session)) > 10, 60)
    await session.interrupt()
    assert of_type(session, ev.TurnEnded)[-1].reason == "interrupted"
    assert text_of(session).startswith("0 1 2 ")
    await session.send("say more")
    await agents.idle(session)
    assert session.summary.status == "done"


async def test_skills_are_handed_over_with_their_paths(agents: Rig) -> None:
    session = await agents.session()
    await agents.deck.features.skills.of(session).switch("plain-objectivity", "on")
    await session.send("echo")
    await agents.idle(session)
    told = text_of(session)
    assert "<location>" in told and "plain-objectivity/SKILL.md" in told


async def test_a_client_makes_a_session_of_an_agent(agents: Rig) -> None:
    create = load_commands()["session.create"]
    made = await create(agents.deck, backend="scripted", cwd=str(agents.root))
    assert made["backend"] == "scripted"


async def test_a_picture_of_an_agent_is_harvested(agents: Rig) -> None:
    session = await agents.session()
    await session.send("picture")
    await agents.idle(session)
    found = byproducts(session.id, session.journal.events())
    assert [(f.kind, f.name) for f in found] == [("picture", "picture.png")]


async def test_what_a_command_of_an_agent_made_is_found_behind_it(agents: Rig) -> None:
    session = await agents.session()
    await session.send("permit")
    await until(lambda: bool(session.summary.asks), 60)
    (agents.root / "plot.svg").write_text("<svg/>")  # as its command does
    await session.answer(session.summary.asks[0]["ask"], "yes", "", True)
    await until(lambda: bool(of_type(session, ev.FilesMade)), 60)
    (made,) = [f for f in byproducts(session.id, session.journal.events()) if f.kind == "picture"]
    assert (made.path, made.signals["command"]) == ("plot.svg", "make test")


async def test_the_agents_title_stands_where_the_user_gave_none(agents: Rig) -> None:
    session = await agents.session()
    await session.send("everything")
    await agents.idle(session)
    assert (session.summary.title, name_of(session.summary)) == ("", "A scripted title")
    await session.set({"title": "Mine"})
    await session.send("everything")
    await agents.idle(session)
    assert session.summary.title == "Mine"
