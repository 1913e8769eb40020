"""What only sessions of agents have: options, sign-in, their own MCP servers, an older life."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from sessions import config
from sessions.api.agents import AgentSession
from sessions.backends.acp.backend import AcpBackend
from sessions.config.known_agents import AGENTS
from sessions.engine.whole_deck import WholeDeck
from sessions.errors import NotFound, UsageError
from sessions.importers.run import import_paths
from sessions.record import events as ev
from sessions.runtime.session import Session
from tests.support.deckrig import Listening, Rig
from tests.support.nativerig import of_type, text_of
from tests.support.rig import RigBackend, rig_places, until
from tests.support.shapes import answered

AGENT = str(Path(__file__).parents[2] / "support" / "scripted_agent.py")
MCP = """
[mcp.servers.db]
command = ["db-server", "--quiet"]
env = {DB = "x.db"}
[mcp.servers.web]
url = "http://127.0.0.1:9/mcp"
auto = false
"""
MakeRig = Callable[..., Awaitable[Rig]]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[MakeRig]:
    """Makes decks whose default backend is the scripted agent, on the same records."""
    async with AsyncExitStack() as stack:

        async def deck(*flags: str, more: str = "", name: str = "") -> Rig:
            places = rig_places(tmp_path / "home")
            places.config_file.parent.mkdir(parents=True, exist_ok=True)
            command = [sys.executable, AGENT, "--state", str(tmp_path / "agent.json"), *flags]
            if name:
                script = tmp_path / "bin" / name
                script.parent.mkdir(exist_ok=True)
                script.write_text(f'#!/bin/sh\nexec {" ".join(command)} "$@"\n')
                script.chmod(0o755)
                command = [str(script)]
            places.config_file.write_text(
                '[defaults]\nprofile = "scripted"\n'
                f'[backends.scripted]\ntype = "acp"\ncommand = {json.dumps(command)}\n{more}'
            )
            made = WholeDeck(places, config.load(places.config_file))
            rig = Rig(made, RigBackend(), Listening(), tmp_path)
            made.listener = rig.listener
            await made.open()
            stack.push_async_callback(rig.close)
            return rig

        yield deck


async def told(rig: Rig, session: Session, text: str) -> str:
    """What the session says to a message."""
    before = text_of(session)
    await session.send(text)
    await rig.idle(session)
    return text_of(session).removeprefix(before)


async def do(rig: Rig, command: str, **args: Any) -> Any:
    """Run an engine's command; what it answers is of the shape that it declares."""
    return await answered(rig.deck, command, **args)


# -- options


async def test_an_agents_options_are_listed_with_their_choices(make: MakeRig) -> None:
    rig = await make("--options")
    session = await rig.session()
    await told(rig, session, "say")
    options = {o["id"]: o for o in await do(rig, "agent.options", session=session.id)}
    assert list(options) == ["mode", "model", "effort"]
    assert options["mode"]["current"] == "default"  # not the agent's own `auto`
    assert [c["name"] for c in options["model"]["choices"]] == ["M1", "M2", "REFUSED"]
    assert [m["id"] for m in await do(rig, "deck.models", backend="scripted")] == [
        "m1",
        "m2",
        "refused",
    ]


async def test_a_chosen_option_is_set_and_stays_when_the_engine_comes_back(make: MakeRig) -> None:
    rig = await make("--options")
    session = await rig.session()
    await told(rig, session, "say")
    for option, value in (("effort", "high"), ("mode", "plan"), ("model", "m2")):
        await do(rig, "agent.choose", session=session.id, option=option, value=value)
    assert json.loads(await told(rig, session, "about"))["chosen"] == {
        "mode": "plan",
        "effort": "high",
        "model": "m2",
    }
    assert session.summary.model == "m2"
    name = session.id
    await rig.close()
    again = await make("--options")
    session = await again.deck.get(name)
    assert json.loads(await told(again, session, "about"))["chosen"] == {
        "mode": "plan",
        "effort": "high",
        "model": "m2",
    }


async def test_what_the_agent_does_not_take_is_an_error(make: MakeRig) -> None:
    rig = await make("--options")
    session = await rig.session()
    await told(rig, session, "say")
    with pytest.raises(Exception, match="stays with Model"):
        await do(rig, "agent.choose", session=session.id, option="model", value="refused")
    with pytest.raises(UsageError, match="no effort huge"):
        await do(rig, "agent.choose", session=session.id, option="effort", value="huge")


