"""Conversations of more programs: files that the real ones made, and described ones.

`copilot-1.0.102`, `kimi-2.1.0`, `kimi-cli-1.48.0`, `vibe-3.0.2` and `claude-2.1.318` were made by
those versions with a scripted server (November 2026), with folders renamed, long texts cut, and
records that are no part of the conversation left out. Goose, Crush and Cursor are written from
public descriptions.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sessions.importers.homes import default_paths
from sessions.importers.run import import_paths
from sessions.paths import Places
from sessions.record import events as ev
from sessions.record.journal import read
from tests.unit.importers.test_formats import FIXTURES, events_of, imported, lines, of, told, where

__all__ = ["where"]


def said(events: list[ev.Event]) -> list[str]:
    return [e.text for e in of(events, ev.UserMessage)]


def answered(events: list[ev.Event]) -> str:
    return "".join(e.text for e in of(events, ev.Text))


def results(events: list[ev.Event]) -> list[tuple[str, str]]:
    return [(e.status, e.content) for e in of(events, ev.ToolResult)]


def created(events: list[ev.Event]) -> ev.SessionCreated:
    assert isinstance(events[0], ev.SessionCreated)
    return events[0]


def test_events_of_copilot_are_read(where: Places) -> None:
    (events,) = imported(FIXTURES / "copilot-1.0.102", where)
    assert said(events) == ["please write it", "please run it"]
    assert answered(events) == "The tool has run."
    assert [c.name for c in of(events, ev.ToolCall)] == ["create", "bash"]
    assert [status for status, _ in results(events)] == ["ok", "denied"]
    ended = of(events, ev.TurnEnded)
    assert [e.reason for e in ended] == ["end_turn", "interrupted"]
    assert ended[0].usage == {"input": 20, "output": 10}
    assert created(events).cwd == "/home/user/work" and created(events).model == "mock-model"


def test_a_wire_of_kimi_code_is_read(where: Places) -> None:
    (events,) = imported(FIXTURES / "kimi-2.1.0", where)
    assert said(events) == ["hello you", "please run it"], "what it injects is nobody's message"
    assert answered(events) == "Done with that.Let me look. Done with that."
    assert [e.text for e in of(events, ev.Thinking)] == ["Hm. ", "I look. ", "Hm. "]
    assert results(events) == [("error", "hi\nCommand failed with exit code: 3.")]
    assert [e.usage["input"] for e in of(events, ev.TurnEnded)] == [10, 20]
    assert created(events).cwd == "/home/user/work"


def test_what_was_taken_back_in_kimi_code_is_undone(tmp_path: Path, where: Places) -> None:
    def prompt(text: str, kind: str = "turn.prompt") -> dict[str, Any]:
        content = [{"type": "text", "text": text}]
        return {"type": kind, "input": content, "origin": {"kind": "user"}, "time": 1}

    main = tmp_path / "agents" / "main"
    main.mkdir(parents=True)
    path = lines(
        main / "wire.jsonl",
        [
            {"type": "metadata", "protocol_version": "1.5"},
            prompt("one"), prompt("two"), prompt("three", "turn.steer"),
            {"type": "context.undo", "count": 2}, prompt("four"),
            {"type": "context.undo", "count": 1}, {"type": "context.undo", "count": 9},
            prompt("five"),
            {"type": "context.apply_compaction", "summary": "so far", "compactedCount": 3},
        ],
    )  # fmt: skip
    (events,) = imported(path, where)
    assert said(events) == ["one", "two", "three", "four", "five"]
    assert [e.turn for e in of(events, ev.TurnUndone)] == [2, 4]
    assert "so far" in answered(events)
    context = told(events, tmp_path)
    assert "one" in context and "five" in context
    assert not any(word in context for word in ("two", "three", "four"))


def test_a_wire_of_a_sub_agent_of_kimi_is_no_conversation(tmp_path: Path, where: Places) -> None:
    shutil.copytree(FIXTURES / "kimi-2.1.0" / "agents" / "main", tmp_path / "agents" / "scout")
    assert [d.status for d in import_paths([tmp_path / "agents"], where)] == ["empty"]


def test_what_kimi_cli_keeps_is_one_conversation_of_its_folder(where: Places) -> None:
    done = list(import_paths([FIXTURES / "kimi-cli-1.48.0" / "sessions"], where))
    assert sorted(d.status for d in done) == ["empty", "new"]
    (session,) = (d.session for d in done if d.session)
    events = list(read(where.session(session) / "journal.jsonl"))
    assert of(events, ev.SessionCreated)[0].cwd == "/home/me/work"
    assert said(events) == ["First question", "please run it"]
    assert results(events) == [("ok", "hello\n")]


def test_a_wire_of_kimi_cli_is_read(tmp_path: Path, where: Places) -> None:
    def wire(kind: str, **payload: Any) -> dict[str, Any]:
        return {"timestamp": 1_780_000_000.5, "message": {"type": kind, "payload": payload}}

    function = {"name": "Shell", "arguments": '{"command": "ls"}'}
    value = {"is_error": True, "output": "", "message": "it failed"}
    usage = {"input_other": 7, "output": 3, "input_cache_read": 2, "input_cache_creation": 0}
    path = lines(
        tmp_path / "wire.jsonl",
        [
            {"type": "metadata", "protocol_version": "1.3"},
            wire("TurnBegin", user_input=[{"type": "text", "text": "List it"}]),
            wire("ContentPart", type="think", think="Hm."),
            wire("ContentPart", type="text", text="I look."),
            wire("ToolCall", type="function", id="c1", function=function),
            wire("ToolResult", tool_call_id="c1", return_value=value),
            wire("StatusUpdate", token_usage=usage),
            wire("StepInterrupted"),
            wire("TurnBegin", user_input="Again"),
        ],
    )
    (events,) = imported(path, where)
    assert said(events) == ["List it", "Again"] and answered(events) == "I look."
    assert of(events, ev.ToolCall)[0].input == {"command": "ls"}
    assert results(events) == [("error", "it failed")]
    ended = of(events, ev.TurnEnded)
    assert ended[0].reason == "interrupted"
    assert ended[0].usage == {"input": 7, "output": 3, "cache_read": 2}


def test_sessions_of_vibe_are_read_and_their_parts_are_none(where: Places) -> None:
    by_first = {said(e)[0]: e for e in imported_all(FIXTURES / "vibe-3.0.2", where)}
    assert set(by_first) == {"please hold it", "please write it"}
    held, worked = by_first["please hold it"], by_first["please write it"]
    assert said(held) == ["please hold it", "Second question, please answer"]
    assert answered(held) == "half-told These are the answers.", "the journal's part too"
    assert [e.reason for e in of(held, ev.TurnEnded)] == ["interrupted", "end_turn"]
    assert [c.name for c in of(worked, ev.ToolCall)] == [
        "file_system.write_file", "file_system.bash",
    ]  # fmt: skip
    assert [status for status, _ in results(worked)] == ["ok", "cancelled"]
    assert created(worked).cwd == "/home/user/work" and created(worked).model == "mock-model"


def imported_all(path: Path, where: Places) -> list[list[ev.Event]]:
    """The events of what was new; all else must be empty."""
    done = list(import_paths([path], where))
    assert {d.status for d in done} == {"new", "empty"}, done
    return [events_of(d, where) for d in done if d.status == "new"]


def test_a_vibe_session_that_leads_out_of_its_folder_holds_nothing(
    tmp_path: Path, where: Places
) -> None:
    folder = tmp_path / "v"
    shutil.copytree(FIXTURES / "vibe-3.0.2" / "held", folder)
    (folder / "CURRENT").write_text('{"generation": "../../etc"}')
    assert {d.status for d in import_paths([folder], where)} == {"empty"}


def test_sub_agents_of_claude_code_stand_beside_their_parent(where: Places) -> None:
    parent, child = imported(FIXTURES / "claude-2.1.318", where)
    assert said(parent) == ["please delegate"] and said(child) == ["scout for it"]
    assert created(child).title == "Find it"
    assert created(child).parent == {"id": created(parent).id, "seq": 0, "call": "toolu_0"}
    assert answered(child) == "I look. The scout says so."
    assert results(child) == [("ok", "found")]


def test_one_whose_parent_is_not_there_is_by_itself(tmp_path: Path, where: Places) -> None:
    sub = next((FIXTURES / "claude-2.1.318").glob("*/subagents/*.jsonl"))
    shutil.copy(sub, tmp_path)
    (child,) = imported(tmp_path, where)
    assert created(child).parent is None and said(child) == ["scout for it"]


# -- databases, by description


def database(path: Path, *statements: str, rows: Sequence[tuple[str, Sequence[Any]]] = ()) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path)
    for statement in statements:
        db.execute(statement)
    for insert, values in rows:
        db.execute(insert, values)
    db.commit()
    db.close()
    return path


def crush(path: Path) -> Path:
    def parts(*told: tuple[str, dict[str, Any]]) -> str:
        return json.dumps([{"type": kind, "data": data} for kind, data in told])

    session = "insert into sessions values (?, ?, ?, 1780000000)"
    message = "insert into messages values (?, ?, ?, ?, 1780000001)"
    call = {"id": "c1", "name": "bash", "input": '{"command": "ls"}', "finished": True}
    result = {"tool_call_id": "c1", "name": "bash", "content": "no", "is_error": True}
    return database(
        path,
        "create table sessions (id text, parent_session_id text, title text, created_at integer)",
        "create table messages (session_id text, role text, parts text, model text,"
        " created_at integer)",
        rows=[
            (session, ("s1", None, "Look around")),
            (session, ("s2", "s1", "A task")),
            (message, ("s1", "user", parts(("text", {"text": "List it"})), None)),
            (message, ("s1", "assistant", parts(
                ("reasoning", {"thinking": "Hm."}), ("text", {"text": "I look."}),
                ("tool_call", call)), "m-1")),
            (message, ("s1", "tool", parts(("tool_result", result)), None)),
            (message, ("s1", "assistant", parts(("finish", {"reason": "canceled"})), "m-1")),
            (message, ("s1", "user", parts(
                ("text", {"text": "hidden", "hidden": True}),
                ("shell_command", {"command": "ls", "output": "a"})), None)),
        ],
    )  # fmt: skip


def test_a_database_of_crush_is_read(tmp_path: Path, where: Places) -> None:
    (events,) = imported(crush(tmp_path / "work" / ".crush" / "crush.db"), where)
    assert said(events) == ["List it", "!ls"] and answered(events) == "I look."
    assert results(events) == [("error", "no")]
    assert of(events, ev.TurnEnded)[0].reason == "interrupted"
    assert created(events).title == "Look around"
    assert created(events).cwd == str(tmp_path / "work")


def goose(path: Path) -> Path:
    request = {
        "type": "toolRequest",
        "id": "c1",
        "toolCall": {
            "status": "success",
            "value": {"name": "shell", "arguments": {"command": "ls"}},
        },
    }
    response = {
        "type": "toolResponse",
        "id": "c1",
        "toolResult": {"status": "success", "value": {"content": [{"type": "text", "text": "a"}]}},
    }
    session = "insert into sessions values (?, ?, ?, '2026-11-01 12:00:00', ?)"
    message = "insert into messages (session_id, role, content_json, created_timestamp, " \
        "metadata_json) values (?, ?, ?, 1780000000, ?)"  # fmt: skip
    return database(
        path,
        "create table sessions (id text, name text, working_dir text, created_at timestamp,"
        " session_type text)",
        "create table messages (id integer primary key, session_id text, role text,"
        " content_json text, created_timestamp integer, metadata_json text)",
        rows=[
            (session, ("20261101_1", "Look", "/home/user/work", "user")),
            (session, ("20261101_2", "Sub", "/home/user/work", "sub_agent")),
            (message, ("20261101_1", "user", json.dumps([{"type": "text", "text": "List"}]), None)),
            (message, ("20261101_1", "assistant", json.dumps(
                [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "I look."},
                 request]), None)),
            (message, ("20261101_1", "user", json.dumps([response]), None)),
            (message, ("20261101_1", "user", json.dumps([{"type": "text", "text": "unseen"}]),
                       '{"userVisible": false}')),
            (message, ("20261101_1", "assistant", "not json", None)),
        ],
    )  # fmt: skip


def test_a_database_of_goose_is_read(tmp_path: Path, where: Places) -> None:
    (events,) = imported(goose(tmp_path / "sessions.db"), where)
    assert said(events) == ["List"] and answered(events) == "I look."
    assert of(events, ev.ToolCall)[0].input == {"command": "ls"}
    assert results(events) == [("ok", "a")]
    assert created(events).title == "Look" and created(events).cwd == "/home/user/work"


def test_an_older_file_of_goose_is_read(tmp_path: Path, where: Places) -> None:
    failed = {"type": "toolResponse", "id": "c1", "toolResult": {"status": "error", "error": "no"}}
    call = {"status": "success", "value": {"name": "shell", "arguments": {}}}
    path = lines(
        tmp_path / "20250801_1.jsonl",
        [
            {"working_dir": "/home/user/work", "description": "Look", "message_count": 3},
            {"role": "user", "created": 1_754_000_000, "content": [{"type": "text", "text": "Go"}]},
            {"role": "assistant", "created": 1_754_000_001, "content": [
                {"type": "toolRequest", "id": "c1", "toolCall": call}]},
            {"role": "user", "created": 1_754_000_002, "content": [failed]},
        ],
    )  # fmt: skip
    (events,) = imported(path, where)
    assert said(events) == ["Go"] and results(events) == [("error", "no")]
    assert created(events).title == "Look" and created(events).cwd == "/home/user/work"


def test_a_transcript_of_cursor_is_read_without_its_sub_agents(
    tmp_path: Path, where: Places
) -> None:
    folder = tmp_path / "agent-transcripts" / "a1"
    (folder / "subagents").mkdir(parents=True)
    told = [
        {"role": "user", "message": {"content": [
            {"type": "text", "text": "<context/>\n<user_query>\nList it\n</user_query>"}]}},
        {"role": "assistant", "message": {"content": [
            {"type": "text", "text": "I look."},
            {"type": "tool_use", "name": "Shell", "input": {"command": "ls"}}]}},
        {"role": "user", "message": {"content": "And on"}},
    ]  # fmt: skip
    lines(folder / "a1.jsonl", told)
    lines(folder / "subagents" / "b1.jsonl", told)
    (events,) = imported_all(tmp_path, where)
    assert said(events) == ["List it", "And on"] and answered(events) == "I look."
    assert of(events, ev.ToolCall)[0].input == {"command": "ls"}


def test_a_database_of_cursors_desktop_is_read(tmp_path: Path, where: Places) -> None:
    tool = {
        "toolCallId": "c1",
        "name": "run_terminal_cmd",
        "params": '{"command": "ls"}',
        "status": "completed",
        "result": "a",
    }
    kept = {
        "composerData:x": {
            "name": "Look", "createdAt": 1_780_000_000_000,
            "modelConfig": {"modelName": "m-1"},
            "fullConversationHeadersOnly": [
                {"bubbleId": "1", "type": 1}, {"bubbleId": "2", "type": 2},
                {"bubbleId": "3", "type": 2}, {"bubbleId": "gone", "type": 2}],
        },
        "composerData:empty": {"fullConversationHeadersOnly": []},
        "bubbleId:x:1": {"type": 1, "text": "List it"},
        "bubbleId:x:2": {"type": 2, "thinking": {"text": "Hm."}, "text": "I look."},
        "bubbleId:x:3": {"type": 2, "toolFormerData": tool},
        "composer.content.z": "no object",
    }  # fmt: skip
    insert = "insert into cursorDiskKV values (?, ?)"
    path = database(
        tmp_path / "state.vscdb",
        "create table cursorDiskKV (key text unique, value blob)",
        rows=[(insert, (key, json.dumps(value).encode())) for key, value in kept.items()],
    )
    (events,) = imported_all(path, where)
    assert said(events) == ["List it"] and answered(events) == "I look."
    assert results(events) == [("ok", "a")]
    assert created(events).title == "Look" and created(events).model == "m-1"


def news(path: Path, where: Places) -> list[list[ev.Event]]:
    """The events of what was new; nothing may fail."""
    done = list(import_paths([path], where))
    assert "failed" not in {d.status for d in done}, done
    return [events_of(d, where) for d in done if d.status == "new"]


def store(folder: Path, messages: list[Any], cwd: str = "file:///home/user/my%20work") -> Path:
    """A conversation of Cursor's command line as it is described."""
    folder.mkdir(parents=True, exist_ok=True)
    made: list[tuple[str, bytes]] = []

    def kept(data: bytes) -> bytes:
        name = hashlib.sha256(data)
        made.append((name.hexdigest(), data))
        return name.digest()

    def field(number: int, data: bytes) -> bytes:
        return bytes([number << 3 | 2, len(data)]) + data

    blobs = (m if isinstance(m, bytes) else json.dumps(m).encode() for m in messages)
    root = b"".join(field(1, kept(b)) for b in blobs) + b"\x18\x2a" + field(9, cwd.encode())
    about = {"latestRootBlobId": kept(root).hex(), "name": "Look", "createdAt": 1_781_256_145_540,
             "lastUsedModel": "m-1"}  # fmt: skip
    insert = "insert into blobs values (?, ?)"
    return database(
        folder / "store.db",
        "create table blobs (id text primary key, data blob)",
        "create table meta (key text primary key, value text)",
        rows=[
            *((insert, each) for each in made),
            ("insert into meta values (?, ?)", ("0", json.dumps(about).encode().hex())),
        ],
    )


