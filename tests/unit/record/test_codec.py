"""Events and JSON: what is read is written again, and what is wrong is said."""

from __future__ import annotations

import json

import pytest

from sessions.record import codec
from sessions.record import events as ev
from sessions.safety import secrets_filter
from tests.unit.fuzz.events import one_of_each

NEWER = {"seq": 7, "at": "2026-11-23T10:00:00.000Z", "type": "text", "turn": 1, "text": "a"}


@pytest.mark.parametrize("data", one_of_each(), ids=lambda data: str(data["type"]))
def test_an_event_is_written_as_it_was_read(data: ev.JSON) -> None:
    event = codec.decode(json.dumps(data))
    assert type(event) is ev.TYPES[data["type"]]
    assert event.type == data["type"]
    assert json.loads(codec.line(event)) == codec.to_json(event) == data


def test_a_field_of_a_newer_version_survives_a_rewrite() -> None:
    event = codec.decode(json.dumps(NEWER | {"weight": [1, {"x": None}]}))
    assert isinstance(event, ev.Text)
    assert event.text == "a"
    again = json.loads(codec.line(ev.stamp(event, 9)))
    assert again["weight"] == [1, {"x": None}]
    assert again["seq"] == 9


def test_a_type_of_a_newer_version_survives_a_rewrite() -> None:
    data = NEWER | {"type": "text.spoken", "name": "N", "data": 3}
    event = codec.decode(json.dumps(data))
    assert isinstance(event, ev.Unknown)
    assert json.loads(codec.line(event)) == data


def test_a_change_that_a_newer_version_makes_of_a_session_survives() -> None:
    event = codec.decode(b'{"seq":2,"at":"","type":"session.set","title":"t","colour":"red"}')
    assert isinstance(event, ev.SessionSet)
    assert event.changes == {"title": "t", "colour": "red"}
    assert json.loads(codec.line(event))["colour"] == "red"


def test_a_lone_surrogate_survives() -> None:
    event = codec.decode(b'{"seq":1,"at":"","type":"text","turn":1,"text":"a\\ud800b"}')
    assert isinstance(event, ev.Text)
    assert event.text == "a\ud800b"
    assert b"\\ud800" in codec.line(event)


@pytest.mark.parametrize(
    "field, value",
    [
        ("turn", "1"),
        ("turn", True),
        ("turn", 1.5),
        ("turn", 2**60),
        ("seq", -1),
        ("text", None),
        ("text", {"a": "b"}),
        ("at", 3),
    ],
)
def test_a_field_of_a_wrong_type_is_named(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"text: .*{field}"):
        codec.decode(json.dumps(NEWER | {field: value}))


def test_a_missing_field_is_named() -> None:
    with pytest.raises(ValueError, match=r"text: .*turn"):
        codec.decode(b'{"seq":1,"at":"","type":"text","text":"a"}')


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_what_is_no_finite_number_is_refused_when_read(word: str) -> None:
    line = '{"seq":1,"at":"","type":"tool.call","turn":1,"call":"c","name":"n","input":{"a":%s}}'
    with pytest.raises(ValueError):
        codec.decode(line % word)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_no_finite_number_is_refused_when_written(number: float) -> None:
    with pytest.raises(ValueError):
        codec.line(ev.ToolCall(turn=1, call="c", name="n", input={"a": number}))
    with pytest.raises(ValueError):
        codec.encode({"a": number})


@pytest.mark.parametrize("kind", codec._FITS, ids=lambda kind: kind.type)
def test_a_block_is_made_only_of_what_is_read_as_it_was_written(kind: type[ev.Event]) -> None:
    data = next(data for data in one_of_each() if data["type"] == kind.type)
    whole = codec.decode(json.dumps({**data, "turn": 1}))
    assert codec.block_of([whole, whole]) == codec.line(whole) * 2
    values = (None, True, 5, -1, 2**60, 1.5, "x", "\ud800", [], [{}], (), {}, {"n": float("nan")})
    for name in kind.__struct_fields__:
        for value in values:
            event = ev.replace(whole, **{name: value})
            if (block := codec.block_of([event])) is not None:
                assert block == codec.line(event)
                codec.decode(block)


@pytest.mark.parametrize("size", [1, 1000], ids=["short", "long"])
def test_a_block_of_lines_is_one_only_if_each_line_is_a_whole_event(size: int) -> None:
    texts = [ev.Text(seq=n, turn=1, text="a\n" * size) for n in range(1, 5)]
    first, *rest = (codec.line(event) for event in texts)
    assert codec.decode_block(first + b"".join(rest)) == texts
    torn = first.replace(b',"at"', b',\n"at"')
    two = rest[0][:-1] + rest[1]
    for odd in (torn, two, torn + two, first + b"\n", b"\n" + first, first + two + torn + rest[2]):
        assert codec.decode_block(odd) is None
    assert codec.decode_block(first[:-1]) is None


@pytest.mark.parametrize(
    "key", ["sk-plain", 'a-quo"te\\', "schlüssel-\U0001f511", "a-half-\ud83d", "of-two\x1b\n"]
)
def test_a_key_is_looked_for_as_a_record_would_hold_it(key: str) -> None:
    hidden = secrets_filter.HiddenValues()
    hidden.remember([key])
    assert codec.encode(key)[1:-2] in hidden.lines
