"""What was acknowledged as sent is in the record."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sessions.record import events as ev
from sessions.record.journal import NAME, Faults, read
from sessions.runtime.session import Session
from sessions.safety import secrets_filter
from tests.support.deckrig import Rig


async def test_a_message_is_on_disk_when_send_returns(tmp_path: Path) -> None:
    """A composer empties itself on this answer: a crash right after must not cost the words."""
    rig = await Rig.make(tmp_path)
    session = await rig.deck.create(cwd=str(tmp_path))
    await session.send("remember me")
    on_disk = read(session.folder / NAME, Faults())
    assert [e.text for e in on_disk if isinstance(e, ev.UserMessage)] == ["remember me"]
    await rig.close()


async def test_a_crash_between_a_message_and_its_turn_leaves_a_turn_that_was_interrupted(
    tmp_path: Path,
) -> None:
    rig = await Rig.make(tmp_path)
    session = await rig.deck.create(cwd=str(tmp_path))
    folder, surroundings = session.folder, session.deck
    session.journal.append(ev.UserMessage(turn=1, text="and then the power went"))
    session.journal.close()
    again = Session.load(folder, surroundings)
    ended = [e for e in again.journal.events() if isinstance(e, ev.TurnEnded)]
    assert [(e.turn, e.reason) for e in ended] == [(1, "interrupted")]
    again.journal.close()


async def test_a_turn_that_is_interrupted_at_once_does_not_hold_send_up(tmp_path: Path) -> None:
    rig = await Rig.make(tmp_path)
    session = await rig.deck.create(cwd=str(tmp_path))
    sent = asyncio.ensure_future(session.send("never mind"))
    await asyncio.sleep(0)
    await session.interrupt()
    assert await asyncio.wait_for(sent, 60) == {"turn": 1}
    await rig.close()


async def test_who_sends_a_key_is_told_that_it_is_kept_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = await Rig.make(tmp_path)
    monkeypatch.setattr(secrets_filter, "known", secrets_filter.HiddenValues())
    secrets_filter.known.remember(["sk-a-key-of-mine-0123456789"])
    session = await rig.deck.create(cwd=str(tmp_path))
    sent = await session.send("use sk-a-key-of-mine-0123456789 there")
    await rig.idle(session)
    assert sent == {"turn": 1, "hidden": True}
    assert session.messages[1].text == f"use {secrets_filter.MARK} there"
    assert await session.send("use none") == {"turn": 2}
    await rig.close()