STORED: list[Any] = [
    {"role": "system", "content": "You are …"},
    {"role": "user", "content": "<user_info>\nOS: linux\n</user_info>"},
    {"role": "user", "content": [{"type": "text", "text": "<user_query>List it</user_query>"}]},
    {"role": "assistant", "content": [
        {"type": "reasoning", "text": "Hm."}, {"type": "text", "text": "I look."},
        {"type": "tool-call", "toolCallId": "t", "toolName": "Shell", "args": {"command": "ls"}}]},
    b"\x00 encrypted, or of another kind",
    {"role": "tool", "content": [{"type": "tool-result", "toolCallId": "t", "result": "a b"}]},
]  # fmt: skip


def test_a_store_of_cursors_command_line_is_read(tmp_path: Path, where: Places) -> None:
    path = store(tmp_path / "chats" / "hash" / "c1", STORED)
    (events,) = news(path, where)
    assert said(events) == ["List it"] and answered(events) == "I look."
    assert results(events) == [("ok", "a b")]
    assert of(events, ev.ToolCall)[0].input == {"command": "ls"}
    first = created(events)
    assert (first.title, first.model, first.cwd) == ("Look", "m-1", "/home/user/my work")
    assert first.at.startswith("2026-06-12")


def test_what_a_transcript_tells_is_not_taken_from_the_store_again(
    tmp_path: Path, where: Places
) -> None:
    store(tmp_path / "chats" / "hash" / "c1", STORED)
    folder = tmp_path / "projects" / "work" / "agent-transcripts" / "c1"
    folder.mkdir(parents=True)
    lines(folder / "c1.jsonl", [{"role": "user", "message": {"content": "From the transcript"}}])
    (events,) = news(tmp_path, where)
    assert said(events) == ["From the transcript"]


