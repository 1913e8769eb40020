"""MCP servers of one session: switched on and off, kept in its journal, in force next turn."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sessions import config
from sessions.backends.base import TurnHost
from sessions.engine.commands.session import create
from sessions.engine.whole_deck import WholeDeck
from sessions.errors import NotFound
from sessions.record import events as ev
from sessions.runtime.session import Session
from tests.support.deckrig import Rig
from tests.support.forked import relayed
from tests.support.rig import until

SERVER = str(Path(__file__).parents[2] / "support/mcp_server.py")
needs_sdk = pytest.mark.skipif(
    importlib.util.find_spec("mcp") is None, reason="needs the mcp package"
)


def servers() -> str:
    """As they stand in a configuration."""
    program = list(relayed(SERVER))
    return f"""
[mcp.servers.everywhere]
command = {program!r}
[mcp.servers.there]
command = ["there"]
profiles = ["other"]
[mcp.servers.asked]
command = {program!r}
auto = false
"""


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    rig = await Rig.make(tmp_path / "deck")
    file = rig.deck.places.config_file
    file.write_text(file.read_text() + servers())
    await restart(rig)
    yield rig
    await rig.close()


async def restart(rig: Rig) -> None:
    """The engine anew, with what the configuration says now."""
    await rig.deck.close()
    places = rig.deck.places
    rig.deck = WholeDeck(places, config.load(places.config_file))
    rig.deck._backends["rig"] = rig.backend
    await rig.deck.open()


def names(rig: Rig, session: Session) -> set[str]:
    """The servers that are on."""
    return set(rig.deck.features.mcp.on(session))


async def offered(rig: Rig, session: Session) -> list[str]:
    """The MCP tools that a turn is offered."""
    seen: list[str] = []

    async def act(host: TurnHost) -> ev.TurnEnded:
        assert host.tools is not None
        seen.extend(tool["name"] for tool in host.tools.definitions())
        return ev.TurnEnded(turn=host.turn, reason="end_turn")

    rig.backend.act = act
    await session.send("go")
    await rig.idle(session)
    return [name for name in seen if name.startswith("mcp__")]


async def test_a_session_has_the_servers_of_its_profile(rig: Rig) -> None:
    assert names(rig, await rig.session()) == {"everywhere"}


async def test_a_server_can_be_switched_on_and_off_for_one_session(rig: Rig) -> None:
    session, other = await rig.session(), await rig.session()
    await rig.deck.features.mcp.switch(session, {"there": True, "everywhere": False})
    assert names(rig, session) == {"there"}
    assert names(rig, other) == {"everywhere"}


async def test_what_was_switched_survives_the_engine(rig: Rig) -> None:
    session = await rig.session()
    await rig.deck.features.mcp.switch(session, {"asked": True, "everywhere": False})
    await restart(rig)
    assert names(rig, await rig.deck.get(session.id)) == {"asked"}


async def test_a_fork_has_what_its_parent_had(rig: Rig) -> None:
    session = await rig.session()
    await rig.deck.features.mcp.switch(session, {"asked": True})
    assert names(rig, await rig.deck.fork(session.id)) == {"everywhere", "asked"}


async def test_an_unknown_server_is_refused_before_a_session_is_made(rig: Rig) -> None:
    with pytest.raises(NotFound, match="nowhere") as caught:
        await create(rig.deck, mcp=["nowhere"], cwd=str(rig.root))
    assert "asked, everywhere, there" in caught.value.hint
    assert rig.deck.sessions == {}


async def test_the_list_says_what_is_on_and_who_said_so(rig: Rig) -> None:
    session = await rig.session()
    await rig.deck.features.mcp.switch(session, {"there": True})
    listed = rig.deck.features.mcp.listed(session)
    assert [(s["name"], s["on"], s["switched"]) for s in listed] == [
        ("asked", False, False),
        ("everywhere", True, False),
        ("there", True, True),
    ]


@needs_sdk
async def test_a_change_applies_at_the_next_turn(rig: Rig) -> None:
    session = await rig.session()
    await rig.deck.features.mcp.switch(session, {"everywhere": False})
    assert await offered(rig, session) == []
    await rig.deck.features.mcp.switch(session, {"asked": True})
    assert "mcp__asked__add" in await offered(rig, session)
    await rig.deck.features.mcp.switch(session, {"asked": False})
    assert await offered(rig, session) == []


async def test_a_turn_says_that_it_waits_for_a_server_to_start(rig: Rig) -> None:
    session = await rig.session()
    await rig.deck.features.mcp.switch(session, {"everywhere": False, "there": True})
    seen: list[tuple[str, str]] = []

    def look(event: ev.Event) -> None:
        if isinstance(event, ev.BackendState) and "servers" in event.data:
            seen.append((session.summary.status, event.data["servers"]))

    session.observers.append(look)
    await offered(rig, session)
    assert seen == [("working", "the MCP server there"), ("working", "")]


async def test_a_server_that_can_not_be_used_is_an_error_of_the_turn_and_no_more(rig: Rig) -> None:
    session = await rig.session()
    await rig.deck.features.mcp.switch(session, {"there": True, "everywhere": False})
    assert await offered(rig, session) == []
    said = [e for e in session.journal.events() if isinstance(e, ev.Error)]
    assert [e.kind for e in said] == ["mcp"]
    assert session.summary.status == "done"


@needs_sdk
async def test_a_tool_that_is_left_out_is_told_once_and_a_changed_list_is_followed(
    rig: Rig, tmp_path: Path
) -> None:
    """What a call unlocks is offered within the same turn; the reason stands in the session."""
    good = {"name": "login", "inputSchema": {"type": "object"}}
    script = {
        "tools": [good, {"name": "text", "inputSchema": {"type": "string"}}],
        "late": {"name": "unlocked", "inputSchema": None},
    }
    (tmp_path / "odd.json").write_text(json.dumps(script))
    odd = [sys.executable, str(Path(SERVER).with_name("mcp_odd.py")), str(tmp_path / "odd.json")]
    file = rig.deck.places.config_file
    file.write_text(file.read_text() + f"[mcp.servers.odd]\ncommand = {odd!r}\n")
    await restart(rig)
    session = await rig.session()
    await rig.deck.features.mcp.switch(session, {"everywhere": False})
    after: list[str] = []

    async def act(host: TurnHost) -> ev.TurnEnded:
        assert host.tools is not None
        call = ev.ToolCall(turn=host.turn, call="c1", name="mcp__odd__login", input={})
        host.emit(call)
        await host.tools.run([call], host)
        after.extend(tool["name"] for tool in host.tools.definitions())
        return ev.TurnEnded(turn=host.turn, reason="end_turn")

    rig.backend.act = act
    await session.send("go")
    asked: list[ev.PermissionAsked] = []

    def seen() -> bool:
        asked[:] = [e for e in session.journal.events() if isinstance(e, ev.PermissionAsked)]
        return bool(asked)

    await until(seen)
    await session.answer(asked[0].ask, "once", "", True)
    await rig.idle(session)
    assert "mcp__odd__unlocked" in after
    assert "mcp__odd__unlocked" in await offered(rig, session)
    said = [e.message for e in session.journal.events() if isinstance(e, ev.Error)]
    assert said == [
        "The tool text of the MCP server odd is left out: its input is a string, not an object."
    ]
