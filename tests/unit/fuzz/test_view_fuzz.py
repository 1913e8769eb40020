"""Everything that a transcript can hold, drawn: no control characters, a straight grid."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color

from sessions.record import codec
from sessions.record.transcript import Transcript
from sessions.safety.sanitise import clean
from tests.unit.fuzz.events import one_of_each
from tests.unit.fuzz.strategies import HOSTILE, WORDS, fuzzed, gone_bad
from tui.terminal.output_guard import OutputGuard
from tui.view.transcript_layout import TranscriptLayout

pytestmark = pytest.mark.timeout(300)
GOOD = one_of_each()[1:]


def drawn(events: list[Any], width: int) -> list[str]:
    """The lines of all events' blocks; each is as wide as it says, and fits."""
    transcript = Transcript()
    seq = 0
    for data in events:
        try:
            event = codec.from_json({**data, "seq": seq + 1})
        except (ValueError, TypeError, AttributeError):
            continue
        seq += 1
        transcript.apply(event)
    body = TranscriptLayout(transcript, width)
    body.update()
    for number, block in enumerate(body.blocks):
        if block.foldable:
            body.fold(number, False)
    lines = []
    for row in body.rows(0, 2000):
        line = row.line
        assert line.width <= width, (line.text, width)
        assert line.width == cell_len(line.text), line.text
        lines.append(line.text)
    return lines


@given(events=gone_bad(GOOD, 8), width=st.integers(8, 100))
@fuzzed
def test_whatever_a_session_holds_is_drawn_as_text_that_fits(events: Any, width: int) -> None:
    for line in drawn(events if isinstance(events, list) else [], width):
        assert clean(line) == line


@given(words=st.lists(WORDS, min_size=1, max_size=5), width=st.integers(8, 60))
@fuzzed
def test_streamed_text_in_any_chunks_is_drawn_as_text_that_fits(
    words: list[str], width: int
) -> None:
    events = [{"type": "text", "at": "", "turn": 1, "text": word} for word in words]
    for line in drawn(events, width):
        assert clean(line) == line


@pytest.mark.parametrize("text", HOSTILE, ids=repr)
def test_hostile_text_is_drawn_as_text_that_fits(text: str) -> None:
    told = f"{text}\n\n```\n{text}\n```\n- {text}\n| {text} |\n|-|"
    kinds = (
        {"type": "message.user", "turn": 1, "text": text},
        {
            "type": "text",
            "turn": 1,
            "text": told,
        },
        {"type": "tool.call", "turn": 1, "call": "c", "name": text, "input": {text: text}},
        {"type": "tool.result", "turn": 1, "call": "c", "status": "ok", "content": text},
        {"type": "error", "turn": 1, "kind": text, "message": text, "hint": text},
    )
    for width in (8, 40, 100):
        lines = drawn([{"at": "", **kind} for kind in kinds], width)
        assert len(lines) > 4
        for line in lines:
            assert clean(line) == line


def test_without_the_first_gate_it_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: text that is let in as it is fails the tests above."""
    from tui.view import blocks, markdown, notices, transcript_layout

    for module in (blocks, transcript_layout, markdown, notices):
        for name in ("clean", "clean_line"):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, lambda text: text)
    lines = drawn([{"type": "text", "at": "", "turn": 1, "text": "a\x1b]52;c;x\x07b"}], 40)
    assert any(clean(line) != line for line in lines)
    (left,) = OutputGuard().apply([Segment(lines[0])], Color.parse("black"))
    assert clean(left.text) == left.text, "and the second gate stops it"