def test_what_the_store_told_first_is_not_taken_from_a_transcript_again(
    tmp_path: Path, where: Places
) -> None:
    path = store(tmp_path / "chats" / "hash" / "c1", STORED)
    ((first, *_),) = news(tmp_path, where)
    folder = tmp_path / "projects" / "work" / "agent-transcripts" / "c1"
    folder.mkdir(parents=True)
    told = lines(folder / "c1.jsonl", [{"role": "user", "message": {"content": "List it"}}])
    (done,) = import_paths([told], where)
    assert isinstance(first, ev.SessionCreated)
    assert (done.status, done.session) == ("known", first.id)
    path.unlink()  # written anew below, with more in it
    store(path.parent, [*STORED, {"role": "user", "content": "And now?"}])
    (grown,) = [d for d in import_paths([tmp_path], where) if d.status != "known"]
    assert (grown.status, grown.session) == ("grown", first.id)


@pytest.mark.parametrize("broken", [b"\x0a\xff", b"\x0a\x20short", b"\xff" * 40, b"{}", b""])
def test_a_store_whose_root_is_broken_holds_nothing(
    tmp_path: Path, where: Places, broken: bytes
) -> None:
    path = store(tmp_path / "chats" / "hash" / "c1", STORED)
    with sqlite3.connect(path) as db:
        db.execute("update blobs set data = ? where data not like '%role%'", (broken,))
    assert news(path, where) == []


