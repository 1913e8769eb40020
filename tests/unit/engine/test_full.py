"""Mode full where nothing contains what a backend runs: in force once it was confirmed."""

from __future__ import annotations

import pytest

from sessions.backends.base import Capabilities, TurnHost
from sessions.record import events as ev
from sessions.runtime.session import Session
from tests.support.deckrig import Rig


async def mode_of(rig: Rig, session: Session) -> str:
    """The mode that a turn of the session has in force."""
    seen: list[str] = []

    async def act(host: TurnHost) -> ev.TurnEnded:
        seen.append(host.settings.permission)
        return ev.TurnEnded(turn=host.turn, reason="end_turn")

    rig.backend.act = act
    await session.send("go")
    await rig.idle(session)
    return seen[0]


async def test_an_agent_in_full_asks_until_that_is_confirmed(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rig.backend, "capabilities", Capabilities(own_tools=True), raising=False)
    session = await rig.deck.create(cwd=str(rig.root), permission="full")
    assert await mode_of(rig, session) == "ask"
    rig.deck.features.tools.confirm_full(session)
    assert await mode_of(rig, session) == "full"


async def test_an_agent_in_another_mode_has_that_mode(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rig.backend, "capabilities", Capabilities(own_tools=True), raising=False)
    session = await rig.deck.create(cwd=str(rig.root), permission="edit")
    assert await mode_of(rig, session) == "edit"
