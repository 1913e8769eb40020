"""Messages into an agent's running turn: taken where it takes them, else in a turn of their own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sessions import config
from sessions.backends.acp import abilities, prompt, steering
from sessions.engine.whole_deck import WholeDeck
from sessions.record import events as ev
from sessions.runtime.session import Session
from tests.support.deckrig import Listening, Rig
from tests.support.nativerig import text_of
from tests.support.rig import RigBackend, rig_places, until

AGENT = str(Path(__file__).parents[2] / "support" / "scripted_agent.py")
Make = Callable[..., Awaitable[Rig]]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """Makes decks whose default backend is the scripted agent."""
    async with AsyncExitStack() as stack:

        async def deck(*flags: str) -> Rig:
            places = rig_places(tmp_path / "home")
            places.config_file.parent.mkdir(parents=True)
            command = [sys.executable, AGENT, "--state", str(tmp_path / "agent.json"), *flags]
            places.config_file.write_text(
                '[defaults]\nprofile = "scripted"\n'
                f'[backends.scripted]\ntype = "acp"\ncommand = {command!r}\n'
            )
            made = WholeDeck(places, config.load(places.config_file))
            rig = Rig(made, RigBackend(), Listening(), tmp_path)
            made.listener = rig.listener
            await made.open()
            stack.push_async_callback(rig.close)
            return rig

        yield deck


def said(session: Session) -> list[tuple[int, str]]:
    """The user's messages on record, with their turns."""
    events = session.journal.events()
    return [(e.turn, e.text) for e in events if isinstance(e, ev.UserMessage)]


async def listening(rig: Rig, act: str = "listen") -> Session:
    """A session whose agent waits for what it is told."""
    session = await rig.session()
    await session.send(act)
    await until(lambda: "listening" in text_of(session))
    return session


async def test_a_message_goes_into_the_running_turn_and_stands_where_it_took_effect(
    make: Make,
) -> None:
    rig = await make("--steers")
    session = await listening(rig)
    await session.send("left", mode="steer")
    await until(lambda: "heard left" in text_of(session))
    await session.send("enough", mode="steer")
    await rig.idle(session)
    assert said(session) == [(1, "listen"), (1, "left"), (1, "enough")]
    assert session.summary.turns == 1 and session.queue == []
    assert "steer" not in session.summary.agent["reasons"]
    kinds = [type(e) for e in session.journal.events()]
    assert kinds.index(ev.Text) < len(kinds) - 1 - kinds[::-1].index(ev.UserMessage)


async def test_what_the_agent_does_not_take_becomes_an_ordinary_message(make: Make) -> None:
    rig = await make("--steers")
    session = await listening(rig)
    await session.send("say refused", mode="steer")
    await until(lambda: [q.mode for q in session.queue] == ["queue"])
    await session.send("enough", mode="steer")
    await until(lambda: session.summary.turns == 2 and not session.working)
    assert said(session) == [(1, "listen"), (1, "enough"), (2, "say refused")]


async def test_a_message_that_is_steered_later_in_the_queue_goes_in_too(make: Make) -> None:
    rig = await make("--steers")
    session = await listening(rig)
    await session.send("enough")
    (item,) = session.queue
    await session.set_queue([{**item.to_json(), "mode": "steer"}])
    await rig.idle(session)
    assert said(session) == [(1, "listen"), (1, "enough")]


async def test_an_agent_that_asks_between_its_steps_is_given_what_waits(make: Make) -> None:
    rig = await make()
    session = await listening(rig, "drain")
    await until(lambda: "steer" not in session.summary.agent["reasons"])
    await session.send("left", mode="steer")
    await rig.idle(session)
    assert "heard left" in text_of(session)
    assert said(session) == [(1, "drain"), (1, "left")]


async def test_with_an_agent_that_takes_none_it_waits(make: Make) -> None:
    rig = await make()
    session = await rig.session()
    await session.send("forever")
    await until(lambda: "0 1 2" in text_of(session))
    await session.send("say next", mode="steer")
    assert "queued" in session.summary.agent["reasons"]["steer"]
    await session.interrupt()
    assert [q.text for q in session.queue] == ["say next"]


async def test_what_is_injected_stands_where_the_agent_says_that_it_took_effect(
    make: Make,
) -> None:
    rig = await make("--injects")
    session = await listening(rig, "inject")
    await session.send("say later", mode="steer")
    await session.send("left", mode="steer")
    await until(lambda: "heard left" in text_of(session))
    assert [q.text for q in session.queue] == ["say later"], "the agent has it, and waits with it"
    assert said(session) == [(1, "inject"), (1, "left")]
    await session.send("say refused", mode="steer")
    await until(lambda: [q.mode for q in session.queue] == ["steer", "queue"])
    await session.send("enough", mode="steer")
    await until(lambda: session.summary.turns == 3 and not session.working)
    assert said(session) == [
        (1, "inject"), (1, "left"), (1, "enough"), (2, "say later"), (3, "say refused"),
    ]  # fmt: skip
    assert "steer" not in session.summary.agent["reasons"]


async def test_what_is_changed_or_taken_back_before_it_took_effect_is_so_in_the_agent(
    make: Make,
) -> None:
    rig = await make("--injects")
    session = await listening(rig, "inject")
    await session.send("turn later", mode="steer")
    await session.send("never, later", mode="steer")
    first, *_ = session.queue
    await session.set_queue([{**first.to_json(), "text": "turn now"}])
    await until(lambda: "heard turn now" in text_of(session))
    await session.send("end", mode="steer")
    await until(lambda: session.summary.turns == 2 and not session.working)
    assert said(session) == [(1, "inject"), (1, "turn now"), (2, "end")]
    assert "never" not in text_of(session)


async def test_an_interrupt_takes_back_what_the_agent_has_not_taken(make: Make) -> None:
    rig = await make("--injects")
    session = await listening(rig, "inject")
    await session.send("say later", mode="steer")
    backend = session._conversation._answering.steering  # type: ignore[union-attr]
    await until(lambda: bool(backend._injected))
    await session.interrupt()
    assert [(q.text, q.mode) for q in session.queue] == [("say later", "queue")]
    assert text_of(session).endswith("say later"), "it was revoked before the turn was stopped"


async def test_a_message_in_the_instant_after_the_one_before_goes_in_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who told the agent of the first is done then, and not yet forgotten."""
    taken: list[str] = []
    first = asyncio.Event()
    waiting = [SimpleNamespace(id="1", text="one", attachments=[])]

    async def request(*_: Any) -> ev.JSON:
        return {"outcome": "injected"}

    def take(ids: list[str]) -> None:
        taken.extend(ids)
        waiting[:] = [item for item in waiting if item.id not in ids]
        first.set()

    monkeypatch.setattr(prompt, "message", lambda *_: [])
    monkeypatch.setattr(abilities, "steered", lambda _: True)
    agent: Any = SimpleNamespace(steers=True, info=None, request=request)
    host: Any = SimpleNamespace(steers=lambda: list(waiting), take_steers=take)
    told = steering.Steering(agent, "s", host)
    told.wake()
    await first.wait()
    waiting.append(SimpleNamespace(id="2", text="two", attachments=[]))
    told.wake()
    await until(lambda: taken == ["1", "2"], 20)
