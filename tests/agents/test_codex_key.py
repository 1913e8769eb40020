"""Codex with nothing but OPENAI_API_KEY: nobody has signed in, no provider is configured."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessions import config
from sessions.engine.whole_deck import WholeDeck
from sessions.record import events as ev
from tests.agents.setting import AGENTS, Model, configuration
from tests.support.agent_turns import ended
from tests.support.messages_server import MessagesServer
from tests.support.nativerig import of_type, text_of
from tests.support.rig import rig_places

pytestmark = [
    pytest.mark.skipif("codex" not in AGENTS, reason="run by `make agents`"),
    pytest.mark.timeout(300),
]


async def test_it_is_told_to_take_the_key_and_answers(tmp_path: Path) -> None:
    work, home = tmp_path / "work", tmp_path / "agents"
    work.mkdir()
    async with MessagesServer(Model()) as server:
        places = rig_places(tmp_path / "home")
        places.config_file.parent.mkdir(parents=True)
        places.config_file.write_text(configuration(server.url, home, ["codex"]))
        # OpenAI itself, but for its address.
        (home / ".codex" / "config.toml").write_text(
            f'openai_base_url = "{server.url}/v1"\n[analytics]\nenabled = false\n'
        )
        deck = WholeDeck(places, config.load(places.config_file))
        await deck.open()
        try:
            session = await deck.create(backend="codex", cwd=str(work))
            await session.send("First question")
            await ended(session)
        finally:
            await deck.close()
        assert text_of(session) == "These are the answers."
        assert not of_type(session, ev.Error)
        asked = next(r for r in server.asked if r.path == "/v1/responses")
        assert asked.headers["authorization"] == "Bearer local"
