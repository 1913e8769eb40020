"""Where the real agents send their requests: to a provider that they are told, or to nobody."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sessions import config
from sessions.backends.acp import conversation, providers
from sessions.backends.acp.backend import AcpBackend
from sessions.engine.whole_deck import WholeDeck
from sessions.record import events as ev
from sessions.runtime.session import Session
from tests.agents.setting import AGENTS, FOLDER, PROVIDERS, Model, configuration
from tests.support.agent_turns import START_S, ended, kill, process_of
from tests.support.messages_server import MessagesServer
from tests.support.nativerig import of_type, text_of
from tests.support.rig import rig_places, until

pytestmark = [
    pytest.mark.skipif(not FOLDER, reason="run by `make agents`"),
    pytest.mark.timeout(300),
]
ANSWER = "These are the answers."
TOLD = [name for name in AGENTS if name in PROVIDERS]
UNTOLD = [name for name in AGENTS if name not in PROVIDERS][:1]
"""One of those that can't be told; that the others can't, where each is asked for its mode."""
WAITING = ("claude-code", "gemini", "vibe")
"""These say nothing for long where there is a key and no server."""


@contextlib.asynccontextmanager
async def deck_of(agent: str, url: str, root: Path, more: str = "") -> AsyncIterator[WholeDeck]:
    """A deck with one agent."""
    work = root / "work"
    work.mkdir(exist_ok=True)
    places = rig_places(root / "home")
    places.config_file.parent.mkdir(parents=True)
    text = configuration(url, root / "agents", [agent])
    places.config_file.write_text(text + more)
    deck = WholeDeck(places, config.load(places.config_file))
    await deck.open()
    try:
        yield deck
    finally:
        await deck.close()


def _backend(deck: WholeDeck, agent: str) -> AcpBackend:
    backend = deck.backend(agent)
    assert isinstance(backend, AcpBackend)
    return backend


@pytest.mark.parametrize("agent", [*TOLD, *UNTOLD])
async def test_a_provider_that_it_is_told_is_asked_and_its_own_is_not(
    agent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_OF_TEST", "sk-of-the-provider")
    name, api, path = PROVIDERS.get(agent, ("main", "openai", "/v1"))
    async with MessagesServer(Model()) as own, MessagesServer(Model()) as told:
        table = f'[backends.{agent}.providers.{name}]\napi = "{api}"\n'
        table += f'base_url = "{told.url}{path}"\napi_key_env = "KEY_OF_TEST"\n'
        async with deck_of(agent, own.url, tmp_path, table) as deck:
            session = await deck.create(backend=agent, cwd=str(tmp_path / "work"))
            await session.send("First question, please answer")
            if agent not in PROVIDERS:
                await ended(session, "failed")
                assert "does not let its providers be chosen" in session.summary.error
                assert not own.asked and not told.asked
                return
            await ended(session)
            assert text_of(session).endswith(ANSWER)
            assert told.asked and not own.asked
            assert "sk-of-the-provider" in str(told.asked[-1].headers)
            (row,) = await providers.listed(await _backend(deck, agent).process())
            assert (row["id"], row["api"], row["base_url"]) == (name, api, f"{told.url}{path}")
            assert "sk-of-the-provider" not in str(row)


@pytest.mark.parametrize("agent", [name for name in WAITING if name in AGENTS])
async def test_with_a_key_and_no_server_it_is_said_to_wait_for_it(
    agent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "_QUIET_S", 2.0)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}"
    async with deck_of(agent, nobody, tmp_path) as deck:
        session = await deck.create(backend=agent, cwd=str(tmp_path / "work"))
        await session.send("First question, please answer")
        title = _backend(deck, agent).title
        await until(lambda: title in _quiet(session) or not session.working, START_S)
        assert session.working, session.summary.error
        await session.interrupt()
        assert of_type(session, ev.TurnEnded)[-1].reason == "interrupted"
        assert _quiet(session)[-1] == ""


def _quiet(session: Session) -> list[str]:
    return [e.data["quiet"] for e in of_type(session, ev.BackendState) if "quiet" in e.data]


@pytest.mark.skipif("gemini" not in AGENTS, reason="Gemini CLI is not installed")
async def test_gemini_keeps_the_record_of_a_conversation_that_comes_back_within_its_minute(
    tmp_path: Path,
) -> None:
    async with MessagesServer(Model()) as server, deck_of("gemini", server.url, tmp_path) as deck:
        work = tmp_path / "work"
        session = await deck.create(backend="gemini", cwd=str(work))
        await _early_in_a_minute()
        await session.send("First question, please answer")
        await ended(session)
        # It sweeps those away in which nothing was said: each of its processes begins one.
        before = [path for path in _chats(tmp_path) if b"First question" in path.read_bytes()]
        assert before
        await kill(process_of(deck, "gemini", work))
        await session.send("Second question, please answer")
        await ended(session)
        made = [e.data["made"] for e in of_type(session, ev.BackendState) if e.data.get("made")]
        if made[0] // 60 == made[-1] // 60:  # a full machine may have taken longer
            assert any("within the minute" in e.message for e in of_type(session, ev.Error))
        assert text_of(session).count(ANSWER) == 2
        asked = str(server.asked[-1].body)
        assert asked.index("First question") < asked.index("Second question")
        assert all(b"First question" in path.read_bytes() for path in before)


def _chats(root: Path) -> list[Path]:
    return list((root / "agents" / ".gemini" / "tmp").glob("*/chats/*"))


async def _early_in_a_minute() -> None:
    while time.time() % 60 > 40:
        await asyncio.sleep(1)