def test_what_was_rewound_in_copilot_is_marked(tmp_path: Path, where: Places) -> None:
    def event(number: int, parent: int | None, kind: str, **data: Any) -> dict[str, Any]:
        told = {"type": kind, "data": data, "id": f"e{number}", "timestamp": "2026-11-20T10:00:00Z"}
        return {**told, "parentId": None if parent is None else f"e{parent}"}

    path = tmp_path / "s1" / "events.jsonl"
    path.parent.mkdir()
    start = event(0, None, "session.start", copilotVersion="1.0.102", context={"cwd": "/w"})
    told = [
        start,
        event(1, 0, "user.message", content="one"), event(2, 1, "assistant.message", content="1"),
        event(3, 2, "user.message", content="two"), event(4, 3, "assistant.message", content="2"),
        event(5, 4, "user.message", content="three"),
        # The event is told where it is kept; else the next message goes on from before.
        event(6, 5, "session.snapshot_rewind", upToEventId="e5", eventsRemoved=1),
        event(7, 4, "user.message", content="third"), event(8, 7, "assistant.message", content="3"),
        event(9, 2, "user.message", content="second"),
    ]  # fmt: skip
    lines(path, told)
    (events,) = news(path, where)
    assert said(events) == ["one", "two", "three", "third", "second"]
    assert [e.turn for e in of(events, ev.TurnUndone)] == [3, 2]


