"""A configuration that changes while the engine runs is the same for everybody."""

import asyncio
import os
from pathlib import Path

import pytest

from sessions.engine.client import Client
from sessions.engine.config_reread import Rereading
from sessions.engine.server import Server
from sessions.errors import UsageError
from sessions.record import events as ev
from sessions.runtime.turn import Turn
from tests.support.deckrig import Rig


def change(rig: Rig, more: str, without: str = "") -> None:
    """Another text of the configuration; its time is another one for sure."""
    path = rig.deck.places.config_file
    path.write_text(path.read_text().replace(without, "") + more)
    path.chmod(0o600)
    at = path.stat().st_mtime_ns + 5_000_000
    os.utime(path, ns=(at, at))


async def test_a_profile_that_was_added_is_there_for_whoever_asks(
    rig: Rig, server: Server, tmp_path: Path
) -> None:
    reader, writer = await asyncio.open_unix_connection(str(rig.deck.places.socket))
    client = Client(reader, writer)
    await client.call("hello", version="test")
    with pytest.raises(UsageError, match="no profile new"):
        await client.call("session.create", profile="new", cwd=str(tmp_path))
    change(rig, '[profiles.new]\nbackend = "rig"\npermission = "read-only"\n')
    made = await client.call("session.create", profile="new", cwd=str(tmp_path))
    assert made["permission"] == "read-only"
    assert "new" in [p["name"] for p in await client.call("deck.profiles")]
    await client.close()


async def test_a_file_that_is_wrong_changes_nothing_and_is_told_once(rig: Rig) -> None:
    reread = Rereading(rig.deck)
    before = rig.deck.config
    change(rig, "[limts]\n")
    await reread.look()
    await reread.look()
    assert rig.deck.config is before
    told = [n["message"] for n in rig.listener.notices]
    assert len(told) == 1 and "limts" in told[0] and "stays in force" in told[0]


async def test_what_needs_a_restart_says_so_and_rules_are_no_news(rig: Rig) -> None:
    reread = Rereading(rig.deck)
    change(rig, '[keys]\nzoom = "f10"\n[engine]\nidle_exit_s = 9\n[limits]\nsession_turns = 7\n',
           "[limits]\nturns_at_once = 12\n")  # fmt: skip
    await reread.look()
    assert rig.deck.config.limits.session_turns == 7
    told = rig.listener.notices[-1]["message"]
    assert "[engine]: when the engine starts anew" in told
    assert "[keys]" not in told  # the deck takes them at once
    count = len(rig.listener.notices)
    change(rig, '[[permissions.rules]]\nid = "r-1"\ntool = "Bash"\nargv = ["ls"]\n')
    await reread.look()
    assert len(rig.listener.notices) == count


async def test_a_backend_with_other_settings_is_made_anew_when_its_turns_have_ended(
    rig: Rig,
) -> None:
    go = asyncio.Event()

    async def wait(host: Turn) -> ev.TurnEnded:
        await go.wait()
        return ev.TurnEnded(turn=host.turn, reason="end_turn")

    rig.backend.act = wait  # type: ignore[assignment]
    session = await rig.session()
    await session.send("first")
    reread = Rereading(rig.deck)
    change(rig, "", "")
    path = rig.deck.places.config_file
    path.write_text(
        path.read_text().replace('type = "local"\n', 'type = "local"\ncontext = 4096\n')
    )
    await reread.look()
    assert rig.deck.backend("rig") is rig.backend, "a turn of its runs"
    go.set()
    await rig.idle(session)
    await reread.look()
    assert session.conversation is None
    assert rig.deck.context_window(session) == 4096
    assert "rig" not in rig.deck._backends


async def test_a_session_whose_backend_was_taken_out_says_so(rig: Rig) -> None:
    session = await rig.session()
    reread = Rereading(rig.deck)
    path = rig.deck.places.config_file
    path.write_text("[limits]\nturns_at_once = 12\n")
    await reread.look()
    await session.send("Hi")
    await rig.idle(session)
    assert session.summary.status == "failed" and "rig" in session.summary.error
