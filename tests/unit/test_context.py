"""What a model is told: valid for the API whatever happened, and never changed afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from sessions.record import events as ev
from sessions.record.closed_sets import TurnReason
from sessions.record.context import Context
from sessions.record.event_parts import KeptFile
from sessions.record.summary_parts import Attachment

WORDS = st.sampled_from(["yes", " ", "", "a\ud800b", "two words", "\n"])
CALLS = st.sampled_from(["c1", "c2", "c3"])
ENDS: list[TurnReason] = ["end_turn", "interrupted", "error", "max_tokens"]


def happenings(turn: int) -> st.SearchStrategy[ev.Event]:
    """Anything that a turn may record, in any order, as after crashes and interrupts."""
    return st.one_of(
        WORDS.map(lambda t: ev.Text(turn=turn, text=t)),
        WORDS.map(lambda t: ev.Thinking(turn=turn, text=t)),
        st.just(ev.Thinking(turn=turn, text="", signature="s")),
        st.just(ev.Thinking(turn=turn, text="", redacted="r")),
        CALLS.map(lambda c: ev.ToolCall(turn=turn, call=c, name="LS", input={"path": "\ud800"})),
        CALLS.map(lambda c: ev.ToolResult(turn=turn, call=c, status="ok", content="x")),
        WORDS.map(lambda t: ev.UserMessage(turn=turn, text=t)),
        st.sampled_from(ENDS).map(lambda r: ev.TurnEnded(turn=turn, reason=r)),
    )


MOST = 5
"""Turns of a past. What may happen in each is said once: building it takes longer than drawing."""
HAPPENINGS = {n: st.lists(happenings(n), max_size=12) for n in range(1, MOST + 1)}
TURNS = st.integers(1, MOST)
AFTER = st.sampled_from(["", "", "undo", "compact"])


@st.composite
def pasts(draw: st.DrawFn) -> list[ev.Event]:
    """Some turns, with undoing and compacting between them."""
    events: list[ev.Event] = []
    for turn in range(1, draw(TURNS) + 1):
        events.append(ev.UserMessage(turn=turn, text=f"question {turn}"))
        events += draw(HAPPENINGS[turn])
        after = draw(AFTER)
        if after == "undo":
            events.append(ev.TurnUndone(turn=draw(st.integers(1, turn))))
        elif after == "compact":
            events.append(ev.ContextCompacted(upto=draw(st.integers(1, len(events))), summary="S"))
    events.append(ev.UserMessage(turn=9, text="the last"))
    return events


def numbered(events: Iterable[ev.Event]) -> list[ev.Event]:
    return [ev.replace(event, seq=n) for n, event in enumerate(events, 1)]


def told(events: Iterable[ev.Event], folder: Path = Path("/nowhere")) -> list[ev.JSON]:
    context = Context(folder)
    for event in numbered(events):
        context.apply(event)
    return context.messages()


@given(pasts())
@settings(max_examples=400, deadline=None)
def test_any_past_makes_a_request_that_the_api_takes(events: list[ev.Event]) -> None:
    messages = told(events)
    assert messages[0]["role"] == messages[-1]["role"] == "user"
    open_calls: list[str] = []
    for before, message in zip([None, *messages], messages, strict=False):
        assert before is None or before["role"] != message["role"]
        assert message["content"]
        results = [b["tool_use_id"] for b in message["content"] if b["type"] == "tool_result"]
        assert results == open_calls
        assert [b["type"] for b in message["content"]][: len(results)] == ["tool_result"] * len(
            results
        )
        open_calls = [b["id"] for b in message["content"] if b["type"] == "tool_use"]
        assert len(set(open_calls)) == len(open_calls)
        assert all(b["text"].strip() for b in message["content"] if b["type"] == "text")
        assert all(b["signature"] for b in message["content"] if b["type"] == "thinking")
        if message["role"] == "assistant":
            assert "thinking" not in message["content"][-1]["type"]
    assert open_calls == []
    json.dumps(messages, ensure_ascii=False).encode("utf-8")


@given(pasts(), st.integers(0, 40))
@settings(max_examples=200, deadline=None)
def test_reading_in_between_changes_nothing(events: list[ev.Event], at: int) -> None:
    context = Context(Path("/nowhere"))
    for number, event in enumerate(numbered(events)):
        context.apply(event)
        if number == at:
            context.messages()
    assert context.messages() == told(events)


def turn(number: int, answer: str) -> list[ev.Event]:
    """A whole turn."""
    return [
        ev.UserMessage(turn=number, text=f"question {number}"),
        ev.Text(turn=number, text=answer),
        ev.TurnEnded(turn=number, reason="end_turn"),
    ]


def test_a_second_summary_takes_the_place_of_the_first() -> None:
    events = [
        *turn(1, "one"),
        *turn(2, "two"),
        ev.ContextCompacted(upto=3, summary="first summary"),
        *turn(3, "three"),
        ev.ContextCompacted(upto=6, summary="second summary"),
        ev.UserMessage(turn=4, text="question 4"),
    ]
    text = json.dumps(told(events))
    assert "second summary" in text and "first summary" not in text
    assert "question 2" not in text and "question 3" in text


def test_a_turn_that_a_summary_covers_can_still_be_undone() -> None:
    events = [
        *turn(1, "one"),
        *turn(2, "two"),
        *turn(3, "three"),
        ev.ContextCompacted(upto=6, summary="the summary"),
        ev.TurnUndone(turn=2),
        ev.UserMessage(turn=4, text="question 4"),
    ]
    text = json.dumps(told(events))
    assert "question 1" in text and "question 4" in text
    assert "the summary" not in text and "question 2" not in text and "question 3" not in text


def test_an_image_is_read_from_the_sessions_files(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"PNG")
    image: Attachment = {"path": "files/a.png", "media_type": "image/png", "name": "a.png"}
    gone: Attachment = {**image, "path": "files/b.png"}
    sent = told([ev.UserMessage(turn=1, text="Look", attachments=[image, gone])], tmp_path)
    first, second, words = sent[0]["content"]
    assert first["source"]["data"] == "UE5H"
    assert "not there any more" in second["text"]
    assert words["text"] == "Look"


def test_a_drawing_that_an_agent_made_is_named_to_a_model_and_not_sent(tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_text("<svg/>")
    drawing: KeptFile = {"path": "files/a.svg", "media_type": "image/svg+xml"}
    call = ev.ToolCall(turn=1, call="c", name="Draw", input={})
    result = ev.ToolResult(turn=1, call="c", status="ok", content="drawn", images=[drawing])
    sent = told([ev.UserMessage(turn=1, text="Draw"), call, result], tmp_path)
    assert "SVG" in str(sent[-1]) and "base64" not in str(sent)


def test_a_path_in_a_record_reads_nothing_outside_the_sessions_files(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "secret").write_text("the secret")
    attachment: Attachment = {"path": "../secret", "media_type": "text/plain", "name": "x"}
    sent = told([ev.UserMessage(turn=1, text="", attachments=[attachment])], tmp_path / "files")
    assert "the secret" not in json.dumps(sent)


def test_thinking_without_a_signature_is_told_to_those_who_want_it() -> None:
    events = [
        ev.UserMessage(turn=1, text="question"),
        ev.Thinking(turn=1, text="First "),
        ev.Thinking(turn=1, text="thought."),
        ev.ToolCall(turn=1, call="a", name="LS", input={}),
        ev.ToolResult(turn=1, call="a", status="ok", content="x"),
        ev.Thinking(turn=1, text="Second thought."),
        ev.Text(turn=1, text="Answer."),
        ev.Thinking(turn=1, text="Only begun"),
        ev.TurnEnded(turn=1, reason="interrupted"),
        ev.UserMessage(turn=2, text="And?"),
    ]
    assert "thought" not in json.dumps(told(events)) and "begun" not in json.dumps(told(events))
    context = Context(Path("/nowhere"))
    for event in numbered(events):
        context.apply(event)
    thoughts = [
        [b for b in m["content"] if b["type"] == "thinking"]
        for m in context.messages(unsigned=True)
    ]
    first = {"type": "thinking", "thinking": "First thought.", "signature": ""}
    second = {"type": "thinking", "thinking": "Second thought.", "signature": ""}
    assert thoughts == [[], [first], [], [second], []]


def test_an_answer_that_was_cut_off_in_its_thinking_is_left_out() -> None:
    events = [
        ev.UserMessage(turn=1, text="question"),
        ev.Thinking(turn=1, text="Hm", signature="s"),
        ev.TurnEnded(turn=1, reason="interrupted"),
        ev.UserMessage(turn=2, text="And?"),
    ]
    assert [m["role"] for m in told(events)] == ["user"]
