"""A long history costs little: what is not on screen is made, and read, again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sessions.record import events as ev
from sessions.record import transcript
from sessions.record.journal import FILES, Journal
from sessions.record.transcript import Transcript
from tests.support.viewrig import ViewApp
from tui.view.search import Search
from tui.view.transcript_layout import BLOCKS_KEPT, TranscriptLayout

TURNS = 60


def _written(root: Path) -> Iterator[ev.Event]:
    journal, created, _ = Journal.create(root / "s", ev.SessionCreated(id="s"))
    yield created
    for turn in range(1, TURNS + 1):
        for event in (
            ev.UserMessage(turn=turn, text=f"question {turn}"),
            ev.Text(turn=turn, text=f"# answer {turn}\n\n- one\n- two\n\n```\ncode {turn}\n```\n"),
            ev.TurnEnded(turn=turn, reason="end_turn"),
        ):
            yield journal.append(event)[0]
    journal.close()


@pytest.fixture
def lean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Transcript:
    monkeypatch.setattr(transcript, "KEPT", 200)
    made = Transcript()
    made.files = tmp_path / "s" / FILES
    for event in _written(tmp_path):
        made.apply(event)
    assert sum(block.past is not None for block in made.blocks) > TURNS - 10
    return made


def _built(body: TranscriptLayout) -> int:
    return sum(block.built for block in body.blocks)


def _all(body: TranscriptLayout) -> list[str]:
    return [row.line.text for row in body.rows(0, 10_000)]


def test_rows_are_the_same_when_their_pieces_were_let_go(lean: Transcript) -> None:
    body = TranscriptLayout(lean, 60)
    body.update()
    first = _all(body)
    assert sum("answer" in row for row in first) == TURNS
    total, shown = body.total, body.rows(0, 10)
    body.trim(10, shown)
    assert _built(body) <= BLOCKS_KEPT + 10
    assert body.total == total, "what was measured is known"
    assert _all(body) == first
    body.trim(10, shown)
    body.resize(30)
    assert [row for row in _all(body) if "answer" in row] == [r for r in first if "answer" in r]


def test_what_was_put_away_is_found_and_shown(lean: Transcript) -> None:
    body = TranscriptLayout(lean, 60)
    found = Search(body, "code 7")
    assert len(found.matches) == 1
    match = found.start(10_000)
    assert match is not None
    row = found.row(body, match)
    assert "code 7" in body.rows(row, 1)[0].line.text
    assert len(Search(body, "answer").matches) == TURNS
    assert lean.blocks[1].past is not None, "it is away again"


async def test_the_beginning_is_read_again_when_it_is_scrolled_to(lean: Transcript) -> None:
    app = ViewApp(lean)
    async with app.run_test(size=(60, 20)):
        view = app.view
        view.flush()
        assert any(f"answer {TURNS}" in row for row in app.rows)
        assert _built(view.body) < 30
        view.action_scroll_home()
        assert any("answer 1" in row for row in app.rows)
        for top in range(0, view.body.total, 7):
            view._stand(top)
        assert _built(view.body) <= BLOCKS_KEPT + 20
        view.take(1)
        view.action_copy()
        assert "answer 1" in app.clipboard