def test_a_database_of_nobody_is_nobodys(tmp_path: Path, where: Places) -> None:
    path = database(tmp_path / "x.db", "create table sessions (id text)")
    (done,) = import_paths([path], where)
    assert done.status == "failed" and "OpenCode, Crush, Goose or Cursor" in done.message


HALF = "half \ud83d character"
"""JavaScript cuts texts by half characters, and writes such halves as escapes."""


@pytest.mark.parametrize("raw", [False, True])
def test_half_characters_cost_no_line(tmp_path: Path, where: Places, raw: bool) -> None:
    user = {
        "type": "user",
        "sessionId": "s",
        "uuid": "1",
        "cwd": "/w",
        "message": {"role": "user", "content": HALF},
    }
    answer = {
        "type": "assistant",
        "sessionId": "s",
        "uuid": "2",
        "message": {
            "role": "assistant",
            "content": [
                {"type": "text", "text": HALF},
                {"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": HALF}},
            ],
        },
    }
    result = {"type": "user", "sessionId": "s", "uuid": "3",
              "message": {"role": "user", "content": [
                  {"type": "tool_result", "tool_use_id": "t", "content": HALF}]}}  # fmt: skip
    path = tmp_path / "s.jsonl"
    told = "".join(json.dumps(r, ensure_ascii=not raw) + "\n" for r in (user, answer, result))
    path.write_bytes(told.encode("utf-8", "surrogatepass"))
    (events,) = imported(path, where)
    assert len(said(events)) == 1 and said(events)[0].startswith("half ")
    assert answered(events).endswith(" character")
    (status, content), *_ = results(events)
    assert status == "ok" and content.endswith(" character")
    assert of(events, ev.ToolCall)[0].input["command"].startswith("half ")


def test_where_they_keep_theirs_is_known(tmp_path: Path) -> None:
    env = {
        "COPILOT_HOME": str(tmp_path / "co"),
        "KIMI_CODE_HOME": str(tmp_path / "k"),
        "VIBE_HOME": str(tmp_path / "v"),
        "XDG_DATA_HOME": str(tmp_path / "x"),
        "GOOSE_PATH_ROOT": str(tmp_path / "g"),
        "CURSOR_DATA_DIR": str(tmp_path / "cu"),
        "OPENCODE_DB": "other.db",
    }
    folders = (
        "co/session-state", "k/sessions", "v/logs/session", "g/data/sessions", "cu/chats",
        "x/opencode/other.db",
    )  # fmt: skip
    for folder in (*folders, "home/.cursor/projects", "home/.kimi/sessions"):
        (tmp_path / folder).mkdir(parents=True)
    found = {str(p.relative_to(tmp_path)) for p in default_paths(tmp_path / "home", env)}
    assert found == {*folders, "home/.cursor/projects", "home/.kimi/sessions"}