async def test_older_modes_are_an_option_too(make: MakeRig) -> None:
    rig = await make()
    session = await rig.session()
    await told(rig, session, "say")
    (mode,) = await do(rig, "agent.options", session=session.id)
    assert (mode["id"], mode["current"]) == ("mode", "default")
    await do(rig, "agent.choose", session=session.id, option="mode", value="plan")
    assert "in mode plan" in await told(rig, session, "say")
    assert session.summary.agent["reasons"]["model"]


async def test_a_native_session_has_no_such_options(make: MakeRig) -> None:
    rig = await make()
    made = await rig.deck.create(backend="local", cwd=str(rig.root))
    with pytest.raises(UsageError, match="no agent"):
        await do(rig, "agent.options", session=made.id)


# -- MCP servers


async def test_mcp_servers_are_handed_to_the_agent_and_not_started_here(make: MakeRig) -> None:
    rig = await make(more=MCP)
    session = await rig.session()
    assert json.loads(await told(rig, session, "about"))["servers"] == ["db"]
    assert not of_type(session, ev.Error)


async def test_a_server_that_is_switched_on_reaches_the_running_session(make: MakeRig) -> None:
    rig = await make(more=MCP)
    session = await rig.session()
    await told(rig, session, "say one")
    await do(rig, "session.mcp", session=session.id, changes={"web": True})
    assert json.loads(await told(rig, session, "about"))["servers"] == ["db", "web"]
    assert "message 3 " in await told(rig, session, "say three")


async def test_a_server_that_the_agent_can_not_use_is_said(make: MakeRig) -> None:
    rig = await make("--blind", more=MCP)
    session = await rig.session()
    await do(rig, "session.mcp", session=session.id, changes={"web": True})
    assert json.loads(await told(rig, session, "about"))["servers"] == ["db"]
    (error,) = of_type(session, ev.Error)
    assert "web" in error.message and error.kind == "mcp"
    assert session.summary.status == "done"


# -- signing in


async def test_a_session_that_needs_a_sign_in_fails_with_its_remedy_and_works_after_it(
    make: MakeRig,
) -> None:
    rig = await make("--signed-out")
    session = await rig.session()
    await told(rig, session, "say")
    assert session.summary.status == "failed"
    (error,) = of_type(session, ev.Error)
    assert error.kind == "auth" and "agents sign-in scripted" in error.hint
    ways = await do(rig, "agent.sign_in", backend="scripted")
    assert [(w["id"], w["kind"]) for w in ways] == [
        ("login", "terminal"),
        ("key", "agent"),
        ("var", "variable"),
    ]
    assert "A_KEY" in ways[2]["description"]
    await do(rig, "agent.authenticate", backend="scripted", method="key")
    assert "message 1 " in await told(rig, session, "say")


async def test_a_terminal_sign_in_runs_the_agents_own_program(make: MakeRig) -> None:
    rig = await make("--signed-out")
    session = await rig.session()
    (way, *_) = await do(rig, "agent.sign_in", backend="scripted")
    subprocess.run(way["command"], check=True)
    assert await do(rig, "agent.restart", backend="scripted") == {"restarted": True}
    assert "message 1 " in await told(rig, session, "say")


async def test_an_agent_is_not_restarted_under_a_running_turn(make: MakeRig) -> None:
    rig = await make()
    session = await rig.session()
    await session.send("forever")
    await until(lambda: bool(text_of(session)), 60)
    assert await do(rig, "agent.restart", backend="scripted") == {"restarted": False}
    await session.interrupt()


# -- what the agent has on disk


async def test_the_agents_own_sessions_are_listed_over_all_pages(make: MakeRig) -> None:
    rig = await make()
    for _ in range(3):
        session = await rig.session()
        await told(rig, session, "say")
    found = await do(rig, "agent.sessions", backend="scripted")
    assert len({s["id"] for s in found}) == 3
    with pytest.raises(UsageError, match="does not list"):
        await do(await make("--forgetful"), "agent.sessions", backend="scripted")


