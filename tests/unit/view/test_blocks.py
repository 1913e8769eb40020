"""What each kind of block looks like."""

from __future__ import annotations

from typing import Any

import pytest

from sessions.record import events as ev
from sessions.record.transcript import Transcript
from tests.support.viewrig import Teller
from tui.view import blocks
from tui.view.transcript_layout import TranscriptLayout
from tui.view.transcript_view import code_blocks


def shown(
    *told: tuple[type[ev.Event], dict[str, Any]], width: int = 60, unfold: bool = False
) -> list[str]:
    tell = Teller()
    transcript = Transcript()
    for kind, fields in told:
        fields = {"turn": 1, **fields} if "turn" in kind.__struct_fields__ else fields
        transcript.apply(tell(kind, **fields))
    body = TranscriptLayout(transcript, width)
    body.update()
    if unfold:
        for index in range(len(body.blocks)):
            body.fold(index, False)
    return [row.line.text.rstrip() for row in body.rows(0, 1000)]


CALL = (ev.ToolCall, {"call": "c", "name": "shell", "input": {"command": "make test"}})


def result(**fields: Any) -> tuple[type[ev.Event], dict[str, Any]]:
    return (ev.ToolResult, {"call": "c", "status": "ok", **fields})


def test_a_running_tool_shows_its_name_its_input_and_its_last_lines() -> None:
    progress = (ev.ToolProgress, {"call": "c", "text": "one\ntwo\nthree\nfour\n"})
    assert shown(CALL, progress) == ["▸ shell make test · running", "│ two", "│ three", "│ four"]


@pytest.mark.parametrize(
    ("name", "title", "given", "head"),
    [
        ("Write", "Write a.txt", {"file_path": "/w/a.txt"}, "▸ Write a.txt"),
        ("edit", "write", {"filePath": "/w/a.txt"}, "▸ edit /w/a.txt"),
        ("edit", "write", {"how": 1}, "▸ edit write"),
        ("ask", "", {"questions": [{"question": "Which?"}, {}]}, "▸ ask Which? and 1 more"),
        ("ask", "", {"questions": [5]}, '▸ ask {"questions": [5]}'),
        ("execute", "make test", {"command": "cd /w; make test"}, "▸ execute make test"),
    ],
)
def test_the_head_of_an_agents_call_says_what_it_is_about_once(
    name: str, title: str, given: dict[str, Any], head: str
) -> None:
    call = (ev.ToolCall, {"call": "c", "name": name, "title": title, "input": given})
    assert shown(call) == [f"{head} · running"]


def test_a_result_is_folded_to_its_first_lines_and_says_how_many_more() -> None:
    content = "\n".join(f"line {n}" for n in range(20))
    rows = shown(CALL, result(content=content))
    assert rows == [
        "✓ shell make test · ok",
        *(f"│ line {n}" for n in range(4)),
        "│ … 16 more lines",
    ]
    assert shown(CALL, result(content=content), unfold=True)[-1] == "│ line 19"


def test_a_result_of_one_endless_line_is_folded_too() -> None:
    rows = shown(CALL, result(content="x" * 5000))
    assert len(rows) <= 7 and "more" in rows[-1]


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"status": "error", "data": {"exit_code": 2}}, "error (exit 2)"),
        ({"status": "denied"}, "denied"),
        ({"status": "cancelled"}, "cancelled"),
        ({"status": "unknown"}, "outcome unknown"),
    ],
)
def test_how_a_tool_ended_is_a_word(fields: dict[str, Any], word: str) -> None:
    assert shown(CALL, result(**fields))[0].endswith(word)


def test_the_status_is_never_cut_but_the_input_is() -> None:
    call = (ev.ToolCall, {"call": "c", "name": "shell", "input": {"command": "x" * 200}})
    (row,) = shown(call, width=40)
    assert row.endswith("… · running") and len(row) <= 40


def test_a_diff_is_shown_instead_of_the_text() -> None:
    rows = shown(CALL, result(content="changed", data={"diff": "@@ -1 +1 @@\n-a\n+b"}))
    assert rows[1:] == ["│ @@ -1 +1 @@", "│ -a", "│ +b"]


