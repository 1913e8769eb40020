"""A transcript laid out as rows, lazily."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.record import events as ev
from sessions.record.transcript import Transcript
from tests.support.viewrig import Teller
from tui.view import transcript_layout as body_module
from tui.view.heights import Heights
from tui.view.transcript_layout import TranscriptLayout


def conversation(turns: int, length: int = 40) -> Transcript:
    tell = Teller()
    rng = random.Random(turns)
    transcript = Transcript()
    for turn in range(1, turns + 1):
        transcript.apply(tell(ev.UserMessage, turn=turn, text=f"question {turn}"))
        words = " ".join(f"w{turn}_{n}" for n in range(rng.randint(1, length)))
        transcript.apply(tell(ev.Text, turn=turn, text=f"{words}\n\n- a{turn}\n- b{turn}\n"))
        transcript.apply(tell(ev.TurnEnded, turn=turn, reason="end_turn"))
    return transcript


def laid_out(body: TranscriptLayout) -> list[str]:
    """All rows, measured from the top."""
    return [row.line.text for row in body.rows(0, 10**6)]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)), max_size=40))
def test_heights_agree_with_adding_them_up(changes: list[tuple[int, int]]) -> None:
    heights, plain = Heights(), []
    for index, height in changes:
        if index < len(plain):
            plain[index] = height
            heights.set(index, height)
        else:
            plain.append(height)
            heights.append(height)
        assert heights.total == sum(plain)
        assert [heights.before(i) for i in range(len(plain))] == [
            sum(plain[:i]) for i in range(len(plain))
        ]
        for row in range(sum(plain)):
            found, offset = heights.find(row)
            assert sum(plain[:found]) + offset == row and offset < plain[found]


def test_the_end_is_the_same_rows_however_it_is_reached() -> None:
    whole = TranscriptLayout(conversation(60), 40)
    whole.update()
    everything = laid_out(whole)
    lazy = TranscriptLayout(conversation(60), 40)
    lazy.update()
    top = lazy.settle_end(20)
    assert [row.line.text for row in lazy.rows(top, 20)] == everything[-20:]


def test_scrolling_up_row_by_row_shows_every_row_once() -> None:
    whole = TranscriptLayout(conversation(40), 30)
    whole.update()
    everything = laid_out(whole)
    lazy = TranscriptLayout(conversation(40), 30)
    lazy.update()
    top = lazy.settle_end(10)
    seen = [row.line.text for row in lazy.rows(top, 10)]
    while top > 0:
        top = lazy.settle(top - 1)
        seen.insert(0, lazy.rows(top, 1)[0].line.text)
    assert seen == everything


def test_opening_a_long_session_renders_only_what_is_on_screen() -> None:
    body = TranscriptLayout(conversation(2000), 60)
    body.update()
    body.rows(body.settle_end(40), 40)
    assert body.rendered < 60


def test_a_token_more_renders_one_piece_whatever_came_before() -> None:
    def renders(turns: int) -> int:
        transcript = conversation(turns)
        tell = Teller()
        tell.seq = transcript.last_seq
        body = TranscriptLayout(transcript, 60)
        body.update()
        body.settle_end(30)
        before = body.rendered
        for _ in range(20):
            block = transcript.apply(tell(ev.Text, turn=9999, text="word "))
            assert block is not None
            body.update(block.index)
            body.rows(body.settle_end(30), 30)
        return body.rendered - before

    assert renders(2) == renders(800) == 20


def test_a_single_endless_answer_costs_no_more_either() -> None:
    tell, transcript = Teller(), Transcript()
    body = TranscriptLayout(transcript, 60)

    def feed(text: str) -> int:
        before = body.rendered
        block = transcript.apply(tell(ev.Text, turn=1, text=text))
        assert block is not None
        body.update(block.index)
        body.rows(body.settle_end(20), 20)
        return body.rendered - before

    feed("para\n\n" * 3000 + "```python\n" + "x = 1\n" * 3000)
    assert max(feed("y = 2\n") for _ in range(50)) <= 2


def test_only_so_many_lines_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_module, "LINES_KEPT", 50)
    body = TranscriptLayout(conversation(300), 60)
    body.update()
    for top in range(0, 600, 20):
        body.rows(body.settle(top), 20)
        body.trim(20)
        kept = sum(len(p.lines) for b in body.blocks for p in b.pieces if p.lines is not None)
        assert kept <= 50 + 20 + 12  # the last piece may go over


def test_another_width_shows_the_same_words() -> None:
    body = TranscriptLayout(conversation(10), 60)
    body.update()
    before = "".join("".join(laid_out(body)).split())
    body.resize(23)
    assert "".join("".join(laid_out(body)).split()) == before


def test_folding_and_unfolding_comes_back_to_the_same_rows() -> None:
    tell, transcript = Teller(), Transcript()
    transcript.apply(tell(ev.Thinking, turn=1, text="one two three"))
    transcript.apply(tell(ev.Text, turn=1, text="answer"))
    body = TranscriptLayout(transcript, 40)
    body.update()
    folded = laid_out(body)
    assert folded == ["▸ thought for 3 words", "", "answer"]
    body.fold(0, False)
    assert laid_out(body) == ["▾ thought for 3 words", "one two three", "", "answer"]
    body.fold(0, True)
    assert laid_out(body) == folded


def test_a_carriage_return_split_over_two_chunks_is_one_line_end() -> None:
    tell, transcript = Teller(), Transcript()
    body = TranscriptLayout(transcript, 40)
    for text in ("a\r", "\nb"):
        block = transcript.apply(tell(ev.Text, turn=1, text=text))
        assert block is not None
        body.update(block.index)
        body.rows(0, 9)
    assert laid_out(body) == ["a", "b"]


def test_what_streams_in_small_chunks_looks_as_if_it_had_come_at_once() -> None:
    source = "# T\n\npara **b**\n\n- a\n- b\n\n```py\nx = '''\ny'''\n```\n"
    source += "| a | b |\n|---|---|\n| 1 | 2 |\n"
    tell, growing = Teller(), Transcript()
    body = TranscriptLayout(growing, 40)
    for char in source:
        block = growing.apply(tell(ev.Text, turn=1, text=char))
        assert block is not None
        body.update(block.index)
        body.rows(body.settle_end(30), 30)
    growing.apply(tell(ev.TurnEnded, turn=1, reason="end_turn"))
    whole = Transcript()
    whole.apply(tell(ev.Text, turn=1, text=source))
    whole.apply(tell(ev.TurnEnded, turn=1, reason="end_turn"))
    at_once = TranscriptLayout(whole, 40)
    at_once.update()
    grown = [row.line.spans for row in body.rows(0, 99)]
    assert grown == [row.line.spans for row in at_once.rows(0, 99)]
