"""Files and terminals of an agent: the deck's own permissions, sandbox and record."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from sessions.backends.acp.backend import AcpBackend, AgentConfig
from sessions.paths import Places
from sessions.record import events as ev
from sessions.tools.rewind import changes_since
from sessions.tools.state import ToolOptions
from sessions.tools.toolbox import Toolbox, make_toolbox
from tests.support.host import FakeHost, saying
from tests.support.rig import rig_places, until

AGENT = str(Path(__file__).parents[2] / "support" / "scripted_agent.py")
Asks = list[list[Any]]
Client = Callable[..., Awaitable[list[Any]]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The session's working directory."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder.resolve()


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Places of the test's own."""
    return rig_places(tmp_path / "home")


@pytest.fixture
async def client(tmp_path: Path, root: Path, places: Places) -> AsyncIterator[Client]:
    """Runs a turn in which the agent sends the client some requests; their answers."""
    command = [sys.executable, AGENT, "--state", str(tmp_path / "agent.json")]
    backend = AcpBackend(AgentConfig("scripted", command, state=tmp_path))
    boxes: list[Toolbox] = []

    async def run(host: FakeHost, asks: Asks) -> list[Any]:
        box = make_toolbox(root, host.files, places, options=ToolOptions(sandbox=False))
        boxes.append(box)
        host.tools = box
        host.say("client " + json.dumps(asks))
        conversation = await backend.open(host.session_id, host.cwd, host.state())
        await conversation.turn(host)
        await conversation.close()
        found = json.loads(host.text())
        assert isinstance(found, list)
        return found

    yield run
    await backend.close()
    for box in boxes:
        await box.close()


def host_in(root: Path, permission: str = "ask", decision: str = "") -> FakeHost:
    """A host that works in `root`, with a user who answers so (or never)."""
    host = FakeHost(root, permission=permission)
    host.files = root.parent / "files"
    host.answer = saying(decision) if decision else None
    return host


def of(host: FakeHost, kind: type[ev.Event]) -> list[Any]:
    """The events of a kind."""
    return [e for e in host.events if isinstance(e, kind)]


# -- reading


async def test_reading_inside_is_free_and_leaves_no_trace(client: Client, root: Path) -> None:
    (root / "a.txt").write_text("one\ntwo\nthree\n")
    host = host_in(root)
    answers = await client(host, [["fs/read_text_file", {"path": str(root / "a.txt")}]])
    assert answers == [{"content": "one\ntwo\nthree\n"}]
    assert not of(host, ev.ToolCall) and not of(host, ev.PermissionAsked)


async def test_a_part_of_a_file_is_read_by_lines(client: Client, root: Path) -> None:
    (root / "a.txt").write_text("one\r\ntwo\nthree\n")
    path = str(root / "a.txt")
    answers = await client(
        host_in(root), [["fs/read_text_file", {"path": path, "line": 1, "limit": 2}]]
    )
    assert answers == [{"content": "one\r\ntwo\n"}]


async def test_a_file_that_is_not_there_is_told_by_the_protocols_code(
    client: Client, root: Path
) -> None:
    asks: Asks = [["fs/read_text_file", {"path": str(root / "none.txt")}]]
    (answer,) = await client(host_in(root), asks)
    assert answer["code"] == -32002


