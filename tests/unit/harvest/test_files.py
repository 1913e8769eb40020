"""Which files a session wrote, byte for byte, and which of them ran: none of it made up."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.harvest import patch
from sessions.harvest.byproducts import Found, byproducts
from sessions.harvest.commands import run_words, written
from sessions.record import events as ev
from sessions.record.event_parts import ResultFacts

SCRIPT = "print('one, two, three, and more of them')\n"


def told(
    *steps: tuple[str, Mapping[str, object], Mapping[str, object]], cwd: str = "/w"
) -> list[Found]:
    """The files found after tool calls: name, input, data of the result."""
    events: list[ev.Event] = [ev.SessionCreated(id="s", cwd=cwd)]
    for number, (name, given_, data) in enumerate(steps):
        call = f"c{number}"
        data = dict(data)
        changed = data.pop("hash", None)
        events.append(ev.ToolCall(turn=1, call=call, name=name, input=dict(given_)))
        if changed is not None:
            path = str(given_["file_path"])
            events.append(ev.FileChanged(turn=1, call=call, path=path, after_sha256=str(changed)))
        events.append(ev.ToolResult(turn=1, call=call, status="ok", data=cast("ResultFacts", data)))
    return [f for f in byproducts("s", events) if f.kind == "file"]


def write(path: str, content: str = SCRIPT) -> tuple[str, dict[str, object], dict[str, object]]:
    return ("Write", {"file_path": path, "content": content}, {})


def shell(command: str) -> tuple[str, dict[str, object], dict[str, object]]:
    return ("Bash", {"command": command}, {"exit_code": 0})


@pytest.mark.parametrize(
    "command",
    [
        "python3 tool.py",
        "cd /w && python3 ./tool.py --fast x",
        "A=1 timeout 5 python3.11 -u tool.py < in.txt | tail -3",
        "chmod +x tool.py; ./tool.py",
        "uv run tool.py",
        "pytest -q tool.py::test_one",
        "python3 /w/tool.py",
    ],
)
def test_a_command_that_runs_a_file_is_its_run(command: str) -> None:
    (found, *_) = told(write("tool.py"), shell(command))
    assert found.signals["passed"]


@pytest.mark.parametrize(
    "command",
    [
        "python3 mytool.py",
        "cat tool.py",
        "rm -f tool.py && ls",
        "git add tool.py; git commit -m 'tool.py'",
        "python3 other.py tool.py",
        "python3 /elsewhere/tool.py",
        "cat > notes.txt <<'END'\nrun tool.py first\nEND",
    ],
)
def test_a_command_that_only_names_a_file_is_no_run(command: str) -> None:
    found = next(f for f in told(write("tool.py"), shell(command)) if f.path == "tool.py")
    assert "ran" not in found.signals


def test_what_a_here_document_writes_is_a_file_with_its_bytes() -> None:
    (found,) = told(shell(f"cat > tool.py <<'END'\n{SCRIPT}END\npython3 tool.py"))
    assert (found.path, found.text, found.signals["passed"]) == ("tool.py", SCRIPT, True)


@pytest.mark.parametrize(
    "command",
    [
        "cat >> log.txt <<'END'\nmore\nEND",
        "cat > x.sh <<END\necho $HOME\nEND",
        "python3 <<'END'\nprint(1)\nEND",
        "cat > x.py <<'END'\nnever ended\n",
    ],
)
def test_a_here_document_whose_file_is_not_certain_is_none(command: str) -> None:
    assert list(written(command)) == []


def test_one_file_under_two_names_is_one() -> None:
    edit = {"file_path": "/w/tool.py", "old_string": "one", "new_string": "1"}
    (found,) = told(write("tool.py"), ("Edit", edit, {}))
    assert found.text == SCRIPT.replace("one", "1")


def test_bytes_are_those_whose_hash_was_recorded() -> None:
    data = SCRIPT.replace("\n", "\r\n")
    digest = hashlib.sha256(data.encode()).hexdigest()
    (found,) = told(("Write", {"file_path": "a.py", "content": SCRIPT}, {"hash": digest}))
    assert found.text == data


def test_a_file_that_came_out_otherwise_is_not_told() -> None:
    assert told(("Write", {"file_path": "a.py", "content": SCRIPT}, {"hash": "0" * 64})) == []


def test_files_of_an_agent_are_told_from_its_diffs() -> None:
    new = {"diffs": [{"path": "/w/a.py", "old": None, "new": SCRIPT}]}
    part = {"diffs": [{"path": "/w/a.py", "old": "two", "new": "2"}]}
    (found,) = told(("edit", {}, new), ("edit", {}, part), shell("python a.py"))
    assert found.text == SCRIPT.replace("two", "2") and found.signals["passed"]


def test_a_part_of_a_file_never_seen_whole_is_no_file() -> None:
    part = {"diffs": [{"path": "/w/a.py", "old": "two", "new": "2"}]}
    assert told(("edit", {}, part)) == []


def test_codex_patches_give_their_files() -> None:
    add = "*** Begin Patch\n*** Add File: a.py\n+one = 1\n+two = 2\n*** End Patch"
    update = (
        "*** Begin Patch\n*** Update File: a.py\n@@\n one = 1\n-two = 2\n+two = 3\n*** End Patch"
    )
    (found,) = told(
        ("apply_patch", {"input": add}, {}),
        ("shell", {"command": ["apply_patch", update]}, {"exit_code": 0}),
    )
    assert found.text == "one = 1\ntwo = 3\n"


@given(st.text("ab \n", max_size=40), st.text("ab \n", max_size=40))
def test_a_unified_diff_is_applied_exactly_or_not_at_all(before: str, after: str) -> None:
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    lines = difflib.unified_diff(old, new, "a", "b")
    ended = (x if x.endswith("\n") else f"{x}\n\\ No newline at end of file\n" for x in lines)
    diff = "".join(ended)
    assert patch.patched(before, diff) == (after if diff else None)


def test_a_mark_amid_an_answer_does_not_break_its_code() -> None:
    code = "for number in range(100):\n    print(number, number * number)\n"
    events: list[ev.Event] = [
        ev.UserMessage(turn=1, text="go"),
        ev.Text(turn=1, text=f"Look:\n```python\n{code[:30]}"),
        ev.SessionSet(title="squares"),
        ev.Text(turn=1, text=f"{code[30:]}```\n"),
    ]
    assert [f.text for f in byproducts("s", events)] == [code]


@pytest.mark.parametrize(
    "command",
    ["y <<'Q' > \n" * 50_000, "cat " * 100_000, "cat <<A > x\n" * 50_000, "a;" * 200_000],
    ids=["marks", "cats", "begun", "parts"],
)
def test_commands_of_any_shape_are_read_in_one_pass(command: str) -> None:
    assert list(written(command)) == []
    assert len(list(run_words(command))) <= 200_000


def test_the_mark_alone_ends_a_here_document() -> None:
    command = "cat <<-END > a.txt && ls\n\tone\n\t END\n\tEND\npython3 b.py"
    assert list(written(command)) == [("a.txt", "one\n END\n")]
    assert list(run_words(command)) == ["python3", "b.py"]


def test_data_that_a_script_read_is_told_with_it() -> None:
    script = "open('rain.csv'); open('out.csv', 'w'); open('/etc/far.csv'); open('../up.csv')\n"
    found = told(write("plot.py", script), shell("python3 plot.py more.json /srv/x.csv > log.txt"))
    assert [f.path for f in found if f.signals.get("input")] == ["rain.csv", "more.json"]
    failed = ("Bash", {"command": "python3 plot.py"}, {"exit_code": 1})
    assert not any(f.signals.get("input") for f in told(write("plot.py", script), failed))
    made_here = told(
        write("rain.csv", "a\n1\n" * 9), write("plot.py", script), shell("python3 plot.py")
    )
    assert [f.path for f in made_here] == ["rain.csv", "plot.py"], "it was written here: told once"
