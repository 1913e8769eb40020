"""Going back to a turn of one's choice: the list of turns, forks, and files put back."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessions.engine.commands.session import rewind
from sessions.errors import UsageError
from sessions.record import events as ev
from sessions.runtime.session import Session
from tests.support.deckrig import Rig, types_of
from tests.unit.tools.test_in_a_session import using


async def three_turns(rig: Rig) -> Session:
    """A session whose turns write one, two and three into a file."""
    workspace = rig.root / "ws"
    workspace.mkdir()
    session = await rig.deck.create(cwd=str(workspace), permission="edit")
    for word in ("one", "two", "three"):
        rig.backend.act = using(
            ("Read", {"file_path": "a.txt"}),
            ("Write", {"file_path": "a.txt", "content": word}),
        )
        await session.send(f"write {word}")
        await rig.idle(session)
    return session


def file_of(session: Session) -> Path:
    """The file that the turns write."""
    return Path(session.summary.cwd) / "a.txt"


async def test_what_was_said_is_on_record_where_a_turn_can_not_begin(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The directory may not be read any more, say: what was typed is not to be lost with that."""
    session = await rig.session()

    async def refused(*_: object) -> list[ev.JSON]:
        raise PermissionError(13, "Permission denied", "/closed/.git")

    monkeypatch.setattr(rig.deck, "notes", refused)
    await session.send("a long thought")
    await rig.idle(session)
    events = list(session.journal.events())
    assert [e.text for e in events if isinstance(e, ev.UserMessage)] == ["a long thought"]
    assert session.summary.status == "failed"


async def test_turns_are_told_with_message_time_and_files(rig: Rig) -> None:
    session = await three_turns(rig)
    told = session.turns()
    assert [t["text"] for t in told] == ["write one", "write two", "write three"]
    assert all(t["files"] == [str(file_of(session))] for t in told)
    assert all(t["at"] and t["ended"] and not t["undone"] for t in told)


async def test_an_undone_turn_is_told_as_such(rig: Rig) -> None:
    session = await three_turns(rig)
    await rig.deck.features.tools.undo(session, 2, False)
    assert [t["undone"] for t in session.turns()] == [False, True, True]


async def test_undo_to_a_turn_puts_back_what_it_and_later_ones_changed(rig: Rig) -> None:
    session = await three_turns(rig)
    done = await rig.deck.features.tools.undo(session, 2, True)
    assert file_of(session).read_text() == "one"
    assert done["restored"] == [str(file_of(session))]
    assert "commands" in done["note"]


async def test_files_alone_are_put_back_and_the_conversation_stands(rig: Rig) -> None:
    session = await three_turns(rig)
    done = await rewind(rig.deck, session.id, 3)
    assert file_of(session).read_text() == "two"
    assert done["restored"] == [str(file_of(session))]
    assert [t["undone"] for t in session.turns()] == [False, False, False]
    assert types_of(session)[-1] == "files.rewound"


async def test_files_can_be_put_back_further_and_further(rig: Rig) -> None:
    session = await three_turns(rig)
    for turn, text in ((3, "two"), (2, "one")):
        await rewind(rig.deck, session.id, turn)
        assert file_of(session).read_text() == text
    await rewind(rig.deck, session.id, 1)
    assert not file_of(session).exists()


async def test_the_model_is_told_of_files_that_were_put_back(rig: Rig) -> None:
    session = await three_turns(rig)
    await rewind(rig.deck, session.id, 3)
    await session.send("go on")
    await rig.idle(session)
    message = [e for e in session.journal.events() if isinstance(e, ev.UserMessage)][-1]
    assert any(str(file_of(session)) in note["text"] for note in message.notes)


async def test_files_that_were_put_back_stay_so_after_a_restart(rig: Rig) -> None:
    session = await three_turns(rig)
    await rewind(rig.deck, session.id, 3)
    session.journal.close()
    again = Session.load(session.folder, rig.deck)
    assert again.changed_files == session.changed_files
    file_of(session).write_text("by hand")
    done = await rewind(rig.deck, session.id, 3)
    assert (done["restored"], done["refused"]) == ([], [])
    assert file_of(session).read_text() == "by hand"


@pytest.mark.parametrize("turn", [0, 4, -1])
async def test_there_is_no_such_turn(rig: Rig, turn: int) -> None:
    session = await three_turns(rig)
    with pytest.raises(UsageError):
        await rewind(rig.deck, session.id, turn)
    assert file_of(session).read_text() == "three"


@pytest.mark.parametrize(("turn", "left"), [(0, 0), (1, 1), (2, 2), (3, 3)])
async def test_a_fork_begins_at_the_end_of_the_chosen_turn(rig: Rig, turn: int, left: int) -> None:
    session = await three_turns(rig)
    fork = await rig.deck.fork(session.id, turn)
    assert len(fork.turns()) == left
    assert fork.summary.turns == left
