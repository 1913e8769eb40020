"""Conversations of other harnesses: read as they are, once, and never written to."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from sessions.errors import AgentdeckError
from sessions.harvest.byproducts import byproducts
from sessions.importers.import_ledger import ImportLedger
from sessions.importers.run import Imported, import_paths
from sessions.paths import Places
from sessions.record import events as ev
from sessions.record.journal import Journal, read
from tests.support.rig import rig_places

AT = "2026-10-01T12:00:00.000Z"


def lines(path: Path, records: Iterable[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(r) + "\n" for r in records))
    return path


def claude(uuid: str, kind: str, content: Any, **more: Any) -> dict[str, Any]:
    message = {"role": kind, "content": content, "model": "m", "usage": {"input_tokens": 2}}
    base = {"type": kind, "uuid": uuid, "sessionId": "s", "timestamp": AT, "cwd": "/w"}
    return base | {"message": message} | more


CLAUDE = [
    {"type": "summary", "summary": "Sums", "leafUuid": "x"},
    claude("1", "user", "Sum it"),
    claude("m", "user", "<system>inserted</system>", isMeta=True),
    claude(
        "2",
        "assistant",
        [
            {"type": "thinking", "thinking": "Hm."},
            {"type": "text", "text": "Running."},
            {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "ls"}},
        ],
    ),
    claude("3", "user", [{"type": "tool_result", "tool_use_id": "t1", "content": "a b"}]),
    claude("s", "assistant", "of a sub-agent", isSidechain=True),
    {"type": "novelty", "sessionId": "s"},
    claude("4", "assistant", [{"type": "text", "text": "Done."}]),
]

CODEX = [
    {"timestamp": AT, "type": "session_meta", "payload": {"id": "c1", "cwd": "/w"}},
    {"timestamp": AT, "type": "turn_context", "payload": {"model": "gpt"}},
    {
        "timestamp": AT,
        "type": "response_item",
        "payload": {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "# AGENTS.md instructions for x"}],
        },
    },
    {
        "timestamp": AT,
        "type": "response_item",
        "payload": {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "Sum it"}],
        },
    },
    {
        "timestamp": AT,
        "type": "response_item",
        "payload": {
            "type": "function_call",
            "name": "shell",
            "call_id": "k",
            "arguments": '{"command": ["bash", "-lc", "ls"]}',
        },
    },
    {
        "timestamp": AT,
        "type": "event_msg",
        "payload": {"type": "exec_command_end", "call_id": "k", "exit_code": 1},
    },
    {
        "timestamp": AT,
        "type": "response_item",
        "payload": {"type": "function_call_output", "call_id": "k", "output": "no"},
    },
    {
        "timestamp": AT,
        "type": "response_item",
        "payload": {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Done."}],
        },
    },
]

GEMINI = [
    {"sessionId": "g", "projectHash": "h", "startTime": AT, "directories": ["/w"]},
    {"id": "1", "timestamp": AT, "type": "user", "content": "Sum it"},
    {"id": "2", "timestamp": AT, "type": "gemini", "content": "Wrong."},
    {"$rewindTo": "2"},
    {
        "id": "3",
        "timestamp": AT,
        "type": "gemini",
        "content": "Done.",
        "model": "g-1",
        "thoughts": [{"subject": "Hm", "description": "so"}],
        "toolCalls": [
            {"id": "t", "name": "ls", "args": {}, "status": "error", "resultDisplay": "no"}
        ],
    },
]

MARKDOWN = """# A chat

## User
Sum it

