"""Folders and sockets of other users: never followed, never listened to, said in a sentence."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from sessions import paths as paths_module
from sessions.engine import lifecycle, peer
from sessions.engine.client import Client
from sessions.engine.server import ANOTHER, Server
from sessions.errors import AgentdeckError, EngineError
from sessions.paths import owned, places, private_folder
from tests.support.deckrig import Rig
from tests.support.rig import rig_places, until

OTHER = 64000


@pytest.fixture
def somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on this process is another user's, as far as it knows."""
    monkeypatch.setattr(paths_module.os, "getuid", lambda: OTHER)


def foreign_link(link: Path, target: Path) -> bool:
    """A link that another user made; False where only root could make one."""
    link.symlink_to(target)
    try:
        os.lchown(link, OTHER, OTHER)
    except PermissionError:
        return False
    return True


def test_a_folder_of_another_user_is_refused(tmp_path: Path, somebody_else: None) -> None:
    before = tmp_path.stat().st_mode
    with pytest.raises(AgentdeckError, match="belongs to another user"):
        private_folder(tmp_path)
    assert tmp_path.stat().st_mode == before


def test_a_link_of_another_user_is_not_followed(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir(mode=0o755)
    if not foreign_link(tmp_path / "run", mine):
        pytest.skip("only root can give a link away")
    for folder in (tmp_path / "run", tmp_path / "run" / "deeper"):
        with pytest.raises(AgentdeckError, match="a link that another user made"):
            private_folder(folder)
    assert mine.stat().st_mode & 0o777 == 0o755
    assert list(mine.iterdir()) == []


def test_a_link_of_ones_own_is_followed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "here").symlink_to(tmp_path / "there")
    assert private_folder(tmp_path / "here" / "run").is_dir()
    assert (tmp_path / "there" / "run").stat().st_mode & 0o777 == 0o700


def test_every_parent_that_is_made_is_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        private_folder(tmp_path / "a" / "b" / "c")
    finally:
        os.umask(before)
    for made in ("a", "a/b", "a/b/c"):
        assert (tmp_path / made).stat().st_mode & 0o777 == 0o700


async def test_no_command_takes_the_word_of_another_users_folder(
    tmp_path: Path, somebody_else: None
) -> None:
    here = rig_places(tmp_path)
    here.run.mkdir()
    (here.run / "engine.lock").write_text(f"{os.getpid()}\n")
    for asked in (lifecycle.running_pid, lifecycle.stop, lifecycle.ensure_running):
        with pytest.raises(AgentdeckError, match="belongs to another user"):
            asked(here)
    with pytest.raises(AgentdeckError, match="belongs to another user"):
        await Client.connect(here, start=False)


def test_a_lock_that_is_a_link_is_not_opened(tmp_path: Path) -> None:
    here = rig_places(tmp_path)
    private_folder(here.run)
    kept = tmp_path / "kept"
    kept.write_text("as it was")
    (here.run / "engine.lock").symlink_to(kept)
    assert lifecycle.running_pid(here) is None
    with pytest.raises(OSError):
        lifecycle.EngineLock(here).take()
    assert kept.read_text() == "as it was"


def test_a_runtime_folder_that_is_not_safe_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> Path:
        raise PermissionError(13, "it is a link")

    monkeypatch.delenv("AGENTDECK_HOME", raising=False)
    monkeypatch.setattr("platformdirs.user_runtime_path", refuses)
    with pytest.raises(AgentdeckError, match="it is a link"):
        places()


def test_what_is_not_there_is_nobodys(tmp_path: Path) -> None:
    assert owned(tmp_path / "not" / "there") == tmp_path / "not" / "there"


async def test_the_system_says_who_is_there(rig: Rig, server: Server) -> None:
    _, writer = await asyncio.open_unix_connection(str(rig.deck.places.socket))
    assert peer.uid_of(writer) == os.getuid()
    writer.close()


async def test_the_engine_serves_its_user_alone(
    rig: Rig, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer, "uid_of", lambda _: OTHER)
    client = Client(*await asyncio.open_unix_connection(str(rig.deck.places.socket)))
    with pytest.raises(EngineError, match=ANOTHER):
        await client.call("deck.list")
    await client.close()
    await until(lambda: not server._connections, 60)


async def test_a_client_talks_to_no_engine_of_another_user(
    rig: Rig, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer, "uid_of", lambda _: OTHER)
    with pytest.raises(AgentdeckError, match="another user's"):
        await Client.connect(rig.deck.places, start=False)
