"""Agents on another machine, by ssh: here that machine is this one, over loopback.

With the scripted agent wherever there is a ssh server to start; with OpenCode in `make agents`.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sessions import config
from sessions.backends.acp.process import AgentProcess
from sessions.engine.whole_deck import WholeDeck
from sessions.record import events as ev
from sessions.record.summary_parts import PendingAsk
from sessions.runtime.session import Session
from tests.agents import dialects
from tests.agents.setting import FOLDER, MADE, WRITTEN, Model, command_of
from tests.support.deckrig import Listening, Rig
from tests.support.messages_server import MessagesServer
from tests.support.nativerig import of_type, text_of
from tests.support.rig import RigBackend, rig_places, until
from tests.support.sshd import Far, missing, sshd

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=missing()),
    pytest.mark.timeout(300),
]
AGENT = str(Path(__file__).parents[1] / "support" / "scripted_agent.py")
WAIT_S = 60.0


@pytest.fixture
async def far(tmp_path: Path) -> AsyncIterator[Far]:
    """Another machine."""
    async with sshd(tmp_path / "ssh") as served:
        yield served


@asynccontextmanager
async def deck_of(command: list[str], tmp_path: Path) -> AsyncIterator[Rig]:
    """A deck whose default backend is an agent over there; its sessions work in `there`."""
    places = rig_places(tmp_path / "home")
    places.config_file.parent.mkdir(parents=True)
    there = tmp_path / "there"
    there.mkdir()
    places.config_file.write_text(
        '[defaults]\nprofile = "far"\n[backends.far]\ntype = "acp"\n'
        f"command = {json.dumps(command)}\ndirectory = {json.dumps(str(there))}\n"
    )
    deck = WholeDeck(places, config.load(places.config_file))
    rig = Rig(deck, RigBackend(), Listening(), tmp_path)
    deck.listener = rig.listener
    await deck.open()
    try:
        yield rig
    finally:
        await rig.close()


@pytest.fixture
async def scripted(far: Far, tmp_path: Path) -> AsyncIterator[Rig]:
    """A deck with the scripted agent over there."""
    command = far.command(sys.executable, AGENT, "--state", str(tmp_path / "agent.json"))
    async with deck_of(command, tmp_path) as rig:
        yield rig


async def cut(rig: Rig) -> None:
    """Cut the connection: ssh ends on this side."""
    process = rig.deck.backend("far")._process  # type: ignore[attr-defined]
    assert isinstance(process, AgentProcess) and process._process is not None
    os.kill(process._process.pid, signal.SIGKILL)
    await process.wait_ended()


async def over(session: Session, status: str = "done") -> None:
    """Wait for the turn's end."""
    await until(lambda: not session.working, WAIT_S)
    assert session.summary.status == status, session.summary.error


async def answered(session: Session) -> PendingAsk:
    """Allow what is asked, once it is asked; the request."""
    await until(lambda: bool(session.summary.asks) or not session.working, WAIT_S)
    assert session.summary.asks, session.summary.error
    ask = session.summary.asks[0]
    option = next(o["id"] for o in ask["options"] if o["kind"] == "allow_once")
    await session.answer(ask["ask"], option, "", True)
    return ask


async def test_a_turn_and_its_permission_go_over_ssh(scripted: Rig) -> None:
    session = await scripted.session()
    await session.send("permit")
    assert (await answered(session))["detail"] == "make test"
    await over(session)
    assert text_of(session) == "outcome selected yes"


async def test_a_connection_that_is_cut_between_turns_comes_back_with_its_conversation(
    scripted: Rig,
) -> None:
    session = await scripted.session()
    await session.send("say one")
    await over(session)
    await cut(scripted)
    await session.send("say two")
    await over(session)
    assert text_of(session) == "message 1 in mode default" + "message 2 in mode default"
    assert not of_type(session, ev.Error)


async def test_a_connection_that_is_cut_in_the_middle_of_a_turn_is_told_in_a_sentence(
    scripted: Rig,
) -> None:
    session = await scripted.session()
    await session.send("say one")
    await over(session)
    await session.send("forever")
    await until(lambda: "0 1 2 " in text_of(session), WAIT_S)
    await cut(scripted)
    await over(session, "failed")
    assert "The agent far ended in the middle of the turn" in session.summary.error
    before = text_of(session)
    await session.send("say two")
    await over(session)
    assert text_of(session).startswith(before)
    assert text_of(session).count("message 1 ") == 1