async def test_an_agent_that_lists_by_directory_is_asked_for_those_that_are_known(
    make: MakeRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = await make()
    session = await rig.session()
    await told(rig, session, "say")
    backend = rig.deck.backend("scripted")
    assert isinstance(backend, AcpBackend)
    asked: list[Path | None] = []

    async def listed(cwd: Path | None = None) -> list[AgentSession]:
        asked.append(cwd)
        return [{"id": str(cwd), "cwd": "", "title": "", "updated": ""}]

    monkeypatch.setattr(backend, "listed", listed)
    await do(rig, "agent.sessions", backend="scripted", near="/n")
    backend.known = AGENTS["qwen"]
    await rig.deck.index.made()
    found = await do(rig, "agent.sessions", backend="scripted", near="/n")
    await do(rig, "agent.sessions", backend="scripted", cwd="/c", near="/n")
    assert asked == [None, Path("/n"), Path(session.summary.cwd), Path("/c")]
    assert [each["id"] for each in found] == ["/n", session.summary.cwd]


def transcript(tmp_path: Path, name: str, cwd: Path) -> Path:
    """A conversation as Claude Code keeps it."""
    base = {"sessionId": name, "cwd": str(cwd), "timestamp": "2026-10-01T10:00:00.000Z"}
    said = {"role": "user", "content": "the question of old"}
    answer = {"role": "assistant", "content": [{"type": "text", "text": "the answer of old"}]}
    path = tmp_path / "claude" / f"{name}.jsonl"
    path.parent.mkdir()
    rows = [
        {**base, "type": "user", "uuid": "u1", "message": said},
        {**base, "type": "assistant", "uuid": "u2", "message": answer},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def imported(rig: Rig, tmp_path: Path, name: str) -> str:
    """The session that a conversation of that id became."""
    (done,) = import_paths([transcript(tmp_path, name, rig.root)], rig.deck.places)
    return done.session


async def test_an_imported_session_goes_on_in_the_agents_own_session(
    make: MakeRig, tmp_path: Path
) -> None:
    old = {"sessionUpdate": "user_message_chunk", "content": {"type": "text", "text": "old"}}
    (tmp_path / "agent.json").write_text(json.dumps({"theirs-1": [old, old]}))
    rig = await make(name="claude-agent-acp")
    made = await do(rig, "session.continue", session=imported(rig, tmp_path, "theirs-1"))
    assert made["backend"] == "scripted"
    session = await rig.deck.get(made["id"])
    assert "message 3 " in await told(rig, session, "say")
    assert session.summary.agent["session_id"] == "theirs-1"
    text = text_of(session)
    assert text.count("the answer of old") == 1
    assert not of_type(session, ev.Error)


async def test_one_that_the_agent_has_no_more_is_told_its_past(
    make: MakeRig, tmp_path: Path
) -> None:
    rig = await make(name="claude-agent-acp")
    made = await do(rig, "session.continue", session=imported(rig, tmp_path, "theirs-2"))
    session = await rig.deck.get(made["id"])
    said = await told(rig, session, "echo")
    assert "the question of old" in said and "the answer of old" in said
    (error,) = of_type(session, ev.Error)
    assert error.kind == "agent_past" and session.summary.status == "done"
    assert "the answer of old" not in await told(rig, session, "echo")


async def test_an_import_goes_on_with_any_backend_that_is_named(
    make: MakeRig, tmp_path: Path
) -> None:
    rig = await make()
    old = imported(rig, tmp_path, "theirs-3")
    made = await do(rig, "session.continue", session=old, backend="scripted")
    session = await rig.deck.get(made["id"])
    assert "the answer of old" in await told(rig, session, "echo")
    with pytest.raises(NotFound, match="No backend is called"):
        await do(rig, "session.continue", session=old, backend="nobody")


async def test_what_was_not_imported_needs_no_continuing(make: MakeRig) -> None:
    rig = await make()
    with pytest.raises(UsageError, match="not imported"):
        await do(rig, "session.continue", session=(await rig.session()).id)


async def test_a_directory_that_is_gone_is_said(make: MakeRig, tmp_path: Path) -> None:
    rig = await make()
    (done,) = import_paths([transcript(tmp_path, "theirs-4", tmp_path / "gone")], rig.deck.places)
    with pytest.raises(UsageError, match="is not there"):
        await do(rig, "session.continue", session=done.session, backend="scripted")


# -- undoing


async def test_an_undone_turn_is_forgotten_by_the_agent_too(make: MakeRig) -> None:
    rig = await make()
    session = await rig.session()
    await told(rig, session, "say one")
    await told(rig, session, "say two")
    await session.undo()
    said = await told(rig, session, "echo")
    assert "message 1 " in said and "message 2 " not in said
