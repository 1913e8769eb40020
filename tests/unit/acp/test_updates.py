"""What an agent tells of a tool call becomes one call, its news and its end: nothing twice.

The sequences are those that OpenCode 1.18, claude-agent-acp and codex-acp were seen to send.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sessions.backends.acp.permission_request import asked, filled
from sessions.backends.acp.terminals import Terminals
from sessions.backends.acp.updates import Translator
from sessions.record import events as ev

DIFF = {"type": "diff", "path": "/w/a.txt", "oldText": None, "newText": "one\n"}


def said(text: str) -> dict[str, Any]:
    return {"type": "content", "content": {"type": "text", "text": text}}


def update(**fields: Any) -> dict[str, Any]:
    return {"sessionUpdate": "tool_call_update", "toolCallId": "t", **fields}


def begun(**fields: Any) -> Translator:
    """A translator that has told of a call with an input."""
    translator = Translator(1)
    call = {"sessionUpdate": "tool_call", "toolCallId": "t", "title": "bash", "kind": "execute"}
    told = translator.events({**call, "rawInput": {"command": "ls", "cwd": "/w"}, **fields})
    assert [type(e) for e in told] == [ev.ToolCall]
    return translator


def test_a_call_that_is_told_again_is_one_call() -> None:
    translator = begun()
    assert translator.events(update(rawInput={"command": "ls", "cwd": "/w"})) == []


def test_a_call_whose_input_grows_is_told_anew() -> None:
    translator = begun()
    (told,) = translator.events(update(rawInput={"command": "ls -l", "cwd": "/w"}))
    assert isinstance(told, ev.ToolCall)
    assert told.input["command"] == "ls -l"


def test_content_that_is_told_again_is_shown_once() -> None:
    translator = begun()
    texts = ["one\n", "one\n", "one\ntwo\n", "another"]
    news = [translator.events(update(content=[said(text)])) for text in texts]
    shown = [[e.text for e in told if isinstance(e, ev.ToolProgress)] for told in news]
    assert shown == [["one\n"], [], ["two\n"], ["another"]]


def test_a_new_title_is_told_once() -> None:
    translator = begun()
    titles = [translator.events(update(title="List files")) for _ in range(2)]
    assert [len(told) for told in titles] == [1, 0]


def test_a_permissions_own_words_do_not_replace_the_calls_input() -> None:
    translator = begun()
    assert translator.announce({"toolCallId": "t", "rawInput": {"command": "ls"}}) == []
    assert translator.call("t")["rawInput"] == {"command": "ls", "cwd": "/w"}


def test_a_permission_for_a_call_that_was_never_told_tells_it() -> None:
    call = {"toolCallId": "t", "title": "Run", "kind": "execute", "rawInput": {"command": "ls"}}
    (told,) = Translator(1).announce(call)
    assert isinstance(told, ev.ToolCall)
    assert told.input == {"command": "ls"}


def test_a_diff_that_was_told_before_stands_in_the_result() -> None:
    translator = begun(title="write", kind="edit")
    translator.announce({"toolCallId": "t", "content": [DIFF]})
    (result,) = translator.events(update(status="completed", content=[said("Wrote it.")]))
    assert isinstance(result, ev.ToolResult)
    assert result.content == "Wrote it."
    assert result.data["diffs"] == [{"path": "/w/a.txt", "old": None, "new": "one\n"}]


def test_a_change_that_failed_is_no_diff_but_why() -> None:
    translator = begun(title="write", kind="edit", content=[DIFF])
    (result,) = translator.events(update(status="failed", content=[said("Read it first.")]))
    assert isinstance(result, ev.ToolResult)
    assert (result.status, result.content, result.data) == ("error", "Read it first.", {})


def test_nothing_follows_a_calls_end() -> None:
    translator = begun()
    assert len(translator.events(update(status="completed"))) == 1
    assert translator.events(update(status="completed", title="Again")) == []


def outcome(translator: Translator, **fields: Any) -> ev.ToolResult:
    """The result that a last update makes."""
    result = translator.events(update(status="completed", **fields))[-1]
    assert isinstance(result, ev.ToolResult)
    return result


def test_what_was_said_before_a_call_is_not_its_result() -> None:
    translator = begun(content=[said("Lists the files")])
    assert outcome(translator, rawOutput="a.txt\nb.txt").content == "a.txt\nb.txt"
    translator = begun()
    translator.events(update(rawInput={"command": "ls"}, content=[said("Lists the files")]))
    assert outcome(translator, rawOutput={"output": "a.txt"}).content == "a.txt"
    assert outcome(begun(content=[said("Lists the files")]), content=[]).content == ""


def test_what_an_mcp_server_said_is_shown_as_its_text() -> None:
    translator = Translator(1)
    translator.events(update(rawInput={"arguments": {"a": 2}}))
    result = {"content": [{"type": "text", "text": "42"}], "structuredContent": {"result": 42}}
    told = outcome(translator, rawOutput={"result": result, "error": None})
    assert told.content == "42"


def test_a_request_without_the_input_shows_the_one_that_was_told_before() -> None:
    known = {"rawInput": {"a": 2, "who": "x", "more": [1, "ü"]}, "kind": "other"}
    call = filled(known, {"toolCallId": "t", "title": "sums_add", "rawInput": {}, "content": None})
    request = asked(1, "t", call, [], Path("/w"))
    assert request.detail == 'a: 2\nwho: x\nmore: [1, "ü"]'
    assert request.summary == "sums_add"


def test_what_was_said_while_it_ran_is_its_result() -> None:
    translator = begun(content=[said("Lists the files")])
    translator.events(update(status="in_progress", content=[said("a.txt")]))
    assert outcome(translator).content == "a.txt"
    assert outcome(begun(content=[said("x")]), content=[said("y")]).content == "y"


def test_what_a_terminal_of_the_agents_own_prints_is_shown_and_kept() -> None:
    """Codex 2.6 sends pieces, claude-agent-acp all at once; neither asks the client for one."""
    terminal = [{"type": "terminal", "terminalId": "exec-1"}]
    translator = Translator(1, lambda number: f"unknown {number}")
    call = {"sessionUpdate": "tool_call", "toolCallId": "t", "kind": "execute", "title": "ls"}
    translator.events({**call, "status": "in_progress", "content": terminal})
    shown: list[str] = []
    for data in ("one\n", "two\n"):
        piece = {"terminal_id": "exec-1", "data": data}
        told = translator.events(update(_meta={"terminal_output_delta": piece}))
        shown += [e.text for e in told if isinstance(e, ev.ToolProgress)]
    whole = {"terminal_id": "exec-1", "data": "one\ntwo\nthree\n"}
    told = translator.events(update(_meta={"terminal_output": whole}))
    shown += [e.text for e in told if isinstance(e, ev.ToolProgress)]
    result = outcome(translator, _meta={"terminal_exit": {"terminal_id": "exec-1", "exit_code": 3}})
    assert shown == ["one\n", "two\n", "three\n"]
    assert result.content == "one\ntwo\nthree\n"
    assert result.data["exit_code"] == 3


def test_a_terminal_of_the_agents_own_that_printed_nothing_shows_nothing() -> None:
    """Codex 2.6 at a command without output: its terminal is named and never told of."""
    terminal = [{"type": "terminal", "terminalId": "call_2"}]
    translator = Translator(1, Terminals().printed)
    call = {"sessionUpdate": "tool_call", "toolCallId": "t", "kind": "execute", "title": "touch x"}
    translator.events({**call, "status": "in_progress", "content": terminal})
    assert outcome(translator, _meta={"terminal_exit": {"exit_code": 0}}).content == ""


def test_a_line_of_the_agents_own_is_no_part_of_the_answer() -> None:
    """Copilot CLI says such lines among the chunks; a model's own chunks are left alone."""

    def told(text: str, *, copilot: bool = True, within: bool = False) -> list[ev.Event]:
        translator = Translator(1, says_beside=copilot)
        chunks = ["I look. ", text] if within else [text]
        contents = [{"type": "text", "text": each} for each in chunks]
        kind = "agent_message_chunk"
        return [
            event
            for content in contents
            for event in translator.events({"sessionUpdate": kind, "content": content})
        ][-1:]

    assert told("Info: /w/a.txt") == [ev.Notice(turn=1, kind="agent", message="/w/a.txt")]
    assert told("Error: no server") == [ev.Error(turn=1, kind="agent", message="no server")]
    for text in ("Info: two\nlines", "Information: x", "Info:"):
        assert told(text) == [ev.Text(turn=1, text=text)]
    line = "Info: it may go on in the middle of an answer"
    assert told(line, within=True) == told(line, copilot=False) == [ev.Text(turn=1, text=line)]


def test_a_call_whose_title_is_its_input_is_called_by_its_tool() -> None:
    """Qwen Code titles the tools of MCP servers so."""
    name = "mcp__notes__add"
    given = {"title": '{"text":"milk"}', "rawInput": {"text": "milk"}, "_meta": {"toolName": name}}
    translator = Translator(1)
    call = {"toolCallId": "t", "kind": "other", **given}
    (told,) = translator.announce(call)
    assert isinstance(told, ev.ToolCall) and told.title == name
    request = asked(1, "t", filled(translator.call("t"), call), [], Path("/w"))
    assert (request.summary, request.detail) == (name, "text: milk")
    nameless = asked(1, "t", {"title": "{}", "kind": "other"}, [], Path("/w"))
    assert nameless.summary == "{}"
