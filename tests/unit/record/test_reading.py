"""A journal read by blocks tells what one read line by line tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessions.errors import EventRefused
from sessions.record import codec, reading
from sessions.record import events as ev
from sessions.record.journal import Journal
from sessions.record.reading import Faults, lines, read


def _line(seq: int, text: str = "word") -> bytes:
    return codec.line(ev.Text(seq=seq, at="2026-01-02T03:04:05.678Z", turn=1, text=text))


PLAIN = [_line(n) for n in range(1, 40)]
ODD = {
    "as it is written": PLAIN,
    "two on a line": [PLAIN[0][:-1] + PLAIN[1], *PLAIN[2:]],
    "two on a line, then none": [PLAIN[0][:-1] + PLAIN[1], b"\n", *PLAIN[2:]],
    "one on two lines": [PLAIN[0].replace(b',"turn"', b',\n"turn"'), *PLAIN[1:]],
    "blank lines": [b"\n", PLAIN[0], b"  \n", *PLAIN[1:]],
    "carriage returns": [PLAIN[0][:-1] + b"\r\n", *PLAIN[1:]],
    "no UTF-8": [PLAIN[0].replace(b"word", b"\xff\xfe"), *PLAIN[1:]],
    "another type": [b'{"seq":1,"at":"","type":"later.on","more":2}\n', *PLAIN[1:]],
    "another field": [PLAIN[0].replace(b"{", b'{"later":1,', 1), *PLAIN[1:]],
    "torn": [*PLAIN, PLAIN[0][:30]],
    "a gap": [*PLAIN[:3], *PLAIN[9:]],
    "deep": [b'{"type":"backend.state","data":' + b'{"a":' * 3000 + b"}" * 3000 + b"\n", *PLAIN],
    "nothing": [],
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("size", [1, 100, 2**18])
def test_blocks_give_what_lines_give(
    tmp_path: Path, odd: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b"".join(ODD[odd]))
    monkeypatch.setattr(reading, "_FIRST", size)
    monkeypatch.setattr(reading, "BLOCK", max(size, 2))
    by_block, by_line = Faults(), Faults()
    found = list(read(path, by_block))
    monkeypatch.setattr(codec, "decode_block", lambda block: None)
    assert found == list(read(path, by_line))
    assert (by_block.found, by_block.gaps, by_block.torn) == (
        by_line.found,
        by_line.gaps,
        by_line.torn,
    )


def test_a_line_that_is_no_event_costs_itself_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_LINE", 200)
    monkeypatch.setattr(reading, "BLOCK", 64)
    monkeypatch.setattr(reading, "_FIRST", 64)
    path = tmp_path / "journal.jsonl"
    path.write_bytes(_line(1) + _line(2, "x" * 5000) + _line(3) + b"[1]\n" + _line(4))
    faults = Faults()
    assert [e.seq for e in read(path, faults)] == [1, 3, 4]
    assert [(f["line"], f["why"][:6]) for f in faults.found] == [(2, "longer"), (4, "Attrib")]
    assert [number for number, _ in lines(path, Faults())] == [1, 3, 4, 5]


def test_a_number_of_no_json_is_refused_wherever_it_stands(tmp_path: Path) -> None:
    journal, _, _ = Journal.create(tmp_path / "s", ev.SessionCreated(id="s"))
    odd = [
        ev.TurnEnded(turn=1, reason="end_turn", cost_usd=float("nan")),
        ev.ToolCall(turn=1, call="c", name="x", input={"n": float("inf")}),
        ev.Text(turn="one", text="x"),  # type: ignore[arg-type]
    ]
    for event in odd:
        with pytest.raises(EventRefused):
            journal.append_all([ev.Text(turn=1, text="null"), event])
    for number in (float("nan"), float("-inf")):
        with pytest.raises(ValueError):
            codec.encode({"a": None, "b": [{"c": number}]})
    assert codec.encode({"a": None, "b": [1.5, 2**70]}).startswith(b'{"a":null,"b":[1.5,')
    assert journal.append_all([ev.Text(turn=1, text="null"), ev.Text(turn=1, text="more")]) == 2
    journal.close()
    assert [e.seq for e in read(journal.path)] == [1, 2, 3]
