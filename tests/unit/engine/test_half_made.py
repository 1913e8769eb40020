"""A session whose making a kill cut off: it is none, and can be made again."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessions.errors import NotFound
from sessions.ids import new_id
from sessions.record import events as ev
from sessions.record.journal import FILES, NAME, Faults, Journal, JournalError, read
from tests.support.deckrig import Rig

STEPS = ("the folder", "the folder for files", "the journal", "a piece of its first line")
"""All that a kill may leave of it, in their order."""


def left_by_a_kill(folder: Path, step: str) -> None:
    """What is there after so many steps."""
    reached = STEPS.index(step)
    folder.mkdir(parents=True)
    if reached > 0:
        (folder / FILES).mkdir()
    if reached > 1:
        (folder / NAME).write_bytes(b'{"type":"session.cre' if reached > 2 else b"")


@pytest.mark.parametrize("step", STEPS)
def test_it_is_made_again_by_its_id(tmp_path: Path, step: str) -> None:
    folder = tmp_path / "s"
    left_by_a_kill(folder, step)
    journal, created, _ = Journal.create(folder, ev.SessionCreated(id="s", title="again"))
    journal.close()
    assert created.title == "again"
    faults = Faults()
    assert [event.type for event in read(folder / NAME, faults)] == ["session.created"]
    assert not faults.found


@pytest.mark.parametrize("step", STEPS)
async def test_a_deck_knows_none_and_makes_it(rig: Rig, step: str) -> None:
    session_id = new_id()
    left_by_a_kill(rig.deck.places.session(session_id), step)
    with pytest.raises(NotFound):
        await rig.deck.get(session_id)
    made = await rig.deck.create(id=session_id)
    assert await rig.deck.get(session_id) is made


@pytest.mark.parametrize("kept", ["an event", "a file"])
def test_one_that_holds_anything_is_left_as_it_is(tmp_path: Path, kept: str) -> None:
    folder = tmp_path / "s"
    if kept == "an event":
        journal, _, _ = Journal.create(folder, ev.SessionCreated(id="s", title="first"))
        journal.close()
    else:
        left_by_a_kill(folder, "the journal")
        (folder / FILES / "notes.txt").write_text("mine")
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    with pytest.raises(JournalError, match="exists already"):
        Journal.create(folder, ev.SessionCreated(id="s"))
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