async def test_reading_outside_is_asked_and_can_be_refused(
    client: Client, root: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("secret plans")
    host = host_in(root, decision="no")
    (answer,) = await client(host, [["fs/read_text_file", {"path": str(outside)}]])
    assert "said no" in answer["message"]
    (asked,) = of(host, ev.PermissionAsked)
    assert asked.detail_kind == "path" and str(outside) in asked.detail
    assert [r.status for r in of(host, ev.ToolResult)] == ["denied"]


async def test_agentdecks_own_files_are_refused_in_every_mode(
    client: Client, root: Path, places: Places
) -> None:
    places.config_file.parent.mkdir(parents=True, exist_ok=True)
    places.config_file.write_text("api_key = 'k'")
    path = str(places.config_file)
    host = host_in(root, "full")
    read, written = await client(
        host,
        [
            ["fs/read_text_file", {"path": path}],
            ["fs/write_text_file", {"path": path, "content": "mine"}],
        ],
    )
    assert "may not be read" in read["message"] and "may not be changed" in written["message"]
    assert places.config_file.read_text() == "api_key = 'k'"


async def test_a_path_that_is_not_absolute_is_wrong(client: Client, root: Path) -> None:
    (answer,) = await client(host_in(root), [["fs/read_text_file", {"path": "a.txt"}]])
    assert answer["code"] == -32602


# -- writing


async def test_a_write_is_asked_with_its_diff_and_can_be_rewound(
    client: Client, root: Path
) -> None:
    (root / "a.txt").write_text("old\n")
    host = host_in(root, decision="once")
    asks: Asks = [["fs/write_text_file", {"path": str(root / "a.txt"), "content": "new\n"}]]
    assert await client(host, asks) == [{}]
    assert (root / "a.txt").read_text() == "new\n"
    (asked,) = of(host, ev.PermissionAsked)
    assert asked.detail_kind == "diff" and "-old" in asked.detail and "+new" in asked.detail
    (changed,) = of(host, ev.FileChanged)
    assert (host.files / changed.before).read_text() == "old\n"
    assert list(changes_since(host.events, 1)) == [str(root / "a.txt")]
    (call,) = of(host, ev.ToolCall)
    (result,) = of(host, ev.ToolResult)
    assert (call.name, call.kind, result.call, result.status) == ("Write", "edit", call.call, "ok")


async def test_a_refused_write_changes_nothing(client: Client, root: Path) -> None:
    host = host_in(root, decision="no")
    asks: Asks = [["fs/write_text_file", {"path": str(root / "a.txt"), "content": "new\n"}]]
    (answer,) = await client(host, asks)
    assert "said no" in answer["message"]
    assert not (root / "a.txt").exists() and not of(host, ev.FileChanged)


async def test_mode_edit_writes_inside_and_asks_for_what_steers_others(
    client: Client, root: Path
) -> None:
    host = host_in(root, "edit", "no")
    hook = root / ".git" / "hooks" / "pre-commit"
    free, kept = await client(
        host,
        [
            ["fs/write_text_file", {"path": str(root / "a.txt"), "content": "x"}],
            ["fs/write_text_file", {"path": str(hook), "content": "x"}],
        ],
    )
    assert free == {} and "said no" in kept["message"]
    assert (root / "a.txt").read_text() == "x" and not hook.exists()


async def test_mode_read_only_writes_nothing_and_asks_nobody(client: Client, root: Path) -> None:
    host = host_in(root, "read-only")
    asks: Asks = [["fs/write_text_file", {"path": str(root / "a.txt"), "content": "x"}]]
    (answer,) = await client(host, asks)
    assert "read-only" in answer["message"]
    assert not of(host, ev.PermissionAsked)


EDIT = {
    "toolCallId": "e1",
    "title": "Edit a.txt",
    "kind": "edit",
    "status": "pending",
    "rawInput": {"file_path": "a.txt"},
}
YES = [
    {"optionId": "yes", "name": "Yes", "kind": "allow_once"},
    {"optionId": "no", "name": "No", "kind": "reject_once"},
]


async def test_what_the_agents_own_request_allowed_is_not_asked_again(
    client: Client, root: Path
) -> None:
    path = str(root / "a.txt")
    call = {**EDIT, "locations": [{"path": path}]}
    host = host_in(root, decision="yes")
    await client(
        host,
        [
            ["update", {"sessionUpdate": "tool_call", **call}],
            ["session/request_permission", {"toolCall": call, "options": YES}],
            ["fs/write_text_file", {"path": path, "content": "x"}],
        ],
    )
    assert len(of(host, ev.PermissionAsked)) == 1
    assert [c.call for c in of(host, ev.FileChanged)] == ["e1"]
    assert {c.call for c in of(host, ev.ToolCall)} == {"e1"}


async def test_that_it_allowed_one_file_allows_no_other(client: Client, root: Path) -> None:
    call = {**EDIT, "locations": [{"path": str(root / "a.txt")}]}
    host = host_in(root, decision="yes")
    answers = await client(
        host,
        [
            ["session/request_permission", {"toolCall": call, "options": YES}],
            ["fs/write_text_file", {"path": str(root / "b.txt"), "content": "x"}],
        ],
    )
    assert len(of(host, ev.PermissionAsked)) == 2
    assert "message" in answers[1] and not (root / "b.txt").exists()


async def test_what_a_mode_allowed_is_told_once(client: Client, root: Path) -> None:
    path = str(root / "a.txt")
    call = {**EDIT, "locations": [{"path": path}]}
    host = host_in(root, "edit")
    await client(
        host,
        [
            ["session/request_permission", {"toolCall": call, "options": YES}],
            ["fs/write_text_file", {"path": path, "content": "x"}],
        ],
    )
    assert [a.by for a in of(host, ev.PermissionAnswered)] == ["mode"]
    assert (root / "a.txt").read_text() == "x"


async def test_that_a_file_may_be_read_lets_nobody_write_it(client: Client, root: Path) -> None:
    path = str(root / "a.txt")
    call = {**EDIT, "kind": "read", "title": "Read a.txt", "locations": [{"path": path}]}
    host = host_in(root, decision="no")
    answers = await client(
        host,
        [
            ["session/request_permission", {"toolCall": call, "options": YES}],
            ["fs/write_text_file", {"path": path, "content": "x"}],
        ],
    )
    assert answers[0]["outcome"]["optionId"] == "yes"  # reading inside is free
    assert "said no" in answers[1]["message"] and not (root / "a.txt").exists()


async def test_reading_outside_is_asked_once(client: Client, root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("plans")
    call = {**EDIT, "kind": "read", "title": "Read", "locations": [{"path": str(outside)}]}
    host = host_in(root, decision="yes")
    answers = await client(
        host,
        [
            ["session/request_permission", {"toolCall": call, "options": YES}],
            ["fs/read_text_file", {"path": str(outside)}],
        ],
    )
    assert answers[1] == {"content": "plans"}
    assert len(of(host, ev.PermissionAsked)) == 1


# -- terminals

RUN: list[Any] = ["terminal/wait_for_exit", {"terminalId": "$terminal"}]
LOOK: list[Any] = ["terminal/output", {"terminalId": "$terminal"}]
LEAVE: list[Any] = ["terminal/release", {"terminalId": "$terminal"}]


async def test_a_command_is_asked_run_and_shown(client: Client, root: Path) -> None:
    host = host_in(root, decision="once")
    answers = await client(
        host, [["terminal/create", {"command": "echo out; exit 3"}], RUN, LOOK, LEAVE]
    )
    assert answers[1]["exitCode"] == 3
    assert answers[2]["output"] == "out\n" and answers[2]["exitStatus"]["exitCode"] == 3
    (asked,) = of(host, ev.PermissionAsked)
    assert asked.detail == "echo out; exit 3" and asked.detail_kind == "command"
    assert "out" in "".join(p.text for p in of(host, ev.ToolProgress))
    (result,) = of(host, ev.ToolResult)
    assert result.status == "error" and result.content == "out\n"
    assert result.data["exit_code"] == 3


async def test_all_that_a_command_changes_about_itself_is_judged(
    client: Client, root: Path
) -> None:
    host = host_in(root, decision="once")
    (root / "sub dir").mkdir()
    given = {
        "command": "sh",
        "args": ["-c", "pwd; echo $WHO"],
        "env": [{"name": "WHO", "value": "me & you"}],
        "cwd": str(root / "sub dir"),
    }
    answers = await client(host, [["terminal/create", given], RUN, LOOK, LEAVE])
    assert answers[2]["output"] == f"{root}/sub dir\nme & you\n"
    (asked,) = of(host, ev.PermissionAsked)
    assert "sub dir" in asked.detail and "me & you" in asked.detail


async def test_a_refused_command_is_not_run(client: Client, root: Path) -> None:
    host = host_in(root, decision="no")
    (answer,) = await client(host, [["terminal/create", {"command": f"touch {root}/x"}]])
    assert "said no" in answer["message"] and not (root / "x").exists()


async def test_output_keeps_its_end_within_the_agents_limit(client: Client, root: Path) -> None:
    host = host_in(root, decision="once")
    create = {"command": "printf 'äöü%.0s' 1 2 3", "outputByteLimit": 5}
    answers = await client(host, [["terminal/create", create], RUN, LOOK, LEAVE])
    assert answers[2] == {
        "output": "öü",
        "truncated": True,
        "exitStatus": {"exitCode": 0, "signal": None},
    }


async def test_a_killed_command_can_be_read_until_it_is_released(
    client: Client, root: Path
) -> None:
    host = host_in(root, decision="once")
    kill = ["terminal/kill", {"terminalId": "$terminal"}]
    asks = [["terminal/create", {"command": "echo begun; sleep 1000"}], kill, RUN, LOOK]
    answers = await client(host, [*asks, LEAVE, LOOK])
    assert answers[2]["exitCode"] is None or answers[2]["exitCode"] != 0
    assert answers[4] == {}
    assert answers[5]["code"] == -32602  # it is gone


async def test_a_terminal_is_shown_in_the_call_that_embeds_it(client: Client, root: Path) -> None:
    host = host_in(root, decision="once")
    call = {"toolCallId": "c1", "title": "Run", "kind": "execute", "status": "in_progress"}
    shown = {"content": [{"type": "terminal", "terminalId": "$terminal"}]}
    done = {"sessionUpdate": "tool_call_update", "toolCallId": "c1", "status": "completed"}
    await client(
        host,
        [
            ["update", {"sessionUpdate": "tool_call", **call}],
            ["terminal/create", {"command": "echo shown"}],
            ["update", {"sessionUpdate": "tool_call_update", "toolCallId": "c1", **shown}],
            RUN,
            LEAVE,
            ["update", done | shown],
        ],
    )
    assert {c.call for c in of(host, ev.ToolCall)} == {"c1"}
    (result,) = of(host, ev.ToolResult)
    assert (result.call, result.content.strip()) == ("c1", "shown")
    assert {p.call for p in of(host, ev.ToolProgress)} <= {"c1"}


async def test_an_interrupt_ends_what_the_agent_has_started(
    client: Client, root: Path, tmp_path: Path
) -> None:
    host = host_in(root, decision="once")
    line = f"echo $$ > {root}/pid; exec sleep 1000"
    turn = asyncio.ensure_future(client(host, [["terminal/create", {"command": line}], RUN]))
    await until(lambda: (root / "pid").exists() and bool((root / "pid").read_text().strip()), 60)
    pid = int((root / "pid").read_text())
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    await until(lambda: not Path(f"/proc/{pid}").exists(), 60)


async def test_a_secret_is_asked_for_though_the_agents_own_mode_reads(
    client: Client, root: Path
) -> None:
    (root / ".env").write_text("KEY=1")
    call = {
        "toolCallId": "r1",
        "title": "Read .env",
        "kind": "read",
        "locations": [{"path": str(root / ".env")}],
    }
    host = host_in(root, "full", "no")
    (answer,) = await client(
        host, [["session/request_permission", {"toolCall": call, "options": YES}]]
    )
    assert answer["outcome"]["optionId"] == "no"
    (asked,) = of(host, ev.PermissionAsked)
    assert "every mode" in asked.why
