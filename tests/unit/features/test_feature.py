"""A feature is a module and a line: deck and session know none by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sessions import config
from sessions.backends.base import TurnHost
from sessions.engine.whole_deck import WholeDeck
from sessions.errors import AgentdeckError
from sessions.features.feature import Feature
from sessions.record import events as ev
from sessions.runtime import deck as deck_module
from sessions.runtime import session as session_module
from sessions.runtime.parts import Hooks, NewSession
from sessions.runtime.session import Session
from tests.support.deckrig import Rig
from tests.support.rig import RigBackend, until

HOOKS = {name for name in vars(Hooks) | vars(Feature) if not name.startswith("_")}


class Tiny(Feature):
    """Notes when it is asked, works in a folder of its own, and lets two turns run."""

    def __init__(self, deck: WholeDeck, folder: Path) -> None:
        self.deck = deck
        self.folder = folder
        self.asked: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        if name in HOOKS:
            self.asked.append(name)
        return object.__getattribute__(self, name)

    async def prepare(self, new: NewSession) -> None:
        """Everything happens in its folder."""
        new.folder = self.folder

    async def notes(self, session: Session, message: ev.UserMessage) -> list[ev.JSON]:
        """Something for the model."""
        return [{"kind": "tiny", "text": f"This is message {message.turn}."}]

    async def before_turn(self, session: Session) -> str:
        """Two turns are enough."""
        return "two turns are enough" if session.summary.turns > 2 else ""


async def looks_for_room(host: TurnHost) -> ev.TurnEnded:
    """A turn whose server says that it is too long."""
    await host.make_room(refused=True)
    return ev.TurnEnded(turn=host.turn, reason="end_turn")


async def test_a_new_feature_is_asked_at_every_step_of_a_real_deck(tmp_path: Path) -> None:
    rig = await Rig.make(tmp_path)
    await rig.deck.close()
    own = tmp_path / "own"
    own.mkdir()
    tiny: list[Tiny] = []

    def make(deck: Any) -> Feature:
        tiny.append(Tiny(deck, own))
        return tiny[0]

    places = rig.deck.places
    deck = WholeDeck(places, config.load(places.config_file), [make])
    deck._backends["rig"] = RigBackend(act=looks_for_room)
    await deck.open()
    session = await deck.create(cwd=str(tmp_path))
    assert session.summary.cwd == str(own)
    for text in ("one", "two", "three"):
        await session.send(text)
        await until(lambda: not session.working)
    assert session.messages[2].notes[-1]["text"] == "This is message 2."
    ends = [e for e in session.journal.events() if isinstance(e, ev.TurnEnded)]
    assert [e.detail for e in ends] == ["", "", "two turns are enough"]
    other = await deck.fork(session.id)
    with pytest.raises(AgentdeckError):
        await deck.fork(session.id, 99)
    deck.features.configured()
    await deck.put_down(other)
    await deck.delete(session.id)
    assert not deck.busy
    await deck.close()
    assert set(tiny[0].asked) == HOOKS


@pytest.mark.parametrize("module", [deck_module, session_module])
def test_deck_and_session_name_no_feature(module: Any) -> None:
    """They import the one class that all features together are, and none of them."""
    text = Path(module.__file__).read_text()
    assert "sessions.features" not in text
    assert "sessions.plans" not in text
