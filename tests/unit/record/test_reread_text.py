"""Words that were put away are read again as they were, wherever in a journal they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessions.engine.replay import Replay
from sessions.record import codec, reading, transcript
from sessions.record import events as ev
from sessions.record.journal import FILES, NAME, Journal
from sessions.record.reread_text import GONE
from sessions.record.transcript import Block, Transcript


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    monkeypatch.setattr(transcript, "KEPT", 100)
    monkeypatch.setattr(reading, "_NEAR", 50)
    made, _, _ = Journal.create(tmp_path / "s", ev.SessionCreated(id="s"))
    for turn in range(1, 41):
        made.append(ev.UserMessage(turn=turn, text=f"question {turn}"))
        made.append(ev.Thinking(turn=turn, text=f"I think of {turn}. ", signature="x"))
        for word in range(8):
            made.append(ev.Text(turn=turn, text=f"word {turn}.{word}\n"))
            if word == 3:
                made.append(ev.BackendState(data={}))  # amid an answer, and no end of it
        made.append(ev.TurnEnded(turn=turn, reason="end_turn"))
        if turn == 20:
            made._write(b'no event {"seq": 5\n')
    made.close()
    return made


def _folded(journal: Journal, files: Path | None) -> Transcript:
    made = Transcript()
    made.files = files
    for event in journal.events():
        made.apply(event)
    return made


def test_words_that_came_joined_are_read_again_whole(journal: Journal) -> None:
    """As the engine replays them: many chunks in one event, which has the number of the last."""
    lean = Transcript()
    lean.files = journal.folder / FILES
    replay = Replay(journal.path, 1, 10_000, compact=True)
    while part := replay.part():
        for line in part:
            lean.apply(codec.decode(line))
    whole = _folded(journal, None)
    assert len(_away(lean)) > 70
    assert [(b.seq, b.text) for b in lean.blocks] == [(b.seq, b.text) for b in whole.blocks]
    assert list(lean.texts()) == list(whole.texts())


def _away(found: Transcript) -> list[Block]:
    return [block for block in found.blocks if block.past is not None]


def test_complete_answers_are_put_away_and_read_again(journal: Journal) -> None:
    whole, lean = _folded(journal, None), _folded(journal, journal.folder / FILES)
    assert not _away(whole)
    assert len(_away(lean)) > 70
    assert sum(len(part) for block in lean.blocks for part in block.parts) < 1500
    assert [b.text for b in lean.blocks] == [b.text for b in whole.blocks]
    assert list(lean.texts()) == list(whole.texts())
    for before, after in zip(whole.blocks, lean.blocks, strict=True):
        assert after.after(5) == before.after(5) or not before.size
        assert (after.size, after.turn, after.kind) == (before.size, before.turn, before.kind)


def test_the_answer_that_grows_and_the_last_ones_stay(journal: Journal) -> None:
    lean = _folded(journal, journal.folder / FILES)
    assert lean.blocks[-1].past is None
    with (block := _away(lean)[0]).at_hand("read just now"):
        assert block.text == "read just now"
    assert block.text == "I think of 1. "


def test_without_its_journal_nothing_is_put_away(journal: Journal, tmp_path: Path) -> None:
    assert not _away(_folded(journal, tmp_path / "elsewhere" / FILES))


def test_a_journal_that_goes_is_told_in_words(journal: Journal) -> None:
    lean = _folded(journal, journal.folder / FILES)
    (journal.folder / NAME).unlink()
    assert _away(lean)[0].text == GONE
    assert GONE in list(lean.texts())