## Assistant
Done:
```
User: not a speaker
```
"""


def opencode(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path)
    db.executescript(
        "create table session(id, parent_id, title, directory, time_created);"
        "create table message(id, session_id, time_created, data);"
        "create table part(id, message_id, session_id, data);"
    )
    db.execute("insert into session values('o1', null, 'Sums', '/w', 1760000000000)")
    db.execute("insert into session values('o2', 'o1', 'child', '/w', 1760000000000)")
    rows: list[tuple[str, ev.JSON, list[ev.JSON]]] = [
        ("m1", {"role": "user"}, [{"type": "text", "text": "Sum it"}]),
        (
            "m2",
            {"role": "assistant", "modelID": "x"},
            [
                {
                    "type": "tool",
                    "callID": "k",
                    "tool": "bash",
                    "state": {"status": "completed", "input": {"command": "ls"}, "output": "a"},
                },
                {"type": "text", "text": "Done."},
            ],
        ),
    ]
    for number, data, parts in rows:
        db.execute(
            "insert into message values(?, 'o1', 1760000000000, ?)", (number, json.dumps(data))
        )
        for index, part in enumerate(parts):
            row = (f"{number}p{index}", number, json.dumps(part))
            db.execute("insert into part values(?, ?, 'o1', ?)", row)
    db.commit()
    db.close()
    return path


SOURCES: dict[str, Any] = {
    "claude-code": lambda root: lines(root / "p" / "s.jsonl", CLAUDE),
    "codex": lambda root: lines(root / "rollout-1.jsonl", CODEX),
    "gemini": lambda root: lines(root / "session-1.jsonl", GEMINI),
    "opencode": lambda root: opencode(root / "opencode.db"),
}


@pytest.fixture
def where(tmp_path: Path) -> Places:
    return rig_places(tmp_path / "home")


def run(path: Path, where: Places) -> list[Imported]:
    return list(import_paths([path], where))


def events_of(where: Places, imported: Imported) -> list[ev.Event]:
    return list(read(where.session(imported.session) / "journal.jsonl"))


@pytest.mark.parametrize("harness", SOURCES)
def test_a_conversation_is_read_whole(harness: str, tmp_path: Path, where: Places) -> None:
    source = SOURCES[harness](tmp_path)
    before = source.read_bytes()
    (imported,) = run(tmp_path, where) if harness != "opencode" else run(source, where)
    assert imported.harness == harness and imported.status == "new"
    events = events_of(where, imported)
    created = events[0]
    assert isinstance(created, ev.SessionCreated)
    assert created.source and created.source["harness"] == harness
    assert created.cwd == "/w"
    assert [e.text for e in events if isinstance(e, ev.UserMessage)] == ["Sum it"]
    assert "".join(e.text for e in events if isinstance(e, ev.Text)).endswith("Done.")
    assert len([e for e in events if isinstance(e, ev.ToolCall)]) == 1
    results = [e for e in events if isinstance(e, ev.ToolResult)]
    assert [r.status for r in results] == ["error" if harness in ("codex", "gemini") else "ok"]
    assert [e.seq for e in events] == list(range(1, len(events) + 1))
    assert source.read_bytes() == before


def test_a_markdown_chat_is_read(tmp_path: Path, where: Places) -> None:
    (tmp_path / "chat.md").write_text(MARKDOWN)
    (imported,) = run(tmp_path / "chat.md", where)
    events = events_of(where, imported)
    assert [e.text for e in events if isinstance(e, ev.UserMessage)] == ["Sum it"]
    assert "not a speaker" in "".join(e.text for e in events if isinstance(e, ev.Text))


def test_a_json_chat_is_read(tmp_path: Path, where: Places) -> None:
    chat = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]
    (tmp_path / "chat.json").write_text(json.dumps({"messages": chat}))
    (imported,) = run(tmp_path / "chat.json", where)
    assert "Ho" in [e.text for e in events_of(where, imported) if isinstance(e, ev.Text)]


def test_a_second_import_takes_nothing_twice(tmp_path: Path, where: Places) -> None:
    source = SOURCES["claude-code"](tmp_path)
    (first,) = run(source, where)
    assert run(source, where) == []
    with source.open("a") as file:
        file.write(json.dumps(claude("5", "user", "More?")) + "\n")
        file.write(json.dumps(claude("6", "assistant", "More.")) + "\n")
    (grown,) = run(source, where)
    assert (grown.status, grown.session) == ("grown", first.session)
    users = [e.text for e in events_of(where, first) if isinstance(e, ev.UserMessage)]
    assert users == ["Sum it", "More?"]


def test_broken_lines_cost_themselves_alone(tmp_path: Path, where: Places) -> None:
    source = SOURCES["claude-code"](tmp_path)
    text = source.read_text().splitlines(keepends=True)
    broken = [*text[:2], "{not json\n", "[1]\n", "\x00\xff\n", *text[2:], '{"type": "user", "me']
    source.write_text("".join(broken), encoding="utf-8", errors="surrogatepass")
    (imported,) = run(source, where)
    assert [e.text for e in events_of(where, imported) if isinstance(e, ev.UserMessage)]


def test_what_is_no_conversation_is_left_alone(tmp_path: Path, where: Places) -> None:
    (tmp_path / "notes.md").write_text("# Notes\nNothing said here.\n")
    (tmp_path / "data.json").write_text("[1, 2, 3]")
    (tmp_path / "empty.jsonl").write_text("")
    assert run(tmp_path, where) == []


def test_a_conversation_that_was_moved_is_known_again(tmp_path: Path, where: Places) -> None:
    source = SOURCES["codex"](tmp_path)
    (first,) = run(source, where)
    moved = tmp_path / "archived" / source.name
    moved.parent.mkdir()
    source.rename(moved)
    assert [(i.status, i.session) for i in run(moved, where)] == [("known", first.session)]


def test_two_chats_that_begin_alike_are_two(tmp_path: Path, where: Places) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "chat.md").write_text(MARKDOWN + folder)
    assert [i.status for i in run(tmp_path, where)] == ["new", "new"]


def test_an_import_that_is_killed_leaves_no_half_session_and_no_double(
    tmp_path: Path, where: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = SOURCES["claude-code"](tmp_path)

    class Killed(BaseException):
        """Nothing catches this."""

    def die(self: Journal, events: object) -> int:
        raise Killed

    for step in ("append_all", "sync"):
        with monkeypatch.context() as patch:
            patch.setattr(Journal, step, die if step == "append_all" else lambda self: die(self, 0))
            with pytest.raises(Killed):
                run(source, where)
        assert [p for p in where.sessions.iterdir() if not p.name.startswith(".")] == []
    (imported,) = run(source, where)
    assert imported.status == "new"
    assert [p.name for p in where.sessions.iterdir()] == [imported.session], "nothing is left over"


def test_a_session_that_is_open_keeps_none_of_its_database_out(
    tmp_path: Path, where: Places
) -> None:
    path = opencode(tmp_path / "opencode.db")
    db = sqlite3.connect(path)
    db.execute("update session set parent_id = null")
    said = json.dumps({"type": "text", "text": "And?"})
    db.execute("insert into message values('n1', 'o2', 1760000000000, ?)", ('{"role":"user"}',))
    db.execute("insert into part values('n1p', 'n1', 'o2', ?)", (said,))
    db.commit()
    first, _ = run(path, where)
    for at, name in (("o1", "m9"), ("o2", "n9")):
        row = (name, at, json.dumps({"role": "user"}))
        db.execute("insert into message values(?, ?, 1760000000001, ?)", row)
        db.execute("insert into part values(?, ?, ?, ?)", (f"{name}p", name, at, said))
    db.commit()
    db.close()
    held, _ = Journal.open(where.session(first.session))
    assert [done.status for done in run(path, where)] == ["failed", "grown"]
    held.close()
    assert [done.status for done in run(path, where)] == ["grown", "known"]


def test_an_import_that_was_killed_while_it_appended_goes_on_where_it_was(
    tmp_path: Path, where: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = SOURCES["claude-code"](tmp_path)
    (first,) = run(source, where)
    with source.open("a") as file:
        file.write(json.dumps(claude("5", "user", "More?")) + "\n")
        file.write(json.dumps(claude("6", "assistant", "More.")) + "\n")

    def some(self: Journal, events: list[ev.Event]) -> int:
        for event in events[:2]:
            self.append(event)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Journal, "append_all", some)
        run(source, where)
    assert [i.status for i in run(source, where)] == ["grown"]
    events = events_of(where, first)
    assert [e.text for e in events if isinstance(e, ev.UserMessage)] == ["Sum it", "More?"]
    assert [e.seq for e in events] == list(range(1, len(events) + 1))


def test_only_one_import_runs_at_a_time(tmp_path: Path, where: Places) -> None:
    source = SOURCES["claude-code"](tmp_path)
    other = ImportLedger.open(where)
    with pytest.raises(AgentdeckError, match="Another import runs"):
        run(source, where)
    other.close()
    assert [i.status for i in run(source, where)] == ["new"]


def test_a_torn_list_of_imports_is_read_as_far_as_it_goes(tmp_path: Path, where: Places) -> None:
    source = SOURCES["claude-code"](tmp_path)
    run(source, where)
    with (where.state / "imports.jsonl").open("ab") as file:
        file.write(b'[1]\n\xff\xfe\n{"source": 5}\n{"file": "torn')
    assert run(source, where) == []
    with source.open("a") as file:
        file.write(json.dumps(claude("5", "user", "More?")) + "\n")
    assert [i.status for i in run(source, where)] == ["grown"]


def test_what_a_newer_version_keeps_of_a_source_survives(where: Places) -> None:
    """Also where it has numbers that are none, and where the list is written anew."""
    odd = {"source": "a", "session": "s1", "events": "many", "growing": None, "newer": [1]}
    ImportLedger.open(where).close()
    (where.state / "imports.jsonl").write_text(f"{json.dumps(odd)}\n" * 1100)
    ledger = ImportLedger.open(where)
    assert (ledger.session("a"), ledger.taken("a"), ledger.growing("a")) == ("s1", 0, 0)
    ledger.close()
    assert len(kept := (where.state / "imports.jsonl").read_text().splitlines()) == 1
    assert json.loads(kept[0])["newer"] == [1]


SCRIPT = "print('what was written is what ran')\n"


def claude_work(root: Path) -> Path:
    wrote = {"file_path": "/w/a.py", "content": SCRIPT}
    use = {"type": "tool_use", "id": "t1", "name": "Write", "input": wrote}
    ran = {"type": "tool_use", "id": "t2", "name": "Bash", "input": {"command": "python a.py"}}
    records = [claude("1", "user", "Write it"), claude("2", "assistant", [use])]
    for number, tool in enumerate(("t1", "t2"), 3):
        done = {"type": "tool_result", "tool_use_id": tool, "content": "ok"}
        records.append(claude(f"r{number}", "user", [done]))
        records += [claude("4", "assistant", [ran])] if tool == "t1" else []
    return lines(root / "s.jsonl", records)


def codex_item(**payload: Any) -> dict[str, Any]:
    return {"timestamp": AT, "type": "response_item", "payload": payload}


def codex_work(root: Path) -> Path:
    said = [{"type": "input_text", "text": "Write it"}]
    patch = f"*** Begin Patch\n*** Add File: a.py\n+{SCRIPT}*** End Patch"
    output = "Exit code: 0\nWall time: 0.1 seconds\nOutput:\nok"
    command = json.dumps({"command": "python a.py"})
    return lines(
        root / "rollout-1.jsonl",
        [
            {"timestamp": AT, "type": "session_meta", "payload": {"id": "c", "cwd": "/w"}},
            codex_item(type="message", role="user", content=said),
            codex_item(type="custom_tool_call", name="apply_patch", call_id="1", input=patch),
            codex_item(type="custom_tool_call_output", call_id="1", output=output),
            codex_item(type="function_call", name="shell_command", call_id="2", arguments=command),
            codex_item(type="function_call_output", call_id="2", output=output),
        ],
    )


def gemini_work(root: Path) -> Path:
    def call(number: str, name: str, output: str, **args: str) -> dict[str, Any]:
        response = {"functionResponse": {"response": {"output": output}}}
        return {"id": number, "name": name, "args": args, "status": "success", "result": [response]}

    wrote = call("1", "write_file", "ok", file_path="/w/a.py", content=SCRIPT)
    ran = call("2", "run_shell_command", "Output: ok\nExit Code: 0", command="python a.py")
    answer = {
        "id": "2",
        "timestamp": AT,
        "type": "gemini",
        "content": "",
        "toolCalls": [wrote, ran],
    }
    asked = {"id": "1", "timestamp": AT, "type": "user", "content": "Write it"}
    return lines(root / "session-1.jsonl", [GEMINI[0], asked, answer])


def opencode_work(root: Path) -> Path:
    path = opencode(root / "opencode.db")
    db = sqlite3.connect(path)
    done = {"status": "completed", "output": "ok", "metadata": {"exit": 0}}
    steps = [
        ("write", {"filePath": "/w/a.py", "content": SCRIPT}),
        ("bash", {"command": "python a.py"}),
    ]
    for number, (tool, given) in enumerate(steps):
        part = {"type": "tool", "callID": f"w{number}", "tool": tool}
        data = json.dumps(part | {"state": done | {"input": given}})
        db.execute("insert into part values(?, 'm2', 'o1', ?)", (f"z{number}", data))
    db.commit()
    db.close()
    return path


@pytest.mark.parametrize("work", [claude_work, codex_work, gemini_work, opencode_work])
def test_what_was_written_and_run_elsewhere_is_harvested(
    work: Any, tmp_path: Path, where: Places
) -> None:
    (done,) = run(work(tmp_path / "theirs"), where)
    found = byproducts(done.session, events_of(where, done))
    (file,) = [f for f in found if f.kind == "file"]
    assert file.text == SCRIPT and file.signals["passed"] is True
    assert Path(file.path).name == "a.py"


@pytest.mark.parametrize(
    ("harness", "output"),
    [
        ("codex", "Exit code: 2\nWall time: 1 seconds\nOutput:\nno"),
        ("codex", "Chunk ID: 1\nProcess exited with code 2\nOutput:\nno"),
        ("gemini", "Output: no\nExit Code: 2\nSignal: 0"),
    ],
)
def test_a_command_that_failed_did_not_pass(
    harness: str, output: str, tmp_path: Path, where: Places
) -> None:
    path = {"codex": codex_work, "gemini": gemini_work}[harness](tmp_path)
    text = path.read_text()
    old = {"codex": "Exit code: 0\\nWall time: 0.1 seconds\\nOutput:\\nok", "gemini": None}[harness]
    old = old or "Output: ok\\nExit Code: 0"
    path.write_text(text.replace(old, json.dumps(output)[1:-1]))
    (done,) = run(path, where)
    ended = [e for e in events_of(where, done) if isinstance(e, ev.ToolResult)][-1]
    assert (ended.status, ended.data["exit_code"]) == ("error", 2)


def test_the_harnesss_own_words_are_no_messages_of_the_user(tmp_path: Path, where: Places) -> None:
    said = [
        "<local-command-stdout>Set model</local-command-stdout>",
        "[Request interrupted by user]",
        "<command-name>/review</command-name>\n<command-args>main.py</command-args>",
        "<system-reminder>be nice</system-reminder>Why?",
        "<b>bold</b> is my own",
    ]
    path = lines(tmp_path / "s.jsonl", [claude(str(n), "user", t) for n, t in enumerate(said)])
    (done,) = run(path, where)
    told = [e.text for e in events_of(where, done) if isinstance(e, ev.UserMessage)]
    assert told == ["/review main.py", "Why?", "<b>bold</b> is my own"]


def test_tokens_of_an_answer_in_several_records_count_once(tmp_path: Path, where: Places) -> None:
    records = [claude("1", "user", "Sum it")]
    for number, output in enumerate((1, 7, 7)):
        record = claude(f"a{number}", "assistant", [{"type": "text", "text": "x"}])
        record["message"] |= {"id": "msg", "usage": {"input_tokens": 5, "output_tokens": output}}
        records.append(record)
    (done,) = run(lines(tmp_path / "s.jsonl", records), where)
    (ended,) = [e for e in events_of(where, done) if isinstance(e, ev.TurnEnded)]
    assert (ended.usage["input"], ended.usage["output"]) == (5, 7)


def test_a_database_is_read_with_its_log_and_nothing_is_left_beside_it(
    tmp_path: Path, where: Places
) -> None:
    path = opencode(tmp_path / "theirs" / "opencode.db")
    writer = sqlite3.connect(path)
    writer.execute("pragma journal_mode=wal")
    writer.close()
    assert [done.status for done in run(path, where)] == ["new"]
    assert [p.name for p in path.parent.iterdir()] == ["opencode.db"]
    writer = sqlite3.connect(path)
    more = (json.dumps({"type": "text", "text": "More."}),)
    writer.execute("insert into message values('m3', 'o1', 1760000000000, '{\"role\": \"x\"}')")
    writer.execute("insert into part values('m3p0', 'm3', 'o1', ?)", more)
    writer.commit()
    assert [done.status for done in run(path, where)] == ["grown"]
    writer.close()


def test_a_broken_database_is_told_and_costs_no_other_its_import(
    tmp_path: Path, where: Places
) -> None:
    path = opencode(tmp_path / "a" / "opencode.db")
    db = sqlite3.connect(path)
    db.execute("alter table session rename column directory to folder")
    db.commit()
    db.close()
    lines(tmp_path / "a" / "s.jsonl", CLAUDE)
    assert sorted(done.status for done in run(tmp_path / "a", where)) == ["failed", "new"]
