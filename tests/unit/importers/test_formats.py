"""Conversations as programs of 2026 write them: files that the real ones made, and described ones.

`codex-0.171.0.jsonl` and `qwen-0.24.4.jsonl` were made by those versions with a scripted server
(November 2026), with folders renamed and long texts cut. The exports of ChatGPT (as described up to
January 2026) and of Claude (April to July 2026) are written from public descriptions; aider's
history (0.86.2) is one that it wrote.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from sessions.importers.base import Builder
from sessions.importers.homes import default_paths, homes
from sessions.importers.run import Imported, import_paths
from sessions.paths import Places
from sessions.record import events as ev
from sessions.record.context import Context
from sessions.record.journal import read
from tests.support.rig import rig_places

FIXTURES = Path(__file__).parents[2] / "fixtures" / "importers"
AT = "2026-11-01T12:00:00.000Z"


@pytest.fixture
def where(tmp_path: Path) -> Places:
    return rig_places(tmp_path / "home")


def imported(path: Path, where: Places) -> list[list[ev.Event]]:
    """The events of every conversation in a file."""
    done = list(import_paths([path], where))
    assert all(d.status == "new" for d in done), done
    return [events_of(d, where) for d in done]


def events_of(done: Imported, where: Places) -> list[ev.Event]:
    """What a conversation has become."""
    return list(read(where.session(done.session) / "journal.jsonl"))


def lines(path: Path, records: Iterable[Any]) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in records))
    return path


def of(events: list[ev.Event], kind: type[Any]) -> list[Any]:
    return [e for e in events if isinstance(e, kind)]


def told(events: list[ev.Event], tmp_path: Path) -> str:
    """What a model would be told of it."""
    context = Context(tmp_path)
    for event in events:
        context.apply(event)
    return json.dumps(context.messages())


def test_a_rollout_of_codex_2026_is_read(where: Places) -> None:
    (events,) = imported(FIXTURES / "codex-0.171.0.jsonl", where)
    asked = [e.text for e in of(events, ev.UserMessage)]
    assert asked == ["Please list it", "And refuse it", "please hang", "Go on"]
    said = "".join(e.text for e in of(events, ev.Text))
    assert said == "Let me look. Done with that.Done with that.You said it."
    assert [e.text for e in of(events, ev.Thinking)] == ["Hm. I look."]
    assert [e.status for e in of(events, ev.ToolResult)] == ["error", "denied"]
    assert of(events, ev.ToolResult)[0].data["exit_code"] == 3
    ended = of(events, ev.TurnEnded)
    assert [e.reason for e in ended] == ["end_turn", "end_turn", "interrupted", "end_turn"]
    assert ended[0].usage == {"input": 20, "output": 10}
    assert ended[2].usage == {} and ended[3].usage == {"input": 10, "output": 5}
    created = events[0]
    assert isinstance(created, ev.SessionCreated) and created.cwd == "/home/user/work"


def codex(kind: str, **payload: Any) -> dict[str, Any]:
    return {"timestamp": AT, "type": kind, "payload": payload}


def test_text_of_a_cancelled_turn_of_codex_is_kept(tmp_path: Path, where: Places) -> None:
    message = {"type": "message", "role": "user", "content": [{"text": "Go"}]}
    half = {"type": "AgentMessage", "id": "m1", "content": [{"type": "Text", "text": "Half of"}]}
    whole = {"type": "AgentMessage", "id": "m0", "content": [{"type": "Text", "text": "First."}]}
    said = {"type": "message", "role": "assistant", "id": "m0", "content": [{"text": "First."}]}
    command = {"type": "CommandExecution", "id": "k", "status": "declined"}
    records = [
        codex("session_meta", id="c", cwd="/w", source="cli"),
        codex("response_item", **message),
        codex("event_msg", type="item_completed", item=whole),
        codex("response_item", **said),
        codex("response_item", type="function_call", call_id="k", name="exec_command"),
        codex("event_msg", type="item_completed", item=command),
        codex("response_item", type="function_call_output", call_id="k", output="no"),
        codex("event_msg", type="item_completed", item=half),
        codex("event_msg", type="turn_aborted", reason="interrupted"),
    ]
    (events,) = imported(lines(tmp_path / "rollout-1.jsonl", records), where)
    assert [e.text for e in of(events, ev.Text)] == ["First.", "Half of"]
    assert of(events, ev.ToolResult)[0].status == "denied"
    assert of(events, ev.TurnEnded)[0].reason == "interrupted"


def test_sums_of_older_rollouts_are_taken_apart(tmp_path: Path, where: Places) -> None:
    def counted(given: int, output: int) -> dict[str, Any]:
        total = {"input_tokens": given, "cached_input_tokens": 4, "output_tokens": output}
        return codex("event_msg", type="token_count", info={"total_token_usage": total})

    ask = {"type": "message", "role": "user", "content": [{"text": "Go"}]}
    records = [
        codex("session_meta", id="c", cwd="/w"),
        codex("response_item", **ask),
        counted(10, 5),
        counted(10, 5),
        codex("response_item", **ask),
        counted(30, 9),
        codex("event_msg", type="token_count", info=None),
    ]
    (events,) = imported(lines(tmp_path / "rollout-1.jsonl", records), where)
    assert [e.usage for e in of(events, ev.TurnEnded)] == [
        {"input": 6, "output": 5, "cache_read": 4},
        {"input": 20, "output": 4},
    ]


def test_a_sub_agents_rollout_is_no_conversation(tmp_path: Path, where: Places) -> None:
    source = {"subagent": {"thread_spawn": {"parent_thread_id": "p"}}}
    ask = {"type": "message", "role": "user", "content": [{"text": "Go"}]}
    records = [codex("session_meta", id="c", source=source), codex("response_item", **ask)]
    path = lines(tmp_path / "rollout-1.jsonl", records)
    assert [d.status for d in import_paths([tmp_path], where) if d.path == str(path)] == ["empty"]


def test_a_chat_of_qwen_code_is_read(where: Places) -> None:
    (events,) = imported(FIXTURES / "qwen-0.24.4.jsonl", where)
    assert [e.text for e in of(events, ev.UserMessage)] == ["Please list it", "And what else"]
    assert [e.text for e in of(events, ev.Thinking)] == ["Hm. I look."]
    assert [e.text for e in of(events, ev.Text)][:2] == ["Let me look. ", "Done with that."]
    (result,) = of(events, ev.ToolResult)
    assert result.status == "error" and result.data["exit_code"] == 1
    assert of(events, ev.ToolCall)[0].input["command"] == "ls; false"
    assert of(events, ev.TurnEnded)[0].usage == {"input": 20, "output": 10}
    created = events[0]
    assert isinstance(created, ev.SessionCreated) and created.source
    assert created.source["harness"] == "qwen" and created.cwd == "/home/user/work"


def claude(uuid: str, parent: str | None, kind: str, content: Any) -> dict[str, Any]:
    base = {"type": kind, "uuid": uuid, "parentUuid": parent, "sessionId": "s", "timestamp": AT}
    return base | {"cwd": "/w", "message": {"role": kind, "content": content, "model": "m"}}


def qwen(uuid: str, parent: str | None, kind: str, text: str) -> dict[str, Any]:
    base = {"type": kind, "uuid": uuid, "parentUuid": parent, "sessionId": "s", "timestamp": AT}
    return base | {"cwd": "/w", "message": {"role": kind, "parts": [{"text": text}]}}


@pytest.mark.parametrize("record", [claude, qwen])
def test_what_was_rewound_is_kept_and_not_told(record: Any, tmp_path: Path, where: Places) -> None:
    records = [
        record("1", None, "user", "First"),
        record("2", "1", "assistant", "One."),
        record("3", "2", "user", "Wrong way"),
        record("4", "3", "assistant", "Two."),
        record("5", "4", "user", "Further"),
        record("6", "2", "user", "Right way"),
        record("7", "6", "assistant", "Three."),
    ]
    (events,) = imported(lines(tmp_path / "s.jsonl", records), where)
    assert [e.turn for e in of(events, ev.TurnUndone)] == [2]
    assert len(of(events, ev.UserMessage)) == 4
    said = told(events, tmp_path)
    assert "Right way" in said and "First" in said
    assert "Wrong way" not in said and "Further" not in said


def test_a_first_message_that_was_asked_otherwise_takes_all_back(
    tmp_path: Path, where: Places
) -> None:
    records = [
        claude("1", None, "user", "First"),
        claude("2", "1", "assistant", "One."),
        claude("3", None, "user", "Otherwise"),
    ]
    (events,) = imported(lines(tmp_path / "s.jsonl", records), where)
    assert [e.turn for e in of(events, ev.TurnUndone)] == [1]


def test_calls_side_by_side_and_a_summary_take_nothing_back(tmp_path: Path, where: Places) -> None:
    def use(number: str) -> list[dict[str, Any]]:
        return [{"type": "tool_use", "id": number, "name": "LS", "input": {}}]

    def result(number: str) -> list[dict[str, Any]]:
        return [{"type": "tool_result", "tool_use_id": number, "content": "ok"}]

    boundary = {"type": "system", "subtype": "compact_boundary", "uuid": "b", "parentUuid": None}
    summary = claude("s", "b", "user", "So far") | {"isCompactSummary": True}
    records = [
        claude("1", None, "user", "First"),
        claude("2", "1", "assistant", use("a")),
        claude("3", "2", "assistant", use("b")),
        claude("4", "2", "user", result("a")),
        claude("5", "3", "user", result("b")),
        claude("6", "4", "assistant", "Done."),
        claude("7", "6", "user", "Second"),
        boundary | {"sessionId": "s", "timestamp": AT},
        summary,
        claude("8", None, "user", "Third"),
    ]
    (events,) = imported(lines(tmp_path / "s.jsonl", records), where)
    assert of(events, ev.TurnUndone) == []
    assert [r.status for r in of(events, ev.ToolResult)] == ["ok", "ok"]


def node(number: str, parent: str | None, role: str, content: Any, **more: Any) -> dict[str, Any]:
    message = {"id": number, "author": {"role": role}, "content": content, "create_time": 1.7e9}
    return {"id": number, "parent": parent, "message": message | more, "children": []}


def words(text: str) -> dict[str, Any]:
    return {"content_type": "text", "parts": [text]}


def test_an_export_of_chatgpt_is_read_along_the_branch_that_was_shown(
    tmp_path: Path, where: Places
) -> None:
    thoughts = {"content_type": "thoughts", "thoughts": [{"summary": "Hm", "content": "so"}]}
    picture = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://x"}
    code = {"content_type": "code", "text": "print(1)"}
    output = {"content_type": "execution_output", "text": "1"}
    hidden = {"is_visually_hidden_from_conversation": True}
    nodes = [
        {"id": "root", "parent": None, "message": None, "children": ["s"]},
        node("s", "root", "user", words("Hidden"), metadata=hidden),
        node("old", "s", "user", words("Asked first")),
        node("u", "s", "user", {"content_type": "multimodal_text", "parts": [picture, "See?"]}),
        node("t", "u", "assistant", thoughts),
        node("c", "t", "assistant", code, recipient="python"),
        node("o", "c", "tool", output),
        node("a", "o", "assistant", words("Yes."), metadata={"model_slug": "gpt-x"}),
    ]
    chats = [
        {
            "title": "Seeing",
            "create_time": 1.7e9,
            "mapping": {n["id"]: n for n in nodes},
            "current_node": "a",
            "conversation_id": "c1",
        },
        {"title": "Empty", "mapping": {}, "conversation_id": "c2"},
        {"title": "Two", "mapping": {"x": node("x", None, "user", words("Hi"))}, "id": "c3"},
    ]
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps(chats))
    done = list(import_paths([path], where))
    assert [d.status for d in done] == ["new", "empty", "new"]
    events = list(read(where.session(done[0].session) / "journal.jsonl"))
    asked = "[image is not in the export.]\nSee?"
    assert [e.text for e in of(events, ev.UserMessage)] == [asked]
    assert [e.text for e in of(events, ev.Text)] == ["Yes."]
    assert [e.text for e in of(events, ev.Thinking)] == ["Hm\nso"]
    assert of(events, ev.ToolCall)[0].name == "python"
    assert of(events, ev.ToolResult)[0].content == "1"
    assert events[0].title == "Seeing"  # type: ignore[attr-defined]
    chats[2]["mapping"]["y"] = node("y", "x", "assistant", words("Ho"))  # type: ignore[index]
    path.write_text(json.dumps(chats))
    grown = [d for d in import_paths([path], where) if d.status == "grown"]
    assert [d.session for d in grown] == [done[2].session]


def test_an_export_of_claude_is_read(tmp_path: Path, where: Places) -> None:
    root = "00000000-0000-4000-8000-000000000000"

    def message(number: str, parent: str, sender: str, content: list[Any], **more: Any) -> Any:
        base = {"uuid": number, "parent_message_uuid": parent, "sender": sender, "created_at": AT}
        return base | {"text": "", "content": content, "attachments": [], "files": []} | more

    def said(text: str) -> dict[str, Any]:
        return {"type": "text", "text": text}

    attached = {"file_name": "a.csv", "extracted_content": "1,2"}
    use = {"type": "tool_use", "id": None, "name": "search", "input": {"q": "x"}}
    result = {"type": "tool_result", "name": "search", "content": [said("found")]}
    messages = [
        message("1", root, "human", [said("Wrong")]),
        message("2", "1", "assistant", [said("No.")]),
        message("3", root, "human", [said("Right")], attachments=[attached]),
        message("4", "3", "assistant", [{"type": "thinking", "thinking": "Hm"}, use, result]),
        message("5", "4", "human", [], text="Thanks", files=[{"file_name": "b.png"}]),
    ]
    chat = {"uuid": "c", "name": "Sums", "created_at": AT, "chat_messages": messages}
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps([chat]))
    (events,) = imported(path, where)
    assert [e.text for e in of(events, ev.UserMessage)] == [
        "Right\n\n[File a.csv]\n1,2",
        "Thanks\n[b.png is not in the export.]",
    ]
    assert of(events, ev.ToolCall)[0].input == {"q": "x"}
    assert of(events, ev.ToolResult)[0].content == "found"
    assert of(events, ev.Thinking)[0].text == "Hm"


def test_a_turn_has_the_model_that_its_answer_names(tmp_path: Path) -> None:
    builder = Builder("x", tmp_path / "x")
    builder.user("Before anybody answers")
    builder.model = "first"
    builder.text("Yes.")
    builder.user("With another one")
    builder.model = "second"
    builder.text("No.")
    builder.finish()
    events = builder.take()
    assert [e.model for e in of(events, ev.SessionCreated)] == ["first"]
    assert [e.model for e in of(events, ev.TurnStarted)] == ["first", "second"]
    assert [e.seq for e in events] == list(range(1, len(events) + 1))


def test_aiders_history_is_read_chat_by_chat(
    tmp_path: Path, where: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    path = tmp_path / ".aider.chat.history.md"
    shutil.copy(FIXTURES / "aider-0.86.2.chat.history.md", path)
    try:
        done = list(import_paths([path], where))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert [d.status for d in done] == ["new", "new", "empty"]
    first, second = (list(read(where.session(d.session) / "journal.jsonl")) for d in done[:2])
    told = "\n".join(e.text for e in of(first, ev.Text))
    assert "# A heading of the answer\n\n> a quotation of the answer" in told
    assert 'print("hello")' in told and "Applied edit" not in told
    assert of(first, ev.TurnEnded)[0].usage == {"input": 583, "output": 38}
    assert first[0].model == "openai/mock-model"  # type: ignore[attr-defined]
    assert first[0].at.startswith("2026-11-29T03:24:48")
    assert [e.text for e in of(second, ev.UserMessage)] == [
        "please explain it",
        "/run echo out of a command",
        "first line\n# second line, please explain",
        "/exit",
    ]
    assert of(second, ev.Text)[0].text == "It prints a word.\n\n#### a small heading\n\nDone."


def test_aiders_history_without_the_ends_of_its_lines_is_read_and_grows(
    tmp_path: Path, where: Places
) -> None:
    path = tmp_path / ".aider.chat.history.md"
    path.write_text("# aider chat started at 2026-10-02 09:00:00\n\n> Aider\n#### Again\n\nWell.\n")
    (done,) = import_paths([path], where)
    events = list(read(where.session(done.session) / "journal.jsonl"))
    assert [e.text for e in of(events, ev.Text)] == ["Well."]
    with path.open("a") as file:
        file.write("\n#### More\n\nMore.\n")
    assert [d.status for d in import_paths([path], where)] == ["grown"]


def test_one_broken_conversation_costs_no_other_its_import(tmp_path: Path, where: Places) -> None:
    good = {"title": "Two", "mapping": {"x": node("x", None, "user", words("Hi"))}, "id": "c3"}
    path = tmp_path / "conversations.json"
    broken = {"id": "b", "mapping": {"x": node("x", None, "user", words("Hi"))}, "title": "B"}
    broken["mapping"]["x"]["message"]["content"] = {"parts": [{"text": {}}]}  # type: ignore[index]
    path.write_text(json.dumps([broken, good]))
    done = list(import_paths([path], where))
    assert done[-1].status == "new"
    assert len(done) == 2


def test_what_was_led_in_this_deck_is_not_taken_again(tmp_path: Path, where: Places) -> None:
    from sessions.record.journal import Journal

    created = ev.SessionCreated(id="1own", title="", backend="claude-code", model="", cwd="/w")
    journal, _, _ = Journal.create(where.session("1own"), created)
    journal.append(ev.BackendState(data={"starting": "x"}))
    journal.append(ev.BackendState(data={"session_id": "first", "owner": "1own"}))
    journal.append(ev.Text(turn=1, text='{"type":"backend.state","session_id":"third"}'))
    journal.append(ev.BackendState(data={"session_id": "second", "owner": "1own"}))
    journal.close()
    for name in ("first", "second", "third"):
        lines(tmp_path / f"{name}.jsonl", [claude("1", None, "user", f"Go {name}")])
    done = {Path(d.path).stem: (d.status, d.session) for d in import_paths([tmp_path], where)}
    assert done["first"] == done["second"] == ("known", "1own")
    assert done["third"][0] == "new"


def test_what_the_deck_asked_an_agent_beside_its_sessions_is_not_taken(
    tmp_path: Path, where: Places
) -> None:
    asked = claude("1", None, "user", "Is it so?") | {"cwd": "/tmp/agentdeck-ask-x1"}
    path = lines(tmp_path / "asked.jsonl", [asked])
    (done,) = import_paths([path], where)
    assert (done.status, done.session) == ("known", "")


def test_a_chat_of_gemini_has_the_directory_of_its_project(tmp_path: Path, where: Places) -> None:
    chats = tmp_path / "tmp" / "project" / "chats"
    chats.mkdir(parents=True)
    (chats.parent / ".project_root").write_text("/home/user/work")
    records = [
        {"sessionId": "g", "projectHash": "h", "startTime": AT},
        {"id": "1", "timestamp": AT, "type": "user", "content": "Go"},
    ]
    (events,) = imported(lines(chats / "session-1.jsonl", records), where)
    assert events[0].cwd == "/home/user/work"  # type: ignore[attr-defined]


def test_a_call_of_gemini_that_has_odd_neighbours_is_read_as_one_that_has_none(
    tmp_path: Path, where: Places
) -> None:
    told = {"functionResponse": {"response": {"output": "no\nExit Code: 2"}}}
    call = {"id": "c", "name": "run_shell_command", "status": "success", "result": [told]}

    def read_of(name: str, calls: list[Any]) -> list[ev.ToolResult]:
        head = {"sessionId": name, "projectHash": "h", "startTime": AT}
        asked = {"id": "1", "timestamp": AT, "type": "user", "content": "Go on."}
        answer = {"id": "2", "timestamp": AT, "type": "gemini", "toolCalls": calls}
        path = tmp_path / f"session-{name}.jsonl"
        path.write_text("".join(json.dumps(each) + "\n" for each in (head, asked, answer)))
        (events,) = imported(path, where)
        return [event for event in events if isinstance(event, ev.ToolResult)]

    ((alone,), (among,)) = (read_of("a", [call]), read_of("b", ["odd", None, call]))
    assert (alone.status, alone.content, alone.data) == (among.status, among.content, among.data)
    assert alone.status == "error" and alone.data["exit_code"] == 2 and "no" in alone.content


def test_what_gemini_takes_back_or_tells_again_counts_as_it_was_told_last(
    tmp_path: Path, where: Places
) -> None:
    def said(number: str, kind: str, text: str) -> ev.JSON:
        return {"id": number, "timestamp": AT, "type": kind, "content": text}

    records = [
        {"sessionId": "g", "projectHash": "h", "startTime": AT, "client": {"type": "ide"}},
        said("1", "user", "What does $set do?"),
        said("2", "gemini", "It"),
        said("2", "gemini", "It sets."),
        said("3", "user", "Wrong."),
        said("4", "gemini", "Sorry."),
        {"$rewindTo": "3"},
        {"$rewindTo": "nobody"},
        {"$set": {"directories": ["/w/later"]}},
        said("2", "gemini", "It sets $x."),
        said("5", "user", 'And "type"?'),
    ]
    path = lines(tmp_path / "session-1.jsonl", records)
    path.write_text(path.read_text() + '{"id": "6", "type": "user", "content": "torn')
    (events,) = imported(path, where)
    told = [e.text for e in events if isinstance(e, ev.UserMessage | ev.Text)]
    assert told == ["What does $set do?", "It sets $x.", 'And "type"?']
    assert events[0].cwd == "/w/later"  # type: ignore[attr-defined]
    assert events[0].source["id"] == "g"  # type: ignore[attr-defined]


def test_the_environment_says_where_conversations_are(tmp_path: Path) -> None:
    env = {
        "CODEX_HOME": str(tmp_path / "c"),
        "CLAUDE_CONFIG_DIR": str(tmp_path / "cc"),
        "XDG_DATA_HOME": str(tmp_path / "x"),
        "GEMINI_CLI_HOME": str(tmp_path / "g"),
        "QWEN_HOME": str(tmp_path / "q"),
    }
    for folder in ("c/sessions", "cc/projects", "g/.gemini/tmp", "q/projects", "x/opencode"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "x/opencode/opencode.db").touch()
    found = {str(p.relative_to(tmp_path)) for p in default_paths(tmp_path / "none", env)}
    assert found == {
        "c/sessions", "cc/projects", "g/.gemini/tmp", "q/projects", "x/opencode/opencode.db",
    }  # fmt: skip
    usual = homes(tmp_path)
    assert usual["codex"][0] == tmp_path / ".codex" / "sessions"
    assert usual["gemini"] == [tmp_path / ".gemini" / "tmp"]
    assert default_paths(tmp_path / "none", {"QWEN_RUNTIME_DIR": str(tmp_path / "q")}) == [
        tmp_path / "q" / "projects"
    ]


def test_a_folder_of_all_is_taken_once(tmp_path: Path, where: Places) -> None:
    for file in FIXTURES.glob("*.jsonl"):
        shutil.copy(file, tmp_path)
    done: list[Imported] = list(import_paths([tmp_path], where))
    assert sorted(d.harness for d in done) == ["codex", "qwen"]
    assert list(import_paths([tmp_path], where)) == []