@pytest.mark.parametrize(
    ("path", "name", "rows"), [("src/a.py", "/w/src/a.py", 3), ("src/b.py", "/w/src/a.py", 5)]
)
def test_a_diff_names_its_file_where_the_call_does_not(path: str, name: str, rows: int) -> None:
    call = (ev.ToolCall, {"call": "c", "name": "Edit", "input": {"file_path": path}})
    diff = f"--- {name}\n+++ {name}\n@@ -1 +1 @@\n-a\n+b"
    assert len(shown(call, result(data={"diff": diff}))[1:]) == rows
    several = f"{diff}\n--- {name}\n+++ {name}\n@@ -9 +9 @@\n-c\n+d"
    assert len(shown(call, result(data={"diff": several}))[1:]) == 10


def test_an_agents_before_and_after_are_compared() -> None:
    data = {"diffs": [{"path": "f.py", "old": "a\nb\n", "new": "a\nc\n"}]}
    rows = shown(CALL, result(data=data))
    assert "│ -b" in rows and "│ +c" in rows


def test_an_error_says_what_to_do() -> None:
    error = (ev.Error, {"kind": "auth", "message": "The key was refused.", "hint": "Set another."})
    assert shown(error) == ["✗ The key was refused.", "  Set another."]


def test_a_retry_says_why_and_how_long() -> None:
    retry = (ev.Retry, {"kind": "overloaded", "wait_s": 12.0, "attempt": 2})
    assert shown(retry) == ["↻ overloaded: try 2, waits 12 s"]
    with_another = (ev.Retry, {"kind": "rate_limit", "wait_s": 98.0, "attempt": 0})
    assert shown(with_another) == ["↻ rate_limit: waits 98 s"]


def test_a_message_that_was_not_typed_says_where_it_came_from() -> None:
    assert shown((ev.UserMessage, {"text": "hi", "origin": "broadcast"})) == ["broadcast", "hi"]


def test_a_long_message_of_mine_is_folded() -> None:
    rows = shown((ev.UserMessage, {"text": "\n".join("abc" for _ in range(100))}))
    assert rows[-1] == "… 80 more lines" and len(rows) == 21


@pytest.mark.parametrize(
    "told",
    [
        (ev.TurnEnded, {"reason": "interrupted"}),
        (ev.TurnEnded, {"reason": "something new"}),
        (ev.TurnUndone, {}),
        (ev.SkillSet, {"name": "s", "state": "on"}),
        (ev.SkillUsed, {"name": "s", "how": "tool"}),
        (ev.PrimingInjected, {"id": "p"}),
        (ev.PrimingMeasured, {"id": "p", "gauge": {"novelty": 0.5}}),
        (ev.ContextCompacted, {"upto": 3, "summary": "all of it"}),
        (ev.Byproduct, {"kind": "code", "path": "a.py"}),
        (ev.SessionSet, {"model": "m"}),
        (ev.BackendState, {"data": {"plan": [{"content": "do", "status": "pending"}]}}),
        (ev.JournalRepaired, {"faults": [{"line": 3}]}),
        (ev.Unknown, {"name": "new.kind", "data": {"x": 1}}),
    ],
)
def test_every_notice_has_a_line(told: tuple[type[ev.Event], dict[str, Any]]) -> None:
    assert any(row.strip() for row in shown(told))
    assert any(row.strip() for row in shown(told, unfold=True))


def test_odd_data_of_a_foreign_journal_does_not_break_a_block() -> None:
    call = (ev.ToolCall, {"call": "c", "name": None, "input": ["not", "a", "dict"]})
    told = result(content="x", data={"diff": 7, "diffs": [1, {"old": None}]}, images=["i.png"])
    assert shown(call, told, unfold=True)


def test_a_copy_of_an_answer_is_its_markdown_and_of_a_tool_its_result() -> None:
    tell, transcript = Teller(), Transcript()
    answer = transcript.apply(tell(ev.Text, turn=1, text="a **b**"))
    assert answer is not None and blocks.plain(answer) == "a **b**"
    transcript.apply(tell(ev.ToolCall, turn=1, call="c", name="shell", input={"command": "ls"}))
    tool = transcript.apply(tell(ev.ToolResult, turn=1, call="c", status="ok", content="x\ny"))
    assert tool is not None and blocks.plain(tool) == "shell ls\nx\ny"


def test_code_blocks_are_found_whole_and_without_their_fences() -> None:
    tell, transcript = Teller(), Transcript()
    long = "".join(f"l{n}\n" for n in range(100))
    text = f"a\n```py\nx = 1\n```\nb\n~~~\n{long}~~~\n"
    block = transcript.apply(tell(ev.Text, turn=1, text=text))
    assert block is not None and code_blocks(block) == ["x = 1", long.rstrip("\n")]