async def test_a_host_that_is_not_there_is_told_in_ssh_s_own_words(tmp_path: Path) -> None:
    nowhere = tmp_path / "config"
    nowhere.write_text("Host far\nHostName 127.0.0.1\nPort 9\nBatchMode yes\n")
    command = ["ssh", "-F", str(nowhere), "far", "opencode", "acp"]
    async with deck_of(command, tmp_path) as rig:
        session = await rig.session()
        await session.send("hello")
        await over(session, "failed")
        assert "Connection refused" in session.summary.error


async def test_an_agent_over_there_reaches_no_file_here(scripted: Rig) -> None:
    here = Path(scripted.root) / "here.txt"
    here.write_text("of this machine")
    session = await scripted.session()
    asks = [["fs/read_text_file", {"path": str(here)}]]
    await session.send("client " + json.dumps(asks))
    await over(session)
    (answer,) = json.loads(text_of(session))
    assert "another machine" in answer["message"]


async def test_a_skill_goes_along_as_text(scripted: Rig) -> None:
    session = await scripted.session()
    await scripted.deck.features.skills.of(session).switch("plain-objectivity", "on")
    await session.send("echo")
    await over(session)
    told = text_of(session)
    assert "<name>\nplain-objectivity\n</name>" in told
    assert "another machine" in told and "<location>" not in told


async def test_mode_edit_goes_by_the_directory_over_there(scripted: Rig) -> None:
    session = await scripted.session()
    await scripted.deck.change(session, {"permission": "edit"})
    options = [
        {"optionId": "yes", "name": "Yes", "kind": "allow_once"},
        {"optionId": "no", "name": "No", "kind": "reject_once"},
    ]
    there = scripted.deck.config.backends["far"].directory
    call = {"title": "Edit", "kind": "edit"}
    calls = [
        {**call, "toolCallId": "1", "locations": [{"path": f"{there}/a.txt"}]},
        {**call, "toolCallId": "2", "locations": [{"path": f"{scripted.root}/a.txt"}]},
    ]
    asks = [["session/request_permission", {"toolCall": c, "options": options}] for c in calls]
    await session.send("client " + json.dumps(asks))
    assert str(scripted.root) in (await answered(session))["detail"]
    await over(session)
    assert [a.by for a in of_type(session, ev.PermissionAnswered)] == ["mode", "user"]


# -- a real one


@pytest.fixture
async def model(tmp_path: Path) -> AsyncIterator[tuple[MessagesServer, Model]]:
    """What answers the agent."""
    scripted = Model(work=tmp_path / "there")
    async with MessagesServer(scripted) as server:
        yield server, scripted


@pytest.mark.skipif(not FOLDER, reason="run by `make agents`")
async def test_opencode_works_over_ssh_and_comes_back(
    far: Far, model: tuple[MessagesServer, Model], tmp_path: Path
) -> None:
    server, _ = model
    command, env = command_of("opencode", server.url, tmp_path / "agents")
    configured = json.loads(env["OPENCODE_CONFIG_CONTENT"])
    del configured["permission"]  # it asks because the deck makes it ask, over there too
    env["OPENCODE_CONFIG_CONTENT"] = json.dumps(configured)
    # ssh hands no environment over: it is part of the command, quoted for the shell over there.
    given = [f"{key}={shlex.quote(value)}" for key, value in env.items()]
    async with deck_of(far.command("env", *given, *command), tmp_path) as rig:
        session = await rig.session()
        await session.send("please run it")
        assert f"touch {MADE}" in (await answered(session))["detail"]
        await over(session)
        assert (tmp_path / "there" / MADE).exists()
        assert "The tool has run." in text_of(session)
        await rig.deck.change(session, {"permission": "edit"})
        await session.send("please write it")
        await over(session)
        assert (tmp_path / "there" / WRITTEN).read_text() == "one\ntwo\n"
        assert not of_type(session, ev.FileChanged)  # not by us: it is the agent's own machine
        await cut(rig)
        await session.send("Second question")
        await over(session)
        assert text_of(session).count("The tool has run.") == 2
        told = _told(server, lambda text: "Second question" in text)
        assert told.index("please run it") < told.index("Second question")


def _told(server: MessagesServer, wanted: Callable[[str], bool]) -> str:
    asked = [dialects.told(r) for r in server.asked if dialects.shell(r)]
    return next(text for text in reversed(asked) if wanted(text))
